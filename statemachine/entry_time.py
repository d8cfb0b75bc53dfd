"""Entry time: that of the last log entry, in milliseconds since the epoch. The machine knows no other clock."""

from typing import Protocol

from konik.statemachine import keys

KEY = keys.META + b"time"


class _Readable(Protocol):
    def get(self, key: bytes) -> bytes | None: ...


def now_ms(state: _Readable) -> int:
    """0 before the first entry."""
    return int.from_bytes(state.get(KEY) or b"", "big")
