"""Entries survive the way into bytes and back, and nothing else is taken for one."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.cluster import entries
from konik.statemachine.entry import ClientId, Command, CommandId, Entry

NUMBERS = st.integers(0, 2**62)
IDS = st.builds(CommandId, st.text(max_size=20), st.binary(min_size=16, max_size=16), NUMBERS)
COMMANDS = st.builds(
    Command,
    st.text(max_size=20),
    st.text(max_size=20),
    st.text(max_size=20),
    IDS,
    st.none() | st.builds(ClientId, st.text(max_size=20), NUMBERS),
    st.binary(max_size=100),
)
ENTRIES = st.builds(
    Entry, NUMBERS, NUMBERS, st.lists(IDS, max_size=3).map(tuple), st.lists(COMMANDS, max_size=4).map(tuple)
)


@given(ENTRIES)
def test_an_entry_comes_out_as_it_went_in(entry: Entry) -> None:
    assert entries.unpack(entries.pack(entry)) == entry


@given(st.binary(min_size=1, max_size=200))
def test_bytes_that_are_no_entry_are_unreadable_and_nothing_worse(raw: bytes) -> None:
    try:
        entries.unpack(raw)
    except entries.UnreadableEntry:
        pass


@given(st.lists(NUMBERS | st.text(max_size=5), max_size=8))
def test_an_entry_of_a_later_format_asks_for_a_later_version(fields: list[object]) -> None:
    with pytest.raises(entries.UnreadableEntry, match="install a later one"):
        entries.unpack(msgpack.packb([entries.FORMAT + 1, *fields]))
