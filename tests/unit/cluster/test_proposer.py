"""The way of a command: batches, forwarding, repeating under the same number, holding, and giving up."""

import weakref
from typing import Any

import pytest
from hand_clock import HandClock

from konik.cluster import entries, peer_frames
from konik.cluster import proposer as proposers
from konik.cluster.clock import LeaderClock
from konik.cluster.proposer import (
    ANSWER_SECONDS_MAX,
    BATCH_COMMANDS_MAX,
    BUSY_PAUSE_SECONDS,
    ENTRIES_IN_FLIGHT_MAX,
    FORWARD_SECONDS,
    FORWARDED_AT_ONCE_MAX,
    HOLD_SECONDS_MAX,
    INBOX_COMMANDS_MAX,
    QUEUE_FULL,
    RETRY_SECONDS,
    Proposer,
)
from konik.statemachine.entry import Command, CommandId, Entry, Process, Result, Step, ok
from konik.statemachine.rejection import Code

NONCE = b"n" * 16


class World:
    """A proposer of node `a`, the log it proposes to, and the frames it sends."""

    def __init__(self, clock: HandClock, node: str = "a") -> None:
        self.clock = clock
        self.log: list[Entry] = []
        self.frames: list[tuple[str, tuple[Any, ...]]] = []
        self.takes_entries = True
        self.connected = True
        self.version = 3
        self.answers: list[Result] = []
        self.node = node
        self.proposer = Proposer(Process(node, NONCE), clock, clock, self.propose, self.send, lambda: self.version)

    def propose(self, data: bytes) -> int | None:
        if not self.takes_entries:
            return None
        self.log.append(entries.unpack(data))
        return len(self.log)

    def send(self, peer: str, frame: tuple[Any, ...]) -> bool:
        if self.connected:
            self.frames.append((peer, frame))
        return self.connected

    def submit(self, request: bytes = b"", hold: float = HOLD_SECONDS_MAX) -> int:
        return self.proposer.submit("M", "t", "p", None, request, self.answers.append, hold)

    def lead(self) -> None:
        self.proposer.lead(LeaderClock(0, self.clock.monotonic, self.clock.wall))

    def settle(self) -> None:
        """Whatever is to be done at once is done, and what is proposed is applied."""
        self.clock.advance()
        applied = 0
        while applied < len(self.log):
            applied = len(self.log)
            self.proposer.applied(applied)
            self.clock.advance()

    def answer(self, number: int) -> None:
        self.proposer.step(Step(CommandId(self.node, NONCE, number), ok(b"done"), ()))

    def numbers(self) -> list[list[int]]:
        return [[command.id.number for command in entry.commands] for entry in self.log]

    def forwarded(self) -> list[list[int]]:
        return [[c.id.number for c in frame[2]] for _, frame in self.frames if frame[0] == peer_frames.COMMANDS]


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


def test_what_comes_in_one_turn_goes_into_one_entry(world: World) -> None:
    world.lead()
    for _ in range(3):
        world.submit()
    world.settle()
    assert world.numbers() == [[1, 2, 3]]


def test_no_more_than_two_entries_are_on_their_way_and_the_rest_gathers(world: World) -> None:
    world.lead()
    for _ in range(ENTRIES_IN_FLIGHT_MAX + 2):
        world.submit()
        world.clock.advance()
    assert world.numbers() == [[1], [2]]
    world.proposer.applied(1)
    world.clock.advance()
    assert world.numbers() == [[1], [2], [3, 4]]


def test_a_batch_has_bounds(world: World) -> None:
    world.lead()
    for _ in range(BATCH_COMMANDS_MAX + 1):
        world.submit()
    world.settle()
    assert [len(numbers) for numbers in world.numbers()] == [BATCH_COMMANDS_MAX, 1]


