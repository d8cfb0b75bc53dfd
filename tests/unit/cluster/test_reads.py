"""Linearisable reads: one question for all that wait, asked anew when the leader changes."""

from typing import Any

import pytest

from konik.cluster import peer_frames
from konik.cluster.reads import Reads
from konik.statemachine.entry import Process

NONCE = b"n" * 16
OTHER = b"o" * 16


class Pump:
    def __init__(self) -> None:
        self.applied = 0
        self.waiting: list[tuple[int, Any]] = []

    def when_applied(self, index: int, then: Any) -> None:
        self.waiting.append((index, then))
        self.apply(self.applied)

    def apply(self, index: int) -> None:
        self.applied = index
        ready = [then for wanted, then in self.waiting if wanted <= index]
        self.waiting = [pair for pair in self.waiting if pair[0] > index]
        for then in ready:
            then()


class World:
    def __init__(self) -> None:
        self.pump = Pump()
        self.asked: list[object] = []
        self.frames: list[tuple[str, tuple[Any, ...]]] = []
        self.leads = True
        self.connected = True
        self.served: list[str] = []
        self.reads = Reads(Process("a", NONCE), self.pump, self.ask, self.send)  # type: ignore[arg-type]  # a pump in all that is used

    def ask(self, token: object) -> bool:
        if self.leads:
            self.asked.append(token)
        return self.leads

    def send(self, peer: str, frame: tuple[Any, ...]) -> bool:
        if self.connected:
            self.frames.append((peer, frame))
        return self.connected

    def read(self, name: str) -> None:
        self.reads.when_current(lambda: self.served.append(name))


@pytest.fixture
def world() -> World:
    return World()


def test_a_read_is_served_once_the_confirmed_index_is_applied(world: World) -> None:
    world.reads.route("a")
    world.read("x")
    world.reads.confirmed(world.asked[0], 5)
    assert world.served == []
    world.pump.apply(5)
    assert world.served == ["x"]


def test_reads_that_come_while_a_question_is_under_way_share_the_next_one(world: World) -> None:
    world.reads.route("a")
    world.read("x")
    world.read("y")
    world.read("z")
    assert len(world.asked) == 1
    world.reads.confirmed(world.asked[0], 0)
    assert world.served == ["x"] and len(world.asked) == 2
    world.reads.confirmed(world.asked[1], 0)
    assert world.served == ["x", "y", "z"]


def test_a_follower_asks_the_leader_and_reads_itself(world: World) -> None:
    world.reads.route("b")
    world.read("x")
    assert world.frames == [("b", peer_frames.read_index(NONCE, 1))]
    world.reads.answered(NONCE, 1, 3)
    world.pump.apply(3)
    assert world.served == ["x"]


def test_a_question_whose_leader_is_gone_is_asked_again_of_the_next(world: World) -> None:
    world.reads.route("b")
    world.read("x")
    world.reads.route(None)
    world.reads.answered(NONCE, 1, 0)
    assert world.served == [], "the answer to an abandoned question proves nothing"
    world.reads.route("c")
    assert world.frames[-1] == ("c", peer_frames.read_index(NONCE, 2))
    world.reads.answered(NONCE, 2, 0)
    assert world.served == ["x"]


def test_reads_wait_while_there_is_no_leader(world: World) -> None:
    world.read("x")
    assert world.asked == [] and world.reads.waiting == 1
    world.reads.route("a")
    world.reads.confirmed(world.asked[0], 0)
    assert world.served == ["x"] and world.reads.waiting == 0


def test_a_lost_office_keeps_the_reads_for_the_next_leader(world: World) -> None:
    world.reads.route("a")
    world.read("x")
    world.reads.confirmed(world.asked[0], None)
    assert world.served == []
    world.reads.route("b")
    world.reads.answered(NONCE, 2, 0)
    assert world.served == ["x"]


def test_the_leader_answers_its_followers_questions(world: World) -> None:
    world.reads.asked_by("b", OTHER, 7)
    world.reads.confirmed(("b", OTHER, 7), 9)
    assert world.frames == [("b", peer_frames.read_index_answer(OTHER, 7, 9))]


def test_a_node_that_does_not_lead_says_so_at_once(world: World) -> None:
    world.leads = False
    world.reads.asked_by("b", OTHER, 7)
    assert world.frames == [("b", peer_frames.read_index_answer(OTHER, 7, None))]


def test_a_read_that_nobody_waits_for_any_more_is_forgotten(world: World) -> None:
    number = world.reads.when_current(lambda: world.served.append("x"))
    world.reads.forget(number)
    assert world.reads.waiting == 0
    world.reads.route("b")
    assert world.frames == [], "there is nothing to ask for"


def test_a_read_may_be_forgotten_while_it_is_asked_for(world: World) -> None:
    world.reads.route("a")
    number = world.reads.when_current(lambda: world.served.append("x"))
    world.read("y")
    world.reads.forget(number)
    world.reads.confirmed(world.asked[0], 0)
    world.reads.confirmed(world.asked[1], 0)
    assert world.served == ["y"]


@pytest.mark.parametrize("index", [None, 9])
def test_an_answer_to_an_earlier_process_of_the_node_is_nobodys(world: World, index: int | None) -> None:
    world.reads.route("b")
    world.read("x")
    world.reads.answered(OTHER, 1, index)
    world.pump.apply(9)
    assert world.served == []
    world.reads.answered(NONCE, 1, 9)
    assert world.served == ["x"]
