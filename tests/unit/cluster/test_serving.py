"""What the door gets of a node: results, and peace when a caller goes away at the wrong moment."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hand_clock import HandClock

from konik.cluster import reads
from konik.cluster.peer_frames import REQUEST_BYTES_MAX
from konik.cluster.proposer import Proposer
from konik.cluster.reads import Reads
from konik.cluster.serving import Call, Serving
from konik.statemachine.entry import CommandId, Process, Result, Step, ok
from konik.statemachine.rejection import Code

pytestmark = pytest.mark.asyncio

NONCE = b"n" * 16
CALL = Call("M", "default", "anonymous")


class World:
    def __init__(self, clock: HandClock) -> None:
        self.proposer = Proposer(
            Process("a", NONCE), clock, clock, lambda data: None, lambda peer, frame: False, lambda: 1
        )
        self.asked: list[object] = []
        pump: Any = SimpleNamespace(when_applied=lambda index, then: then())
        self.reads = Reads(
            Process("a", b"n" * 16), pump, lambda token: not self.asked.append(token), lambda peer, frame: False
        )
        self.query = lambda *call: ok(b"found")
        node: Any = SimpleNamespace(services=self)
        self.serving = Serving(node)

    def apply(self, number: int) -> None:
        self.proposer.step(Step(CommandId("a", NONCE, number), ok(b"done"), ()))


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


async def begun(call: "asyncio.Future[Result]") -> None:
    """The call waits for its answer."""
    await asyncio.sleep(0)
    assert not call.done()


async def test_a_command_is_answered_when_it_is_applied(world: World) -> None:
    call = asyncio.ensure_future(world.serving.command(CALL, b"", None))
    await begun(call)
    world.apply(1)
    assert await call == ok(b"done")


async def test_a_result_that_comes_just_when_its_caller_goes_harms_nobody(world: World) -> None:
    call = asyncio.ensure_future(world.serving.command(CALL, b"", None))
    await begun(call)
    call.cancel()
    world.apply(1)  # the task that is cancelled has not run yet
    with pytest.raises(asyncio.CancelledError):
        await call
    assert world.proposer.waiting == 0


async def test_a_caller_that_goes_takes_with_it_what_was_not_sent(world: World) -> None:
    call = asyncio.ensure_future(world.serving.command(CALL, b"", None))
    await begun(call)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert world.proposer.waiting == 0


async def test_a_request_that_no_peer_would_take_is_refused_before_it_is_passed_on(world: World) -> None:
    result = await world.serving.command(CALL, b"x" * (REQUEST_BYTES_MAX + 1), None)
    assert result.code is Code.INVALID_ARGUMENT and world.proposer.waiting == 0


async def test_a_query_waits_until_the_node_is_current(world: World) -> None:
    call = asyncio.ensure_future(world.serving.query(CALL, b"", None))
    await begun(call)
    world.reads.route("a")
    world.reads.confirmed(world.asked[0], 1)
    assert await call == ok(b"found")


async def test_a_query_that_nobody_can_answer_in_time_is_unavailable_and_leaves_nothing(world: World) -> None:
    result = await world.serving.query(CALL, b"", 0.01)
    assert result.code is Code.UNAVAILABLE
    assert world.reads.waiting == 0


async def test_a_stale_query_asks_nobody(world: World) -> None:
    assert await world.serving.query(CALL._replace(stale=True), b"", None) == ok(b"found")
    assert world.asked == []


async def test_no_more_queries_wait_than_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "READS_MAX", 1)
    call = asyncio.ensure_future(world.serving.query(CALL, b"", None))
    await begun(call)
    assert (await world.serving.query(CALL, b"", None)).code is Code.RESOURCE_EXHAUSTED
    assert await world.serving.query(CALL._replace(stale=True), b"", None) == ok(b"found")
    call.cancel()