def test_large_requests_fill_a_batch_by_their_bytes(world: World) -> None:
    world.lead()
    for _ in range(3):
        world.submit(b"x" * (3 << 20))
    world.settle()
    assert world.numbers() == [[1], [2], [3]]


def test_a_follower_passes_commands_on_with_the_lowest_number_it_waits_for(world: World) -> None:
    world.proposer.follow("b")
    world.submit()
    world.submit()
    world.clock.advance()
    world.answer(1)
    world.submit()
    world.clock.advance()
    (_, first), (peer, second) = world.frames
    assert peer == "b"
    assert first[1].number == 1 and [c.id.number for c in first[2]] == [1, 2]
    assert second[1].number == 2 and [c.id.number for c in second[2]] == [3]


def test_a_follower_with_many_calls_passes_them_on_in_batches(world: World) -> None:
    world.proposer.follow("b")
    for _ in range(FORWARDED_AT_ONCE_MAX + 1):
        world.submit()
    world.clock.advance()
    for _ in range(3):
        world.submit()
        world.clock.advance(FORWARD_SECONDS / 4)
    assert len(world.forwarded()) == 1
    world.clock.advance(FORWARD_SECONDS)
    assert [len(numbers) for numbers in world.forwarded()] == [FORWARDED_AT_ONCE_MAX + 1, 3]


def test_a_follower_with_few_calls_keeps_none_of_them_waiting(world: World) -> None:
    world.proposer.follow("b")
    for _ in range(3):
        world.submit()
        world.clock.advance()
    assert world.forwarded() == [[1], [2], [3]]


def test_a_follower_that_becomes_the_leader_meanwhile_proposes_what_it_gathered(world: World) -> None:
    world.proposer.follow("b")
    for _ in range(FORWARDED_AT_ONCE_MAX + 1):
        world.submit()
    world.clock.advance()
    world.submit()
    world.proposer.follow(None)
    world.lead()
    world.clock.advance(FORWARD_SECONDS)
    assert [len(numbers) for numbers in world.numbers()] == [FORWARDED_AT_ONCE_MAX + 2]


def test_the_caller_gets_the_result_when_the_pump_has_applied_it(world: World) -> None:
    world.lead()
    number = world.submit()
    world.settle()
    assert world.answers == []
    world.answer(number)
    world.answer(number)
    assert world.answers == [ok(b"done")]
    assert world.proposer.waiting == 0


def test_an_entry_carries_the_version_that_is_in_force_when_it_is_proposed(world: World) -> None:
    world.lead()
    world.submit()
    world.settle()
    world.version = 4
    world.submit()
    world.settle()
    assert [entry.version for entry in world.log] == [3, 4]


def test_results_of_other_processes_are_not_ours(world: World) -> None:
    world.lead()
    world.submit()
    world.proposer.step(Step(CommandId("b", NONCE, 1), ok(), ()))
    world.proposer.step(Step(CommandId("a", b"o" * 16, 1), ok(), ()))
    assert world.answers == []


def test_callers_are_held_while_there_is_no_leader(world: World) -> None:
    world.submit()
    world.clock.advance(HOLD_SECONDS_MAX - 1)
    assert world.answers == [] and world.frames == []
    world.proposer.follow("b")
    world.clock.advance()
    assert world.forwarded() == [[1]]


def test_a_command_that_was_never_sent_is_given_up_with_unavailable(world: World) -> None:
    world.submit()
    world.clock.advance(HOLD_SECONDS_MAX + 1)
    assert [answer.code for answer in world.answers] == [Code.UNAVAILABLE]
    world.lead()
    world.settle()
    assert world.numbers() == [], "what was given up must not be run"


def test_the_callers_own_deadline_shortens_the_wait(world: World) -> None:
    world.submit(hold=2.0)
    world.clock.advance(2.5)
    assert [answer.code for answer in world.answers] == [Code.UNAVAILABLE]


