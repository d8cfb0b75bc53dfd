"""Konik's own streams of task workers: many reports, polls and tasks to a message."""

import asyncio

import grpc
import pytest

from konik.api.pb.ids_pb2 import TaskDefId, TaskRunId, WfRunId
from konik.api.pb.task_requests_pb2 import PollTaskRequest, ReportTaskRun
from konik.api.pb.worker_pb2 import WorkRequest, WorkResponse
from konik.statemachine.entry import ok, refused
from konik.statemachine.rejection import Code

pytestmark = pytest.mark.asyncio

WORKER = PollTaskRequest(client_id="worker", task_def_id=TaskDefId(name="greet"))


def report(task):
    return ReportTaskRun(task_run_id=TaskRunId(wf_run_id=WfRunId(id="wf"), task_guid=task))


def message(*reports, polls=0, first=False):
    return WorkRequest(
        worker=WORKER if first else None, reports=[report(task) for task in reports], polls=polls
    ).SerializeToString()


async def opened(serving, client, *reports, polls=1):
    """A stream with its first message: the worker's side and the node's."""
    call = client.work()
    await call.write(message(*reports, polls=polls, first=True))
    await asyncio.wait_for(serving.opened.wait(), 5)
    stream = serving.streams[-1]
    await stream.until(lambda: len(stream.asked) == polls)
    await serving.until(lambda: len(serving.submitted) == len(reports))
    return call, stream


async def heard(call):
    return WorkResponse.FromString(await asyncio.wait_for(call.read(), 5))


def tasks(answer):
    return [task.task_run_id.task_guid for task in answer.tasks]


async def how_it_ends(call):
    return await asyncio.wait_for(call.code(), 5)


async def test_a_worker_is_let_in_before_it_says_anything(client):
    call = client.work()
    await asyncio.wait_for(call.initial_metadata(), 5)
    call.cancel()


async def test_one_message_asks_for_many_tasks_and_one_brings_them(serving, client):
    call, stream = await opened(serving, client, polls=3)
    assert stream.asked == [WORKER] * 3
    for task in ("a", "b", "c"):
        stream.bring(task)
    assert tasks(await heard(call)) == ["a", "b", "c"]
    await stream.until(lambda: len(stream.was_written) == 3)
    assert stream.given_back == []
    call.cancel()


async def test_reports_are_commands_of_their_caller(serving, client):
    call = client.work(metadata=(("tenantid", "north"),))
    await call.write(message("a", "b", first=True))
    await serving.until(lambda: len(serving.submitted) == 2)
    assert [(made.method, made.tenant) for made, _, _ in serving.submitted] == [("ReportTask", "north")] * 2
    assert [ReportTaskRun.FromString(request) for _, request, _ in serving.submitted] == [report("a"), report("b")]
    call.cancel()


async def test_fields_that_this_version_does_not_know_do_not_reach_the_log(serving, client):
    unknown = b"\xfa\x3e\x01x"
    raw = report("a").SerializeToString()
    call = client.work()
    await call.write(message(first=True) + b"\x12" + bytes([len(raw) + len(unknown)]) + raw + unknown)
    await serving.until(lambda: len(serving.submitted) == 1)
    assert serving.submitted[0][1] == raw
    call.cancel()


async def test_what_becomes_of_reports_is_said_by_their_numbers(serving, client):
    call, _ = await opened(serving, client, "a", "b", "c", polls=0)
    for (_, _, done), result in zip(
        serving.submitted, [ok(), refused(Code.NOT_FOUND, "no such attempt"), ok()], strict=True
    ):
        done(result)
    answer = await heard(call)
    assert list(answer.accepted) == [1, 3]
    assert [(each.number, each.code, each.message) for each in answer.refused] == [
        (2, grpc.StatusCode.NOT_FOUND.value[0], "no such attempt")
    ]
    call.cancel()


async def test_reports_are_numbered_through_all_messages_of_a_stream(serving, client):
    call, _ = await opened(serving, client, "a", polls=0)
    await call.write(message("b"))
    await serving.until(lambda: len(serving.submitted) == 2)
    serving.submitted[1][2](ok())
    assert list((await heard(call)).accepted) == [2]
    call.cancel()


