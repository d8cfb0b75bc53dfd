"""What must be true of every state: each check names what it found wrong."""

from collections.abc import Iterator
from typing import TypeVar

from engine import NODE, NONCE, MemoryView
from google.protobuf.message import Message

from konik.api.pb.enums_pb2 import (
    HALTED,
    HALTING,
    RUNNING,
    TASK_PENDING,
    TASK_RUNNING,
    TASK_SCHEDULED,
    LHStatus,
)
from konik.api.pb.ids_pb2 import NodeRunId
from konik.api.pb.internal_pb2 import QueuedAttempt, WaitingTicket
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.wf_run_pb2 import ThreadRun
from konik.statemachine import dedup, indexes, keys, tables, timers
from konik.statemachine.context import Context, Plans
from konik.statemachine.run.run import TERMINAL
from konik.statemachine.tables import (
    CORRELATED_EVENTS,
    EXTERNAL_EVENTS,
    NODE_RUNS,
    TASK_RUNS,
    VARIABLES,
    WF_RUNS,
    WF_SPECS,
    Table,
)

TENANT = "default"
M = TypeVar("M", bound=Message)


def check_all(view: MemoryView) -> None:
    check_queue(view)
    check_assigned(view)
    check_threads(view)
    check_waiters(view)
    check_unclaimed(view)
    check_indexes(view)
    check_processes(view)


def check_queue(view: MemoryView) -> None:
    """Every scheduled task waits in the queue once, every other one not at all; tasks and tickets never both wait."""
    waiting = {}
    for key, raw in _table(view, keys.TASK_QUEUE):
        attempt = QueuedAttempt.FromString(raw).attempt
        waiting[tables.task_run_key(TENANT, attempt.task_run_id)] = key, attempt.attempt_number
    scheduled = {key: run for key, run in _objects(view, TASK_RUNS) if run.status == TASK_SCHEDULED}
    assert waiting.keys() == scheduled.keys(), "the queue does not hold just what is scheduled"
    for key, run in scheduled.items():
        assert waiting[key][1] == len(run.attempts) - 1, "the queue holds an attempt that is not the latest"
    assert len(_table(view, keys.TASK_QUEUE)) == len(scheduled), "a task waits twice"
    marks = {raw for key, raw in _table(view, keys.WF_RUN) if keys.PART_QUEUED_TASK == _part(key)}
    assert marks == {key for key, _ in waiting.values()}, "marks and queue do not agree"
    place = len(keys.long(0) + keys.number(0))
    queues = {key[1:-place] for key, _ in _table(view, keys.TASK_QUEUE)}
    assert queues.isdisjoint(key[1:-place] for key, _ in _table(view, keys.TICKET)), "tasks and tickets both wait"


def check_assigned(view: MemoryView) -> None:
    """What is assigned and not delivered is running, and whatever is running will time out."""
    runs = dict(_objects(view, TASK_RUNS))
    for _, raw in _table(view, keys.ASSIGNED):
        attempt = QueuedAttempt.FromString(raw).attempt
        run = runs.get(tables.task_run_key(TENANT, attempt.task_run_id))
        assert run is not None and run.status == TASK_RUNNING, "an attempt is assigned that does not run"
        assert attempt.attempt_number == len(run.attempts) - 1, "an attempt is assigned that is not the latest"
    due = {key[9:]: timers.due_of(key) for key, _ in _table(view, keys.TIMER)}
    for key, run in runs.items():
        owner = {TASK_RUNNING: key + keys.number(len(run.attempts) - 1), TASK_PENDING: key}.get(run.status)
        assert owner is None or owner in due, f"nothing will end the {run.status} of a task"


def check_threads(view: MemoryView) -> None:
    """No open thread is without something to wait for."""
    node_runs = dict(_objects(view, NODE_RUNS))
    for key, wf_run in _objects(view, WF_RUNS):
        prefix = key[: -len(keys.PART_WF_RUN)]
        threads = {thread.number: thread for thread in wf_run.thread_runs}
        first = threads[0]
        assert (wf_run.status in TERMINAL) == (first.status in TERMINAL), "the WfRun does not follow its thread 0"
        assert not wf_run.pending_failures, "a handler waits to be launched though nothing holds it up"
        for thread in threads.values():
            node_run = node_runs[prefix + tables.node_run_part(thread.number, thread.current_node_position)]
            _check_thread(view, prefix, threads, thread, node_run)


def _check_thread(
    view: MemoryView, prefix: bytes, threads: dict[int, ThreadRun], thread: ThreadRun, node_run: NodeRun
) -> None:
    name = f"{node_run.node_name} of thread {thread.number}"
    assert thread.status != HALTING, f"{name} is still halting though nothing holds it up"
    if thread.status == HALTED:
        holders = {reason.WhichOneof("reason"): reason for reason in thread.halt_reasons}
        assert holders, f"{name} is halted without a reason"
        assert "pending_failure" not in holders, f"{name} waits for a handler that nobody launches"
        if "handling_failure" in holders:
            handler = threads[holders["handling_failure"].handling_failure.handler_thread_id]
            assert handler.status in (RUNNING, HALTED), f"{name} waits for a handler that is {handler.status}"
    if thread.status == RUNNING:
        assert node_run.status == RUNNING, f"{name} is {LHStatus.Name(node_run.status)} in a thread that runs"
        assert _something_will_come(view, prefix, node_run), f"{name} waits for nothing"