def test_everything_unanswered_is_sent_again_under_the_same_number_to_the_next_leader(world: World) -> None:
    world.proposer.follow("b")
    world.submit()
    world.submit()
    world.clock.advance()
    world.answer(1)
    world.proposer.follow(None)
    world.proposer.follow("c")
    world.clock.advance()
    assert world.frames[-1][0] == "c" and world.forwarded() == [[1, 2], [2]]


def test_a_leader_that_loses_its_office_passes_its_own_commands_on_and_leaves_the_others(world: World) -> None:
    world.lead()
    world.takes_entries = False
    world.submit()
    world.proposer.received("b", CommandId("b", NONCE, 1), (command("b", 1),))
    world.clock.advance()
    world.proposer.follow("b")
    world.clock.advance()
    assert world.forwarded() == [[1]]
    assert world.proposer.inbox == 0


def command(node: str, number: int) -> Command:
    return Command("M", "t", "p", CommandId(node, NONCE, number), None, b"")


def test_commands_that_reach_a_node_which_does_not_lead_are_left_to_their_sender(world: World) -> None:
    world.proposer.follow("c")
    world.proposer.received("b", CommandId("b", NONCE, 1), (command("b", 1),))
    world.settle()
    assert world.frames == [] and world.log == []


def test_commands_that_reach_the_next_leader_before_it_can_begin_wait_for_it(world: World) -> None:
    world.proposer.follow(None)
    world.proposer.received("b", CommandId("b", NONCE, 1), (command("b", 1),))
    world.settle()
    assert world.log == []
    world.lead()
    world.settle()
    assert world.numbers() == [[1]]


def test_commands_that_waited_here_are_left_to_their_sender_when_another_node_leads(world: World) -> None:
    world.proposer.follow(None)
    world.proposer.received("b", CommandId("b", NONCE, 1), (command("b", 1),))
    world.proposer.follow("c")
    world.proposer.follow(None)
    world.lead()
    world.settle()
    assert world.log == []


def test_the_entry_carries_the_floor_of_every_process_that_has_commands_in_it(world: World) -> None:
    world.lead()
    world.proposer.received("b", CommandId("b", NONCE, 7), (command("b", 9),))
    world.submit()
    world.settle()
    assert set(world.log[0].floors) == {CommandId("b", NONCE, 7), CommandId("a", NONCE, 1)}


def test_a_full_queue_says_busy_and_the_sender_tries_again_after_a_pause(world: World) -> None:
    world.lead()
    world.takes_entries = False
    many = tuple(command("b", number) for number in range(INBOX_COMMANDS_MAX + 1))
    world.proposer.received("b", CommandId("b", NONCE, 0), many)
    assert world.frames == [("b", peer_frames.busy(NONCE, list(range(INBOX_COMMANDS_MAX + 1))))]


def sender_with_one_of_two_refused(world: World) -> World:
    """Node `b`, whose command 1 the leader has taken and whose command 2 it has not."""
    sender = World(world.clock, "b")
    sender.proposer.follow("a")
    for _ in range(2):
        sender.submit(hold=1.0)
        sender.clock.advance()
    sender.proposer.busy(NONCE, [2])
    return sender


def test_only_what_was_refused_is_sent_again_after_a_pause(world: World) -> None:
    sender = sender_with_one_of_two_refused(world)
    sender.submit()
    sender.clock.advance(BUSY_PAUSE_SECONDS / 2)
    assert sender.forwarded() == [[1], [2]]
    sender.clock.advance(BUSY_PAUSE_SECONDS)
    assert sender.forwarded() == [[1], [2], [2, 3]]


def test_what_a_leader_keeps_refusing_ends_as_not_taken_and_is_never_run(world: World) -> None:
    sender = sender_with_one_of_two_refused(world)
    while not sender.answers:
        sender.clock.advance(BUSY_PAUSE_SECONDS)
        sender.proposer.busy(NONCE, [2])
    assert [(answer.code, answer.message) for answer in sender.answers] == [(Code.RESOURCE_EXHAUSTED, QUEUE_FULL)]
    sent = sender.forwarded()
    sender.clock.advance(1.0)
    assert sender.forwarded() == sent and sender.proposer.waiting == 1


