from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from konik.cluster.store.hash import MODULUS, SLICE_KEYS, StateHash, pair_hash


def nothing(key: bytes) -> bytes | None:
    return None


def total(pairs: dict[bytes, bytes]) -> int:
    return sum(pair_hash(key, value) for key, value in pairs.items()) % MODULUS


@settings(derandomize=True)
@given(st.dictionaries(st.binary(min_size=1, max_size=3), st.binary(max_size=3), min_size=1))
def test_each_pair_counts_once_whatever_the_order(pairs: dict[bytes, bytes]) -> None:
    state = StateHash(0, nothing)
    for key, value in reversed(pairs.items()):
        state.changes[key] = value
    fold = state.mark()
    list(fold)
    assert fold.sum == total(pairs)


def test_bytes_cannot_move_between_key_and_value_unnoticed() -> None:
    hashes = Counter(pair_hash(b"abcd"[:cut], b"abcd"[cut:]) for cut in range(1, 5))
    assert len(hashes) == 4


def test_a_mark_counts_what_was_there_at_its_moment_though_it_is_worked_out_later() -> None:
    state = StateHash(0, nothing)
    state.changes[b"a"] = b"1"
    first = state.mark()
    state.changes[b"a"] = b"2"
    state.changes[b"b"] = b"3"
    second = state.mark()
    state.changes[b"a"] = None
    third = state.mark()
    list(third)
    assert first.sum == total({b"a": b"1"})
    assert second.sum == total({b"a": b"2", b"b": b"3"})
    assert third.sum == total({b"b": b"3"})


def test_a_fold_is_done_in_slices() -> None:
    state = StateHash(0, nothing)
    for number in range(2 * SLICE_KEYS + 1):
        state.changes[b"%d" % number] = b""
    fold = state.mark()
    assert len(list(fold)) == 3
    assert list(fold) == []


def test_a_sum_starts_from_what_a_checkpoint_held() -> None:
    held = {b"a": b"old", b"b": b"same"}
    state = StateHash(total(held), held.get)
    state.changes[b"a"] = None
    state.changes[b"c"] = b"new"
    fold = state.mark()
    list(fold)
    assert fold.sum == total({b"b": b"same", b"c": b"new"})


def test_old_values_are_those_of_the_epoch_also_across_a_freeze() -> None:
    before, after = {b"a": b"0"}, {b"a": b"1"}
    state = StateHash(total(before), before.get)
    state.changes[b"a"] = b"1"
    frozen = state.freeze(after.get)
    state.changes[b"a"] = b"2"
    later = state.mark()
    list(later)
    assert frozen.sum == total(after)
    assert later.sum == total({b"a": b"2"})


def test_an_abandoned_fold_ends_without_a_sum() -> None:
    state = StateHash(0, nothing)
    state.changes[b"a"] = b"1"
    fold = state.mark()
    state.abandon()
    assert list(fold) == []
    assert fold.sum is None
