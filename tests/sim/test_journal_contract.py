"""What a log on a disk promises, asked of LMDB and of the model that stands for it in simulations: both keep it.

LMDB is C over a mapped file and takes the time of the wall, so simulations have a model of it. Whatever a test here
says of one holds of the other, or the simulations would show something else than what runs.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from both_logs import LOGS, Log
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from konik.cluster import disk
from konik.cluster.disk import Stored
from konik.cluster.journal_records import VOW, CorruptLog, entry_key
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

BASE, NO_VOW = Entry(0, 0, b""), Vow(0, None, 0)


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


@pytest.mark.parametrize("key", [entry_key(2), entry_key(5), VOW])
def test_a_missing_record_is_noticed(filled: Log, key: bytes) -> None:
    filled.change(key, lambda record: None)
    with pytest.raises(CorruptLog):
        stored(filled)


def test_a_log_that_lost_its_first_record_is_one_that_was_cut_behind_it(filled: Log) -> None:
    """Start-up refuses it unless a checkpoint has what is missing."""
    filled.change(entry_key(0), lambda record: None)
    assert stored(filled) == (Vow(7, "b", 3), [*entries(1, 5, term=7, data=b"precious")])
