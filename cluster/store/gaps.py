"""Ranges that a scan found empty, so that the next one need not walk the same tombstones again.

A queue is read at its front: the first due timer, the first waiting task. What is taken from there leaves a tombstone
until the next checkpoint, and without this memory each look at the front would walk all of them, ten thousand looks a
hundred million steps. A range may be forgotten at any time; one that is remembered must be empty.
"""

from bisect import bisect_right

GAPS_MAX = 1_000


class Gaps:
    """Disjoint ranges start <= key < stop, ascending."""

    __slots__ = ("starts", "_stops", "tables")

    def __init__(self) -> None:
        self.starts: list[bytes] = []
        self._stops: list[bytes] = []
        self.tables: set[int] = set()
        """Where there may be any: the store looks here first, since it does so at every write."""

    def clear(self) -> None:
        self.starts.clear()
        self._stops.clear()
        self.tables.clear()

    def leap(self, start: bytes) -> bytes:
        """The first key at or after `start` that may exist."""
        place = bisect_right(self.starts, start) - 1
        if place >= 0 and start < self._stops[place]:
            return self._stops[place]
        return start

    def add(self, start: bytes, stop: bytes) -> None:
        """There is no key in start <= key < stop."""
        assert start < stop
        starts, stops = self.starts, self._stops
        if len(starts) >= GAPS_MAX:
            self.clear()
        first = bisect_right(stops, start)  # of those that reach beyond `start`
        if first > 0 and stops[first - 1] == start:
            first -= 1
        last = bisect_right(starts, stop)  # behind those that begin at or before `stop`
        if first < last:
            start, stop = min(start, starts[first]), max(stop, stops[last - 1])
        starts[first:last], stops[first:last] = [start], [stop]
        self.tables.add(start[0])

    def fill(self, key: bytes) -> None:
        """`key` exists now: the range around it ends before it."""
        place = bisect_right(self.starts, key) - 1
        if place < 0 or key >= self._stops[place]:
            return
        if self.starts[place] == key:
            del self.starts[place], self._stops[place]
        else:
            self._stops[place] = key
