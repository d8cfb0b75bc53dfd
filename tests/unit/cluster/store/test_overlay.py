import gc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konik.cluster.store import overlay as module
from konik.cluster.store.overlay import Overlay, overlaid

KEYS = st.binary(min_size=1, max_size=2).map(lambda tail: b"t" + tail)
CHANGES = st.lists(st.tuples(st.sampled_from(["put", "bury", "forget"]), KEYS, st.binary(max_size=3)))


def apply(overlay: Overlay, changes: list[tuple[str, bytes, bytes]]) -> None:
    for kind, key, value in changes:
        if kind == "put":
            overlay.put(key, value)
        else:
            getattr(overlay, kind)(key)


def modelled(changes: list[tuple[str, bytes, bytes]]) -> dict[bytes, bytes | None]:
    model: dict[bytes, bytes | None] = {}
    for kind, key, value in changes:
        if kind == "forget":
            model.pop(key, None)
        else:
            model[key] = value if kind == "put" else None
    return model


@settings(derandomize=True)
@given(CHANGES)
def test_pairs_keys_and_bytes_follow_every_change(changes: list[tuple[str, bytes, bytes]]) -> None:
    overlay, model = Overlay(), modelled(changes)
    apply(overlay, changes)
    assert overlay.pairs == model
    assert len(overlay) == len(model)
    assert overlay.bytes == sum(len(key) + len(value or b"") for key, value in model.items())


@settings(derandomize=True)
@given(CHANGES, CHANGES, KEYS, KEYS)
def test_a_scan_is_sorted_and_complete_also_after_changes_behind_an_earlier_scan(
    changes: list[tuple[str, bytes, bytes]], later: list[tuple[str, bytes, bytes]], start: bytes, stop: bytes
) -> None:
    overlay = Overlay()
    apply(overlay, changes)
    list(overlay.scan(b"t", b"u"))
    apply(overlay, later)
    expected = sorted((key, value) for key, value in overlay.pairs.items() if start <= key < stop)
    assert list(overlay.scan(start, stop)) == expected


def test_a_scan_sorts_its_own_range_at_once_and_the_rest_of_many_keys_in_portions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SORTED_AT_ONCE_MAX", 10)
    overlay = Overlay()
    keys = [b"t%03d" % number for number in range(100)]
    for key in reversed(keys):
        overlay.put(key, b"")
    for _ in range(3):
        assert [key for key, _ in overlay.scan(b"t050", b"t060")] == keys[50:60]
    assert [key for key, _ in overlay.scan(b"t", b"u")] == keys


def test_a_table_is_touched_when_it_has_a_change() -> None:
    overlay = Overlay()
    overlay.put(b"t1", b"")
    assert overlay.touches(b"t"[0])
    assert not overlay.touches(b"s"[0])
    list(overlay.scan(b"t", b"u"))
    assert overlay.touches(b"t"[0])


def test_changes_during_a_scan_do_not_disturb_it() -> None:
    overlay = Overlay()
    for number in range(50):
        overlay.put(b"t%03d" % number, b"")
    seen = []
    for key, _ in overlay.scan(b"t", b"u"):
        seen.append(key)
        overlay.forget(key)
        overlay.put(b"t%03d-new" % (len(seen) - 1), b"")
        list(overlay.scan(b"t", b"u"))
    assert [key for key in seen if b"new" not in key] == [b"t%03d" % number for number in range(50)]


def test_draining_gives_back_everything_in_slices() -> None:
    overlay = Overlay()
    for number in range(25):
        overlay.put(b"t%03d" % number, b"")
    assert [overlay.drain(10) for _ in range(3)] == [False, False, True]
    assert len(overlay) == 0
    assert list(overlay.scan(b"t", b"u")) == []


def test_the_garbage_collector_does_not_look_into_the_pairs() -> None:
    overlay = Overlay()
    for number in range(100):
        overlay.put(b"t%03d" % number, b"value")
    assert not gc.is_tracked(overlay.pairs)


@settings(derandomize=True)
@given(st.dictionaries(KEYS, st.binary(max_size=1) | st.none()), st.dictionaries(KEYS, st.binary(max_size=1)))
def test_laid_over_another_layer_the_upper_one_counts(
    upper: dict[bytes, bytes | None], lower: dict[bytes, bytes]
) -> None:
    merged = overlaid(iter(sorted(upper.items())), iter(sorted(lower.items())))
    assert list(merged) == sorted((lower | upper).items())
