"""The log in memory, and the rule by which it is found again at start.

Its first entry is the base: known by index and term, its effect already in the checkpoint. The log must never have a
gap or a term that goes back. It knows neither what is committed nor what is durable.
"""

from collections.abc import Sequence

from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.messages import Entry

ENTRY_OVERHEAD_BYTES = 128
"""What an entry costs beside its data, in memory (tuple, two integers, header of the bytes) and roughly on the way."""


class Log:
    """Entries without a gap, from `base` to `last`."""

    __slots__ = ("_entries", "base", "bytes")

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Raises BrokenInvariant unless `entries`, at least one, follow each other."""
        if not entries:
            raise BrokenInvariant("a log without a base")
        self._entries = [entries[0]]
        self.base = entries[0].index
        self.bytes = _size(self._entries)
        """Of all entries, with ENTRY_OVERHEAD_BYTES for each."""
        self.extend(entries[1:])

    @property
    def last(self) -> int:
        return self.base + len(self._entries) - 1

    @property
    def last_term(self) -> int:
        return self._entries[-1].term

    def __len__(self) -> int:
        return len(self._entries)

    def term_at(self, index: int) -> int | None:
        """None: before the base or behind the end."""
        place = index - self.base
        return self._entries[place].term if 0 <= place < len(self._entries) else None

    def slice(self, first: int, last: int) -> tuple[Entry, ...]:
        """The entries from `first` to `last`, both included and both in the log."""
        start, end = first - self.base, last + 1 - self.base
        if not 0 <= start <= end <= len(self._entries):
            raise BrokenInvariant(f"asked for {first} to {last} of a log from {self.base} to {self.last}")
        return tuple(self._entries[start:end])

    def batch(self, first: int, limit: int) -> tuple[tuple[Entry, ...], int]:
        """The entries from `first` on until they reach `limit` bytes, at least one if there is one; and their bytes."""
        entries, start = self._entries, first - self.base
        end, size = start, 0
        while end < len(entries) and size < limit:
            size += len(entries[end].data) + ENTRY_OVERHEAD_BYTES
            end += 1
        return tuple(entries[start:end]), size

    def news(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """`entries` from the first one that the log lacks or holds with another term; () if it holds them all.

        What lies at or before the base cannot be compared and is no news: it is committed, so equal everywhere.
        """
        for place, entry in enumerate(entries):
            if entry.index > self.base and self.term_at(entry.index) != entry.term:
                return entries[place:]
        return ()

    def append(self, entry: Entry) -> None:
        if entry.index != self.last + 1 or entry.term < self.last_term:
            raise BrokenInvariant(f"{_name(entry)} behind {_name(self._entries[-1])}")
        self._entries.append(entry)
        self.bytes += len(entry.data) + ENTRY_OVERHEAD_BYTES

    def extend(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.append(entry)

    def truncate(self, index: int) -> None:
        """Forget what lies at `index` and behind it."""
        if index <= self.base:
            raise BrokenInvariant(f"truncation at {index} of a log that begins at {self.base}")
        self.bytes -= _size(self._entries[index - self.base :])
        del self._entries[index - self.base :]

    def cut(self, index: int) -> None:
        """Forget what lies before `index`, which becomes the base."""
        if not self.base <= index <= self.last:
            raise BrokenInvariant(f"cut at {index} of a log from {self.base} to {self.last}")
        self.bytes -= _size(self._entries[: index - self.base])
        del self._entries[: index - self.base]
        self.base = index


def recover(stored: Sequence[Entry], index: int, term: int) -> tuple[list[Entry], bool]:
    """The start-up rule: the log that goes with a checkpoint at (index, term), and whether it replaces the stored one.

    A log that holds the checkpoint's entry goes on. One that ends before it, or has another entry in its place, says
    nothing that the checkpoint does not know better. Raises BrokenInvariant for a log that begins behind the
    checkpoint: what lies between was applied somewhere, and is gone here. And for one that has a gap.
    """
    if stored and stored[-1].index - stored[0].index + 1 != len(stored):
        raise BrokenInvariant(f"the stored log from {stored[0].index} to {stored[-1].index} has {len(stored)} entries")
    if stored and stored[0].index > index:
        raise BrokenInvariant(f"the log begins at {stored[0].index}, behind the checkpoint at {index}")
    if stored and stored[-1].index >= index and stored[index - stored[0].index].term == term:
        return list(stored), False
    return [Entry(index, term, b"")], True


def _size(entries: Sequence[Entry]) -> int:
    return sum(len(entry.data) for entry in entries) + ENTRY_OVERHEAD_BYTES * len(entries)


def _name(entry: Entry) -> str:
    return f"entry {entry.index} of term {entry.term}"
