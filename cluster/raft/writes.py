"""The way of the log and the vow to the disk, as numbers: what was handed out, what came back synced.

Nothing here writes. What it must never do: call an entry durable that a later write has replaced.
"""

from collections import deque

from konik.cluster.raft.invariant import BrokenInvariant


class Writes:
    __slots__ = ("_under_way", "durable", "number", "reset", "vow_changed", "written")

    def __init__(self, last: int) -> None:
        self.number = 0
        """Of the last write handed out."""
        self.written = last
        """The log was handed out up to here."""
        self.durable = last
        """The log is synced up to here."""
        self.vow_changed = False
        self.reset = False
        """The stored log must begin anew behind `written`."""
        self._under_way: deque[tuple[int, int]] = deque()  # (number, end of the log in that write)

    def hand_out(self, last: int) -> int:
        """A write that takes the log up to `last` begins; its number."""
        self.number += 1
        self.written, self.vow_changed, self.reset = last, False, False
        self._under_way.append((self.number, last))
        return self.number

    def synced(self, number: int) -> None:
        """Write `number`, and with it all before, is on the disk."""
        if number > self.number:
            raise BrokenInvariant(f"write {number} is said to be synced, the last one handed out is {self.number}")
        while self._under_way and self._under_way[0][0] <= number:
            self.durable = max(self.durable, self._under_way.popleft()[1])

    def dropped(self, index: int) -> None:
        """The log lost what it held from `index` on: no write under way, or done, vouches for that any more."""
        end = index - 1
        self.written, self.durable = min(self.written, end), min(self.durable, end)
        self._under_way = deque((number, min(last, end)) for number, last in self._under_way)

    def restart(self, index: int) -> None:
        """The log begins anew with the entry at `index`."""
        self.written = self.durable = index - 1
        self.reset = True
        self._under_way = deque((number, index - 1) for number, _ in self._under_way)
