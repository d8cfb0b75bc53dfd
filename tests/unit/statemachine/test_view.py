"""A transaction: it shows what was written in it, and hands all of that to the view or nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from konik.statemachine.view import Transaction

KEYS = st.binary(min_size=1, max_size=2).map(lambda raw: bytes(byte % 4 for byte in raw))
WRITES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=1)), max_size=20)


def filled(memory_view: type[Any], stored: dict[bytes, bytes]) -> Any:
    view = memory_view()
    for key, value in stored.items():
        view.put(key, value)
    return view


@given(st.dictionaries(KEYS, st.binary(max_size=1)), WRITES, st.lists(st.tuples(KEYS, KEYS), max_size=5), st.data())
def test_it_shows_at_any_time_what_a_plain_map_would(
    memory_view: type[Any],
    stored: dict[bytes, bytes],
    writes: list[tuple[bytes, bytes | None]],
    ranges: list[tuple[bytes, bytes]],
    data: st.DataObject,
) -> None:
    view = filled(memory_view, stored)
    txn, model = Transaction(view), dict(stored)
    for key, value in writes:
        if value is None:
            txn.delete(key)
            model.pop(key, None)
        else:
            txn.put(key, value)
            model[key] = value
        assert txn.get(key) == value
        for start, stop in ranges:
            expected = sorted((key, value) for key, value in model.items() if start <= key < stop)
            if data.draw(st.booleans()):
                assert list(txn.scan(start, stop)) == expected
            else:
                assert txn.first(start, stop) == (expected[0] if expected else None)
    assert dict(view.items()) == stored, "nothing has reached the view yet"
    txn.commit()
    assert dict(view.items()) == model
