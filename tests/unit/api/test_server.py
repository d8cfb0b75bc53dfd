"""The door as a whole: its health, and who may come in under TLS."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
import pytest_asyncio
import trustme
from grpc_health.v1 import health_pb2, health_pb2_grpc

from konik.api.methods import WIRE_SERVICE
from konik.api.server import Server
from konik.cluster.config import Address, ClientTls

pytestmark = pytest.mark.asyncio

SERVING = health_pb2.HealthCheckResponse.SERVING
CALL_SECONDS_MAX = 5.0
CALLERS = 20
BUSY_SECONDS = 0.3


@asynccontextmanager
async def serving(port: int, tls: ClientTls | None = None) -> AsyncIterator[Server]:
    node: Any = SimpleNamespace(services=None, status=None)
    config: Any = SimpleNamespace(listen=Address.model_validate(f"localhost:{port}"), client_tls=tls)
    server = Server(node, config)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)


async def health(channel: grpc.aio.Channel, service: str = "") -> int:
    check = health_pb2_grpc.HealthStub(channel).Check
    answer = await check(health_pb2.HealthCheckRequest(service=service), timeout=CALL_SECONDS_MAX)
    return int(answer.status)


@pytest_asyncio.fixture
async def free_port(unused_tcp_port_factory: Callable[[], int]) -> int:
    return unused_tcp_port_factory()


async def test_a_node_that_serves_says_so_for_itself_and_for_the_service(free_port: int) -> None:
    async with serving(free_port), grpc.aio.insecure_channel(f"localhost:{free_port}") as channel:
        assert [await health(channel, service) for service in ("", WIRE_SERVICE)] == [SERVING, SERVING]
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await health(channel, "another.Service")
        assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_node_that_stops_says_so_to_who_watches(free_port: int) -> None:
    async with serving(free_port) as server, grpc.aio.insecure_channel(f"localhost:{free_port}") as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == SERVING
        stopping = asyncio.create_task(server.stop(CALL_SECONDS_MAX))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        await stopping


async def test_calls_that_came_while_the_node_was_busy_are_answered_before_it_stops(free_port: int) -> None:
    with grpc.insecure_channel(f"localhost:{free_port}") as channel, ThreadPoolExecutor(CALLERS) as callers:
        check = partial(health_pb2_grpc.HealthStub(channel).Check, health_pb2.HealthCheckRequest(), wait_for_ready=True)
        async with serving(free_port) as server:
            await asyncio.to_thread(check)
            calls = [callers.submit(check) for _ in range(CALLERS)]
            time.sleep(BUSY_SECONDS)  # the loop does something else, and sees none of them
            await server.stop(CALL_SECONDS_MAX)
            for call in calls:
                await asyncio.to_thread(call.result)


async def test_an_address_that_is_taken_is_named(free_port: int) -> None:
    async with serving(free_port):
        with pytest.raises(OSError, match=f"localhost:{free_port}, the address for clients, cannot be used"):
            async with serving(free_port):
                pass


class Authority:
    """Signs certificates, and has them as files and as what a client shows."""

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA()
        self._directory = directory
        self.root = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.root))

    def server(self, *, asks_clients: bool) -> ClientTls:
        certificate, key = self._directory / "server.pem", self._directory / "server.key"
        issued = self._ca.issue_cert("localhost")
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return ClientTls(certificate=certificate, key=key, ca=self.root if asks_clients else None)

    def channel(self, port: int, *, shows_certificate: bool) -> grpc.aio.Channel:
        issued = self._ca.issue_cert("worker")
        shown = (issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes()) if shows_certificate else ()
        return grpc.aio.secure_channel(
            f"localhost:{port}", grpc.ssl_channel_credentials(self.root.read_bytes(), *shown)
        )


@pytest.mark.parametrize("asks_clients", [False, True])
@pytest.mark.parametrize("shows_certificate", [False, True])
async def test_who_may_come_in_under_tls(
    free_port: int, tmp_path: Path, asks_clients: bool, shows_certificate: bool
) -> None:
    authority = Authority(tmp_path)
    async with (
        serving(free_port, authority.server(asks_clients=asks_clients)),
        authority.channel(free_port, shows_certificate=shows_certificate) as channel,
    ):
        if asks_clients and not shows_certificate:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await health(channel)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        else:
            assert await health(channel) == SERVING


async def test_plain_connections_are_refused_under_tls(free_port: int, tmp_path: Path) -> None:
    async with (
        serving(free_port, Authority(tmp_path).server(asks_clients=False)),
        grpc.aio.insecure_channel(f"localhost:{free_port}") as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await health(channel)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
