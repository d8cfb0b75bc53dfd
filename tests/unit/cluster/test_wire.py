"""What goes over the wire comes back equal, and nothing else is believed."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.cluster import wire as wires
from konik.cluster.network import (
    Hello,
    SnapshotChunk,
    SnapshotOffer,
    SnapshotOver,
    SnapshotReceived,
    SnapshotWithdrawn,
)
from konik.cluster.raft.messages import (
    KINDS,
    Append,
    AppendAnswer,
    Commit,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    RequestVote,
    TimeoutNow,
    VoteAnswer,
)
from konik.cluster.wire import FIELDS, LENGTH_BYTES, NUMBER_MAX, NUMBERS, Splitter, Wire, WireError

numbers = st.integers(0, NUMBER_MAX)
flags = st.booleans()
names = st.text(max_size=20)
ids = st.binary(min_size=16, max_size=16)
transfers = st.tuples(numbers, numbers)
entries = st.builds(Entry, numbers, numbers, st.binary(max_size=100))

FRAMES: dict[type[Any], st.SearchStrategy[Any]] = {
    RequestVote: st.builds(RequestVote, numbers, flags, numbers, numbers),
    VoteAnswer: st.builds(VoteAnswer, numbers, flags, flags),
    Append: st.builds(Append, numbers, numbers, numbers, numbers, numbers, st.lists(entries, max_size=5).map(tuple)),
    AppendAnswer: st.builds(AppendAnswer, numbers, numbers, flags, numbers),
    Heartbeat: st.builds(Heartbeat, numbers, numbers, numbers),
    HeartbeatAnswer: st.builds(HeartbeatAnswer, numbers, numbers),
    Commit: st.builds(Commit, numbers, numbers),
    TimeoutNow: st.builds(TimeoutNow, numbers),
    Hello: st.builds(Hello, numbers, ids, names, ids, ids, numbers, names, numbers, names, flags, numbers, numbers),
    SnapshotOffer: st.builds(SnapshotOffer, transfers, numbers, numbers, numbers, st.binary(max_size=64)),
    SnapshotChunk: st.builds(SnapshotChunk, transfers, numbers, st.binary(max_size=200)),
    SnapshotReceived: st.builds(SnapshotReceived, transfers, numbers),
    SnapshotOver: st.builds(SnapshotOver, transfers, flags),
    SnapshotWithdrawn: st.builds(SnapshotWithdrawn, transfers),
}
"""How each kind of frame is made up."""

PEER_FRAMES = {
    "forward": (wires.number, wires.many(wires.record(wires.text(10), wires.data(50)))),
    "status": (wires.optional(wires.flag),),
}

peer_frames = st.one_of(
    st.tuples(
        st.just("forward"),
        numbers,
        st.lists(st.tuples(st.text(max_size=10), st.binary(max_size=50)), max_size=4).map(tuple),
    ),
    st.tuples(st.just("status"), st.none() | flags),
)


def body_of(encoded: bytes) -> bytes:
    return encoded[LENGTH_BYTES:]


def test_every_kind_of_message_has_its_fields_its_number_and_a_test() -> None:
    assert FIELDS.keys() == NUMBERS.keys() == FRAMES.keys() >= set(KINDS)
    assert len(set(NUMBERS.values())) == len(NUMBERS)


@given(st.one_of(*FRAMES.values()))
def test_a_frame_comes_back_as_it_was_sent(frame: Any) -> None:
    back = Wire().decode(body_of(Wire().encode(frame)))
    assert back == frame and type(back) is type(frame)


@given(FRAMES[Hello], st.lists(numbers | names, max_size=3))
def test_what_a_later_release_says_of_itself_behind_what_is_known_is_not_looked_at(
    hello: Hello, more: list[Any]
) -> None:
    assert Wire().decode(msgpack.packb([NUMBERS[Hello], *hello, *more])) == hello


@given(peer_frames)
def test_a_peer_frame_comes_back_as_it_was_sent(frame: Any) -> None:
    wire = Wire(PEER_FRAMES)
    assert wire.decode(body_of(wire.encode(frame))) == frame


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    try:
        Wire(PEER_FRAMES).decode(raw)
    except WireError:
        return


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner),
    max_leaves=10,
)
kinds = st.sampled_from([*NUMBERS.values(), *PEER_FRAMES])


@given(kinds, st.lists(plain, max_size=7))
def test_any_msgpack_under_a_known_kind_is_a_frame_of_that_kind_or_refused(kind: Any, fields: list[Any]) -> None:
    wire = Wire(PEER_FRAMES)
    try:
        frame = wire.decode(msgpack.packb([kind, *fields]))
    except WireError:
        return
    assert wire.decode(body_of(wire.encode(frame))) == frame


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        msgpack.packb(7),
        msgpack.packb([]),
        msgpack.packb([99]),
        msgpack.packb(["unheard-of", 1]),
        msgpack.packb([None, 1]),
        msgpack.packb([NUMBERS[Commit], 1]),
        msgpack.packb([NUMBERS[Commit], 1, 2, 3]),
        msgpack.packb([NUMBERS[Commit], 1, -1]),
        msgpack.packb([NUMBERS[Commit], 1, 2.0]),
        msgpack.packb([NUMBERS[Commit], 1, True]),
        msgpack.packb([NUMBERS[Commit], 1, NUMBER_MAX + 1]),
        msgpack.packb([NUMBERS[AppendAnswer], 1, 1, 1, 1]),
        msgpack.packb([NUMBERS[Append], 1, 1, 1, 1, 1, [[1, 1]]]),
        msgpack.packb([NUMBERS[Append], 1, 1, 1, 1, 1, [[1, 1, "text"]]]),
        msgpack.packb([NUMBERS[Hello], 1, bytes(15), "a", bytes(16), bytes(16), 1, "", 1, "", True, 0, 1]),
        msgpack.packb([NUMBERS[Hello], 1, bytes(16), "a" * 256, bytes(16), bytes(16), 1, "", 1, "", True, 0, 1]),
        msgpack.packb([NUMBERS[Hello], 1, bytes(16), "a", bytes(16), bytes(16), 1, "", 1, "", True, 0]),
        msgpack.packb([NUMBERS[Commit], 1, 2]) + b"\0",
        msgpack.packb([NUMBERS[Commit], 1, msgpack.ExtType(5, b"x")]),
        b"\x81\x81\x01\x02\x03",  # a map with a map as its key
        b"\xd7\xff" + b"\xff" * 8,  # a time stamp out of range
        b"\x91" * 2000,  # nested too deep
    ],
)
def test_what_is_no_frame_is_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        Wire().decode(raw)


@pytest.mark.parametrize(
    "frame",
    [
        ("forward", 1),
        ("forward", 1, "no sequence"),
        ("forward", 1, [["a", b"x"], "no record"]),
        ("forward", 1, [["a"]]),
        ("forward", 1, [["a" * 11, b"x"]]),
        ("forward", 1, [["a", b"x" * 51]]),
        ("status", 1),
    ],
)
def test_a_peer_frame_that_is_not_as_its_user_said_is_refused(frame: Any) -> None:
    with pytest.raises(WireError):
        Wire(PEER_FRAMES).decode(msgpack.packb(frame))


@pytest.mark.parametrize("frame", [(), ("unheard-of", 1), (1, 2)])
def test_a_frame_that_no_peer_would_know_is_not_sent(frame: Any) -> None:
    with pytest.raises(ValueError, match="no such kind"):
        Wire(PEER_FRAMES).encode(frame)


def test_a_frame_over_the_limit_is_neither_sent_nor_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "FRAME_BYTES_MAX", 100)
    with pytest.raises(ValueError, match="over the limit of 100"):
        Wire().encode(SnapshotChunk((1, 1), 0, bytes(100)))
    with pytest.raises(WireError, match="over the limit of 100"):
        list(Splitter().feed((101).to_bytes(LENGTH_BYTES, "big")))


def test_an_entry_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    append = Append(1, 1, 1, 1, 1, (Entry(2, 1, bytes(101)),))
    encoded = body_of(Wire().encode(append))
    assert Wire().decode(encoded) == append
    monkeypatch.setattr(wires, "ENTRY_BYTES_MAX", 100)
    with pytest.raises(WireError):
        Wire().decode(encoded)


@given(st.lists(st.binary(max_size=50), max_size=10), st.lists(st.integers(0, 300), max_size=10))
def test_a_stream_is_cut_into_the_same_frames_however_it_arrives(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(len(body).to_bytes(LENGTH_BYTES, "big") + body for body in bodies)
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    splitter = Splitter()
    found = [
        bytes(body) for start, end in zip(places, places[1:], strict=False) for body in splitter.feed(stream[start:end])
    ]
    assert found == bodies
