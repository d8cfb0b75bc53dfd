"""Entry time: that of the last log entry, in milliseconds since the epoch. The machine knows no other clock."""

from konik.statemachine import keys
from konik.statemachine.view import Readable

KEY = keys.META + b"time"


def now_ms(state: Readable) -> int:
    """0 before the first entry."""
    return int.from_bytes(state.get(KEY) or b"", "big")
