"""A worker against nodes that hand out tasks, die and come back."""

import asyncio
from typing import Any

import grpc
import pytest

from konik.api.pb.enums_pb2 import TaskStatus
from konik.api.pb.ids_pb2 import TaskRunId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.api.pb.task_requests_pb2 import (
    LHHostInfo,
    PollTaskRequest,
    PollTaskResponse,
    RegisterTaskWorkerResponse,
    ReportTaskRun,
    ScheduledTask,
)
from konik.api.pb.task_run_pb2 import VarNameAndVal
from konik.sdk import Client, Worker, task, to_value

pytestmark = pytest.mark.asyncio
PATIENCE_S = 10


class Tasks:
    """The PollTask stream of a node: hands out what a test puts in, and tells of every poll and of its end."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[PollTaskResponse] = asyncio.Queue()
        self.polls: list[PollTaskRequest] = []
        self.polled = asyncio.Event()
        self.ended = asyncio.Event()
        self.streams = 0

    def put(self, guid: str, *values: object, attempt: int = 0) -> None:
        variables = [VarNameAndVal(value=to_value(value)) for value in values]
        scheduled = ScheduledTask(task_run_id=TaskRunId(task_guid=guid), attempt_number=attempt, variables=variables)
        self.queue.put_nowait(PollTaskResponse(result=scheduled))

    async def serve(self, requests: Any, context: Any) -> Any:
        """One answer per poll; ends when the worker has said that it asks for no more."""
        self.streams += 1
        asked: asyncio.Queue[None] = asyncio.Queue()
        reading = asyncio.create_task(self._read(requests, asked))
        while await first_of(asked.get(), reading) and (answer := await first_of(self.queue.get(), reading)):
            yield answer[0].SerializeToString()
        self.ended.set()

    async def _read(self, requests: Any, asked: asyncio.Queue[None]) -> None:
        async for request in requests:
            self.polls.append(PollTaskRequest.FromString(request))
            asked.put_nowait(None)
            self.polled.set()


async def first_of(awaited: Any, reading: asyncio.Task[None]) -> tuple[Any] | None:
    """What was awaited, or None if the reading came to its end before."""
    getting = asyncio.ensure_future(awaited)
    await asyncio.wait([getting, reading], return_when=asyncio.FIRST_COMPLETED)
    if getting.done():
        return (getting.result(),)
    getting.cancel()
    return None


class Reports:
    """The ReportTask of a node."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[ReportTaskRun] = asyncio.Queue()

    async def __call__(self, request: bytes, context: Any) -> bytes:
        self.came.put_nowait(ReportTaskRun.FromString(request))
        return b""

    async def next(self) -> ReportTaskRun:
        return await asyncio.wait_for(self.came.get(), PATIENCE_S)


@task
async def double(x: int) -> int:
    return 2 * x


def serve(nodes: list[Any], named: list[Any] | None = None) -> tuple[list[Tasks], list[Reports]]:
    """Has every node serve a worker; heartbeats name the nodes `named`, by default all."""
    hosts = [LHHostInfo(host="127.0.0.1", port=int(node.address.split(":")[1])) for node in named or nodes]

    async def heartbeat(request: bytes, context: Any) -> bytes:
        return RegisterTaskWorkerResponse(your_hosts=hosts).SerializeToString()

    streams, reports = [Tasks() for _ in nodes], [Reports() for _ in nodes]
    for node, stream, report in zip(nodes, streams, reports, strict=True):
        node.streams["PollTask"] = stream.serve
        node.answers.update(RegisterTaskWorker=heartbeat, ReportTask=report)
    return streams, reports


async def stopped(worker: Worker, running: asyncio.Task[None]) -> None:
    worker.stop()
    await asyncio.wait_for(running, PATIENCE_S)


async def test_a_worker_registers_its_tasks_and_polls_every_node_that_is_named(nodes) -> None:
    streams, _ = serve(nodes)
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double], worker_id="me", version="7")
        running = asyncio.create_task(worker.run())
        for stream in streams:
            await asyncio.wait_for(stream.polled.wait(), PATIENCE_S)
        assert PutTaskDefRequest.FromString(nodes[0].named("PutTaskDef")[0][1]).name == "double"
        poll = streams[2].polls[0]
        assert (poll.task_def_id.name, poll.client_id, poll.task_worker_version) == ("double", "me", "7")
        assert set(client.servers.addresses) == {node.address for node in nodes}
        await stopped(worker, running)


async def test_a_task_is_reported_to_the_node_that_gave_it(nodes) -> None:
    streams, reports = serve(nodes)
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        streams[2].put("t", 21, attempt=1)
        report = await reports[2].next()
        assert (report.task_run_id.task_guid, report.attempt_number) == ("t", 1)
        assert (report.status, report.output.int) == (TaskStatus.TASK_SUCCESS, 42)
        await stopped(worker, running)


