"""What is to be done at a certain time. Timers are keys in the order of their due time; the log's time fires them.

A timer is never early, and one whose time is over already fires with the next entry: so the time of what it does never
runs back, and timers that start timers cannot keep an entry from ending. One that no longer applies is found out when
it fires: it carries the creation time of what it belongs to, so that another object of the same id is not meant.
"""

from collections.abc import Callable

from google.protobuf.message import Message

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.internal_pb2 import Timer
from konik.statemachine import entry_time, keys, limits
from konik.statemachine.context import Context
from konik.statemachine.tables import TIMERS
from konik.statemachine.view import View

Handler = Callable[[Context, Message, int], None]

HANDLERS: dict[str, Handler] = {}

RANGE = keys.TIMER, keys.after(keys.TIMER)


def on(subject: str) -> Callable[[Handler], Handler]:
    """Registers `handler(context, what the timer is about, its subject_created_ms)`; in it the due time is now."""

    def register(handler: Handler) -> Handler:
        if subject in HANDLERS:
            raise ValueError(f"timers of {subject} are registered twice")
        HANDLERS[subject] = handler
        return handler

    return register


def key(due_ms: int, owner: bytes) -> bytes:
    """`owner` is the key of what the timer belongs to, with what tells its timers apart."""
    return keys.TIMER + keys.long(min(due_ms, limits.TIME_MS_MAX)) + owner


def start(context: Context, due_ms: int, owner: bytes, timer: Timer) -> None:
    timer.tenant = context.tenant
    if due_ms <= context.now_ms:
        due_ms = entry_time.now_ms(context.txn) + 1
    context.txn.put(key(due_ms, owner), timer.SerializeToString(deterministic=True))


def stop(context: Context, due_ms: int, owner: bytes) -> None:
    """Removes a timer that is known to be pointless, so that it does not take up room until it is due."""
    context.txn.delete(key(due_ms, owner))


def due_of(raw: bytes) -> int:
    return int.from_bytes(raw[1:9], "big")


def first(view: View, until_ms: int | None = None) -> tuple[bytes, Timer] | None:
    """The timer that is due first, if it is due by `until_ms`."""
    stop_key = RANGE[1] if until_ms is None else keys.TIMER + keys.long(until_ms + 1)
    found = view.first(RANGE[0], stop_key)
    return None if found is None else (found[0], TIMERS.parse(found[1]))


def wf_run_of(timer: Timer) -> WfRunId | None:
    """The WfRun that waits for the timer, if one does."""
    subject = timer.WhichOneof("subject") or ""
    return _WF_RUN_OF[subject](timer) if subject in _WF_RUN_OF else None


_WF_RUN_OF: dict[str, Callable[[Timer], WfRunId]] = {
    "sleep": lambda timer: timer.sleep.wf_run_id,
    "event_timeout": lambda timer: timer.event_timeout.wf_run_id,
    "task_timeout": lambda timer: timer.task_timeout.task_run_id.wf_run_id,
    "task_retry": lambda timer: timer.task_retry.wf_run_id,
}


def fire(context: Context, timer: Timer) -> None:
    subject = timer.WhichOneof("subject")
    if subject is None:
        raise ValueError("a timer without a subject")
    HANDLERS[subject](context, getattr(timer, subject), timer.subject_created_ms)
