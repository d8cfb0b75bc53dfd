"""Two logs on disks that can be made to crash, stall and fill up: LMDB's, and the model that simulations have of it."""

import errno
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import lmdb
from sim_disk import Disk, SimJournal
from sim_world import NodeTime, World

from konik.cluster import disk
from konik.cluster.disk import Stored
from konik.cluster.identity import Identity
from konik.cluster.journal import LmdbJournal, bootstrap
from konik.cluster.journal_records import CorruptLog
from konik.cluster.journal_writer import Limits
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry

WAIT_SECONDS_MAX = float(os.environ.get("KONIK_TEST_SECONDS_MAX", "20"))


class Log(Protocol):
    """A log that is opened and closed again, and the disk that it is on."""

    journal: disk.Journal
    synced: list[int]
    troubles: list[str | None]

    def start(self, reset: Entry | None = None) -> Stored:
        """Open it, let it begin anew if that is asked for, and say what is there."""

    def until(self, holds: Callable[[], bool]) -> None:
        """Let time pass."""

    def stall(self) -> None:
        """Nothing is synced any more."""

    def fill(self) -> None:
        """From now on there is no room."""

    def make_room(self) -> None: ...

    def crash(self) -> None:
        """The process is gone; what is on the disk stays."""

    def close(self) -> None:
        """As at an ordinary end."""

    def change(self, key: bytes, how: Callable[[bytes], bytes | None]) -> None:
        """Of a log that is closed: a record becomes another one, or none."""

    def record(self, key: bytes) -> bytes:
        """Of a log that is closed."""


class Valve:
    """An LMDB environment whose disk may stall, or have no room."""

    def __init__(self, environment: lmdb.Environment) -> None:
        self.environment, self.full, self.flows = environment, False, threading.Event()
        self.flows.set()

    def begin(self, write: bool = False) -> Any:
        if write:
            self.flows.wait(WAIT_SECONDS_MAX)
        if write and self.full:
            error = lmdb.DiskError("mdb_txn_commit: No space left on device")
            error.code = errno.ENOSPC  # type: ignore[attr-defined]
            raise error
        return self.environment.begin(write=write)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.environment, name)


class LmdbLog:
    """The real one, in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._crashes = directory, 0
        self._path = directory / "log-0.lmdb"
        bootstrap(str(self._path), Identity(bytes(16), "a", bytes(16)), Membership.of("a"))
        self.synced: list[int] = []
        self.troubles: list[str | None] = []
        self._errors: list[BaseException] = []
        self._posted: queue.Queue[Callable[[], None]] = queue.Queue()

    def start(self, reset: Entry | None = None) -> Stored:
        limits = Limits(retry_seconds_min=0.001, retry_seconds_max=0.002)
        self.journal = LmdbJournal.open(str(self._path), "a", None, self._posted.put, self._errors.append, limits)
        self._valve = Valve(self.journal._environment)
        try:
            found = self.journal.load() if reset is None else _reset(self.journal, reset)
        except CorruptLog:
            self.journal.close()
            raise
        self.journal._environment = self._valve  # type: ignore[assignment]
        self.journal.start(self.synced.append, self.troubles.append)
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not holds():
            self._posted.get(timeout=max(0.0, deadline - time.monotonic()))()

    def stall(self) -> None:
        self._valve.flows.clear()

    def fill(self) -> None:
        self._valve.full = True

    def make_room(self) -> None:
        self._valve.full = False

    def crash(self) -> None:
        """What is in the file now is found again elsewhere, so that the old process may end as it likes."""
        self._crashes += 1
        old, self._path = self._path, self._directory / f"log-{self._crashes}.lmdb"
        self._path.mkdir()
        shutil.copy(old / "data.mdb", self._path)
        self._valve.flows.set()
        self.journal.close()

    def close(self) -> None:
        self.journal.close()
        assert not self._errors

    def change(self, key: bytes, how: Callable[[bytes], bytes | None]) -> None:
        with lmdb.open(str(self._path)) as environment, environment.begin(write=True) as transaction:
            record = how(bytes(transaction.get(key)))
            if record is None:
                transaction.delete(key)
            else:
                transaction.put(key, record)

    def record(self, key: bytes) -> bytes:
        with lmdb.open(str(self._path)) as environment, environment.begin() as transaction:
            return bytes(transaction.get(key))


class SimLog:
    """The model. What a crash does to the transaction on its way depends on chance, so on the seed."""

    def __init__(self, seed: int) -> None:
        self._world, self._disk = World(seed), Disk()
        self.synced: list[int] = []
        self.troubles: list[str | None] = []

    def start(self, reset: Entry | None = None) -> Stored:
        self._time = NodeTime(self._world)
        self.journal = SimJournal(self._disk, self._time, self._world, lambda: 0.001, lambda vow, entries: None)
        found = self.journal.load() if reset is None else _reset(self.journal, reset)
        self.journal.start(self.synced.append, self.troubles.append)
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = self._world.now + WAIT_SECONDS_MAX
        while not holds():
            assert self._world.now < deadline, "what was waited for never happened"
            self._pass(0.001)

    def stall(self) -> None:
        """Time stands still by itself."""

    def fill(self) -> None:
        self.journal.fill(1.0)

    def make_room(self) -> None:
        self._pass(1.0)

    def crash(self) -> None:
        self._time.dead = True
        self.journal.crash()

    def close(self) -> None:
        if not self.journal.full:
            self._pass(1.0)
        self._time.dead = True

    def change(self, key: bytes, how: Callable[[bytes], bytes | None]) -> None:
        record = how(self.record(key))
        self._disk.carry_out([(key, record)], self._disk.extent)

    def record(self, key: bytes) -> bytes:
        return self._disk.records[key]

    def _pass(self, seconds: float) -> None:
        self._world.run(self._world.now + seconds)


def _reset(journal: disk.Journal, base: Entry) -> Stored:
    journal.load()
    return journal.reset(base)


LOGS: dict[str, Callable[[Path], Log]] = {
    "LMDB": LmdbLog,
    "model-whose-crash-keeps": lambda directory: SimLog(0),
    "model-whose-crash-loses": lambda directory: SimLog(1),
}
