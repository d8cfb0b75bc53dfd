"""The log on disk: what is synced is found again, what is not this node's or is damaged is refused, nothing is
forgotten."""

import contextlib
import errno
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import lmdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from konik.cluster import journal as journals
from konik.cluster.frame import Barred
from konik.cluster.identity import DirectoryInUse, Identity, NotBootstrapped, WrongDirectory
from konik.cluster.journal import LmdbJournal, bootstrap, is_bootstrapped
from konik.cluster.journal_records import VOW, CorruptLog, entry_key
from konik.cluster.journal_writer import Limits, Writer
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

CLUSTER, DIRECTORY = bytes(range(16)), bytes(16)
WAIT_SECONDS_MAX = float(os.environ.get("KONIK_TEST_SECONDS_MAX", "20"))
NO_VOW = Vow(0, None, 0)
FOUNDERS = Membership.of("a", "b", "c")


class Loop:
    """Stands for the loop of a node: runs what the writing thread posts when the test waits for it."""

    def __init__(self) -> None:
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.synced: list[int] = []
        self.troubles: list[str | None] = []
        self.errors: queue.Queue[BaseException] = queue.Queue()

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not holds():
            self.posted.get(timeout=max(0.0, deadline - time.monotonic()))()

    def until_synced(self, number: int) -> None:
        self.until(lambda: bool(self.synced) and self.synced[-1] >= number)


def opened(path: Path, loop: Loop, **limits: Any) -> LmdbJournal:
    return LmdbJournal.open(str(path), "a", CLUSTER, loop.posted.put, loop.errors.put, Limits(**limits))


@contextlib.contextmanager
def running(path: Path, **limits: Any) -> Iterator[tuple[LmdbJournal, Loop]]:
    loop = Loop()
    journal = opened(path, loop, **limits)
    journal.load()
    journal.start(loop.synced.append, loop.troubles.append)
    try:
        yield journal, loop
    finally:
        journal.close()


def stored(path: Path) -> tuple[Vow, list[Entry]]:
    journal = opened(path, Loop())
    try:
        return journal.load()
    finally:
        journal.close()


def entries(first: int, last: int, term: int = 1, data: bytes = b"x") -> tuple[Entry, ...]:
    return tuple(Entry(index, term, data) for index in range(first, last + 1))


BASE = Entry(0, 0, b"")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.lmdb"
    bootstrap(str(path), Identity(CLUSTER, "a", DIRECTORY), FOUNDERS)
    return path


def test_a_new_log_is_empty_and_knows_whose_it_is(path: Path) -> None:
    assert stored(path) == (NO_VOW, [BASE])
    journal = opened(path, Loop())
    assert journal.identity == Identity(CLUSTER, "a", DIRECTORY)
    journal.close()


def test_a_commit_is_on_the_disk_when_it_returns(path: Path) -> None:
    """LMDB syncs data and meta page within the commit, unless told not to."""
    journal = opened(path, Loop())
    flags = journal._environment.flags()
    assert (flags["sync"], flags["metasync"], flags["writemap"], flags["map_async"]) == (True, True, False, False)
    journal.close()


def test_what_was_synced_is_found_again(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, Vow(1, "b", 0), entries(1, 3))
        journal.write(2, Vow(2, None, 2), entries(4, 4, term=2))
        loop.until_synced(2)
    assert stored(path) == (Vow(2, None, 2), [BASE, *entries(1, 3), *entries(4, 4, term=2)])


def test_entries_replace_everything_from_the_first_ones_index_on(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, Vow(1, None, 0), entries(1, 9))
        loop.until_synced(1)
        journal.write(2, Vow(2, None, 0), entries(4, 5, term=2, data=b"new"))
        loop.until_synced(2)
    assert stored(path)[1] == [BASE, *entries(1, 3), *entries(4, 5, term=2, data=b"new")]


def test_a_write_may_start_the_log_anew(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, Vow(1, None, 0), entries(1, 9))
        journal.write(2, Vow(3, None, 50), (Entry(50, 3, b""), Entry(51, 3, b"y")), reset=True)
        loop.until_synced(2)
    assert stored(path) == (Vow(3, None, 50), [Entry(50, 3, b""), Entry(51, 3, b"y")])


def test_a_reset_before_the_start_is_durable_at_once(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, Vow(4, "b", 3), entries(1, 9))
        loop.until_synced(1)
    journal = opened(path, Loop())
    journal.load()
    assert journal.reset(Entry(70, 4, b"")) == (Vow(4, "b", 70), [Entry(70, 4, b"")])
    journal.close()
    assert stored(path) == (Vow(4, "b", 70), [Entry(70, 4, b"")])


