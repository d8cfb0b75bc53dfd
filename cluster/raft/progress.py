"""A peer's place in the leader's log, and how freely the leader may send to it.

The three modes are etcd's (raft/tracker): PROBE, one Append at a time until one is accepted; REPLICATE, a window of
bytes may be unanswered; SNAPSHOT, the peer needs what the log no longer holds and gets a copy of the state.
`match` must never go back, and a refusal of what was sent before the place last changed must never change it again.
"""

from collections import deque
from enum import Enum
from typing import NamedTuple


class Mode(Enum):
    PROBE = "probe"
    REPLICATE = "replicate"
    SNAPSHOT = "snapshot"


class Flight(NamedTuple):
    """An Append with entries that is not yet acknowledged."""

    number: int
    last: int
    bytes: int


class Progress:
    __slots__ = (
        "asked",
        "born",
        "echoed",
        "flight",
        "flight_bytes",
        "heard",
        "match",
        "mode",
        "next",
        "nudge",
        "pin",
        "since",
        "told",
    )

    def __init__(self, next_index: int, since: int, now: float, born: int = 0) -> None:
        self.born = born
        """Of the first message to it. What answers one with a lower number was said by another one of its name."""
        self.match = 0
        """Durable there, and equal to the leader's log, up to here."""
        self.heard = now
        """When the last sign of life came."""
        self.echoed = 0
        """The highest heartbeat number that came back."""
        self.told = 0
        """The highest commit index that was sent."""
        self.pin: int | None = None
        """The index of the copy of the state on its way: the log must be kept from here."""
        self.probe(next_index, since)

    def probe(self, next_index: int, since: int) -> None:
        """Find the place again, from `next_index`; a refusal of a message with a number below `since` is old news."""
        self.mode = Mode.PROBE
        self.next = next_index
        self.since = since
        self.asked = 0  # number of the probe that waits for its answer
        self.nudge = False
        self.flight: deque[Flight] = deque()
        self.flight_bytes = 0

    def may_send(self, last: int, window_bytes: int) -> bool:
        if self.mode is Mode.REPLICATE:
            return self.nudge or (self.next <= last and self.has_room(window_bytes))
        return self.mode is Mode.PROBE and not self.asked

    def has_room(self, window_bytes: int) -> bool:
        """Whether an Append may carry entries; else it only asks."""
        return self.flight_bytes < window_bytes

    def sent(self, number: int, count: int, size: int) -> None:
        """Append `number` left, with `count` entries of together `size` bytes from `next` on."""
        if self.mode is Mode.PROBE:
            self.asked = number
            return
        self.nudge = False
        if count:
            self.next += count
            self.flight.append(Flight(number, self.next - 1, size))
            self.flight_bytes += size

    def accepted(self, index: int, base: int) -> None:
        """The peer's log is durable and equal up to `index`; ours begins at `base`."""
        self.match = max(self.match, index)
        self.next = max(self.next, self.match + 1)
        while self.flight and self.flight[0].last <= self.match:
            self.flight_bytes -= self.flight.popleft().bytes
        if self.mode is Mode.PROBE or self.match >= base:
            self.mode, self.asked = Mode.REPLICATE, 0

    def refused(self, number: int, place: int, base: int, since: int) -> None:
        """The peer lacks what Append `number` builds on and asks for the log from `place` on; ours begins at `base`.

        Only one that lacks the base itself needs a copy of the state. One that asks for less may hold more: all it
        knows to be equal is what it knows to be committed.
        """
        if number < self.since or self.mode is Mode.SNAPSHOT:
            return
        if self.mode is Mode.PROBE and self.next <= base + 1 and place <= base:
            self.probe(base + 1, since)
            self.mode = Mode.SNAPSHOT
        else:
            self.probe(max(place, self.match + 1, base + 1), since)

    def alive(self, number: int) -> None:
        """Heartbeat `number` came back. Was an Append overtaken by it, that may be lost: ask, or ask again."""
        self.echoed = max(self.echoed, number)
        if self.asked < number:
            self.asked = 0
        self.nudge = bool(self.flight) and self.flight[0].number < number
