"""Streams of task workers: how tasks get onto them, and how they end."""

import asyncio

import grpc
import pytest

from konik.api.pb.ids_pb2 import TaskDefId
from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.statemachine.entry import refused
from konik.statemachine.rejection import Code
from tests.unit.api.conftest import task_in

pytestmark = pytest.mark.asyncio

REQUEST = PollTaskRequest(client_id="worker").SerializeToString()


async def opened(serving, client):
    """A stream on which one task was asked for: the worker's side and the node's."""
    call = client.poll()
    await call.write(REQUEST)
    await asyncio.wait_for(serving.opened.wait(), 5)
    stream = serving.streams[-1]
    await stream.until(lambda: len(stream.asked) == 1)
    return call, stream


async def how_it_ends(call):
    return await asyncio.wait_for(call.code(), 5)


async def test_a_task_that_comes_is_written_and_then_said_to_be(serving, client):
    call, stream = await opened(serving, client)
    assert stream.asked[0].client_id == "worker"
    stream.bring("task")
    assert task_in(await call.read()) == "task"
    await stream.until(lambda: len(stream.was_written) == 1)
    assert stream.given_back == []
    call.cancel()


async def test_tasks_come_in_order(serving, client):
    call, stream = await opened(serving, client)
    for number in range(20):
        stream.bring(f"task-{number}")
    assert [task_in(await call.read()) for _ in range(20)] == [f"task-{number}" for number in range(20)]
    call.cancel()


async def test_a_half_closed_stream_ends_with_ok_and_is_closed(serving, client):
    call, stream = await opened(serving, client)
    await call.done_writing()
    assert await how_it_ends(call) is grpc.StatusCode.OK
    await asyncio.wait_for(stream.closed.wait(), 5)


async def test_what_has_come_is_written_before_a_half_closed_stream_ends(serving, client):
    call, stream = await opened(serving, client)
    stream.bring("task")
    await call.done_writing()
    assert task_in(await call.read()) == "task"
    assert await how_it_ends(call) is grpc.StatusCode.OK


async def test_a_stream_that_stays_open_ends_with_an_error_when_the_node_stops(serving, client):
    call, stream = await opened(serving, client)
    stream.end()
    assert await how_it_ends(call) is grpc.StatusCode.UNAVAILABLE
    await asyncio.wait_for(stream.closed.wait(), 5)


async def test_a_worker_that_goes_away_leaves_a_closed_stream(serving, client):
    call, stream = await opened(serving, client)
    call.cancel()
    await asyncio.wait_for(stream.closed.wait(), 5)
    assert stream.was_written == []


async def test_a_request_that_cannot_be_read_ends_the_stream(serving, client):
    call, stream = await opened(serving, client)
    await call.write(b"\xff\xff\xff")
    assert await how_it_ends(call) is grpc.StatusCode.INVALID_ARGUMENT
    await asyncio.wait_for(stream.closed.wait(), 5)


@pytest.mark.parametrize(
    "request_",
    [
        PollTaskRequest(client_id="w" * 501),
        PollTaskRequest(client_id="w", task_worker_version="ä" * 251),
        PollTaskRequest(client_id="w", task_def_id=TaskDefId(name="t" * 501)),
    ],
)
async def test_a_request_with_a_text_that_is_too_long_ends_the_stream_and_asks_for_nothing(serving, client, request_):
    call, stream = await opened(serving, client)
    await call.write(request_.SerializeToString())
    assert await how_it_ends(call) is grpc.StatusCode.INVALID_ARGUMENT
    assert "500 at most" in await call.details()
    assert len(stream.asked) == 1


async def test_who_may_not_poll_gets_no_stream(serving, client):
    serving.refusals.append(refused(Code.PERMISSION_DENIED, "no"))
    call = client.poll()
    assert await how_it_ends(call) is grpc.StatusCode.PERMISSION_DENIED
    assert serving.streams == []


async def test_requests_beyond_the_limit_wait_until_there_is_room(serving, client, monkeypatch):
    monkeypatch.setattr("konik.api.streams.REQUESTS_PER_STREAM_MAX", 2)
    call, stream = await opened(serving, client)
    for _ in range(3):
        await call.write(REQUEST)
    await stream.until(lambda: len(stream.asked) == 2)
    stream.bring("task")
    assert task_in(await call.read()) == "task"
    await stream.until(lambda: len(stream.asked) == 3)
    assert stream.outstanding == 2
    call.cancel()


async def test_the_stream_belongs_to_the_tenant_of_its_caller(serving, client):
    call = client.channel.stream_stream("/littlehorse.LittleHorse/PollTask")(metadata=(("tenantid", "north"),))
    await call.write(REQUEST)
    await asyncio.wait_for(serving.opened.wait(), 5)
    assert serving.streams[0].tenant == "north"
    call.cancel()


async def test_an_unexpected_error_ends_the_stream_and_shows_nothing_of_itself(serving, client, monkeypatch):
    def fail(tenant, ready):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(serving, "open", fail)
    call = client.poll()
    assert await how_it_ends(call) is grpc.StatusCode.INTERNAL
    assert "secret" not in await call.details()
