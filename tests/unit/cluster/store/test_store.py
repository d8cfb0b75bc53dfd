import os

import pytest

from konik.cluster.store import store as module
from konik.cluster.store.errors import CorruptState
from konik.cluster.store.image import KEY_BYTES_MAX


def test_reads_see_the_live_changes_over_the_frozen_ones_over_the_checkpoint(bench) -> None:
    store = bench.store()
    for key in (b"t1", b"t2", b"t3", b"t4"):
        store.put(key, b"disk")
    bench.checkpoint(store, 1)
    store.put(b"t2", b"frozen")
    store.delete(b"t3")
    store.put(b"t5", b"frozen")
    store.freeze()
    store.put(b"t3", b"live")
    store.delete(b"t4")
    store.delete(b"t5")
    expected = {b"t1": b"disk", b"t2": b"frozen", b"t3": b"live"}
    assert dict(store.scan(b"t", b"u")) == expected
    assert {key: store.get(key) for key in (b"t1", b"t2", b"t3", b"t4", b"t5")} == expected | {b"t4": None, b"t5": None}


def test_what_never_reached_a_checkpoint_leaves_no_tombstone(bench) -> None:
    store = bench.store()
    store.put(b"t1", b"")
    store.delete(b"t1")
    store.delete(b"t2")
    assert store.occupancy().live_keys == 0
    assert store.occupancy().live_bytes == 0


def test_a_tombstone_hides_what_the_frozen_overlay_still_holds(bench) -> None:
    store = bench.store()
    store.put(b"t1", b"")
    store.freeze()
    store.delete(b"t1")
    assert store.get(b"t1") is None
    assert store.occupancy().live_keys == 1


@pytest.mark.parametrize("key", [b"", b"t" * (KEY_BYTES_MAX + 1), b"\xff1"])
def test_what_the_disk_could_not_take_is_refused_before_it_is_anywhere(bench, key: bytes) -> None:
    store = bench.store()
    with pytest.raises(AssertionError, match="cannot be a key"):
        store.put(key, b"")
    assert store.occupancy().live_keys == 0


def test_the_longest_key_and_a_value_of_many_pages_survive(bench) -> None:
    store = bench.store()
    key, value = b"t" * KEY_BYTES_MAX, os.urandom(1 << 20)
    store.put(key, value)
    bench.checkpoint(store, 1)
    assert store.get(key) == value
    assert list(store.scan(b"t", b"u")) == [(key, value)]


def test_a_range_over_more_than_one_table_is_refused(bench) -> None:
    store = bench.store()
    with pytest.raises(AssertionError, match="one table"):
        next(store.scan(b"t", b"v"))


def test_a_scan_must_not_outlive_a_checkpoint(bench) -> None:
    store = bench.store()
    for number in range(3):
        store.put(b"t%d" % number, b"")
    bench.checkpoint(store, 1)
    scan = store.scan(b"t", b"u")
    next(scan)
    bench.checkpoint(store, 2)
    with pytest.raises(RuntimeError, match="renewed"):
        list(scan)


def test_a_dropped_scan_pins_nothing(bench) -> None:
    store = bench.store()
    for round_ in range(1, 30):
        for number in range(200):
            store.put(b"t%d" % number, bytes([round_]) * 100)
        bench.checkpoint(store, round_)
        next(store.scan(b"t", b"u"))
        if round_ == 10:
            early = store.occupancy().used_bytes
    assert store.occupancy().used_bytes == early


def test_the_front_of_a_queue_is_found_without_walking_its_tombstones_again(bench) -> None:
    store = bench.store()
    for number in range(300):
        store.put(b"q%03d" % number, b"")
    bench.checkpoint(store, 1)
    walked = []
    layered = store._layered

    def counting(start: bytes, stop: bytes):
        walked.append(0)
        for pair in layered(start, stop):
            walked[-1] += 1
            yield pair

    store._layered = counting
    for number in range(300):
        key, _ = next(store.scan(b"q", b"r"))
        assert key == b"q%03d" % number
        store.delete(key)
    assert next(store.scan(b"q", b"r"), None) is None
    assert max(walked) <= module.TOMBSTONES_WALKED_MAX + 1
    store.put(b"q150", b"back")
    assert list(store.scan(b"q", b"r")) == [(b"q150", b"back")]


def damage(path, what: bytes) -> None:
    """Flip a bit of every occurrence of `what` in the file."""
    raw = bytearray((path / "data.mdb").read_bytes())
    place = raw.find(what)
    assert place >= 0, f"{what!r} is not in the file"
    while place >= 0:
        raw[place + len(what) // 2] ^= 1
        place = raw.find(what, place + 1)
    (path / "data.mdb").write_bytes(raw)


def damaged_store(bench, what: bytes):
    store = bench.store()
    for number in range(100):
        store.put(b"t%02d-key" % number, b"value-%02d" % number)
    bench.checkpoint(store, 1)
    bench.close(store)
    damage(bench.directory / "state.lmdb", what)
    return bench.store()


def test_a_flipped_bit_in_a_value_is_never_served(bench) -> None:
    store = damaged_store(bench, b"value-42")
    assert store.get(b"t41-key") == b"value-41"
    with pytest.raises(CorruptState, match="t42-key"):
        store.get(b"t42-key")
    with pytest.raises(CorruptState, match="t42-key"):
        list(store.scan(b"t", b"u"))


@pytest.mark.parametrize("what", [b"value-42", b"t42-key"])
def test_the_scrub_finds_a_flipped_bit_in_values_and_in_keys(bench, what: bytes) -> None:
    store = damaged_store(bench, what)
    with pytest.raises(CorruptState):
        while not store.scrub(10):
            pass


def test_the_scrub_walks_everything_in_slices_and_begins_again(bench) -> None:
    store = bench.store()
    for number in range(25):
        store.put(b"t%02d" % number, b"")
    bench.checkpoint(store, 1)
    for _ in range(2):
        assert [store.scrub(10) for _ in range(4)] == [False, False, False, True]


def test_a_range_that_was_empty_has_a_first_pair_once_a_checkpoint_has_brought_one_there(bench) -> None:
    store = bench.store()
    assert store.first(b"t", b"u") is None
    store.put(b"t1", b"x")
    assert store.first(b"t", b"u") == (b"t1", b"x")
    bench.checkpoint(store, 1)
    assert store.first(b"t", b"u") == (b"t1", b"x")
