"""Frames as bytes: a length, then msgpack of (kind, *fields).

What a peer sends is believed only here: a frame is one of the kinds in the tables below, with exactly its fields, each
of the right type and within its bounds, or it is a `WireError`; only a Hello may have more. No other exception comes
out of `decode` and `Splitter`, whatever the bytes; nothing here may ever construct an object that the bytes name.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgpack

from konik.cluster.network import (
    Frame,
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

FRAME_BYTES_MAX = 64 << 20
ENTRY_BYTES_MAX = 16 << 20
CHUNK_BYTES_MAX = 1 << 20
NAME_LETTERS_MAX = 255
NUMBER_MAX = (1 << 62) - 1
LENGTH_BYTES = 4


class WireError(Exception):
    """The bytes are not a frame that this version knows: the connection they came from must be closed."""


Field = Callable[[Any], Any]
"""Takes what msgpack found, gives what is believed, or raises WireError."""


def number(raw: Any) -> int:
    """A count, an index, a term: 0 to `NUMBER_MAX`."""
    if type(raw) is int and 0 <= raw <= NUMBER_MAX:
        return raw
    raise WireError(f"expected a number, found {raw!r:.80}")


def flag(raw: Any) -> bool:
    """True or False."""
    if type(raw) is bool:
        return raw
    raise WireError(f"expected a truth value, found {raw!r:.80}")


def text(letters_max: int) -> Field:
    """A string of at most `letters_max` letters."""

    def check(raw: Any) -> str:
        if type(raw) is str and len(raw) <= letters_max:
            return raw
        raise WireError(f"expected a text of at most {letters_max} letters, found {raw!r:.80}")

    return check


def data(bytes_max: int, bytes_min: int = 0) -> Field:
    """A byte string of `bytes_min` to `bytes_max` bytes."""

    def check(raw: Any) -> bytes:
        if type(raw) is bytes and bytes_min <= len(raw) <= bytes_max:
            return raw
        raise WireError(f"expected {bytes_min} to {bytes_max} bytes, found {raw!r:.80}")

    return check


def many(field: Field) -> Field:
    """A tuple of any length, all of one kind."""

    def check(raw: Any) -> tuple[Any, ...]:
        if type(raw) is tuple:
            return tuple(map(field, raw))
        raise WireError(f"expected a sequence, found {raw!r:.80}")

    return check


def optional(field: Field) -> Field:
    """What `field` accepts, or None."""
    return lambda raw: None if raw is None else field(raw)


def record(*fields: Field) -> Field:
    """A tuple with exactly these fields."""

    def check(raw: Any) -> tuple[Any, ...]:
        if type(raw) is tuple and len(raw) == len(fields):
            return tuple([field(value) for field, value in zip(fields, raw, strict=True)])
        raise WireError(f"expected {len(fields)} fields, found {raw!r:.80}")

    return check


def entry(raw: Any) -> Entry:
    """One entry of the log."""
    if type(raw) is tuple and len(raw) == 3:
        index, term, content = raw
        if type(content) is bytes and len(content) <= ENTRY_BYTES_MAX:
            return Entry(number(index), number(term), content)
    raise WireError(f"expected an entry, found {raw!r:.80}")


name = text(NAME_LETTERS_MAX)
identifier = data(16, 16)
_transfer = record(number, number)

FIELDS: Mapping[type[Any], tuple[Field, ...]] = MappingProxyType(
    {
        RequestVote: (number, flag, number, number),
        VoteAnswer: (number, flag, flag),
        Append: (number, number, number, number, number, many(entry)),
        AppendAnswer: (number, number, flag, number),
        Heartbeat: (number, number, number),
        HeartbeatAnswer: (number, number),
        Commit: (number, number),
        TimeoutNow: (number,),
        Hello: (number, identifier, name, identifier, identifier, number, name, number, name, flag, number, number),
        SnapshotOffer: (_transfer, number, number, number, data(64)),
        SnapshotChunk: (_transfer, number, data(CHUNK_BYTES_MAX)),
        SnapshotReceived: (_transfer, number),
        SnapshotOver: (_transfer, flag),
        SnapshotWithdrawn: (_transfer,),
    }
)
"""Every kind of frame of this module's own, and its fields in order."""

