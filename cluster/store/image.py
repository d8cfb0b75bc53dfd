"""The state as of the last checkpoint: one LMDB environment, always consistent, and what it says about itself.

Reads go through one long-lived transaction, renewed after each commit, and belong to the loop's thread. A write
transaction begins and ends in one call, so in one thread: LMDB binds it to that. What may have to come from the disk
in quantity is read there, too. The map may grow only while nothing else uses the environment; who calls `make_room`
must know that.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import lmdb
import msgpack

from konik.cluster.store.errors import CorruptState, StoreError
from konik.cluster.store.sealed import seal, unseal

FORMAT = 1
HEAD = b"\xff"
"""Where the image keeps its Checkpoint, behind the last possible key of the state."""

MAP_BYTES = 1 << 30
"""What a map is made for unless told otherwise; it grows when it must."""

MEMBERS = "members"
"""Where a checkpoint's `meta` has the list of members that was in force."""

KEY_BYTES_MAX = 511
TABLES = range(255)
"""First bytes that a key of the state may have."""

DAMAGE = lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError, lmdb.PanicError
"""What LMDB says when it stumbles over a damaged page itself."""

SLICE_KEYS = 250
"""Keys written between two pauses."""

BARE_RANGES_MAX = 1_000
"""Ranges that are remembered to hold nothing: the fronts of queues are asked for again and again."""

PAGE_BYTES = os.sysconf("SC_PAGESIZE")
"""LMDB's page is the machine's."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Whose state an image is, and where in the log it stands."""

    cluster: bytes
    node: str
    index: int  # of the last entry that is applied in it; 0: none
    term: int  # of that entry
    hash: int  # the sum of the key space
    meta: dict[str, bytes]  # what else must change with the state in one transaction; members, for one


class Usage(NamedTuple):
    map_bytes: int  # what the file may grow to without a new map
    used_bytes: int  # what it has ever used