def test_what_was_refused_to_an_earlier_process_of_the_node_says_nothing_about_this_one(world: World) -> None:
    sender = World(world.clock, "b")
    sender.proposer.follow("a")
    number = sender.submit()
    sender.clock.advance()
    sender.proposer.busy(b"e" * 16, [number])
    sender.clock.advance(BUSY_PAUSE_SECONDS)
    assert sender.forwarded() == [[number]]
    sender.proposer.abandon(number)
    assert sender.proposer.waiting == 1, "it was sent and may have happened"


def test_what_was_refused_may_still_be_in_the_log_of_an_earlier_leader(world: World) -> None:
    sender = World(world.clock, "b")
    sender.proposer.follow("c")
    sender.submit(hold=1.0)
    sender.clock.advance()
    sender.proposer.follow("a")
    sender.clock.advance()
    sender.proposer.busy(NONCE, [1])
    sender.clock.advance(ANSWER_SECONDS_MAX - 1)
    assert sender.answers == []
    sender.answer(1)
    assert [answer.code for answer in sender.answers] == [Code.OK]


def test_what_was_refused_goes_with_its_caller(world: World) -> None:
    sender = World(world.clock, "b")
    sender.proposer.follow("a")
    number = sender.submit()
    sender.clock.advance()
    sender.proposer.abandon(number)
    sender.proposer.busy(NONCE, [number])
    sender.clock.advance(1.0)
    assert sender.forwarded() == [[number]] and sender.proposer.waiting == 0


def test_a_command_of_the_nodes_own_is_sent_until_it_is_taken(world: World) -> None:
    sender = World(world.clock, "b")
    sender.proposer.follow("a")
    sender.proposer.submit_own("konik.WithdrawTickets", b"")
    sender.clock.advance()
    sender.proposer.busy(NONCE, [1])
    sender.clock.advance(BUSY_PAUSE_SECONDS)
    assert sender.forwarded() == [[1], [1]]


def test_what_is_sent_again_anyway_is_not_sent_twice_because_it_was_refused(world: World) -> None:
    sender = sender_with_one_of_two_refused(world)
    sender.proposer.follow("c")
    sender.proposer.busy(NONCE, [2])
    sender.clock.advance(BUSY_PAUSE_SECONDS)
    assert sender.forwarded() == [[1], [2], [1, 2]]


@pytest.mark.parametrize("bound", ["CALLS_MAX", "CALL_BYTES_MAX"])
def test_a_node_without_a_leader_holds_no_more_than_it_may(world: World, monkeypatch: Any, bound: str) -> None:
    monkeypatch.setattr(proposers, bound, 3)
    for _ in range(3):
        world.submit(b"x")
    assert world.answers == []
    assert world.submit(b"x") == 0
    assert [(answer.code, answer.message) for answer in world.answers] == [(Code.RESOURCE_EXHAUSTED, QUEUE_FULL)]
    world.proposer.abandon(2)
    assert world.submit(b"x") == 4, "there is room again"


def test_a_broken_connection_keeps_the_commands_until_it_stands_again(world: World) -> None:
    world.proposer.follow("b")
    world.connected = False
    world.submit()
    world.submit()
    world.clock.advance()
    world.connected = True
    world.proposer.resend()
    world.clock.advance()
    assert world.forwarded() == [[1, 2]]


def test_a_caller_that_goes_away_takes_an_unsent_command_with_it_but_not_a_sent_one(world: World) -> None:
    unsent = world.submit()
    world.proposer.abandon(unsent)
    world.proposer.follow("b")
    sent = world.submit()
    world.clock.advance()
    world.proposer.abandon(sent)
    world.proposer.follow("c")
    world.clock.advance()
    assert world.forwarded() == [[sent], [sent]]
    world.answer(sent)
    assert world.answers == [] and world.proposer.waiting == 0


