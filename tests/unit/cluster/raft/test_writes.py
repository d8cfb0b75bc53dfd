"""The way of the log to the disk."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.writes import Writes


class WritesAgainstADisk(RuleBasedStateMachine):
    """Replace, hand out and sync in any order: what is called durable is on the disk, as it is in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[int] = []  # generations of entries: 1, 2, … at index 1, 2, …
        self.disk: list[int] = []
        self.under_way: list[tuple[int, int, list[int]]] = []
        self.generation = 0
        self.writes = Writes(0)

    @rule(count=st.integers(1, 3))
    def append(self, count: int) -> None:
        self.generation += 1
        self.log += [self.generation] * count

    @rule(draw=st.data())
    def replace(self, draw: st.DataObject) -> None:
        if self.log:
            index = draw.draw(st.integers(1, len(self.log)))
            del self.log[index - 1 :]
            self.writes.dropped(index)
            self.append(1)

    @rule()
    def hand_out(self) -> None:
        first = self.writes.written
        number = self.writes.hand_out(len(self.log))
        self.under_way.append((number, first, self.log[first:]))

    @rule(draw=st.data())
    def sync(self, draw: st.DataObject) -> None:
        if self.under_way:
            count = draw.draw(st.integers(1, len(self.under_way)))
            for number, first, entries in self.under_way[:count]:
                if entries:
                    del self.disk[first:]
                    self.disk += entries
                self.writes.synced(number)
            del self.under_way[:count]

    @invariant()
    def what_is_durable_is_on_the_disk(self) -> None:
        durable = self.writes.durable
        assert self.disk[:durable] == self.log[:durable]
        assert len(self.disk[:durable]) == durable

    @invariant()
    def all_is_durable_when_nothing_is_under_way(self) -> None:
        if not self.under_way:
            assert self.writes.durable == self.writes.written


TestWritesAgainstADisk = WritesAgainstADisk.TestCase


def test_a_sync_vouches_for_all_writes_before() -> None:
    writes = Writes(0)
    writes.hand_out(3)
    second = writes.hand_out(5)
    writes.synced(second)
    assert writes.durable == 5


def test_a_write_that_was_never_handed_out_cannot_be_synced() -> None:
    with pytest.raises(BrokenInvariant, match="write 1 is said to be synced"):
        Writes(0).synced(1)


def test_a_log_that_begins_anew_is_durable_only_after_its_own_write() -> None:
    writes = Writes(0)
    old = writes.hand_out(30)
    writes.restart(20)
    assert writes.reset
    new = writes.hand_out(20)
    assert not writes.reset
    writes.synced(old)
    assert writes.durable == 19
    writes.synced(new)
    assert writes.durable == 20
