"""Keys: their order is that of their parts, and no part can be taken for the beginning of another."""

from hypothesis import example, given
from hypothesis import strategies as st

from konik.statemachine import keys

SHORT = st.text(st.sampled_from("\0\1\2ab"), max_size=6) | st.text(max_size=15)
ANY = SHORT | st.text(min_size=70, max_size=200)


@given(ANY, ANY)
@example("a", "a\0")
@example("a", "a\0\0")
@example("", "\0")
@example("\1", "\0")
def test_no_text_is_the_beginning_of_another_one(one: str, other: str) -> None:
    assert keys.text(one) == keys.text(other) if one == other else not keys.text(other).startswith(keys.text(one))


@given(SHORT, SHORT)
def test_short_texts_are_in_the_order_of_their_bytes(one: str, other: str) -> None:
    assert (keys.text(one) < keys.text(other)) == (one.encode() < other.encode())


@given(SHORT, SHORT)
def test_a_text_begins_as_all_texts_do_that_begin_like_it(begin: str, rest: str) -> None:
    assert keys.text(begin + rest).startswith(keys.text_prefix(begin))


@given(ANY, st.binary(max_size=5), st.binary(max_size=5))
def test_the_end_of_a_text_is_found(text: str, before: bytes, behind: bytes) -> None:
    part = keys.text(text)
    assert keys.end_of_text(before + part + behind, len(before)) == len(before + part)


@given(ANY)
def test_a_text_takes_up_no_more_room_than_two_bytes_for_each_that_is_kept(text: str) -> None:
    assert len(keys.text(text)) <= 2 * keys.TEXT_BYTES_MAX + 1


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_numbers_are_in_their_order_and_descending_ones_in_the_opposite(one: int, other: int) -> None:
    assert (keys.number(one) < keys.number(other)) == (one < other)
    assert (keys.descending(one) < keys.descending(other)) == (one > other)


@given(st.binary(min_size=1, max_size=6).filter(lambda prefix: prefix.rstrip(b"\xff") != b""), st.binary(max_size=6))
def test_after_a_prefix_comes_what_does_not_begin_with_it(prefix: bytes, other: bytes) -> None:
    stop = keys.after(prefix)
    assert prefix + other < stop
    assert other.startswith(prefix) == (prefix <= other < stop)