def test_a_sent_command_without_a_result_ends_in_deadline_exceeded_and_is_still_waited_for(world: World) -> None:
    world.proposer.follow("b")
    world.submit()
    world.clock.advance(ANSWER_SECONDS_MAX + 1)
    assert [answer.code for answer in world.answers] == [Code.DEADLINE_EXCEEDED]
    assert world.proposer.waiting == 1, "its number must not be forgotten while it may still be applied"
    world.answer(1)
    assert len(world.answers) == 1


def test_time_in_the_log_never_runs_back_when_the_wall_clock_does(world: World) -> None:
    world.lead()
    for _ in range(3):
        world.submit()
        world.settle()
        world.clock.wall_ahead -= 3600
        world.clock.now += 1.0
    times = [entry.time_ms for entry in world.log]
    assert times == sorted(times) and times[0] < times[-1]


def test_a_leader_that_cannot_write_says_why(clock: HandClock) -> None:
    world = World(clock)
    world.proposer = Proposer(
        Process("a", NONCE), clock, clock, lambda _: None, world.send, lambda: 1, lambda: "the disk is full"
    )
    world.lead()
    world.submit()
    clock.advance(HOLD_SECONDS_MAX + 1)
    assert [answer.code for answer in world.answers] == [Code.UNAVAILABLE]
    assert "the disk is full" in world.answers[0].message


def test_what_was_given_up_while_it_waited_at_the_leader_is_not_proposed_later(world: World) -> None:
    world.lead()
    world.takes_entries = False
    world.submit(hold=1.0)
    world.clock.advance(2.0)
    assert len(world.answers) == 1
    world.takes_entries = True
    world.submit()
    world.settle()
    assert world.numbers() == [[2]]


def test_a_command_of_the_nodes_own_is_never_given_up(world: World) -> None:
    results: list[Result] = []
    world.proposer.submit_own("konik.M", b"", results.append)
    world.clock.advance(ANSWER_SECONDS_MAX * 2)
    assert results == []
    world.proposer.follow("b")
    world.clock.advance(ANSWER_SECONDS_MAX * 2)
    assert world.forwarded() == [[1]]
    world.answer(1)
    assert results == [ok(b"done")]


def test_an_entry_that_the_log_did_not_take_is_proposed_again_without_anybody_asking(world: World) -> None:
    world.lead()
    world.takes_entries = False
    world.submit()
    world.clock.advance()
    world.takes_entries = True
    world.clock.advance(RETRY_SECONDS)
    assert world.numbers() == [[1]]


def test_what_was_given_up_without_a_leader_takes_no_memory(world: World) -> None:
    class Caller:
        def hear(self, result: Result) -> None:
            """Nothing is done with it."""

    caller = Caller()
    world.proposer.submit("M", "t", "p", None, b"", caller.hear, 1.0)
    gone = weakref.ref(caller)
    del caller
    world.clock.advance(2.0)
    assert gone() is None


@pytest.mark.parametrize("what", ["no leader", "a busy leader", "as many entries under way as may be"])
def test_what_gathers_is_asked_for_only_when_a_batch_can_leave(clock: HandClock, what: str) -> None:
    world, asked = World(clock), list[str]()
    world.proposer.before_flush = lambda: asked.append(what)
    if what == "a busy leader":
        world.proposer.follow("b")
        world.proposer.busy(NONCE, [])
    elif what != "no leader":
        world.lead()
        for _ in range(ENTRIES_IN_FLIGHT_MAX):
            world.submit()
            clock.advance()
    asked.clear()
    world.submit()
    clock.advance()
    assert asked == []
    world.proposer.follow("c")
    clock.advance()
    assert asked == [what]
