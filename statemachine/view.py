"""The state as the machine sees it: an ordered map from bytes to bytes, and a transaction over it.

The map itself belongs to `cluster`. A transaction gathers what one command writes; it reaches the map as a whole or
not at all.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from typing import Protocol


class Readable(Protocol):
    """Whatever gives the value of a key."""

    def get(self, key: bytes) -> bytes | None: ...


class View(Readable, Protocol):
    """An ordered map. `scan` yields the pairs with start <= key < stop in the order of their keys."""

    def put(self, key: bytes, value: bytes) -> None: ...

    def delete(self, key: bytes) -> None: ...

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Puts what has a value, deletes what has none."""

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]: ...

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        """The first pair that `scan` would yield, or None."""


class Transaction:
    """Reads see what was written before; `commit` hands all of it to the view."""

    __slots__ = ("_sorted", "_view", "_writes")

    def __init__(self, view: View) -> None:
        self._view = view
        self._writes: dict[bytes, bytes | None] = {}
        self._sorted: list[bytes] | None = None  # the keys of the writes, kept from the first scan on

    def get(self, key: bytes) -> bytes | None:
        if key in self._writes:
            return self._writes[key]
        return self._view.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        if self._sorted is not None and key not in self._writes:
            insort(self._sorted, key)
        self._writes[key] = value

    def delete(self, key: bytes) -> None:
        if self._sorted is not None and key not in self._writes:
            insort(self._sorted, key)
        self._writes[key] = None

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.delete(key)
            else:
                self.put(key, value)

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The pairs as they are now: a write between two steps is not seen by a scan under way."""
        own = self._own(start, stop)
        if not own:
            yield from self._view.scan(start, stop)
            return
        place = 0
        for key, value in self._view.scan(start, stop):
            while place < len(own) and own[place][0] < key:
                yield from _present(own[place])
                place += 1
            if place < len(own) and own[place][0] == key:
                yield from _present(own[place])
                place += 1
            else:
                yield key, value
        for pair in own[place:]:
            yield from _present(pair)

    def _own(self, start: bytes, stop: bytes) -> list[tuple[bytes, bytes | None]]:
        if self._sorted is None:
            self._sorted = sorted(self._writes)
        low, high = bisect_left(self._sorted, start), bisect_left(self._sorted, stop)
        return [(key, self._writes[key]) for key in self._sorted[low:high]]

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        """The first pair in the range, or None."""
        if self._touches(start, stop):
            return next(self.scan(start, stop), None)
        return self._view.first(start, stop)

    def _touches(self, start: bytes, stop: bytes) -> bool:
        for key in self._writes:  # few; a loop costs less than the sorted list that a scan needs
            if start <= key < stop:
                return True
        return False

    def commit(self) -> None:
        self._view.write(self._writes)
        self._writes, self._sorted = {}, None


def _present(pair: tuple[bytes, bytes | None]) -> Iterator[tuple[bytes, bytes]]:
    key, value = pair
    if value is not None:
        yield key, value