async def test_outcomes_and_tasks_of_one_moment_share_a_message(serving, client):
    call, stream = await opened(serving, client, "a")
    serving.submitted[0][2](ok())
    stream.bring("b")
    answer = await heard(call)
    assert (list(answer.accepted), tasks(answer)) == ([1], ["b"])
    call.cancel()


async def test_many_large_tasks_come_in_several_messages(serving, client, monkeypatch):
    monkeypatch.setattr("konik.api.working.RESPONSE_BYTES_MAX", 1)
    call, stream = await opened(serving, client, polls=2)
    stream.bring("a")
    stream.bring("b")
    assert [tasks(await heard(call)) for _ in range(2)] == [["a"], ["b"]]
    call.cancel()


async def test_polls_beyond_the_limit_are_made_as_tasks_come_and_hold_up_no_report(serving, client, monkeypatch):
    monkeypatch.setattr("konik.api.working.REQUESTS_PER_STREAM_MAX", 2)
    call = client.work()
    await call.write(message(polls=3, first=True))
    await asyncio.wait_for(serving.opened.wait(), 5)
    stream = serving.streams[-1]
    await call.write(message("a"))
    await serving.until(lambda: len(serving.submitted) == 1)
    assert len(stream.asked) == 2
    stream.bring("b")
    await stream.until(lambda: len(stream.asked) == 3)
    call.cancel()


async def test_reports_beyond_the_limit_are_left_unread_until_others_are_answered(serving, client, monkeypatch):
    monkeypatch.setattr("konik.api.streams.REQUESTS_PER_STREAM_MAX", 2)
    call, _ = await opened(serving, client, "a", "b", polls=0)
    await call.write(message("c"))
    await client.call("Whoami")  # a full turn on the same connection
    assert len(serving.submitted) == 2
    serving.submitted[0][2](ok())
    await serving.until(lambda: len(serving.submitted) == 3)
    call.cancel()


async def test_a_half_closed_stream_ends_with_ok_once_its_reports_are_answered(serving, client):
    call, stream = await opened(serving, client, "a")
    await call.done_writing()
    await asyncio.wait_for(stream.closed.wait(), 5)
    assert not call.done()
    serving.submitted[0][2](ok())
    assert list((await heard(call)).accepted) == [1]
    assert await how_it_ends(call) is grpc.StatusCode.OK


async def test_a_stream_that_stays_open_ends_with_an_error_when_the_node_stops(serving, client):
    call, stream = await opened(serving, client)
    stream.end()
    assert await how_it_ends(call) is grpc.StatusCode.UNAVAILABLE
    await asyncio.wait_for(stream.closed.wait(), 5)


async def test_a_worker_that_goes_away_leaves_a_closed_stream_and_its_reports_go_on(serving, client):
    call, stream = await opened(serving, client, "a")
    call.cancel()
    await asyncio.wait_for(stream.closed.wait(), 5)
    serving.submitted[0][2](ok())
    assert stream.was_written == []


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([b"\xff\xff\xff"], "cannot be read as WorkRequest"),
        ([message(polls=1)], "the first message"),
        ([message(first=True), message(first=True)], "in the first message of a stream and in no other"),
        ([message(*["a"] * 1_001, first=True)], "1001 reports; 1000 at most"),
        ([WorkRequest(worker=PollTaskRequest(client_id="w" * 501)).SerializeToString()], "500 at most"),
    ],
)
async def test_a_message_that_makes_no_sense_ends_the_stream(serving, client, messages, why):
    call = client.work()
    for raw in messages:
        await call.write(raw)
    assert await how_it_ends(call) is grpc.StatusCode.INVALID_ARGUMENT
    assert why in await call.details()
    assert serving.submitted == []


@pytest.mark.parametrize("let_through", [0, 1])
async def test_who_may_not_both_poll_and_report_gets_no_stream(serving, client, monkeypatch, let_through):
    asked = []

    def authorise(method, tenant, principal):
        asked.append(method)
        return None if len(asked) <= let_through else refused(Code.PERMISSION_DENIED, "no")

    monkeypatch.setattr(serving, "authorise", authorise)
    assert await how_it_ends(client.work()) is grpc.StatusCode.PERMISSION_DENIED
    assert serving.streams == []
    assert asked == ["PollTask", "ReportTask"][: let_through + 1]
