"""External events of a WfRun: storing them, claiming them, and forwarding correlated events to those who wait."""

from konik.api.pb.external_event_pb2 import CorrelatedEvent, ExternalEvent, ExternalEventDef
from konik.api.pb.ids_pb2 import ExternalEventId, NodeRunId
from konik.api.pb.internal_pb2 import Timer
from konik.api.pb.node_run_pb2 import NodeRun
from konik.statemachine import keys, timers
from konik.statemachine.context import Context
from konik.statemachine.run.run import Run
from konik.statemachine.tables import (
    CORRELATED_EVENTS,
    EXTERNAL_EVENT_DEFS,
    EXTERNAL_EVENTS,
    correlated_event_key,
    correlation_waiters_prefix,
    external_event_def_key,
    external_event_key,
    external_event_part,
)
from konik.statemachine.timestamps import set_timestamp


def store(context: Context, event: ExternalEvent) -> None:
    """Keeps a new event until a NodeRun claims it, its retention is over, or its WfRun is deleted."""
    set_timestamp(event.created_at, context.now_ms)
    event_key = external_event_key(context.tenant, event.id)
    context.save(EXTERNAL_EVENTS, event_key, event)
    place = keys.long(context.index) + keys.number(context.next_number())
    context.txn.put(_unclaimed(context, event.id) + place, event.id.guid.encode())
    event_def = _def(context, event.id.external_event_def_id.name)
    if event_def is not None and event_def.retention_policy.HasField("seconds_after_put"):
        due = context.now_ms + event_def.retention_policy.seconds_after_put * 1000
        timers.start(context, due, event_key, Timer(event_retention=event.id, subject_created_ms=context.now_ms))


def claim(run: Run, node_run: NodeRun) -> ExternalEvent | None:
    """The earliest unclaimed event that is meant for this NodeRun becomes its own."""
    name = node_run.external_event.external_event_def_id.name
    prefix = run.prefix + keys.PART_UNCLAIMED_EVENT + keys.text(name)
    for place, guid in run.context.txn.scan(prefix, keys.after(prefix)):
        event_key = run.prefix + external_event_part(name, guid.decode())
        event = run.context.load(EXTERNAL_EVENTS, event_key)
        if event is None:
            raise AssertionError(f"the unclaimed event {guid.decode()} is not stored")
        if _is_for(event, node_run):
            run.context.txn.delete(place)
            event.claimed = True
            event.thread_run_number = node_run.id.thread_run_number
            event.node_run_position = node_run.id.position
            run.context.save(EXTERNAL_EVENTS, event_key, event)
            return event
    return None


def _is_for(event: ExternalEvent, node_run: NodeRun) -> bool:
    thread_fits = not event.HasField("thread_run_number") or event.thread_run_number == node_run.id.thread_run_number
    place_fits = not event.HasField("node_run_position") or event.node_run_position == node_run.id.position
    return thread_fits and place_fits


def forget_unclaimed(context: Context, event_id: ExternalEventId) -> None:
    """Removes an event that nobody has claimed."""
    prefix = _unclaimed(context, event_id)
    for place, guid in list(context.txn.scan(prefix, keys.after(prefix))):
        if guid.decode() == event_id.guid:
            context.txn.delete(place)
    context.remove(EXTERNAL_EVENTS, external_event_key(context.tenant, event_id))


def wait(context: Context, name: str, key: str, node_run_id: NodeRunId) -> None:
    """The NodeRun waits for a correlated event with that key; one that is there already comes to it at once."""
    context.txn.put(_waiter(context, name, key, node_run_id), node_run_id.SerializeToString(deterministic=True))
    event = _correlated(context, name, key)
    if event is not None:
        meet(context, event)


def wait_no_more(context: Context, node_run: NodeRun) -> None:
    """The NodeRun is over or gone: no correlated event comes to it any more."""
    waiting = node_run.external_event
    if waiting.HasField("correlation_key"):
        name = waiting.external_event_def_id.name
        context.txn.delete(_waiter(context, name, waiting.correlation_key, node_run.id))


def meet(context: Context, event: CorrelatedEvent) -> list[NodeRunId]:
    """Gives the event to every NodeRun that waits for its key. Returns them; their WfRuns are to be advanced."""
    name = event.id.external_event_def_id.name
    prefix = correlation_waiters_prefix(context.tenant, name, event.id.key)
    waiting = list(context.txn.scan(prefix, keys.after(prefix)))
    served = [NodeRunId.FromString(raw) for _, raw in waiting]
    for (waiter, _), node_run_id in zip(waiting, served, strict=True):
        event.external_events.append(_forward(context, event, node_run_id))
        context.txn.delete(waiter)
    event_def = _def(context, name)
    event_key = correlated_event_key(context.tenant, event.id)
    if served and event_def is not None and event_def.correlated_event_config.delete_after_first_correlation:
        context.remove(CORRELATED_EVENTS, event_key)
    else:
        context.save(CORRELATED_EVENTS, event_key, event)
    return served


def _forward(context: Context, event: CorrelatedEvent, node_run_id: NodeRunId) -> ExternalEventId:
    forwarded = ExternalEvent()
    forwarded.id.wf_run_id.CopyFrom(node_run_id.wf_run_id)
    forwarded.id.external_event_def_id.CopyFrom(event.id.external_event_def_id)
    forwarded.id.guid = context.new_id()
    forwarded.content.CopyFrom(event.content)
    forwarded.thread_run_number = node_run_id.thread_run_number
    forwarded.node_run_position = node_run_id.position
    store(context, forwarded)
    return forwarded.id


def _waiter(context: Context, name: str, key: str, id: NodeRunId) -> bytes:
    node_run = keys.text(keys.wf_run_text(id.wf_run_id)) + keys.number(id.thread_run_number) + keys.number(id.position)
    return correlation_waiters_prefix(context.tenant, name, key) + node_run


def _correlated(context: Context, name: str, key: str) -> CorrelatedEvent | None:
    id = CorrelatedEvent().id
    id.key = key
    id.external_event_def_id.name = name
    return context.load(CORRELATED_EVENTS, correlated_event_key(context.tenant, id))


def _def(context: Context, name: str) -> ExternalEventDef | None:
    return context.load(EXTERNAL_EVENT_DEFS, external_event_def_key(context.tenant, name))


def _unclaimed(context: Context, id: ExternalEventId) -> bytes:
    run = keys.wf_run(context.tenant, id.wf_run_id)
    return run + keys.PART_UNCLAIMED_EVENT + keys.text(id.external_event_def_id.name)
