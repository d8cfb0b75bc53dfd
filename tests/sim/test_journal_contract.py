"""What a log on a disk promises, asked of LMDB and of the model that stands for it in simulations: both keep it.

LMDB is C over a mapped file and takes the time of the wall, so simulations have a model of it. Whatever a test here
says of one holds of the other, or the simulations would show something else than what runs.
"""

import contextlib
import errno
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import lmdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sim_disk import Disk, SimJournal
from sim_world import NodeTime, World

from konik.cluster import disk
from konik.cluster.disk import Stored
from konik.cluster.identity import Identity
from konik.cluster.journal import LmdbJournal, bootstrap
from konik.cluster.journal_records import VOW, CorruptLog, entry_key
from konik.cluster.journal_writer import Limits
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

WAIT_SECONDS_MAX = float(os.environ.get("KONIK_TEST_SECONDS_MAX", "20"))
BASE, NO_VOW = Entry(0, 0, b""), Vow(0, None, 0)


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
        bootstrap(str(self._path), Identity(bytes(16), "a", bytes(16)))
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


@pytest.fixture(params=LOGS)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    return LOGS[request.param](tmp_path)


@contextlib.contextmanager
def running(log: Log) -> Iterator[disk.Journal]:
    log.start()
    try:
        yield log.journal
    finally:
        log.close()


def stored(log: Log) -> Stored:
    found = log.start()
    log.close()
    return found


def entries(first: int, last: int, term: int = 1, data: bytes = b"x") -> tuple[Entry, ...]:
    return tuple(Entry(index, term, data) for index in range(first, last + 1))


def until_synced(log: Log, number: int) -> None:
    log.until(lambda: bool(log.synced) and log.synced[-1] >= number)


def test_a_new_log_holds_the_entry_before_the_first(log: Log) -> None:
    assert stored(log) == (NO_VOW, [BASE])


def test_what_was_synced_is_found_again_with_the_vow_of_its_write(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, Vow(1, "b", 0), entries(1, 3))
        until_synced(log, 1)
        journal.write(2, Vow(2, None, 2), ())
        until_synced(log, 2)
    assert stored(log) == (Vow(2, None, 2), [BASE, *entries(1, 3)])


def test_numbers_are_reported_in_order_and_each_stands_for_those_before_it(log: Log) -> None:
    with running(log) as journal:
        for number in range(1, 10):
            journal.write(number, NO_VOW, entries(number, number))
        until_synced(log, 9)
    assert log.synced == sorted(set(log.synced)) and log.synced[-1] == 9


def test_nothing_is_reported_within_the_call_that_asks_for_it(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, NO_VOW, entries(1, 1))
        assert log.synced == []


def test_entries_replace_everything_from_the_first_ones_index_on(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, Vow(1, None, 0), entries(1, 9))
        until_synced(log, 1)
        journal.write(2, Vow(2, None, 0), entries(4, 5, term=2, data=b"new"))
    assert stored(log)[1] == [BASE, *entries(1, 3), *entries(4, 5, term=2, data=b"new")]


def test_a_write_may_start_the_log_anew(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, Vow(1, None, 0), entries(1, 9))
        journal.write(2, Vow(3, None, 50), entries(50, 51, term=3), reset=True)
    assert stored(log) == (Vow(3, None, 50), [*entries(50, 51, term=3)])


def test_a_reset_before_the_start_is_durable_at_once(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, Vow(4, "b", 3), entries(1, 9))
    assert log.start(reset=Entry(70, 4, b"")) == (Vow(4, "b", 70), [Entry(70, 4, b"")])
    log.crash()
    assert stored(log) == (Vow(4, "b", 70), [Entry(70, 4, b"")])


def test_a_cut_keeps_its_entry_and_what_follows(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, Vow(1, None, 0), entries(1, 9))
        until_synced(log, 1)
        journal.cut(6)
        journal.write(2, Vow(1, None, 8), entries(10, 10))
    assert stored(log) == (Vow(1, None, 8), [*entries(6, 10)])


def test_a_cut_needs_no_write_to_be_carried_out(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, NO_VOW, entries(1, 9))
        until_synced(log, 1)
        journal.cut(6)
    assert stored(log)[1] == [*entries(6, 9)]


def test_a_cut_ahead_of_the_disk_leaves_the_last_entry(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, NO_VOW, entries(1, 3))
        until_synced(log, 1)
        journal.cut(100)
    assert stored(log)[1] == [*entries(3, 3)]


def test_a_log_that_begins_anew_forgets_what_was_to_be_cut(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, NO_VOW, entries(1, 3))
        until_synced(log, 1)
        journal.cut(20)
        journal.write(2, NO_VOW, entries(10, 30, term=2), reset=True)
    assert stored(log)[1] == [*entries(10, 30, term=2)]


def test_a_long_cut_goes_on_by_itself(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, NO_VOW, entries(1, 2500))
        until_synced(log, 1)
        journal.cut(2400)
    assert stored(log)[1] == [*entries(2400, 2500)]


def test_a_crash_loses_nothing_that_was_synced(log: Log) -> None:
    log.start()
    log.journal.write(1, Vow(1, "b", 0), entries(1, 3))
    until_synced(log, 1)
    log.crash()
    assert stored(log) == (Vow(1, "b", 0), [BASE, *entries(1, 3)])


