"""A node that answers as a test tells it to, over real gRPC on a loopback port; and a clock that a test owns."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio

from konik.sdk import Client

Unary = Callable[[bytes, Any], Awaitable[bytes]]
NOW_MS = "1700000000000"


class Node(grpc.GenericRpcHandler):
    """One fake server. `answers` maps RPC names to coroutines; `calls` lists what came, with its metadata."""

    def __init__(self) -> None:
        self.answers: dict[str, Unary] = {}
        self.streams: dict[str, Any] = {}
        self.calls: list[tuple[str, bytes, dict[str, str]]] = []
        self.address = ""
        self.leader: str | None = None
        self._server: Any = None

    def service(self, details: Any) -> Any:
        name = details.method.rsplit("/", 1)[1]
        if name in self.streams:
            return grpc.stream_stream_rpc_method_handler(self.streams[name])

        async def answer(request: bytes, context: Any) -> bytes:
            self.calls.append((name, request, dict(context.invocation_metadata())))
            leader = () if self.leader is None else (("konik-leader", self.leader),)
            context.set_trailing_metadata((("konik-time", NOW_MS), *leader))
            if name not in self.answers:
                return b""
            return await self.answers[name](request, context)

        return grpc.unary_unary_rpc_method_handler(answer)

    async def start(self) -> None:
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((self,))
        port = self._server.add_insecure_port(self.address or "127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(None)

    def named(self, name: str) -> list[tuple[str, bytes, dict[str, str]]]:
        return [call for call in self.calls if call[0] == name]


class FakeClock:
    """Sleeping takes no time, but is written down and moves the clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def nodes() -> AsyncIterator[list[Node]]:
    """Three nodes that are up."""
    started = [Node(), Node(), Node()]
    for node in started:
        await node.start()
    yield started
    for node in started:
        await node.stop()


@pytest_asyncio.fixture
async def client(nodes: list[Node], clock: FakeClock) -> AsyncIterator[Client]:
    """A client of the three nodes, with a seeded chance and a clock that does not wait."""
    async with Client([node.address for node in nodes], clock=clock, chance=random.Random(7)) as made:
        yield made
