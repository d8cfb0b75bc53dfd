"""The benchmarks' workers, one for each way in which a worker can talk to a cluster. Like the callers they have no
policy.
"""

import asyncio
import itertools
from collections.abc import Callable
from enum import StrEnum

import grpc.aio

from konik.api.pb.ids_pb2 import TaskDefId
from konik.api.pb.task_requests_pb2 import (
    PollTaskRequest,
    PollTaskResponse,
    RegisterTaskWorkerRequest,
    ReportTaskRun,
    ScheduledTask,
)
from konik.api.pb.worker_pb2 import WorkRequest, WorkResponse
from konik.bench.load import TASK, Background, Wire
from konik.sdk.client import SERVICE, Client
from konik.sdk.errors import KonikError
from konik.sdk.streams import WORK

REOPEN_S = 0.1
WORKER = PollTaskRequest(task_def_id=TaskDefId(name=TASK), client_id="bench-worker")

Handle = Callable[[ScheduledTask, str], None]
Do = Callable[[ScheduledTask, str], ReportTaskRun]
Stored = Callable[[ReportTaskRun], None]


class Protocol(StrEnum):
    """How workers talk to the cluster: Konik's SDK by Work streams, published clients by PollTask and ReportTask."""

    KONIK = "konik"
    LITTLEHORSE = "littlehorse"


class ReportRefused(KonikError):
    """A report was not stored, or its stream ended before it was."""


async def _hosts(client: Client) -> list[str]:
    """The nodes, as a heartbeat names them."""
    request = RegisterTaskWorkerRequest(task_worker_id=WORKER.client_id, task_def_id=WORKER.task_def_id)
    answer = await client.register_task_worker(request)
    return [f"{host.host}:{host.port}" for host in answer.your_hosts]


class PollingWorker:
    """Does what published workers do: one outstanding poll per stream, streams to every node that the heartbeat names.

    Each delivery goes to `handle` with the node's address, which is to report it there by a call, and the next poll
    goes out. Only a broken stream is opened again sooner than by published workers.
    """

    def __init__(self, wire: Wire, handle: Handle, streams_per_node: int) -> None:
        self._wire = wire
        self._handle = handle
        self._streams_per_node = streams_per_node
        self._poll = WORKER.SerializeToString()
        self._streams: list[asyncio.Task[None]] = []
        self.hosts: list[str] = []

    async def start(self, client: Client) -> None:
        """Learns the nodes from a heartbeat and opens the streams."""
        self.hosts = await _hosts(client)
        for host, _ in itertools.product(self.hosts, range(self._streams_per_node)):
            self._streams.append(asyncio.create_task(self._keep_polling(host)))

    async def stop(self) -> None:
        for stream in self._streams:
            stream.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)

    async def _keep_polling(self, address: str) -> None:
        while True:
            try:
                await self._poll_until_broken(address)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                pass  # the node is gone; it comes back
            await asyncio.sleep(REOPEN_S)

    async def _poll_until_broken(self, address: str) -> None:
        call = self._wire.stream(address, SERVICE + "PollTask")
        while True:
            await call.write(self._poll)
            answer = await call.read()
            if not isinstance(answer, bytes):
                return
            response = PollTaskResponse.FromString(answer)
            if response.HasField("result"):
                self._handle(response.result, address)


class StreamingWorker:
    """Does what Konik's SDK does: one Work stream to every node.

    `do` makes the report of a task from the node with that address, at once; those of one message leave in one message,
    with as many polls. `stored` hears of each that is stored. A stream that breaks fails the benchmark.
    """

    def __init__(self, wire: Wire, background: Background, do: Do, stored: Stored, polls_per_node: int) -> None:
        self._wire, self._background = wire, background
        self._do, self._stored = do, stored
        self._polls_per_node = polls_per_node
        self.hosts: list[str] = []

    async def start(self, client: Client) -> None:
        """Learns the nodes from a heartbeat and opens the streams."""
        self.hosts = await _hosts(client)
        for host in self.hosts:
            self._background.spawn(self._work(host))

    async def stop(self) -> None:
        """The streams are the background's to cancel."""

    async def _work(self, address: str) -> None:
        call = self._wire.stream(address, WORK)
        await call.write(WorkRequest(worker=WORKER, polls=self._polls_per_node).SerializeToString())
        numbers, unanswered = itertools.count(1), dict[int, ReportTaskRun]()
        while isinstance(raw := await call.read(), bytes):
            answer = WorkResponse.FromString(raw)
            for number in answer.accepted:
                self._stored(unanswered.pop(number))
            for refused in answer.refused:
                raise ReportRefused(f"a report was refused at {address}: {refused.message}")
            if answer.tasks:
                reports = [self._do(task, address) for task in answer.tasks]
                for report in reports:
                    unanswered[next(numbers)] = report
                await call.write(WorkRequest(reports=reports, polls=len(reports)).SerializeToString())
        raise ReportRefused(f"the stream to {address} has ended")


def reporting_worker(
    protocol: Protocol, wire: Wire, background: Background, do: Do, stored: Stored, polls_per_node: int
) -> PollingWorker | StreamingWorker:
    """A worker that reports by itself, in either protocol; with `do` and `stored` as StreamingWorker has them."""
    if protocol is Protocol.KONIK:
        return StreamingWorker(wire, background, do, stored, polls_per_node)

    async def call(report: ReportTaskRun, address: str) -> None:
        await wire.call(address, "ReportTask", report.SerializeToString())
        stored(report)

    def handle(task: ScheduledTask, address: str) -> None:
        background.spawn(call(do(task, address), address))

    return PollingWorker(wire, handle, polls_per_node)