def test_a_crash_leaves_a_transaction_whole_or_not_at_all(log: Log) -> None:
    log.start()
    log.journal.write(1, Vow(1, "b", 0), entries(1, 9))
    until_synced(log, 1)
    log.stall()
    log.journal.write(2, Vow(2, "c", 1), entries(4, 12, term=2))
    log.journal.write(3, Vow(3, None, 2), entries(13, 14, term=3))
    log.crash()
    before = Vow(1, "b", 0), [BASE, *entries(1, 9)]
    second = Vow(2, "c", 1), [BASE, *entries(1, 3), *entries(4, 12, term=2)]
    third = Vow(3, None, 2), [*second[1], *entries(13, 14, term=3)]
    assert stored(log) in (before, second, third)
    assert log.synced == [1]


def test_a_log_goes_on_after_a_crash(log: Log) -> None:
    log.start()
    log.journal.write(1, NO_VOW, entries(1, 3))
    until_synced(log, 1)
    log.crash()
    log.synced.clear()
    with running(log) as journal:
        journal.write(1, Vow(2, None, 0), entries(4, 6, term=2))
        until_synced(log, 1)
    assert stored(log) == (Vow(2, None, 0), [BASE, *entries(1, 3), *entries(4, 6, term=2)])


def test_a_full_disk_is_told_once_and_loses_nothing(log: Log) -> None:
    with running(log) as journal:
        log.fill()
        journal.write(1, Vow(1, None, 0), entries(1, 2))
        log.until(lambda: bool(log.troubles))
        journal.write(2, Vow(2, None, 0), entries(3, 4))
        assert log.synced == []
        log.make_room()
        until_synced(log, 2)
        assert len(log.troubles) == 2 and log.troubles[0] is not None and log.troubles[1] is None
    assert stored(log) == (Vow(2, None, 0), [BASE, *entries(1, 4)])


def test_a_process_that_ends_on_a_full_disk_loses_what_was_not_synced(log: Log) -> None:
    with running(log) as journal:
        journal.write(1, NO_VOW, entries(1, 2))
        until_synced(log, 1)
        log.fill()
        journal.write(2, Vow(1, "b", 0), entries(3, 4))
        log.until(lambda: bool(log.troubles))
    assert stored(log) == (NO_VOW, [BASE, *entries(1, 2)])


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["append", "replace", "cut", "reset", "crash"]), st.integers(1, 20), st.binary(max_size=9)
    ),
    max_size=20,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_both_hold_the_same_whatever_they_went_through(
    operations: list[tuple[str, int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    logs = [make(tmp_path_factory.mktemp("any")) for make in LOGS.values()]
    found = [lived(log, operations) for log in logs]
    assert found == found[:1] * len(found)


def lived(log: Log, operations: Sequence[tuple[str, int, bytes]]) -> Stored:
    """What is stored after these operations, each of which is waited for."""
    _, held = log.start()
    for number, (kind, size, content) in enumerate(operations, 1):
        first, last = held[0].index, held[-1].index
        vow = Vow(number, content.hex() or None, 0)
        if kind == "crash":
            log.crash()
            _, held = log.start()
            continue
        if kind == "cut":
            cut = min(last, first + size)
            held = held[cut - first :]
            log.journal.cut(cut)
            log.journal.write(number, vow, ())
        else:
            start = {"append": last + 1, "replace": max(first + 1, last - size), "reset": last + size}[kind]
            new = entries(start, start + size, term=number, data=content)
            held = [*new] if kind == "reset" else [*held[: start - first], *new]
            log.journal.write(number, vow, new, reset=kind == "reset")
        until_synced(log, number)
    log.close()
    return stored(log)


# -- damage ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(log: Log) -> Log:
    with running(log) as journal:
        journal.write(1, Vow(7, "b", 3), entries(1, 5, term=7, data=b"precious"))
    return log


KEYS = (*(entry_key(index) for index in range(6)), VOW)


@pytest.mark.parametrize("key", KEYS)
def test_a_flipped_bit_is_noticed(filled: Log, key: bytes) -> None:
    place = len(filled.record(key)) - 1
    filled.change(key, lambda record: record[:place] + bytes([record[place] ^ 4]))
    with pytest.raises(CorruptLog):
        stored(filled)


@pytest.mark.parametrize("key", KEYS)
def test_the_bytes_of_another_record_are_noticed(filled: Log, key: bytes) -> None:
    other = filled.record(entry_key(2) if key != entry_key(2) else VOW)
    filled.change(key, lambda record: other)
    with pytest.raises(CorruptLog):
        stored(filled)


@pytest.mark.parametrize("key", KEYS)
def test_half_a_record_is_noticed(filled: Log, key: bytes) -> None:
    filled.change(key, lambda record: record[: len(record) // 2])
    with pytest.raises(CorruptLog):
        stored(filled)


@pytest.mark.parametrize("key", [entry_key(2), VOW])
def test_a_missing_record_is_noticed(filled: Log, key: bytes) -> None:
    filled.change(key, lambda record: None)
    with pytest.raises(CorruptLog):
        stored(filled)
