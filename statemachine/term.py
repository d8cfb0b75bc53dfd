"""The Raft term as the machine knows it: that of the last entry with which a leader began."""

from konik.statemachine import keys
from konik.statemachine.view import Readable

KEY = keys.META + b"term"


def current(state: Readable) -> int:
    return int.from_bytes(state.get(KEY) or b"", "big")
