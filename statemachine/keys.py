"""How keys are written. The order of the bytes is the order of the parts; everything of one WfRun is adjacent.

A key is a table (one byte) and its parts. Texts end in a zero byte, and none is inside them, so that no text's part is
the beginning of another one's; numbers have a fixed width.
"""

from functools import lru_cache
from hashlib import blake2b

from konik.api.pb.ids_pb2 import WfRunId

# Tables. The first byte of a key; a scan never leaves its table.
META = b"m"
TENANT = b"T"
PRINCIPAL = b"P"
TASK_DEF = b"d"
EXTERNAL_EVENT_DEF = b"e"
WORKFLOW_EVENT_DEF = b"w"
WF_SPEC = b"s"
DELETED_WF_SPEC = b"S"
TASK_WORKER_GROUP = b"g"
WF_RUN = b"r"
CORRELATED_EVENT = b"c"
CORRELATION_WAITER = b"k"
INDEX = b"i"
TIMER = b"t"
TASK_QUEUE = b"q"
TICKET = b"p"
ASSIGNED = b"a"
SESSION = b"n"
SESSION_RESULT = b"x"
CLIENT_RESULT = b"y"
CLIENT_RESULT_BY_AGE = b"z"

# Inside of a WfRun: what belongs to it, in the order in which it is stored.
PART_WF_RUN = b"\x01"
PART_NODE_RUN = b"\x02"
PART_TASK_RUN = b"\x03"
PART_VARIABLE = b"\x04"
PART_EXTERNAL_EVENT = b"\x05"
PART_UNCLAIMED_EVENT = b"\x06"
PART_NODE_OUTPUT = b"\x07"
PART_QUEUED_TASK = b"\x08"


TEXT_BYTES_MAX = 80
_TEXT_BYTES_KEPT = 48


def rare_text(value: str) -> bytes:
    """A text part: no other text's part begins with it. A long text is cut, and told apart by its digest.

    So a key never outgrows what the store takes, however long names are; what is cut keeps its order and its prefixes
    only in the bytes that are kept.
    """
    raw = value.encode()
    if len(raw) > TEXT_BYTES_MAX:
        raw = raw[:_TEXT_BYTES_KEPT] + b"\xff" + blake2b(raw, digest_size=16).hexdigest().encode()
    if b"\0" in raw or b"\1" in raw:
        raw = raw.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1")
    return raw + b"\0"


text = lru_cache(maxsize=8192)(rare_text)
"""The same for texts that come again and again: names, and ids of what is worked on."""


def text_prefix(value: str) -> bytes:
    """How the parts of all texts begin that begin with `value`."""
    return text(value)[:-1]


def end_of_text(key: bytes, start: int) -> int:
    """Where the text part ends that begins at `start`."""
    return key.index(b"\0", start) + 1


_SMALL_MAX = 1024
_SMALL = tuple(value.to_bytes(4, "big") for value in range(_SMALL_MAX))


def number(value: int) -> bytes:
    """A number part, 0 <= value < 2**32."""
    return _SMALL[value] if 0 <= value < _SMALL_MAX else value.to_bytes(4, "big")


def descending(value: int) -> bytes:
    """A number part, 0 <= value < 2**32, of which the greatest comes first."""
    return number(0xFFFF_FFFF - value)


def long(value: int) -> bytes:
    """A number part, 0 <= value < 2**64: times in milliseconds, log indexes."""
    return value.to_bytes(8, "big")


@lru_cache(maxsize=1024)
def after(prefix: bytes) -> bytes:
    """The end of the range of all keys that begin with `prefix`."""
    stripped = prefix.rstrip(b"\xff")
    if not stripped:
        raise ValueError("every key begins with its table, which is not 0xff")
    return stripped[:-1] + bytes([stripped[-1] + 1])


def wf_run_text(wf_run_id: WfRunId) -> str:
    """The text form of a WfRunId: `parent_child`, recursively."""
    if not wf_run_id.HasField("parent_wf_run_id"):
        return wf_run_id.id
    parts = [wf_run_id.id]
    while wf_run_id.HasField("parent_wf_run_id"):
        wf_run_id = wf_run_id.parent_wf_run_id
        parts.append(wf_run_id.id)
    return "_".join(reversed(parts))


def wf_run(tenant: str, wf_run_id: WfRunId) -> bytes:
    """The beginning of the keys of everything that belongs to one WfRun."""
    return WF_RUN + text(tenant) + text(wf_run_text(wf_run_id))