def test_a_cut_keeps_its_entry_and_what_follows(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, Vow(1, None, 0), entries(1, 9))
        journal.cut(6)
        journal.write(2, Vow(1, None, 8), entries(10, 10))
        loop.until_synced(2)
        assert len(journal) == 5
    assert stored(path)[1] == [*entries(6, 10)]


def test_a_cut_ahead_of_the_disk_leaves_the_last_entry(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, Vow(1, None, 0), entries(1, 3))
        loop.until_synced(1)
        journal.cut(100)
    assert stored(path)[1][-1] == Entry(3, 1, b"x")


def test_a_long_cut_takes_several_syncs_and_goes_on_by_itself(path: Path) -> None:
    with running(path, cut_entries_max=10) as (journal, loop):
        journal.write(1, Vow(1, None, 0), entries(1, 100))
        loop.until_synced(1)
        before = journal.statistics.syncs
        journal.cut(95)
    assert journal.statistics.syncs - before == 10
    assert stored(path)[1] == [*entries(95, 100)]


def test_writes_that_come_during_a_sync_share_the_next_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go_on = queue.Queue[int](), queue.Queue[int]()
    honest = Writer._transact

    def transact(self: Writer, operations: list[Any]) -> None:
        entered.put(len(operations))
        go_on.get(timeout=WAIT_SECONDS_MAX)
        honest(self, operations)

    monkeypatch.setattr(Writer, "_transact", transact)
    with running(path) as (journal, loop):
        journal.write(1, NO_VOW, entries(1, 1))
        assert entered.get(timeout=WAIT_SECONDS_MAX) == 1
        for number in range(2, 12):
            journal.write(number, NO_VOW, entries(number, number))
        go_on.put(1)
        assert entered.get(timeout=WAIT_SECONDS_MAX) == 10
        assert loop.synced == []
        go_on.put(1)
        loop.until_synced(11)
    assert loop.synced == [1, 11]
    assert journal.statistics.syncs == 2
    assert journal.statistics.entries == 11
    assert journal.statistics.median_seconds() > 0


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operations=st.lists(
        st.tuples(st.sampled_from(["append", "replace", "cut", "reset"]), st.integers(1, 20), st.binary(max_size=20)),
        max_size=20,
    )
)
def test_any_order_of_writes_cuts_and_resets_leaves_what_a_list_would_hold(
    operations: list[tuple[str, int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "log.lmdb"
    bootstrap(str(path), Identity(CLUSTER, "a", DIRECTORY), FOUNDERS)
    model = [BASE]
    with running(path, cut_entries_max=3) as (journal, loop):
        for number, (kind, size, content) in enumerate(operations, 1):
            first, last = model[0].index, model[-1].index
            if kind == "cut":
                cut = min(last, first + size)
                journal.cut(cut)
                del model[: cut - first]
                journal.write(number, NO_VOW, ())
                continue
            start = {"append": last + 1, "replace": max(first + 1, last - size), "reset": last + size}[kind]
            new = entries(start, start + size, term=number, data=content)
            journal.write(number, NO_VOW, new, reset=kind == "reset")
            model = [*new] if kind == "reset" else [*model[: start - first], *new]
        if operations:
            loop.until_synced(len(operations))
    found = stored(path)[1]
    assert found[-len(model) :] == model


# -- the log of somebody else ---------------------------------------------------------------------------------------


def test_an_empty_directory_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotBootstrapped, match="konik server --bootstrap"):
        opened(tmp_path, Loop())


def test_a_directory_that_does_not_exist_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotBootstrapped):
        opened(tmp_path / "nothing", Loop())
    assert not (tmp_path / "nothing").exists()


def test_a_bootstrap_that_was_cut_short_counts_as_none_and_may_be_repeated(tmp_path: Path) -> None:
    assert not is_bootstrapped(str(tmp_path))
    lmdb.open(str(tmp_path)).close()
    with pytest.raises(NotBootstrapped):
        opened(tmp_path, Loop())
    assert not is_bootstrapped(str(tmp_path))
    bootstrap(str(tmp_path), Identity(CLUSTER, "a", DIRECTORY), FOUNDERS)
    assert stored(tmp_path) == (NO_VOW, [BASE])
    assert is_bootstrapped(str(tmp_path))


def test_what_cannot_be_read_counts_as_a_log_for_its_node_to_complain_of(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"no database" * 1000)
    assert is_bootstrapped(str(tmp_path))


def test_a_log_is_made_once(path: Path) -> None:
    with pytest.raises(WrongDirectory, match="was made before"):
        bootstrap(str(path), Identity(CLUSTER, "a", DIRECTORY), FOUNDERS)


def test_the_log_of_another_node_is_refused(path: Path) -> None:
    loop = Loop()
    with pytest.raises(WrongDirectory, match="belongs to node 'a', this is node 'b'"):
        LmdbJournal.open(str(path), "b", CLUSTER, loop.posted.put, loop.errors.put)
    opened(path, loop).close()


def test_the_log_of_another_cluster_is_refused(path: Path) -> None:
    loop = Loop()
    with pytest.raises(WrongDirectory, match="belongs to cluster 000102"):
        LmdbJournal.open(str(path), "a", bytes(16), loop.posted.put, loop.errors.put)


def test_a_log_in_use_is_refused_until_it_is_closed(path: Path) -> None:
    journal = opened(path, Loop())
    with pytest.raises(DirectoryInUse):
        opened(path, Loop())
    journal.close()
    opened(path, Loop()).close()


def test_the_directories_of_peers_are_known_again(path: Path) -> None:
    with running(path) as (journal, _):
        journal.record_directory("b", b"b" * 16)
        journal.record_directory("c", b"c" * 16)
        journal.record_directory("b", b"B" * 16)
        assert journal.directories == {"b": b"B" * 16, "c": b"c" * 16}
    journal = opened(path, Loop())
    assert journal.directories == {"b": b"B" * 16, "c": b"c" * 16}
    journal.close()


# -- damage ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(path: Path) -> Path:
    with running(path) as (journal, loop):
        journal.write(1, Vow(7, "b", 3), entries(1, 5, term=7, data=b"precious"))
        loop.until_synced(1)
    return path


def damage(path: Path, key: bytes, change: Callable[[bytes], bytes | None]) -> None:
    with lmdb.open(str(path)) as environment, environment.begin(write=True) as transaction:
        record = change(bytes(transaction.get(key)))
        if record is None:
            transaction.delete(key)
        else:
            transaction.put(key, record)


@pytest.mark.parametrize("place", range(len(b"ttttttttppppssssprecious")))
def test_a_flipped_bit_anywhere_in_an_entry_stops_the_node(filled: Path, place: int) -> None:
    def flip(record: bytes) -> bytes:
        return record[:place] + bytes([record[place] ^ 4]) + record[place + 1 :]

    damage(filled, entry_key(3), flip)
    with pytest.raises(CorruptLog, match="entry 3"):
        stored(filled)


def test_a_flipped_bit_in_the_vow_stops_the_node(filled: Path) -> None:
    damage(filled, VOW, lambda record: record[:-1] + bytes([record[-1] ^ 1]))
    with pytest.raises(CorruptLog, match="vow"):
        stored(filled)


def test_a_missing_entry_stops_the_node(filled: Path) -> None:
    damage(filled, entry_key(3), lambda record: None)
    with pytest.raises(CorruptLog, match="does not follow"):
        stored(filled)


def test_an_entry_put_in_the_place_of_another_stops_the_node(filled: Path) -> None:
    with lmdb.open(str(filled)) as environment, environment.begin() as transaction:
        other = bytes(transaction.get(entry_key(2)))
    damage(filled, entry_key(4), lambda record: other)
    with pytest.raises(CorruptLog, match="entry 4"):
        stored(filled)


def test_an_entry_that_was_replaced_and_is_there_again_stops_the_node(filled: Path) -> None:
    with lmdb.open(str(filled)) as environment, environment.begin() as transaction:
        replaced = bytes(transaction.get(entry_key(4)))
    with running(filled) as (journal, loop):
        journal.write(1, Vow(2, None, 2), entries(3, 5, data=b"others"))
        loop.until_synced(1)
    damage(filled, entry_key(4), lambda record: replaced)
    with pytest.raises(CorruptLog, match="entry 4 does not follow"):
        stored(filled)


@pytest.mark.parametrize("lost", [(5,), (3, 4, 5), range(6)])
def test_a_log_that_lost_its_end_stops_the_node(filled: Path, lost: Iterable[int]) -> None:
    for index in lost:
        damage(filled, entry_key(index), lambda record: None)
    with pytest.raises(CorruptLog, match="does not end with the entry 5 that was written last"):
        stored(filled)


@pytest.mark.parametrize("key", [entry_key(5), VOW])
def test_an_end_or_a_vow_that_was_replaced_and_is_there_again_stops_the_node(filled: Path, key: bytes) -> None:
    with lmdb.open(str(filled)) as environment, environment.begin() as transaction:
        replaced = bytes(transaction.get(key))
    with running(filled) as (journal, loop):
        journal.write(1, Vow(2, None, 2), entries(5, 5, data=b"another"))
        loop.until_synced(1)
    damage(filled, key, lambda record: replaced)
    with pytest.raises(CorruptLog, match="does not end with the entry 5 that was written last"):
        stored(filled)


def test_a_truncated_record_stops_the_node(filled: Path) -> None:
    damage(filled, entry_key(5), lambda record: record[:7])
    with pytest.raises(CorruptLog, match="entry 5"):
        stored(filled)


WRITE_FOR_EVER = """
import sys, threading
from konik.cluster.journal import LmdbJournal
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

journal = LmdbJournal.open(sys.argv[1], "a", None, lambda work: work(), print)
journal.load()
ahead = threading.Semaphore(5)
synced_before = 0
def synced(number):
    global synced_before
    print(number, flush=True)
    ahead.release(number - synced_before)
    synced_before = number
journal.start(synced, print)
number = 0
while True:
    number += 1
    ahead.acquire()
    first = 3 * number - 2
    entries = [Entry(first + i, number, b"x" * 500) for i in range(3)]
    journal.write(number, Vow(number, "b", first - 1), entries)
    if number > 40:
        journal.cut(first - 100)
"""


def test_a_process_killed_in_the_midst_of_writing_has_lost_nothing_that_it_called_synced(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    synced = [int(process.stdout.readline()) for _ in range(30)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    synced += map(int, process.stdout.read().split())
    process.stdout.close()
    vow, found = stored(path)
    assert vow.term >= synced[-1]
    assert found[-1] == Entry(3 * vow.term, vow.term, b"x" * 500)


# -- no room --------------------------------------------------------------------------------------------------------


def test_a_full_map_grows_and_nobody_notices(path: Path) -> None:
    with running(path, map_bytes=1 << 20) as (journal, loop):
        for number in range(1, 9):
            journal.write(number, NO_VOW, entries(number, number, data=bytes(400_000)))
        loop.until_synced(8)
    assert loop.troubles == []
    assert stored(path)[1] == [BASE, *entries(1, 8, data=bytes(400_000))]


def test_a_map_at_its_limit_keeps_what_is_pending_until_a_cut_makes_room(path: Path) -> None:
    with running(path, map_bytes=1 << 20, map_bytes_max=1 << 20, retry_seconds_max=0.05) as (journal, loop):
        for number in range(1, 13):
            journal.write(number, NO_VOW, entries(number, number, data=bytes(100_000)))
            if number < 6:
                loop.until_synced(number)
        loop.until(lambda: bool(loop.troubles))
        assert "limit of 1048576 bytes" in str(loop.troubles[0])
        journal.cut(5)
        loop.until_synced(12)
    assert loop.troubles[-1] is None
    assert stored(path)[1] == [*entries(5, 12, data=bytes(100_000))]


def test_what_a_reset_replaces_is_not_waited_for(path: Path) -> None:
    with running(path, map_bytes=1 << 20, map_bytes_max=1 << 20, retry_seconds_max=0.05) as (journal, loop):
        for number in range(1, 6):
            journal.write(number, NO_VOW, entries(number, number, data=bytes(100_000)))
            loop.until_synced(number)
        journal.write(6, NO_VOW, entries(3, 14, data=bytes(100_000)))
        loop.until(lambda: bool(loop.troubles))
        journal.write(7, Vow(3, None, 50), entries(50, 50, term=3), reset=True)
        journal.write(8, Vow(3, None, 50), entries(51, 51, term=3))
        loop.until_synced(8)
    assert loop.troubles[-1] is None
    assert stored(path) == (Vow(3, None, 50), [*entries(50, 51, term=3)])


class FullDisk:
    """An environment whose disk has no room while `full`."""

    def __init__(self, environment: lmdb.Environment) -> None:
        self.environment, self.full, self.attempts = environment, True, 0

    def begin(self, write: bool = False) -> Any:
        self.attempts += write
        if write and self.full:
            error = lmdb.DiskError("mdb_txn_commit: No space left on device")
            error.code = errno.ENOSPC  # type: ignore[attr-defined]
            raise error
        return self.environment.begin(write=write)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.environment, name)


def test_a_full_disk_is_reported_once_and_loses_nothing(path: Path) -> None:
    loop = Loop()
    journal = opened(path, loop, retry_seconds_min=0.001, retry_seconds_max=0.002)
    journal.load()
    disk = FullDisk(journal._environment)
    journal._environment = disk  # type: ignore[assignment]
    journal.start(loop.synced.append, loop.troubles.append)
    journal.write(1, Vow(1, None, 0), entries(1, 2))
    loop.until(lambda: bool(loop.troubles))
    journal.write(2, Vow(2, None, 0), entries(3, 4))
    attempts = disk.attempts
    while disk.attempts < attempts + 3:
        os.sched_yield()
    assert loop.synced == []
    disk.full = False
    loop.until_synced(2)
    journal.close()
    assert loop.troubles[-1] is None and len(loop.troubles) == 2
    assert "is full" in str(loop.troubles[0])
    assert stored(path) == (Vow(2, None, 0), [BASE, *entries(1, 4)])


def test_a_disk_that_is_still_full_does_not_hold_up_the_close(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, NO_VOW, entries(1, 5))
        loop.until_synced(1)
    loop = Loop()
    journal = opened(path, loop)
    journal.load()
    journal._environment = FullDisk(journal._environment)  # type: ignore[assignment]
    journal.start(loop.synced.append, loop.troubles.append)
    journal.write(1, NO_VOW, entries(6, 6))
    journal.cut(3)
    loop.until(lambda: bool(loop.troubles))
    journal.close()
    assert stored(path) == (NO_VOW, [BASE, *entries(1, 5)])


def test_a_really_full_disk_is_waited_for(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting is not permitted here")
    try:
        path, ballast = mount / "log.lmdb", mount / "ballast"
        bootstrap(str(path), Identity(CLUSTER, "a", DIRECTORY), FOUNDERS)
        ballast.write_bytes(bytes(500_000))
        with running(path, retry_seconds_max=0.05) as (journal, loop):
            for number in range(1, 8):
                journal.write(number, NO_VOW, entries(number, number, data=bytes(100_000)))
            loop.until(lambda: bool(loop.troubles))
            assert "is full" in str(loop.troubles[0])
            ballast.unlink()
            loop.until_synced(7)
            assert loop.troubles[-1] is None
        assert stored(path)[1] == [BASE, *entries(1, 7, data=bytes(100_000))]
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_any_other_error_of_the_disk_is_fatal_and_nothing_is_called_synced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def transact(self: Writer, operations: list[Any]) -> None:
        raise lmdb.Error("mdb_txn_commit: Input/output error")

    with running(path) as (journal, loop):
        monkeypatch.setattr(Writer, "_transact", transact)
        journal.write(1, NO_VOW, entries(1, 1))
        assert "Input/output error" in str(loop.errors.get(timeout=WAIT_SECONDS_MAX))
        assert loop.synced == [] and loop.posted.empty()


def test_a_gap_between_entries_is_fatal(path: Path) -> None:
    with running(path) as (journal, loop):
        journal.write(1, NO_VOW, entries(2, 2))
        assert isinstance(loop.errors.get(timeout=WAIT_SECONDS_MAX), AssertionError)
    assert stored(path)[1] == [BASE]


# -- pysyncobj's contract -------------------------------------------------------------------------------------------


def test_it_shows_pysyncobj_the_end_of_the_log_and_the_vow(path: Path) -> None:
    with running(path) as (journal, _):
        journal.write(1, Vow(3, "b", 2), entries(1, 4, term=3, data=b"end"))
        assert (len(journal), journal[-1]) == (5, (b"end", 4, 3))
        assert (journal.getCurrentTerm(), journal.getVotedForNodeId(), journal.getRaftCommitIndex()) == (3, "b", 2)
        with pytest.raises(IndexError):
            journal[0]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("add", (b"x", 1, 1)),
        ("clear", ()),
        ("deleteEntriesFrom", (1,)),
        ("deleteEntriesTo", (1,)),
        ("setRaftCommitIndex", (1,)),
        ("setCurrentTerm", (1, None)),
    ],
)
def test_pysyncobj_cannot_change_the_log(path: Path, method: str, arguments: tuple[Any, ...]) -> None:
    journal = opened(path, Loop())
    with pytest.raises(Barred, match=method):
        getattr(journal, method)(*arguments)
    journal.close()


def test_nothing_of_the_contract_is_forgotten() -> None:
    theirs = {name for name, value in vars(journals.pysyncobj.journal.Journal).items() if callable(value)}
    assert theirs - set(vars(LmdbJournal)) == {"onOneSecondTimer"}  # which does nothing
