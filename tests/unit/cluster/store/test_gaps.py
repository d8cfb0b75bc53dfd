import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konik.cluster.store import gaps as module
from konik.cluster.store.gaps import Gaps

NUMBERS = st.integers(0, 30)
STEPS = st.lists(
    st.tuples(st.just("add"), NUMBERS, st.integers(1, 10)) | st.tuples(st.just("fill"), NUMBERS, st.just(0)),
    max_size=40,
)


@settings(derandomize=True)
@given(STEPS)
def test_a_leap_never_passes_a_key_that_may_exist_and_passes_all_that_cannot(steps: list[tuple[str, int, int]]) -> None:
    gaps = Gaps()
    empty: set[int] = set()
    for kind, at, length in steps:
        if kind == "add":
            gaps.add(bytes([at]), bytes([at + length]))
            empty |= set(range(at, at + length))
        else:
            gaps.fill(bytes([at]))
            tail = next(number for number in range(at, 100) if number not in empty)
            empty -= set(range(at, tail))  # what lies behind a new key is walked again
    for at in range(45):
        expected = next(number for number in range(at, 100) if number not in empty)
        assert gaps.leap(bytes([at])) == bytes([expected])


def test_keys_between_known_bounds_count_too() -> None:
    gaps = Gaps()
    gaps.add(b"q1", b"q5")
    assert gaps.leap(b"q1\0") == b"q5"
    assert gaps.leap(b"q0\xff") == b"q0\xff"
    gaps.fill(b"q3")
    assert gaps.leap(b"q2") == b"q3"


def test_a_new_key_at_the_very_start_of_a_gap_removes_it() -> None:
    gaps = Gaps()
    gaps.add(b"q1", b"q5")
    gaps.fill(b"q1")
    assert gaps.leap(b"q1") == b"q1"
    assert not gaps.starts


def test_there_are_never_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GAPS_MAX", 3)
    gaps = Gaps()
    for number in range(20):
        gaps.add(b"%02d" % number, b"%02d+" % number)
        assert len(gaps.starts) <= 3
    assert gaps.leap(b"19") == b"19+"