async def test_a_report_fails_over_under_the_same_request_id(nodes) -> None:
    streams, reports = serve(nodes)

    async def down(request: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "no leader")
        raise AssertionError

    nodes[1].answers["ReportTask"] = down
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        streams[1].put("t", 1)
        assert (await reports[2].next()).task_run_id.task_guid == "t"
        ids = [node.named("ReportTask")[0][2]["konik-request-id"] for node in nodes[1:]]
        assert ids[0] == ids[1]
        await stopped(worker, running)


async def test_a_stream_is_opened_again_when_its_node_is_back_and_the_others_go_on(nodes) -> None:
    streams, reports = serve(nodes[:2])
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(streams[1].polled.wait(), PATIENCE_S)
        await nodes[1].stop()
        streams[0].put("meanwhile", 1)
        assert (await reports[0].next()).task_run_id.task_guid == "meanwhile"
        streams[1].polled.clear()
        await nodes[1].start()
        await asyncio.wait_for(streams[1].polled.wait(), PATIENCE_S)
        streams[1].put("after", 1)
        assert (await reports[1].next()).task_run_id.task_guid == "after"
        await stopped(worker, running)


async def test_a_stream_that_ends_without_an_error_is_opened_again(nodes) -> None:
    _, reports = serve(nodes[:1])
    first = asyncio.Event()
    again = Tasks()

    async def ends_once(requests: Any, context: Any) -> Any:
        if not first.is_set():
            first.set()
            return
        async for answer in again.serve(requests, context):
            yield answer

    nodes[0].streams["PollTask"] = ends_once
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        again.put("t", 1)
        await reports[0].next()
        await stopped(worker, running)


async def test_no_more_attempts_run_at_once_than_there_are_slots(nodes) -> None:
    at_work, most, go = 0, 0, asyncio.Event()

    @task
    async def slow() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await go.wait()
        at_work -= 1

    streams, reports = serve(nodes)
    for number in range(6):
        streams[number % 3].put(f"t{number}")
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [slow], concurrency=2)
        running = asyncio.create_task(worker.run())
        while at_work < 2:
            await asyncio.sleep(0)
        go.set()
        seen = 0
        while seen < 6:
            seen = sum(report.came.qsize() for report in reports)
            await asyncio.sleep(0.001)
        assert most == 2
        await stopped(worker, running)


async def test_stopping_finishes_and_reports_what_runs_and_withdraws_the_polls(nodes) -> None:
    started, go = asyncio.Event(), asyncio.Event()

    @task
    async def slow() -> str:
        started.set()
        await go.wait()
        return "done"

    streams, reports = serve(nodes[:1])
    streams[0].put("t")
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [slow])
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(started.wait(), PATIENCE_S)
        await asyncio.sleep(0)
        worker.stop()
        await asyncio.wait_for(streams[0].ended.wait(), PATIENCE_S)
        go.set()
        await asyncio.wait_for(running, PATIENCE_S)
        assert (await reports[0].next()).output.str == "done"


async def test_after_the_grace_period_what_runs_is_cancelled_and_not_reported(nodes) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    @task
    async def endless() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    streams, reports = serve(nodes[:1])
    streams[0].put("t")
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [endless], grace_s=0.05)
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(started.wait(), PATIENCE_S)
        await stopped(worker, running)
        await asyncio.wait_for(ended.wait(), PATIENCE_S)
        assert reports[0].came.empty()


async def test_a_failing_heartbeat_stops_no_polling(nodes, clock) -> None:
    streams, reports = serve(nodes[:1])
    beats = 0
    good = nodes[0].answers["RegisterTaskWorker"]

    async def once(request: bytes, context: Any) -> bytes:
        nonlocal beats
        beats += 1
        if beats == 1:
            return await good(request, context)
        await context.abort(grpc.StatusCode.INTERNAL, "broken")
        raise AssertionError

    nodes[0].answers["RegisterTaskWorker"] = once
    async with Client(nodes[0].address, clock=clock) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        while beats < 3:
            await asyncio.sleep(0.001)
        streams[0].put("t", 1)
        await reports[0].next()
        assert worker.polled() == {"double": [nodes[0].address]}
        await stopped(worker, running)


async def test_a_node_that_is_no_longer_named_is_left(nodes, clock) -> None:
    streams, _ = serve(nodes[:2])
    named = [nodes[:2], nodes[:1]]

    async def heartbeat(request: bytes, context: Any) -> bytes:
        hosts = [
            LHHostInfo(host="127.0.0.1", port=int(node.address.split(":")[1]))
            for node in (named.pop(0) if len(named) > 1 else named[0])
        ]
        return RegisterTaskWorkerResponse(your_hosts=hosts).SerializeToString()

    nodes[0].answers["RegisterTaskWorker"] = heartbeat
    async with Client(nodes[0].address, clock=clock) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(streams[1].polled.wait(), PATIENCE_S)
        await asyncio.wait_for(streams[1].ended.wait(), PATIENCE_S)
        await stopped(worker, running)
