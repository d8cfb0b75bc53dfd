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
    RegisterTaskWorkerResponse,
    ReportTaskRun,
    ScheduledTask,
)
from konik.api.pb.task_run_pb2 import VarNameAndVal
from konik.api.pb.worker_pb2 import WorkRequest, WorkResponse
from konik.sdk import Client, Worker, task, to_value

pytestmark = pytest.mark.asyncio
PATIENCE_S = 10


class Tasks:
    """The Work stream of a node: hands out what a test puts in, and tells of every poll, report and end."""

    def __init__(self) -> None:
        self.workers: list[PollTaskRequest] = []
        self.messages: list[WorkRequest] = []
        self.reports: asyncio.Queue[ReportTaskRun] = asyncio.Queue()
        self.polls = 0
        self.opened = asyncio.Event()
        self.polled = asyncio.Event()
        self.ended = asyncio.Event()
        self.code: grpc.StatusCode | None = None
        """What is answered to reports instead of taking them; None: they are taken."""
        self.silent = False
        """Reports are not answered at all."""
        self._tasks: list[ScheduledTask] = []
        self._calls: list[asyncio.Task[None]] = []
        self._stirred = asyncio.Event()

    def put(self, guid: str, *values: object, attempt: int = 0) -> None:
        variables = [VarNameAndVal(value=to_value(value)) for value in values]
        self._tasks.append(
            ScheduledTask(task_run_id=TaskRunId(task_guid=guid), attempt_number=attempt, variables=variables)
        )
        self._stirred.set()

    async def serve(self, requests: Any, context: Any) -> None:
        """Gives as many tasks as were asked for; ends when the worker has said that it asks for no more."""
        await context.send_initial_metadata(())
        self.opened.set()
        self.polls = 0
        reading = asyncio.create_task(self._read(requests, context))
        reading.add_done_callback(lambda _: self._stirred.set())
        while not reading.done():
            while self.polls and self._tasks:
                self.polls -= 1
                await context.write(WorkResponse(tasks=[self._tasks.pop(0)]).SerializeToString())
            self._stirred.clear()
            await self._stirred.wait()
        self.ended.set()

    async def _read(self, requests: Any, context: Any) -> None:
        number = 0
        async for raw in requests:
            message = WorkRequest.FromString(raw)
            self.messages.append(message)
            if message.HasField("worker"):
                self.workers.append(message.worker)
            answer = WorkResponse()
            for report in message.reports:
                number += 1
                if self.code is not None:
                    answer.refused.add(number=number, code=self.code.value[0], message="no")
                    continue
                self.reports.put_nowait(report)
                answer.accepted.append(number)
            if answer.ByteSize() and not self.silent:
                await context.write(answer.SerializeToString())
            self.polls += message.polls
            if message.polls:
                self.polled.set()
            self._stirred.set()

    async def next(self) -> ReportTaskRun:
        return await asyncio.wait_for(self.reports.get(), PATIENCE_S)


class Reports:
    """The ReportTask of a node, for reports that a stream did not take."""

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
        node.streams["Work"] = stream.serve
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
        poll = streams[2].workers[0]
        assert (poll.task_def_id.name, poll.client_id, poll.task_worker_version) == ("double", "me", "7")
        assert set(client.servers.addresses) == {node.address for node in nodes}
        await stopped(worker, running)


async def test_a_task_is_reported_to_the_node_that_gave_it(nodes) -> None:
    streams, reports = serve(nodes)
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        streams[2].put("t", 21, attempt=1)
        report = await streams[2].next()
        assert (report.task_run_id.task_guid, report.attempt_number) == ("t", 1)
        assert (report.status, report.output.int) == (TaskStatus.TASK_SUCCESS, 42)
        await stopped(worker, running)


async def test_a_report_that_is_refused_on_the_stream_is_made_as_a_call_of_its_own(nodes) -> None:
    streams, reports = serve(nodes)
    streams[1].code = grpc.StatusCode.UNAVAILABLE
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        streams[1].put("t", 1)
        assert (await reports[1].next()).task_run_id.task_guid == "t"
        await stopped(worker, running)