def _something_will_come(view: MemoryView, prefix: bytes, node_run: NodeRun) -> bool:
    match node_run.WhichOneof("node_type"):
        case "task":
            guid = f"{node_run.id.thread_run_number}-{node_run.id.position}"
            run = TaskRun.FromString(view.pairs[prefix + tables.task_run_part(guid)])
            return run.status in (TASK_PENDING, TASK_SCHEDULED, TASK_RUNNING)
        case "external_event":
            return not node_run.external_event.timed_out
        case "sleep":
            owner = tables.node_run_key(TENANT, node_run.id)
            return any(key.endswith(owner) for key, _ in _table(view, keys.TIMER))
        case _:
            return False


def check_waiters(view: MemoryView) -> None:
    """Those who wait for a correlated event are the open NodeRuns with a correlation key, no more and no less."""
    waiting = {NodeRunId.FromString(raw).SerializeToString() for _, raw in _table(view, keys.CORRELATION_WAITER)}
    open_ = {
        node_run.id.SerializeToString()
        for _, node_run in _objects(view, NODE_RUNS)
        if node_run.external_event.HasField("correlation_key")
        and node_run.status in (RUNNING, HALTED)
        and not node_run.external_event.HasField("external_event_id")
    }
    assert waiting == open_


def check_unclaimed(view: MemoryView) -> None:
    """The list of unclaimed events holds just those."""
    listed = sorted(
        (key[: key.index(keys.PART_UNCLAIMED_EVENT)], raw.decode())
        for key, raw in _table(view, keys.WF_RUN)
        if _part(key) == keys.PART_UNCLAIMED_EVENT
    )
    unclaimed = sorted(
        (keys.wf_run(TENANT, event.id.wf_run_id), event.id.guid)
        for _, event in _objects(view, EXTERNAL_EVENTS)
        if not event.claimed
    )
    assert listed == unclaimed


def check_indexes(view: MemoryView) -> None:
    """The index is a function of the objects."""
    context = Context(view, Plans(), TENANT, "", 0, 0, 0)
    expected: dict[bytes, bytes] = {}
    for table in (WF_RUNS, NODE_RUNS, TASK_RUNS, VARIABLES, EXTERNAL_EVENTS, CORRELATED_EVENTS, WF_SPECS):
        for _, found in _objects(view, table):
            expected |= indexes.entries(context, table, found)
    assert dict(_table(view, keys.INDEX)) == expected


def check_processes(view: MemoryView) -> None:
    """Nothing is kept for a process that is gone, and nothing is assigned to it."""
    living = set(dedup.sessions(view)) | {(NODE, NONCE)}
    gone = {key[1:] for key, _ in _table(view, keys.SESSION)} - {keys.text(node) + nonce for node, nonce in living}
    kept = [key for key, _ in _table(view, keys.SESSION_RESULT) if any(key[1:].startswith(one) for one in gone)]
    assert not kept, "results are kept for a process that is gone"
    tickets = [WaitingTicket.FromString(raw) for _, raw in _table(view, keys.TICKET)]
    tickets += [QueuedAttempt.FromString(raw).ticket for _, raw in _table(view, keys.ASSIGNED)]
    assert gone.isdisjoint(keys.text(ticket.node) + ticket.nonce for ticket in tickets), "a process that is gone waits"


_PARTS: dict[bytes, Table[Message]] = {
    keys.PART_WF_RUN: WF_RUNS,
    keys.PART_NODE_RUN: NODE_RUNS,
    keys.PART_TASK_RUN: TASK_RUNS,
    keys.PART_VARIABLE: VARIABLES,
    keys.PART_EXTERNAL_EVENT: EXTERNAL_EVENTS,
}
_OWN_TABLES: dict[Table[Message], bytes] = {CORRELATED_EVENTS: keys.CORRELATED_EVENT, WF_SPECS: keys.WF_SPEC}


def _objects(view: MemoryView, table: Table[M]) -> Iterator[tuple[bytes, M]]:
    own = _OWN_TABLES.get(table)
    for key, raw in _table(view, keys.WF_RUN if own is None else own):
        if own is not None or _PARTS.get(_part(key)) is table:
            yield key, table.parse(raw)


def _part(key: bytes) -> bytes:
    """Which part of a WfRun the key belongs to."""
    end = keys.end_of_text(key, keys.end_of_text(key, 1))
    return key[end : end + 1]


def _table(view: MemoryView, table: bytes) -> list[tuple[bytes, bytes]]:
    return list(view.scan(table, keys.after(table)))
