"""Events from outside: PutExternalEvent, PutCorrelatedEvent, DeleteCorrelatedEvent, and the ends of their lives."""

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from konik.api.pb.event_requests_pb2 import (
    DeleteCorrelatedEventRequest,
    PutCorrelatedEventRequest,
    PutExternalEventRequest,
)
from konik.api.pb.external_event_pb2 import CorrelatedEvent, ExternalEvent, ExternalEventDef
from konik.api.pb.ids_pb2 import CorrelatedEventId, ExternalEventId
from konik.api.pb.internal_pb2 import Timer
from konik.api.pb.security_pb2 import ACL_EXTERNAL_EVENT, RUN
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine import limits, timers
from konik.statemachine.context import Context
from konik.statemachine.registry import command
from konik.statemachine.rejection import already_exists, invalid, not_built
from konik.statemachine.run import advance, events
from konik.statemachine.run import run as runs
from konik.statemachine.tables import (
    CORRELATED_EVENTS,
    EXTERNAL_EVENT_DEFS,
    EXTERNAL_EVENTS,
    correlated_event_key,
    external_event_def_key,
    external_event_key,
)
from konik.statemachine.timestamps import milliseconds, set_timestamp
from konik.statemachine.values.errors import InvalidValue, NotBuilt
from konik.statemachine.values.ingest import ingest
from konik.statemachine.values.wf_run_ids import ancestors


@command("PutExternalEvent", PutExternalEventRequest, (ACL_EXTERNAL_EVENT, RUN))
def put_external_event(context: Context, request: PutExternalEventRequest) -> ExternalEvent:
    """Stores an event for a WfRun, which may not exist yet. Returns it as it is after the WfRun has moved on."""
    event_def = _require_def(context, request.external_event_def_id.name)
    event = ExternalEvent()
    event.id.wf_run_id.CopyFrom(request.wf_run_id)
    event.id.external_event_def_id.CopyFrom(request.external_event_def_id)
    event.id.guid = request.guid if request.HasField("guid") else context.new_id()
    if not request.wf_run_id.id:
        raise invalid("wf_run_id is missing")
    if ancestors(request.wf_run_id) > limits.WF_RUN_ID_ANCESTORS_MAX:
        raise invalid(f"a WfRunId has {limits.WF_RUN_ID_ANCESTORS_MAX} ancestors at most")
    if context.load(EXTERNAL_EVENTS, external_event_key(context.tenant, event.id)) is not None:
        raise already_exists(f"there is an ExternalEvent {event_def.id.name} with guid {event.id.guid} already")
    event.content.CopyFrom(_content(event_def, request.content))
    for field in ("thread_run_number", "node_run_position"):
        if request.HasField(field):
            setattr(event, field, getattr(request, field))
    events.store(context, event)
    run = runs.find(context, request.wf_run_id)
    if run is not None:
        advance.advance(run)
    return event


@command("PutCorrelatedEvent", PutCorrelatedEventRequest, (ACL_EXTERNAL_EVENT, RUN))
def put_correlated_event(context: Context, request: PutCorrelatedEventRequest) -> CorrelatedEvent:
    """Stores an event under a key and gives it to every NodeRun that waits for that key."""
    if "/" in request.key or "~" in request.key:
        raise invalid(f"the key {request.key!r} must not contain / or ~")
    event_def = _require_def(context, request.external_event_def_id.name)
    if not event_def.HasField("correlated_event_config"):
        raise invalid(f"ExternalEventDef {event_def.id.name} has no correlated_event_config; put it with one first")
    event = CorrelatedEvent()
    event.id.key = request.key
    event.id.external_event_def_id.CopyFrom(request.external_event_def_id)
    event.content.CopyFrom(_content(event_def, request.content))
    event_key = correlated_event_key(context.tenant, event.id)
    if context.load(CORRELATED_EVENTS, event_key) is not None:
        raise already_exists(f"there is a CorrelatedEvent {event_def.id.name} with key {request.key} already")
    set_timestamp(event.created_at, context.now_ms)
    config = event_def.correlated_event_config
    if config.HasField("ttl_seconds"):
        due = context.now_ms + config.ttl_seconds * 1000
        timer = Timer(correlated_event_expiry=event.id, subject_created_ms=context.now_ms)
        timers.start(context, due, event_key, timer)
    advanced = set()
    for node_run_id in events.meet(context, event):
        run = runs.require(context, node_run_id.wf_run_id)
        if run.prefix not in advanced:
            advanced.add(run.prefix)
            advance.advance(run)
    return event


@command("DeleteCorrelatedEvent", DeleteCorrelatedEventRequest, (ACL_EXTERNAL_EVENT, RUN))
def delete_correlated_event(context: Context, request: DeleteCorrelatedEventRequest) -> Empty:
    """Removes a CorrelatedEvent; what was forwarded of it stays. An unknown one is gone already."""
    context.remove(CORRELATED_EVENTS, correlated_event_key(context.tenant, request.id))
    return Empty()


def _require_def(context: Context, name: str) -> ExternalEventDef:
    event_def = context.load(EXTERNAL_EVENT_DEFS, external_event_def_key(context.tenant, name))
    if event_def is None:
        raise invalid(f'ExternalEventDef "{name}" does not exist.')
    return event_def


def _content(event_def: ExternalEventDef, content: VariableValue) -> VariableValue:
    information = event_def.type_information
    declared = information.return_type if information.HasField("return_type") else None
    try:
        return ingest(content, declared, "content")
    except InvalidValue as error:
        raise invalid(f"Invalid type of content for ExternalEventDef {event_def.id.name}: {error}") from error
    except NotBuilt as error:
        raise not_built(error.where, error.what) from error


@timers.on("event_retention")
def _event_retention_over(context: Context, subject: Message, created_ms: int) -> None:
    assert isinstance(subject, ExternalEventId)
    event = context.load(EXTERNAL_EVENTS, external_event_key(context.tenant, subject))
    if event is not None and not event.claimed and milliseconds(event.created_at) == created_ms:
        events.forget_unclaimed(context, subject)


@timers.on("correlated_event_expiry")
def _correlated_event_expired(context: Context, subject: Message, created_ms: int) -> None:
    assert isinstance(subject, CorrelatedEventId)
    event_key = correlated_event_key(context.tenant, subject)
    event = context.load(CORRELATED_EVENTS, event_key)
    if event is not None and milliseconds(event.created_at) == created_ms:
        context.remove(CORRELATED_EVENTS, event_key)
