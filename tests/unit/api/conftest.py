"""The real gRPC door on a loopback port, before a node that tests play themselves."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp

from konik.api.oversight import Oversight
from konik.api.pb.cluster_pb2 import BackupDescription, NodeStatus
from konik.api.pb.ids_pb2 import TaskRunId, WfRunId
from konik.api.pb.internal_pb2 import AttemptRef
from konik.api.pb.task_requests_pb2 import PollTaskRequest, PollTaskResponse
from konik.api.pb.task_run_pb2 import TaskAttempt, TaskRun
from konik.api.server import OPTIONS, Door, handlers
from konik.api.working import PATH as WORK
from konik.statemachine.entry import Result, ok
from konik.statemachine.registry import METHODS
from konik.statemachine.rejection import Code, Rejection, invalid
from konik.statemachine.tasks.delivery import Delivery


class FakeStream:
    """What the door does with a poll stream, written down; `bring` is a task that comes."""

    def __init__(self, tenant: str, ready: Callable[[], None]) -> None:
        self.tenant, self._ready = tenant, ready
        self.asked: list[PollTaskRequest] = []
        self.was_written: list[Delivery] = []
        self.given_back: list[Delivery] = []
        self._arrived: deque[Delivery] = deque()
        self.ended = False
        self.closed = asyncio.Event()
        self.stirred = asyncio.Event()

    @property
    def outstanding(self) -> int:
        return len(self.asked) - len(self.was_written)

    def ask(self, request: PollTaskRequest) -> None:
        self.asked.append(request)
        self.stirred.set()

    def take(self) -> Delivery | None:
        return self._arrived.popleft() if self._arrived else None

    def written(self, delivery: Delivery) -> None:
        self.was_written.append(delivery)
        self.stirred.set()

    def give_back(self, delivery: Delivery) -> None:
        self.given_back.append(delivery)

    def close(self) -> None:
        self.closed.set()

    def bring(self, task: str) -> None:
        run_id = TaskRunId(wf_run_id=WfRunId(id="wf"), task_guid=task)
        attempt = AttemptRef(task_run_id=run_id, attempt_number=0)
        task_run = TaskRun(id=run_id, attempts=[TaskAttempt(schedule_time=Timestamp(seconds=1))])
        self._arrived.append(Delivery("n", b"", 1, 1, attempt, task_run))
        self._ready()

    def end(self) -> None:
        self.ended = True
        self._ready()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                self.stirred.clear()
                await self.stirred.wait()


def task_in(response: bytes) -> str:
    """The name given to `bring`."""
    return PollTaskResponse.FromString(response).result.task_run_id.task_guid


class FakeBackup:
    """One that has the chunks of `copy`."""

    description = BackupDescription(cluster_id="c", node="n1", index=9)
    head = b"head"

    def __init__(self, copy: Iterator[bytes]) -> None:
        self.copy = copy
        self.closed = asyncio.Event()

    def chunks(self) -> Iterator[bytes]:
        return self.copy


class FakeServing:
    """A node of which a test says what it answers: `answer` is called for each command and query."""

    def __init__(self) -> None:
        self.now_ms = 1_234
        self.leader_elsewhere: str | None = None
        self.draining = False
        self.calls: list[tuple[str, Any, bytes, float | None]] = []
        self.answer: Callable[[], Any] = lambda: ok(b"")
        self.refusals: deque[Result] = deque()
        self.streams: list[FakeStream] = []
        self.opened = asyncio.Event()
        self.transfers: list[str | None] = []
        self.backup: FakeBackup | None = None
        self.submitted: list[tuple[Any, bytes, Callable[[Result], None]]] = []
        self.stirred = asyncio.Event()

    @property
    def polls(self) -> "FakeServing":
        return self

    def open(self, tenant: str, ready: Callable[[], None]) -> FakeStream:
        self.streams.append(FakeStream(tenant, ready))
        self.opened.set()
        return self.streams[-1]

    def authorise(self, method: str, tenant: str, principal: str) -> Result | None:
        assert method in METHODS
        return self.refusals.popleft() if self.refusals else None

    def submit(self, call: Any, request: bytes, done: Callable[[Result], None]) -> None:
        """`done` is the test's to call."""
        self.submitted.append((call, request, done))
        self.stirred.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                self.stirred.clear()
                await self.stirred.wait()

    async def command(self, call: Any, request: bytes, deadline_s: float | None) -> Result:
        return await self._answered("command", call, request, deadline_s)

    async def query(self, call: Any, request: bytes, deadline_s: float | None) -> Result:
        return await self._answered("query", call, request, deadline_s)

    async def _answered(self, kind: str, call: Any, request: bytes, deadline_s: float | None) -> Result:
        self.calls.append((kind, call, request, deadline_s))
        given = self.answer()
        result: Result = await given if asyncio.iscoroutine(given) else given
        return result

    def transfer_leadership(self, to: str | None) -> None:
        self.transfers.append(to)
        if to == "nobody":
            raise invalid("there is no member nobody; members are n1, n2")

    def status(self) -> NodeStatus:
        return NodeStatus(node="n1", term=7)

    def has_backup(self, chunks: Iterator[bytes]) -> None:
        """From now on it gives a backup with these chunks."""
        self.backup = FakeBackup(chunks)

    @asynccontextmanager
    async def take(self) -> AsyncIterator["FakeBackup"]:
        if self.backup is None:
            raise Rejection(Code.UNAVAILABLE, "another backup is being taken from n1; wait for its end")
        try:
            yield self.backup
        finally:
            self.backup.closed.set()


class Client:
    """Sends raw bytes and gives back raw bytes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel

    async def call(self, rpc: str, request: bytes = b"", **options: Any) -> tuple[bytes, dict[str, Any]]:
        """The response and the trailers."""
        path = rpc if rpc.startswith("/") else f"/littlehorse.LittleHorse/{rpc}"
        options.setdefault("timeout", 10)
        under_way = self.channel.unary_unary(path)(request, **options)
        return await under_way, dict(list(await under_way.trailing_metadata()))

    async def refusal(self, rpc: str, request: bytes = b"", **options: Any) -> grpc.aio.AioRpcError:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.call(rpc, request, **options)
        return refused.value

    def work(self, **options: Any) -> grpc.aio.StreamStreamCall[bytes, bytes]:
        """Opens a stream of Konik's own."""
        return self.channel.stream_stream(WORK)(**options)

    def poll(self) -> Any:
        return self.channel.stream_stream("/littlehorse.LittleHorse/PollTask")()


@pytest_asyncio.fixture
async def serving() -> FakeServing:
    return FakeServing()


@pytest_asyncio.fixture
async def port(serving: FakeServing) -> AsyncIterator[int]:
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((Door(handlers(serving, Oversight(serving, serving))),))
    bound = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield bound
    await server.stop(0)


@pytest_asyncio.fixture
async def client(port: int) -> AsyncIterator[Client]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Client(channel)
