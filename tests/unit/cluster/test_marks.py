"""Replicas check each other: equal hashes pass, another one stops the replica, other versions do not compare."""

from collections.abc import Callable
from typing import Any

import pytest
from hand_clock import HandClock

from konik.cluster.marks import Marks, StateDiffers, fingerprint
from konik.statemachine import version
from konik.statemachine.limits import MARK_EVERY_ENTRIES


class Fold:
    def __init__(self, sum: int, steps: int) -> None:
        self.sum: int | None = None
        self._sum, self._steps = sum, steps

    def __next__(self) -> None:
        self._steps -= 1
        if self._steps <= 0:
            self.sum = self._sum


class World:
    def __init__(self, clock: HandClock, leads: bool) -> None:
        self.frames: list[tuple[str, tuple[Any, ...]]] = []
        self.differences: list[StateDiffers] = []
        self.others: list[tuple[str, str]] = []
        self.next_sum = 1
        self.fold: Callable[[], Any] = lambda: Fold(self.next_sum, 3)
        self.marks = Marks(
            lambda: self.fold(),
            clock,
            lambda peer, frame: self.frames.append((peer, frame)) is None,
            lambda: ("b", "c"),
            lambda: leads,
            self.differences.append,
            lambda peer, versions: self.others.append((peer, versions)),
        )

    def hear(self, index: int, sum: int, versions: str | None = None) -> None:
        self.marks.received("b", index, sum.to_bytes(16, "big"), versions or fingerprint())


@pytest.fixture
def follower(clock: HandClock) -> World:
    return World(clock, leads=False)


def test_the_leader_tells_its_hash_to_all(clock: HandClock) -> None:
    leader = World(clock, leads=True)
    leader.marks.applied(MARK_EVERY_ENTRIES)
    clock.advance()
    assert [peer for peer, _ in leader.frames] == ["b", "c"]
    assert leader.marks.last == (MARK_EVERY_ENTRIES, 1)


def test_only_every_so_manieth_entry_is_a_mark(follower: World, clock: HandClock) -> None:
    follower.marks.applied(MARK_EVERY_ENTRIES + 1)
    clock.advance()
    assert follower.marks.last == (0, 0)


@pytest.mark.parametrize("own_first", [True, False])
def test_equal_hashes_pass_whichever_comes_first(follower: World, clock: HandClock, own_first: bool) -> None:
    if own_first:
        follower.marks.applied(MARK_EVERY_ENTRIES)
        clock.advance()
    follower.hear(MARK_EVERY_ENTRIES, 1)
    if not own_first:
        follower.marks.applied(MARK_EVERY_ENTRIES)
        clock.advance()
    assert follower.marks.compared == 1 and follower.differences == []


def test_another_hash_stops_the_replica_with_a_message_that_says_what_to_do(follower: World, clock: HandClock) -> None:
    follower.marks.applied(MARK_EVERY_ENTRIES)
    clock.advance()
    follower.hear(MARK_EVERY_ENTRIES, 2)
    (difference,) = follower.differences
    assert "must be rebuilt" in str(difference) and str(MARK_EVERY_ENTRIES) in str(difference)


def test_replicas_of_other_versions_are_not_compared_and_that_is_said_once(follower: World, clock: HandClock) -> None:
    follower.marks.applied(MARK_EVERY_ENTRIES)
    clock.advance()
    for _ in range(2):
        follower.hear(MARK_EVERY_ENTRIES, 2, "machine 9")
    assert follower.differences == [] and follower.others == [("b", "machine 9")]


class Abandoned:
    """The hash of a state that was replaced while it was worked out."""

    sum: int | None = None

    def __init__(self) -> None:
        self.steps = 0

    def __next__(self) -> None:
        self.steps += 1
        assert self.steps == 1, "nobody needs it any more"
        raise StopIteration


def test_a_mark_of_a_state_that_was_replaced_is_given_up(follower: World, clock: HandClock) -> None:
    fold = Abandoned()
    follower.fold = lambda: fold
    follower.marks.applied(MARK_EVERY_ENTRIES)
    clock.advance()
    assert fold.steps == 1 and follower.marks.last == (0, 0)


def test_what_the_machine_knows_does_not_keep_replicas_from_comparing(
    follower: World, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version, "KNOWN", version.KNOWN + 1)
    monkeypatch.setattr(version, "THIS", version.THIS._replace(known=version.KNOWN))
    later = fingerprint()
    monkeypatch.undo()
    follower.marks.applied(MARK_EVERY_ENTRIES)
    clock.advance()
    follower.hear(MARK_EVERY_ENTRIES, 2, later)
    assert follower.others == []
    assert len(follower.differences) == 1
