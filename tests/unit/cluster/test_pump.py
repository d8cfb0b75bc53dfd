"""Applying in slices: order, pauses, waiting for an index, and stopping at the first error."""

from collections.abc import Iterator

import pytest
from hand_clock import HandClock

from konik.cluster import entries
from konik.cluster.pump import SLICE_SECONDS, Pump
from konik.cluster.raft.messages import Entry as LogEntry
from konik.statemachine.entry import Command, CommandId, Entry, Step, ok


class SlowMachine:
    """Each command takes `cost` seconds."""

    def __init__(self, clock: HandClock) -> None:
        self.clock, self.cost = clock, 0.0
        self.applied: list[int] = []
        self.terms: list[int] = []
        self.fails_at = 0

    def replaced(self) -> None:
        self.applied.clear()

    def begin_term(self, term: int) -> None:
        self.terms.append(term)

    def apply(self, index: int, entry: Entry) -> Iterator[Step]:
        for command in entry.commands:
            if index == self.fails_at:
                raise OSError("the disk is gone")
            self.clock.now += self.cost
            self.applied.append(command.id.number)
            yield Step(command.id, ok(), ())


class World:
    def __init__(self, clock: HandClock) -> None:
        self.machine = SlowMachine(clock)
        self.steps: list[Step] = []
        self.entries: list[int] = []
        self.errors: list[BaseException] = []
        self.pump = Pump(
            self.machine,  # type: ignore[arg-type]  # a machine in all that the pump uses
            (0, 0),
            clock,
            clock,
            on_step=self.steps.append,
            on_term=lambda term: None,
            on_entry=lambda index, term, commands: self.entries.append(index),
            on_fatal=self.errors.append,
        )


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


def entry(index: int, *numbers: int) -> LogEntry:
    commands = tuple(Command("M", "", "", CommandId("a", b"n" * 16, number), None, b"") for number in numbers)
    return LogEntry(index, 1, entries.pack(Entry(1, 0, (), commands)))


def test_a_leaders_first_entry_begins_its_term(world: World) -> None:
    world.pump.feed([LogEntry(1, 7, b"")])
    assert world.machine.terms == [7] and world.pump.applied == 1 and world.pump.applied_term == 7


def test_a_long_entry_is_applied_in_slices_and_counts_only_when_it_is_done(world: World, clock: HandClock) -> None:
    world.machine.cost = SLICE_SECONDS * 0.6
    world.pump.feed([entry(1, *range(6))])
    assert world.machine.applied == [0, 1] and world.pump.applied == 0 and world.entries == []
    clock.advance(1.0)
    assert world.machine.applied == [0, 1, 2, 3, 4, 5] and world.pump.applied == 1 and world.entries == [1]


def test_entries_that_come_while_one_is_applied_wait_behind_it(world: World, clock: HandClock) -> None:
    world.machine.cost = SLICE_SECONDS * 2
    world.pump.feed([entry(1, 1, 2)])
    world.pump.feed([entry(2, 3)])
    clock.advance(1.0)
    assert world.machine.applied == [1, 2, 3] and world.pump.applied == 2


def test_who_waits_for_an_index_is_called_when_it_is_applied_and_at_once_if_it_is(world: World) -> None:
    called: list[int] = []
    world.pump.when_applied(2, lambda: called.append(2))
    world.pump.when_applied(1, lambda: called.append(1))
    world.pump.feed([entry(1, 1)])
    assert called == [1]
    world.pump.feed([entry(2, 2)])
    world.pump.when_applied(1, lambda: called.append(3))
    assert called == [1, 2, 3]


def test_a_gap_in_the_log_stops_the_replica(world: World) -> None:
    world.pump.feed([entry(2, 1)])
    assert isinstance(world.errors[0], AssertionError) and world.machine.applied == []


def test_after_an_error_nothing_more_is_applied_and_the_index_has_not_moved(world: World) -> None:
    world.machine.fails_at = 1
    world.pump.feed([entry(1, 1)])
    world.pump.feed([entry(2, 2)])
    assert isinstance(world.errors[0], OSError) and len(world.errors) == 1
    assert world.pump.applied == 0 and world.machine.applied == []


def test_bytes_that_are_no_entry_stop_the_replica(world: World) -> None:
    world.pump.feed([LogEntry(1, 1, b"garbage")])
    assert isinstance(world.errors[0], entries.UnreadableEntry)


def test_nothing_is_applied_while_the_state_is_being_replaced(world: World, clock: HandClock) -> None:
    world.pump.pause()
    world.pump.feed([entry(1, 1)])
    clock.advance()
    assert world.machine.applied == []
    world.pump.installed(5, 3)
    world.pump.feed([entry(6, 6)])
    world.pump.resume()
    assert world.machine.applied == [6] and (world.pump.applied, world.pump.applied_term) == (6, 1)


def test_an_entry_that_is_half_applied_when_the_state_is_replaced_is_never_finished(
    world: World, clock: HandClock
) -> None:
    world.machine.cost = SLICE_SECONDS * 2
    world.pump.feed([entry(1, 1, 2, 3)])
    world.pump.pause()
    world.pump.installed(1, 1)
    world.pump.feed([entry(2, 4)])
    world.pump.resume()
    clock.advance(1.0)
    assert world.machine.applied == [4], "2 and 3 belong to a state that is gone"
    assert world.pump.applied == 2