NUMBERS: Mapping[type[Any], int] = MappingProxyType(
    {kind: place for place, kind in enumerate(KINDS)}
    | {Hello: 100, SnapshotOffer: 101, SnapshotChunk: 102, SnapshotReceived: 103, SnapshotOver: 104}
    | {SnapshotWithdrawn: 105}
)
"""The number of each kind on the wire. A number is never given to another kind: see `PROTOCOL_VERSION`."""

assert FIELDS.keys() == NUMBERS.keys() and all(len(FIELDS[kind]) == len(kind._fields) for kind in FIELDS)


class Wire:
    """Encodes and decodes the frames of this module, and those plain tuples whose tags it is told."""

    def __init__(self, peer_frames: Mapping[str, tuple[Field, ...]] = MappingProxyType({})) -> None:
        """`peer_frames` names the fields that follow each tag."""
        self._kinds: dict[object, tuple[Callable[[list[Any]], Any], tuple[Field, ...]]] = {
            NUMBERS[kind]: (kind._make, fields) for kind, fields in FIELDS.items()
        }
        for tag, fields in peer_frames.items():
            self._kinds[tag] = (tuple, (text(NAME_LETTERS_MAX), *fields))
        self._tags = frozenset(peer_frames)

    def encode(self, frame: Frame | Hello) -> bytes:
        """The frame with its length in front. One that no peer would accept is the caller's mistake: ValueError."""
        kind = NUMBERS.get(type(frame))
        if kind is None and (not frame or frame[0] not in self._tags):
            raise ValueError(f"no such kind of frame: {frame!r:.80}")
        body: bytes = msgpack.packb(frame if kind is None else (kind, *frame))
        if len(body) > FRAME_BYTES_MAX:
            raise ValueError(f"a frame of {len(body)} bytes is over the limit of {FRAME_BYTES_MAX}")
        return len(body).to_bytes(LENGTH_BYTES, "big") + body

    def decode(self, body: bytes | memoryview) -> Frame | Hello:
        """The frame in `body`, which is without its length. Raises WireError."""
        try:
            raw = msgpack.unpackb(body, use_list=False)
        except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
            raise WireError(f"not msgpack: {error!r:.80}") from None
        if type(raw) is not tuple or not raw or type(raw[0]) not in (int, str):
            raise WireError(f"expected a frame, found {raw!r:.80}")
        known = self._kinds.get(raw[0])
        if known is None:
            raise WireError(f"no such kind of frame: {raw[0]!r:.80}")
        make, fields = known
        values = raw if type(raw[0]) is str else raw[1:]
        if len(values) != len(fields):
            if raw[0] != NUMBERS[Hello] or len(values) < len(fields):
                raise WireError(f"expected {len(fields)} fields, found {raw!r:.80}")
            values = values[: len(fields)]  # a later release says more
        return make([field(value) for field, value in zip(fields, values, strict=True)])  # type: ignore[no-any-return]


class Splitter:
    """Cuts a stream of bytes into the bodies of frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, received: bytes) -> Iterator[memoryview]:
        """The bodies that are complete with these bytes.

        Raises WireError when a frame announces more than `FRAME_BYTES_MAX`.
        """
        if self._rest:
            self._rest += received
            if _end(self._rest, 0) > len(self._rest):
                return
            received = bytes(self._rest)
            self._rest.clear()
        view, start = memoryview(received), 0
        while (end := _end(view, start)) <= len(view):
            yield view[start + LENGTH_BYTES : end]
            start = end
        self._rest += view[start:]


def _end(buffer: bytearray | memoryview, start: int) -> int:
    """Where the frame that begins at `start` ends, or the least it can be while its length is not there yet."""
    body = start + LENGTH_BYTES
    if len(buffer) < body:
        return body
    length = int.from_bytes(buffer[start:body], "big")
    if length > FRAME_BYTES_MAX:
        raise WireError(f"a frame of {length} bytes is over the limit of {FRAME_BYTES_MAX}")
    return body + length