async def test_a_report_whose_stream_breaks_before_it_is_answered_is_made_as_a_call_of_its_own(nodes) -> None:
    streams, reports = serve(nodes[:2])
    streams[0].silent = True
    async with Client([node.address for node in nodes[:2]]) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        streams[0].put("t", 1)
        await streams[0].next()
        await nodes[0].stop()
        assert (await reports[1].next()).task_run_id.task_guid == "t"
        await stopped(worker, running)


async def test_a_report_that_is_too_large_for_a_stream_is_made_as_a_call_of_its_own(nodes) -> None:
    @task
    async def large() -> str:
        return "x" * 1_100_000

    streams, reports = serve(nodes[:1])
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [large])
        running = asyncio.create_task(worker.run())
        streams[0].put("t")
        assert len((await reports[0].next()).output.str) == 1_100_000
        assert streams[0].reports.empty()
        await stopped(worker, running)


async def test_a_report_fails_over_under_the_same_request_id(nodes) -> None:
    streams, reports = serve(nodes)

    async def down(request: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "no leader")
        raise AssertionError

    streams[1].code = grpc.StatusCode.UNAVAILABLE
    nodes[1].answers["ReportTask"] = down
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        streams[1].put("t", 1)
        assert (await reports[2].next()).task_run_id.task_guid == "t"
        ids = [node.named("ReportTask")[0][2]["konik-request-id"] for node in nodes[1:]]
        assert ids[0] == ids[1]
        await stopped(worker, running)


async def test_a_report_and_the_poll_for_the_next_task_leave_in_one_message(nodes) -> None:
    streams, _ = serve(nodes[:1])
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double], concurrency=1)
        running = asyncio.create_task(worker.run())
        streams[0].put("t", 1)
        await streams[0].next()
        assert [(len(message.reports), message.polls) for message in streams[0].messages] == [(0, 1), (1, 1)]
        await stopped(worker, running)


async def test_the_slots_are_shared_by_the_nodes_that_are_up(nodes) -> None:
    streams, _ = serve(nodes[:2])
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double], concurrency=5)
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(streams[0].polled.wait(), PATIENCE_S)
        await asyncio.wait_for(streams[1].polled.wait(), PATIENCE_S)
        assert sorted(stream.polls for stream in streams) == [2, 3]
        await nodes[1].stop()
        async with asyncio.timeout(PATIENCE_S):
            while streams[0].polls < 5:
                await asyncio.sleep(0.001)
        await stopped(worker, running)


async def test_a_stream_is_opened_again_when_its_node_is_back_and_the_others_go_on(nodes) -> None:
    streams, _ = serve(nodes[:2])
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(streams[1].polled.wait(), PATIENCE_S)
        await nodes[1].stop()
        streams[0].put("meanwhile", 1)
        assert (await streams[0].next()).task_run_id.task_guid == "meanwhile"
        streams[1].polled.clear()
        streams[1].opened.clear()
        await nodes[1].start()
        await asyncio.wait_for(streams[1].opened.wait(), PATIENCE_S)
        streams[0].put("frees a slot", 1)
        await asyncio.wait_for(streams[1].polled.wait(), PATIENCE_S)
        streams[1].put("after", 1)
        assert (await streams[1].next()).task_run_id.task_guid == "after"
        await stopped(worker, running)


async def test_a_stream_that_ends_without_an_error_is_opened_again(nodes) -> None:
    serve(nodes[:1])
    first = asyncio.Event()
    again = Tasks()

    async def ends_once(requests: Any, context: Any) -> None:
        if first.is_set():
            await again.serve(requests, context)
        first.set()

    nodes[0].streams["Work"] = ends_once
    async with Client(nodes[0].address) as client:
        worker = Worker(client, [double])
        running = asyncio.create_task(worker.run())
        again.put("t", 1)
        await again.next()
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
            seen = sum(stream.reports.qsize() for stream in streams)
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
        await streams[0].next()
        assert worker.polled() == {"double": [nodes[0].address]}
        await stopped(worker, running)


async def test_a_node_that_is_no_longer_named_is_left(nodes, clock) -> None:
    streams, _ = serve(nodes[:2])
    named = [nodes[:2], nodes[:1]]

    async def heartbeat(request: bytes, context: Any) -> bytes:
        if len(named) == 1:
            await streams[1].polled.wait()
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
