"""Changes that no checkpoint holds yet: a map in memory that is cheap to write and sorted only where somebody looks.

Writes are far more frequent than scans, and most tables are never scanned between two checkpoints. So a new key waits
in a set, and only a scan moves it into its table's sorted list. What is many here is bytes in dicts and lists, nothing
that the cyclic garbage collector would have to walk into.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from sortedcontainers import SortedList

Change = tuple[bytes, bytes | None]
"""A key and its new value, or None if it was deleted: a tombstone, hiding what a lower layer holds."""

SORTED_AT_ONCE_MAX = 1_000
"""Keys outside of its range that one scan sorts on the way: keeps a scan short after a hundred thousand writes."""

CHUNK_KEYS_MIN, CHUNK_KEYS_MAX = 4, 256
"""Keys that a scan takes from the sorted list at first, and in the end: most scans want one pair."""


class Overlay:
    """Changes by key. `pairs` is for reading only; its order means nothing."""

    __slots__ = ("bytes", "pairs", "_sorted", "_waiting")

    def __init__(self) -> None:
        self.pairs: dict[bytes, bytes | None] = {}
        self.bytes = 0
        self._waiting: defaultdict[int, set[bytes]] = defaultdict(set)
        self._sorted: defaultdict[int, SortedList] = defaultdict(SortedList)

    def __len__(self) -> int:
        return len(self.pairs)

    def put(self, key: bytes, value: bytes) -> None:
        """`key` now has `value`."""
        pairs = self.pairs
        if key in pairs:
            self.bytes += len(value) - len(pairs[key] or b"")
        else:
            self._waiting[key[0]].add(key)
            self.bytes += len(key) + len(value)
        pairs[key] = value

    def bury(self, key: bytes) -> None:
        """`key` is deleted, and a tombstone hides what lower layers hold."""
        pairs = self.pairs
        if key in pairs:
            self.bytes -= len(pairs[key] or b"")
        else:
            self._waiting[key[0]].add(key)
            self.bytes += len(key)
        pairs[key] = None

    def forget(self, key: bytes) -> None:
        """`key` is deleted and no lower layer holds it: as if it had never been."""
        if key not in self.pairs:
            return
        self.bytes -= len(key) + len(self.pairs.pop(key) or b"")
        waiting = self._waiting[key[0]]
        if key in waiting:
            waiting.remove(key)
        else:
            self._sorted[key[0]].remove(key)

    def touches(self, table: int) -> bool:
        """Whether there may be a change in that table."""
        return bool(self._waiting.get(table)) or bool(self._sorted.get(table))

    def scan(self, start: bytes, stop: bytes) -> Iterator[Change]:
        """Changes with start <= key < stop, ascending; both in one table. Changes made meanwhile may be seen or not."""
        keys = self._settle(start, stop)
        pairs = self.pairs
        size, inclusive = CHUNK_KEYS_MIN, (True, False)
        while True:
            chunk = list(islice(keys.irange(start, stop, inclusive), size))
            for key in chunk:
                if key in pairs:
                    yield key, pairs[key]
            if len(chunk) < size:
                return
            size = min(8 * size, CHUNK_KEYS_MAX)
            start, inclusive = chunk[-1], (False, False)

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        """The first pair with start <= key < stop that is not deleted, or None; both in one table."""
        keys = self._settle(start, stop)
        if not keys:
            return None
        place = 0 if keys[0] >= start else keys.bisect_left(start)
        while place < len(keys) and (key := keys[place]) < stop:
            value = self.pairs[key]
            if value is not None:
                return key, value
            place += 1
        return None

    def _settle(self, start: bytes, stop: bytes) -> SortedList:
        """The sorted keys of a table, complete between `start` and `stop`."""
        waiting, keys = self._waiting[start[0]], self._sorted[start[0]]
        if not waiting:
            return keys
        if len(waiting) <= SORTED_AT_ONCE_MAX:
            keys.update(waiting)
            waiting.clear()
        else:
            moved = set(islice(waiting, SORTED_AT_ONCE_MAX))
            moved.update(key for key in waiting if start <= key < stop)
            keys.update(moved)
            waiting -= moved
        return keys

    def drain(self, keys: int) -> bool:
        """Forget up to `keys` changes; True when none are left. To free a hundred thousand in one go takes 20 ms."""
        self._sorted.clear()
        self._waiting.clear()
        for _ in range(min(keys, len(self.pairs))):
            self.pairs.popitem()
        return not self.pairs


def overlaid(upper: Iterator[Change], lower: Iterable[Change]) -> Iterator[Change]:
    """Both ascending, merged: where both have a key, the upper layer's change counts."""
    lower = iter(lower)
    above, below = next(upper, None), next(lower, None)
    while above is not None and below is not None:
        if below[0] < above[0]:
            yield below
            below = next(lower, None)
            continue
        if below[0] == above[0]:
            below = next(lower, None)
        yield above
        above = next(upper, None)
    if above is not None:
        yield above
        yield from upper
    elif below is not None:
        yield below
        yield from lower
