"""The map that the state machine works on: what changed since the last checkpoint, over the last checkpoint.

Three layers, the upper hiding the lower: the live overlay, which takes all writes; the frozen one, while a checkpoint
writes it; the image on disk. Everything here belongs to the loop's thread. Nothing here may write to the disk, except
that opening makes an empty state where there is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from konik.cluster.store.gaps import Gaps
from konik.cluster.store.hash import MODULUS, Fold, StateHash, pair_hash
from konik.cluster.store.image import HEAD, KEY_BYTES_MAX, TABLES, Checkpoint, Image
from konik.cluster.store.overlay import Change, Overlay, overlaid

TOMBSTONES_WALKED_MAX = 4
"""Deleted keys at the front of a scan above which the range they were in is remembered as empty."""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How much is where."""

    live_keys: int
    live_bytes: int
    frozen_keys: int
    frozen_bytes: int
    map_bytes: int
    used_bytes: int


class Store:
    """An ordered map; `statemachine.view.View` in the state machine's words. Made by `open_store`."""

    def __init__(self, image: Image) -> None:
        self._begin(image)

    def _begin(self, image: Image) -> None:
        checkpoint = image.checkpoint()
        assert checkpoint is not None, "a store was opened on an image that was never made"
        self.image = image
        self.checkpoint = checkpoint
        """The last one that is durable."""
        self.live = Overlay()
        self.frozen: Overlay | None = None
        self._hash = StateHash(checkpoint.hash, image.get)
        self._gaps = Gaps()
        self._scrubbed = b"\0"  # the key the scrub goes on with

    # Reading and writing

    def get(self, key: bytes) -> bytes | None:
        """The value under `key`, or None. Raises CorruptState if what the disk holds is not what was written."""
        pairs = self.live.pairs
        if key in pairs:
            return pairs[key]
        if self.frozen is not None and key in (pairs := self.frozen.pairs):
            return pairs[key]
        return self.image.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """`key` now has `value`."""
        assert 0 < len(key) <= KEY_BYTES_MAX and key < HEAD, f"{len(key)} bytes cannot be a key: {key!r:.100}"
        self.live.put(key, value)
        self._hash.changes[key] = value
        if key[0] in self._gaps.tables:
            self._gaps.fill(key)

    def delete(self, key: bytes) -> None:
        """`key` is gone; harmless if it was not there."""
        if self._holds_below(key):
            self.live.bury(key)
            self._hash.changes[key] = None
        elif key in self.live.pairs:
            self.live.forget(key)
            self._hash.vanish(key)

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Puts what has a value and deletes what has none."""
        put, noted, gaps = self.live.put, self._hash.changes, self._gaps
        for key, value in changes.items():
            if value is None:
                self.delete(key)
                continue
            assert 0 < len(key) <= KEY_BYTES_MAX and key[0] < 255, f"{key!r:.200} cannot be a key"
            put(key, value)
            noted[key] = value
            if key[0] in gaps.tables:
                gaps.fill(key)

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The pairs with start <= key < stop, ascending; both of one table.

        Finish it, or drop it, before the loop runs anything else: it must not outlive a checkpoint. A write between two
        steps is safe but may be seen or not: collect first what you are going to change.
        """
        _check_range(start, stop)
        if start[0] in self._gaps.tables:
            start = self._gaps.leap(start)
            if start >= stop:
                return
        pairs = self._layered(start, stop)
        tombstones, first = 0, next(pairs, None)
        while first is not None and first[1] is None:
            tombstones, first = tombstones + 1, next(pairs, None)
        if tombstones >= TOMBSTONES_WALKED_MAX:
            self._gaps.add(start, stop if first is None else first[0])
        if first is None or first[1] is None:
            return
        yield first[0], first[1]
        for key, value in pairs:
            if value is not None:
                yield key, value

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        """The first pair that `scan` would yield, or None. Cheap where nothing lies below the live overlay, as at the
        front of a queue."""
        _check_range(start, stop)
        leapt = self._gaps.leap(start) if start[0] in self._gaps.tables else start
        if leapt >= stop:
            return None
        if (self.frozen is None or not self.frozen.touches(start[0])) and not self.image.has_in(leapt, stop):
            return self.live.first(leapt, stop)
        return next(self.scan(leapt, stop), None)

    def _layered(self, start: bytes, stop: bytes) -> Iterator[Change]:
        pairs: Iterator[Change] = self.image.scan(start, stop)
        if self.frozen is not None and self.frozen.touches(start[0]):
            pairs = overlaid(self.frozen.scan(start, stop), pairs)
        if self.live.touches(start[0]):
            pairs = overlaid(self.live.scan(start, stop), pairs)
        return pairs

    def _holds_below(self, key: bytes) -> bool:
        """Whether `key` would still be there without the live overlay."""
        if self.frozen is not None and key in self.frozen.pairs:
            return self.frozen.pairs[key] is not None
        return self.image.holds(key)

    # Checking

    def mark(self) -> Fold:
        """The hash of the state as it is now: iterate the fold to its end, at leisure, then read its sum."""
        return self._hash.mark()

    def recount(self) -> int:
        """The same hash from nothing. Reads everything at once: for tests and tools."""
        pairs = (pair for table in TABLES for pair in self.scan(bytes([table]), bytes([table + 1])))
        return sum(pair_hash(key, value) for key, value in pairs) % MODULUS

    def scrub(self, records: int) -> bool:
        """Verify the next records of the image, in the thread that writes; True when the end was reached.

        Raises CorruptState.
        """
        following = self.image.verify(self._scrubbed, records)
        self._scrubbed = following or b"\0"
        return following is None

    # The steps of a checkpoint, in this order

    def freeze(self) -> Fold:
        """What is live is to be written: it takes no more changes. The fold's sum belongs into the checkpoint."""
        assert self.frozen is None, "a checkpoint began before the one before it was settled"
        frozen, image = self.live, self.image
        self.frozen, self.live = frozen, Overlay()

        def lookup(key: bytes) -> bytes | None:
            return frozen.pairs[key] if key in frozen.pairs else image.get(key)

        return self._hash.freeze(lookup)

    def settle(self, checkpoint: Checkpoint) -> Overlay:
        """The frozen overlay is durable in the image as of `checkpoint`. Returns it: its memory is to be drained."""
        frozen = self.frozen
        assert frozen is not None, "nothing was frozen"
        assert checkpoint.index >= self.checkpoint.index, "the state went back"
        assert self._hash.counted_to_freeze(), "old values were overwritten before they were counted"
        self.image.renew()
        self.frozen, self.checkpoint = None, checkpoint
        return frozen

    # Life

    def reopen(self) -> None:
        """Another image has taken the place of this one: everything in memory belonged to the old one."""
        self._hash.abandon()
        self.image.close()
        self._begin(Image(self.image.path, self.image.map_bytes))

    def occupancy(self) -> Occupancy:
        frozen = self.frozen or Overlay()
        return Occupancy(len(self.live), self.live.bytes, len(frozen), frozen.bytes, *self.image.usage())

    def close(self) -> None:
        """What is not in a checkpoint is gone; the log has it. No job may be under way."""
        self._hash.abandon()
        self.image.close()


def _check_range(start: bytes, stop: bytes) -> None:
    assert start and stop and (start[0] == stop[0] or stop == bytes([start[0] + 1])), (
        f"{start!r:.100} to {stop!r:.100} is not a range within one table"
    )
