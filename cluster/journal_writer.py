"""The thread that owns every write transaction of the log, from begin to commit.

LMDB binds a write transaction to the thread that began it, and a sync must not hold up the loop. While one transaction
is being synced, what is asked for meanwhile gathers and goes into the next one: group commit.

A full disk is no reason to forget: the operations stay pending until there is room. Any other error of the disk is one
after which nobody knows what is durable, so it is fatal. What must never happen here: `synced` for something that is
not.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple

import lmdb

from konik.cluster import journal_layout as layout
from konik.cluster.files import lacks_room
from konik.cluster.journal_layout import Extent, Write
from konik.cluster.journal_records import CUT, PEER, entry_key, seal

FREE_BYTES_MIN = 4 << 20
"""With less than this free an I/O error of a write is put down to lack of room."""

Post = Callable[[Callable[[], None]], object]
"""Runs a callback on the loop; may be called from any thread, as asyncio's `call_soon_threadsafe`."""

Fatal = Callable[[BaseException], None]


class Meeting(NamedTuple):
    """A peer's directory id, to be known again."""

    peer: str
    directory: bytes


class Cut(NamedTuple):
    """What is before this index may go, some time."""

    to: int


class Close(NamedTuple):
    """Nothing more will be asked for."""


Operation = Write | Meeting
"""What a transaction carries."""


@dataclass(frozen=True, slots=True)
class Limits:
    map_bytes: int = 1 << 30
    """The log's map when it is opened: address space, not disk."""
    map_bytes_max: int = 64 << 30
    """It is doubled up to this when it is full."""
    cut_entries_max: int = 1000
    """Deleted with one sync, so that a cut of a long log does not hold up the writes behind it."""
    retry_seconds_min: float = 0.05
    retry_seconds_max: float = 2.0
    """The pause after an attempt that found the disk full, doubled each time."""


@dataclass(slots=True)
class Statistics:
    """Of one writer since its start."""

    syncs: int = 0
    entries: int = 0
    bytes: int = 0
    """Of the data of entries."""
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    """What the latest transactions took, sync included."""

    def median_seconds(self) -> float:
        """0 before the first sync."""
        return sorted(self.seconds)[len(self.seconds) // 2] if self.seconds else 0.0


class Writer:
    """Carries out what is asked for, in order; reports through `post`, which runs a callback on the loop."""

    def __init__(
        self,
        environment: lmdb.Environment,
        extent: Extent,
        limits: Limits,
        post: Post,
        synced: Callable[[int], None],
        trouble: Callable[[str | None], None],
        fatal: Fatal,
    ) -> None:
        self.statistics = Statistics()
        self._environment, self._extent, self._limits = environment, extent, limits
        self._post, self._synced, self._trouble, self._fatal = post, synced, trouble, fatal
        self._asked: SimpleQueue[Operation | Cut | Close] = SimpleQueue()
        self._cut_to = extent.first
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="konik-journal", daemon=True)

    # from the loop

    def start(self) -> None:
        self._thread.start()

    def ask(self, operation: Operation | Cut) -> None:
        self._asked.put(operation)

    def close(self) -> None:
        """Returns when what was asked for is synced, or at once where the disk is full."""
        self._asked.put(Close())
        self._thread.join()

    # on the thread

    def _run(self) -> None:
        try:
            while not self._closing or self._may_cut():
                operations: list[Operation] = []
                self._gather(operations, 0.0 if self._may_cut() else None)
                if operations or self._may_cut():
                    self._carry_out(operations)
        except BaseException as error:
            self._fatal(error)

    def _gather(self, operations: list[Operation], seconds: float | None) -> None:
        """Add all that was asked for, and wait for the first of it: so many seconds, or as long as it takes."""
        with contextlib.suppress(Empty):
            asked = self._asked.get(timeout=seconds)
            while True:
                match asked:
                    case Cut(to):
                        self._cut_to = max(self._cut_to, to)
                    case Close():
                        self._closing = True
                    case Write() if asked.reset:
                        self._cut_to = asked.entries[0].index
                        operations[:] = [it for it in operations if not isinstance(it, Write)]  # it replaces them
                        operations.append(asked)
                    case _:
                        operations.append(asked)
                asked = self._asked.get_nowait()

    def _may_cut(self) -> bool:
        return self._extent.first < min(self._cut_to, self._extent.last)

    def _carry_out(self, operations: list[Operation]) -> None:
        reason, pause = None, self._limits.retry_seconds_min
        while (problem := self._attempt(operations)) is not None:
            if reason is None:
                self._post(partial(self._trouble, problem))
            reason = problem
            self._make_way()
            self._pause(operations, pause)
            if self._closing:
                self._cut_to = self._extent.first
                return
            pause = min(2 * pause, self._limits.retry_seconds_max)
        if reason is not None:
            self._post(partial(self._trouble, None))
        numbers = [operation.number for operation in operations if isinstance(operation, Write)]
        if numbers:
            self._post(partial(self._synced, numbers[-1]))

    def _pause(self, operations: list[Operation], seconds: float) -> None:
        """Meanwhile gather what is asked for."""
        end = time.monotonic() + seconds
        while not self._closing and (left := end - time.monotonic()) > 0:
            self._gather(operations, left)

    def _make_way(self) -> None:
        """Cut alone, and then once more: LMDB uses a page again only two transactions after the one that freed it."""
        if self._may_cut():
            self._attempt([])
            self._attempt([])

    def _attempt(self, operations: list[Operation]) -> str | None:
        """One transaction. None: it is synced. Else why there was no room for it, and nothing has changed."""
        while True:
            try:
                self._transact(operations)
                return None
            except lmdb.MapFullError:
                if not self._grow():
                    return f"the log's map is full at its limit of {self._limits.map_bytes_max} bytes"
            except lmdb.Error as error:
                path = self._environment.path()
                if not lacks_room(error, path, FREE_BYTES_MIN):
                    raise
                return f"the disk of {path} is full, make room there: {error}"

    def _grow(self) -> bool:
        size: int = self._environment.info()["map_size"]
        larger = min(2 * size, self._limits.map_bytes_max)
        if larger > size:
            self._environment.set_mapsize(larger)
        return larger > size

    def _transact(self, operations: list[Operation]) -> None:
        began = time.perf_counter()
        extent, entries, size = self._extent, 0, 0
        with self._environment.begin(write=True) as transaction:
            for operation in operations:
                match operation:
                    case Write():
                        extent = layout.write(transaction, extent, operation)
                        entries += len(operation.entries)
                        size += sum(len(entry.data) for entry in operation.entries)
                    case Meeting(peer, directory):
                        key = PEER + peer.encode()
                        transaction.put(key, seal(key, directory))
            extent = layout.cut(transaction, extent, self._cut_to, self._limits.cut_entries_max)
            if not operations:  # even one that deletes nothing shall count as a transaction
                transaction.put(CUT, seal(CUT, entry_key(extent.first)))
        self._extent = extent
        self.statistics.syncs += 1
        self.statistics.entries += entries
        self.statistics.bytes += size
        self.statistics.seconds.append(time.perf_counter() - began)
