"""EXTERNAL_EVENT: the thread waits for an event from outside, for ever or for a number of seconds."""

from google.protobuf.message import Message

from konik.api.pb.enums_pb2 import COMPLETED, ERROR, INT, STR
from konik.api.pb.expressions_pb2 import VariableAssignment
from konik.api.pb.ids_pb2 import NodeRunId
from konik.api.pb.internal_pb2 import Timer
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine import timers
from konik.statemachine.context import Context
from konik.statemachine.run import advance, events
from konik.statemachine.run import run as runs
from konik.statemachine.run.failure import NodeFailure
from konik.statemachine.run.node_type import At, NodeType, register
from konik.statemachine.run.variables import Scope
from konik.statemachine.tables import EXTERNAL_EVENTS, NODE_RUNS, external_event_key, node_run_key
from konik.statemachine.timestamps import milliseconds
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import evaluate
from konik.statemachine.values.value import kind


def _arrive(at: At) -> None:
    node = at.plan.node.external_event
    waiting = at.node_run.external_event
    waiting.external_event_def_id.CopyFrom(node.external_event_def_id)
    waiting.mask_correlation_key = node.mask_correlation_key
    if node.HasField("timeout_seconds"):
        _start_timeout(at, _value(at, node.timeout_seconds, INT, "the timeout").int)
    if node.HasField("correlation_key"):
        waiting.correlation_key = _value(at, node.correlation_key, STR, "the correlation key").str
        name = node.external_event_def_id.name
        events.wait(at.run.context, name, waiting.correlation_key, at.node_run.id)
    at.run.save_node_run(at.node_run)


def _value(at: At, assignment: VariableAssignment, wanted: int, what: str) -> VariableValue:
    try:
        value = evaluate(assignment, Scope(at.run, at.thread))
    except EvaluationError as error:
        raise NodeFailure("VAR_ERROR", f"{what} could not be evaluated: {error}") from error
    if kind(value) != wanted:
        raise NodeFailure("VAR_ERROR", f"{what} must be {'an INT' if wanted == INT else 'a STR'}")
    return value


def _start_timeout(at: At, seconds: int) -> None:
    timer = Timer(event_timeout=at.node_run.id, subject_created_ms=milliseconds(at.node_run.arrival_time))
    owner = node_run_key(at.run.context.tenant, at.node_run.id)
    timers.start(at.run.context, at.run.now_ms + seconds * 1000, owner, timer)


def _proceed(at: At) -> bool:
    waiting = at.node_run.external_event
    if waiting.timed_out:
        name = waiting.external_event_def_id.name
        raise NodeFailure("TIMEOUT", f"ExternalEvent {name} did not arrive in time")
    event = events.claim(at.run, at.node_run)
    if event is None:
        return False
    waiting.external_event_id.CopyFrom(event.id)
    waiting.event_time.CopyFrom(event.created_at)
    at.run.save_node_run(at.node_run)
    return True


def _output(at: At) -> VariableValue | None:
    event_id = at.node_run.external_event.external_event_id
    event = at.run.context.load(EXTERNAL_EVENTS, external_event_key(at.run.context.tenant, event_id))
    return None if event is None else event.content


def _ended(at: At) -> None:
    events.wait_no_more(at.run.context, at.node_run)


@timers.on("event_timeout")
def _timed_out(context: Context, subject: Message, created_ms: int) -> None:
    assert isinstance(subject, NodeRunId)
    run = runs.find(context, subject.wf_run_id)
    node_run = context.load(NODE_RUNS, node_run_key(context.tenant, subject))
    if run is None or node_run is None or milliseconds(node_run.arrival_time) != created_ms:
        return
    if not node_run.HasField("external_event") or node_run.status in (COMPLETED, ERROR):
        return  # over; or in the same millisecond the WfRun was deleted, and another one of its id came here
    node_run.external_event.timed_out = True
    run.save_node_run(node_run)
    advance.advance(run)


register(NodeType("external_event", arrive=_arrive, proceed=_proceed, output=_output, ended=_ended))
