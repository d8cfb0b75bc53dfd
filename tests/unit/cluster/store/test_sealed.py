import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from konik.cluster.store.errors import CorruptState
from konik.cluster.store.sealed import seal, unseal


@settings(derandomize=True)
@given(st.binary(min_size=1), st.binary())
def test_what_was_sealed_comes_back(key: bytes, value: bytes) -> None:
    assert unseal(key, seal(key, value)) == value


@settings(derandomize=True)
@given(st.binary(min_size=1), st.binary(), st.data())
def test_a_single_flipped_bit_is_noticed_wherever_it_is(key: bytes, value: bytes, data: st.DataObject) -> None:
    record = bytearray(seal(key, value))
    bit = data.draw(st.integers(0, 8 * len(record) - 1))
    record[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CorruptState):
        unseal(key, bytes(record))


def test_a_record_under_another_key_is_noticed() -> None:
    with pytest.raises(CorruptState, match="k2"):
        unseal(b"k2", seal(b"k1", b"value"))


@pytest.mark.parametrize("record", [b"", b"\0", b"\0\0\0"])
def test_a_record_too_short_for_a_checksum_is_corrupt(record: bytes) -> None:
    with pytest.raises(CorruptState):
        unseal(b"k", record)
