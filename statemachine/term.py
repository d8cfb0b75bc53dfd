"""The Raft term as the machine knows it: that of the last entry with which a leader began."""

from typing import Protocol

from konik.statemachine import keys

KEY = keys.META + b"term"


class _Readable(Protocol):
    def get(self, key: bytes) -> bytes | None: ...


def current(state: _Readable) -> int:
    return int.from_bytes(state.get(KEY) or b"", "big")