class Image:
    """An open `state.lmdb`."""

    def __init__(self, path: Path, map_bytes: int) -> None:
        """Open the directory, which may be empty. Raises StoreError if LMDB cannot read it."""
        self.path, self.map_bytes = path, map_bytes
        try:
            self._environment = lmdb.open(str(path), map_size=_whole_pages(map_bytes), readahead=False, meminit=False)
            self._read = self._environment.begin()
        except lmdb.Error as error:
            raise StoreError(f"{path} cannot be opened: {error}") from error
        self._generation = 0  # counts renewals: a scan must not outlive its transaction
        self._bare: set[tuple[bytes, bytes]] = set()  # ranges that hold nothing, as long as reads see the same commit

    def get(self, key: bytes) -> bytes | None:
        """The value, or None. Raises CorruptState if the record is damaged."""
        try:
            record = self._read.get(key)
        except DAMAGE as error:
            raise _corrupt(key, error) from error
        return None if record is None else unseal(key, record)

    def holds(self, key: bytes) -> bool:
        """Whether there is a record under `key`; it is not looked at."""
        try:
            return self._read.get(key) is not None
        except DAMAGE as error:
            raise _corrupt(key, error) from error

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, ascending. Must have ended, or been dropped, before the next `renew`."""
        generation = self._generation
        try:
            with self._read.cursor() as cursor:
                if not cursor.set_range(start):
                    return
                for key, record in cursor:
                    if key >= stop:
                        return
                    yield key, unseal(key, record)
                    if self._generation != generation:
                        raise RuntimeError("a scan went on after the image under it was renewed")
        except DAMAGE as error:
            raise _corrupt(start, error) from error

    def has_in(self, start: bytes, stop: bytes) -> bool:
        """Whether there is a record with start <= key < stop; it is not looked at."""
        if (start, stop) in self._bare:
            return False
        try:
            with self._read.cursor() as cursor:
                found = bool(cursor.set_range(start)) and cursor.key() < stop
        except DAMAGE as error:
            raise _corrupt(start, error) from error
        if not found and len(self._bare) < BARE_RANGES_MAX:
            self._bare.add((start, stop))
        return found

    def verify(self, start: bytes, records: int) -> bytes | None:
        """Look at the next records from `start` on, in the thread that writes; returns where to go on, None at the end.

        Has a transaction of its own, for it may wait for the disk. Raises CorruptState.
        """
        last = None
        try:
            with self._environment.begin() as transaction, transaction.cursor() as cursor:
                if cursor.set_range(start):
                    for key, record in islice(cursor, records):
                        if key >= HEAD:
                            break
                        unseal(key, record)
                        last = key
        except DAMAGE as error:
            raise _corrupt(start, error) from error
        return None if last is None else last + b"\0"

    def checkpoint(self) -> Checkpoint | None:
        """What the image says about itself; None if nothing was ever written. Raises CorruptState or StoreError."""
        record = self.get(HEAD)
        return None if record is None else _unpack(record)

    def write(
        self, checkpoint: Checkpoint, pairs: Mapping[bytes, bytes | None], pause: Callable[[], None] = lambda: None
    ) -> None:
        """One synced transaction: `pairs` (None deletes) and the checkpoint they lead to. All or nothing.

        May run in any thread, one at a time; `pause` is called every `SLICE_KEYS` keys. Each slice is sorted by itself,
        since sorting everything would keep the interpreter for 100 ms per 100,000 keys. Raises lmdb.Error.
        """
        keys = list(pairs)
        with self._environment.begin(write=True) as transaction:
            for first in range(0, len(keys), SLICE_KEYS):
                for key in sorted(keys[first : first + SLICE_KEYS]):
                    value = pairs[key]
                    if value is None:
                        transaction.delete(key)
                    else:
                        transaction.put(key, seal(key, value))
                pause()
            transaction.put(HEAD, seal(HEAD, _pack(checkpoint)))

    def renew(self) -> None:
        """Reads see the last commit from now on, and pages that only the old one needed are free."""
        self._generation += 1
        self._bare.clear()
        self._read.abort()
        self._read = self._environment.begin()

    def make_room(self, bytes_needed: int) -> None:
        """Grow the map until `bytes_needed` more fit into it. No other thread may use the image meanwhile.

        The map takes addresses, not memory or disk, so it at least doubles. Raises lmdb.Error if the machine refuses.
        """
        usage = self.usage()
        if usage.used_bytes + bytes_needed <= usage.map_bytes:
            return
        self._generation += 1
        self._bare.clear()
        self._read.abort()
        try:
            self._environment.set_mapsize(_whole_pages(max(2 * usage.map_bytes, usage.used_bytes + 2 * bytes_needed)))
        finally:
            self._read = self._environment.begin()

    def usage(self) -> Usage:
        info = self._environment.info()
        return Usage(info["map_size"], (info["last_pgno"] + 1) * PAGE_BYTES)

    def copy(self, descriptor: int, pause: Callable[[], None] = lambda: None) -> Checkpoint:
        """Write a compact copy of the last commit into a file, not synced; in the thread that writes.

        What it holds is verified: a copy takes the place of a state that may be sound. `pause` is called every
        `SLICE_KEYS` keys. Raises lmdb.Error, and CorruptState.
        """
        try:
            with self._environment.begin() as transaction:
                for number, (key, record) in enumerate(transaction.cursor(), 1):
                    unseal(key, record)
                    if number % SLICE_KEYS == 0:
                        pause()
                head = transaction.get(HEAD)
        except DAMAGE as error:
            raise CorruptState(f"the state cannot be read through: {error}: it must be rebuilt") from error
        assert head is not None, "an image without a checkpoint was to be copied"
        self._environment.copyfd(descriptor, compact=True)
        return _unpack(unseal(HEAD, head))

    def close(self) -> None:
        self._generation += 1
        self._read.abort()
        self._environment.close()


def _whole_pages(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES


def _corrupt(key: bytes, error: Exception) -> CorruptState:
    return CorruptState(f"reading at {key!r:.200} failed: {error}: this state must be rebuilt")


def _pack(checkpoint: Checkpoint) -> bytes:
    of, total = checkpoint, checkpoint.hash.to_bytes(16, "big")
    packed: bytes = msgpack.packb((FORMAT, of.cluster, of.node, of.index, of.term, total, of.meta))
    return packed


def _unpack(packed: bytes) -> Checkpoint:
    version, *fields = msgpack.unpackb(packed)
    if version != FORMAT:
        raise StoreError(f"the state has format {version}, this program knows format {FORMAT}: run the newer program")
    cluster, node, index, term, total, meta = fields
    return Checkpoint(cluster, node, index, term, int.from_bytes(total, "big"), meta)
