"""SLEEP: the thread waits until a certain time."""

from datetime import UTC, datetime

from google.protobuf.message import Message

from konik.api.pb.enums_pb2 import INT
from konik.api.pb.ids_pb2 import NodeRunId
from konik.api.pb.internal_pb2 import Timer
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine import limits, timers
from konik.statemachine.context import Context
from konik.statemachine.run import advance
from konik.statemachine.run import run as runs
from konik.statemachine.run.node_type import At, NodeType, register
from konik.statemachine.run.variables import Scope
from konik.statemachine.tables import NODE_RUNS, node_run_key
from konik.statemachine.timestamps import milliseconds, set_timestamp
from konik.statemachine.values import types
from konik.statemachine.values.casts import coerce, to_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import evaluate
from konik.statemachine.values.value import is_null


def _arrive(at: At) -> None:
    at.node_run.sleep.SetInParent()
    _set(at, _maturation_ms(at, at.run.now_ms))


def _maturation_ms(at: At, now_ms: int) -> int:
    node = at.plan.node.sleep
    scope = Scope(at.run, at.thread)
    if node.HasField("raw_seconds"):
        due = now_ms + _whole_number(evaluate(node.raw_seconds, scope)) * 1000
    elif node.HasField("timestamp"):
        due = _whole_number(evaluate(node.timestamp, scope))
    else:
        due = _iso_ms(to_text(evaluate(node.iso_date, scope)))
    if not 0 <= due <= limits.TIME_MS_MAX:
        raise EvaluationError(f"there is no such time to sleep until: {due} ms since 1970")
    return due


def _whole_number(value: VariableValue) -> int:
    """A TIMESTAMP counts as its milliseconds since the epoch."""
    if is_null(value):
        raise EvaluationError("NULL does not say how long to sleep")
    return coerce(value, types.primitive(INT)).int


def _iso_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise EvaluationError(f"{text!r} is no ISO-8601 time such as 2026-12-31T00:00:00.000Z") from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    elapsed = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return elapsed.days * 86_400_000 + elapsed.seconds * 1000 + elapsed.microseconds // 1000


def _set(at: At, due_ms: int) -> None:
    set_timestamp(at.node_run.sleep.maturation_time, due_ms)
    at.run.save_node_run(at.node_run)
    timer = Timer(sleep=at.node_run.id, subject_created_ms=milliseconds(at.node_run.arrival_time))
    timers.start(at.run.context, due_ms, node_run_key(at.run.context.tenant, at.node_run.id), timer)


def _proceed(at: At) -> bool:
    sleep = at.node_run.sleep
    if sleep.matured:
        return True
    if not at.plan.node.sleep.HasField("raw_seconds"):
        due = _maturation_ms(at, at.run.now_ms)
        if due != milliseconds(sleep.maturation_time):
            _set(at, due)
    return False


@timers.on("sleep")
def _matured(context: Context, subject: Message, created_ms: int) -> None:
    assert isinstance(subject, NodeRunId)
    run = runs.find(context, subject.wf_run_id)
    node_run = context.load(NODE_RUNS, node_run_key(context.tenant, subject))
    if run is None or node_run is None or milliseconds(node_run.arrival_time) != created_ms:
        return
    if not node_run.HasField("sleep"):
        return  # in the same millisecond the WfRun was deleted, and another one of its id came here
    if run.threads[subject.thread_run_number].current_node_position != subject.position:
        return
    if context.now_ms < milliseconds(node_run.sleep.maturation_time):
        return
    node_run.sleep.matured = True
    run.save_node_run(node_run)
    advance.advance(run)


register(NodeType("sleep", arrive=_arrive, proceed=_proceed))
