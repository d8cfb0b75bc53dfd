"""Tasks that wait for workers, workers that wait for tasks, and how the two meet.

Per TaskDef either tasks wait or tickets do, never both. When they meet, the very command that brought the second of
them starts the attempt; the node that holds the worker's stream delivers it when it applies that entry.

Until the node says that it has delivered an attempt, the attempt is kept under ASSIGNED. So a node that dies in
between leaves nothing to guess: what is still there was not delivered, what is not there the worker has.

An attempt that waits also has a mark among what belongs to its WfRun, so that it leaves the queue when that is deleted.
"""

from collections.abc import Callable

from konik.api.pb.enums_pb2 import TASK_RUNNING, TASK_SCHEDULED
from konik.api.pb.ids_pb2 import TaskRunId
from konik.api.pb.internal_pb2 import AttemptRef, QueuedAttempt, Ticket, WaitingTicket
from konik.api.pb.task_run_pb2 import TaskRun
from konik.statemachine import keys
from konik.statemachine.context import Context
from konik.statemachine.tables import ASSIGNED, TASK_QUEUE, TASK_RUNS, TICKETS, task_run_key
from konik.statemachine.tasks import state
from konik.statemachine.tasks.delivery import Delivery
from konik.statemachine.timestamps import set_timestamp


def offer(context: Context, task_run: TaskRun) -> None:
    """The latest attempt of the TaskRun is ready: it goes to the ticket that waits longest, or waits itself."""
    queued = QueuedAttempt()
    queued.attempt.tenant = context.tenant
    queued.attempt.task_run_id.CopyFrom(task_run.id)
    queued.attempt.attempt_number = len(task_run.attempts) - 1
    queued.place = _place(context)
    _offer(context, task_run, queued)


def put_back(context: Context, task_run: TaskRun, queued: QueuedAttempt) -> None:
    """An attempt that no worker has seen takes the place that it had."""
    state.set_status(task_run, TASK_SCHEDULED)
    attempt = task_run.attempts[-1]
    for field in ("start_time", "task_worker_id", "task_worker_version"):
        attempt.ClearField(field)
    queued.ClearField("ticket")
    _offer(context, task_run, queued)


def take(context: Context, node: str, nonce: bytes, ticket: Ticket) -> None:
    """A worker asks for a task: it gets the one that waits longest, or its ticket waits."""
    waiting = WaitingTicket()
    waiting.ticket.CopyFrom(ticket)
    waiting.node = node
    waiting.nonce = nonce
    prefix = _queue(keys.TASK_QUEUE, ticket.tenant, ticket.task_def)
    found = context.first(prefix, keys.after(prefix))
    if found is None:
        _keep(context, waiting)
        return
    queued = TASK_QUEUE.parse(found[1])
    context.txn.delete(found[0])
    context.txn.delete(_mark(context.tenant, queued.attempt.task_run_id))
    _assign(context, _scheduled(context, queued.attempt), queued, waiting)


def forget(context: Context, task_run_id: TaskRunId, number: int) -> None:
    """The TaskRun is deleted, and nobody shall get its latest attempt any more."""
    place = context.txn.get(_mark(context.tenant, task_run_id))
    if place is not None:
        context.txn.delete(place)
    settled(context, task_run_id, number)


def withdraw(context: Context, node: str, nonce: bytes, stream: int) -> None:
    """The stream has ended: none of its tickets waits any longer."""
    _drop_tickets(context, lambda it: it.node == node and it.nonce == nonce and it.ticket.stream == stream)


def drop_node(context: Context, node: str, nonce: bytes) -> None:
    """No ticket of that process waits any longer."""
    _drop_tickets(context, lambda it: it.node == node and it.nonce == nonce)


def drop_all(context: Context) -> None:
    """A new term: nodes hand in again what their streams still wait for."""
    _drop_tickets(context, lambda _: True)


def settled(context: Context, task_run_id: TaskRunId, number: int) -> bytes | None:
    """The attempt was delivered, or it is over: whoever has it needs no care any more.

    Returns the QueuedAttempt that was kept, serialised, since hardly anybody reads it.
    """
    key = _assigned_key(context.tenant, task_run_id, number)
    raw = context.txn.get(key)
    if raw is None:
        return None
    context.txn.delete(key)
    return raw


def undelivered(context: Context, node: str, nonce: bytes) -> list[QueuedAttempt]:
    """The attempts that were assigned to that process and that it has not said to have delivered."""
    found = (ASSIGNED.parse(raw) for _, raw in context.txn.scan(keys.ASSIGNED, keys.after(keys.ASSIGNED)))
    return [queued for queued in found if queued.ticket.node == node and queued.ticket.nonce == nonce]


def delivery(task_run: TaskRun, queued: QueuedAttempt) -> Delivery:
    """The effect that hands the latest attempt to the ticket it was assigned to."""
    waiting = queued.ticket
    ticket = waiting.ticket
    return Delivery(waiting.node, waiting.nonce, ticket.stream, ticket.number, queued.attempt, task_run)


def _offer(context: Context, task_run: TaskRun, queued: QueuedAttempt) -> None:
    prefix = _queue(keys.TICKET, context.tenant, task_run.task_def_id.name)
    found = context.first(prefix, keys.after(prefix))
    if found is None:
        key = _queue(keys.TASK_QUEUE, context.tenant, task_run.task_def_id.name) + queued.place
        context.txn.put(key, queued.SerializeToString(deterministic=True))
        context.txn.put(_mark(context.tenant, task_run.id), key)
        return
    waiting = TICKETS.parse(found[1])
    context.txn.delete(found[0])
    _assign(context, task_run, queued, waiting)


def _assign(context: Context, task_run: TaskRun, queued: QueuedAttempt, waiting: WaitingTicket) -> None:
    ticket = waiting.ticket
    attempt = task_run.attempts[-1]
    state.set_status(task_run, TASK_RUNNING)
    set_timestamp(attempt.start_time, context.now_ms)
    attempt.task_worker_id = ticket.worker_id
    if ticket.HasField("worker_version"):
        attempt.task_worker_version = ticket.worker_version
    state.start_timeout(context, task_run)
    context.save(TASK_RUNS, task_run_key(context.tenant, task_run.id), task_run)
    queued.ticket.CopyFrom(waiting)
    ref = queued.attempt
    key = _assigned_key(context.tenant, ref.task_run_id, ref.attempt_number)
    context.txn.put(key, queued.SerializeToString(deterministic=True))
    context.deliveries.append(delivery(task_run, queued))


def _keep(context: Context, waiting: WaitingTicket) -> None:
    key = _queue(keys.TICKET, waiting.ticket.tenant, waiting.ticket.task_def) + _place(context)
    context.txn.put(key, waiting.SerializeToString(deterministic=True))


def _scheduled(context: Context, ref: AttemptRef) -> TaskRun:
    task_run = state.load(context, ref)
    if task_run is None or task_run.status != TASK_SCHEDULED or ref.attempt_number != len(task_run.attempts) - 1:
        raise AssertionError(f"the queue holds attempt {ref.attempt_number} of a TaskRun that does not wait")
    return task_run


def _mark(tenant: str, task_run_id: TaskRunId) -> bytes:
    """Where the WfRun keeps the place in the queue of what waits."""
    return keys.wf_run(tenant, task_run_id.wf_run_id) + keys.PART_QUEUED_TASK + keys.text(task_run_id.task_guid)


def _drop_tickets(context: Context, is_void: Callable[[WaitingTicket], bool]) -> None:
    """Looks at every ticket that waits: rare, and there are no more of them than workers' requests."""
    for key, raw in list(context.txn.scan(keys.TICKET, keys.after(keys.TICKET))):
        if is_void(TICKETS.parse(raw)):
            context.txn.delete(key)


def _place(context: Context) -> bytes:
    """A place at the end of every queue."""
    return keys.long(context.index) + keys.number(context.next_number())


def _queue(table: bytes, tenant: str, task_def: str) -> bytes:
    return table + keys.text(tenant) + keys.text(task_def)


def _assigned_key(tenant: str, task_run_id: TaskRunId, number: int) -> bytes:
    run = keys.text(tenant) + keys.text(keys.wf_run_text(task_run_id.wf_run_id))
    return keys.ASSIGNED + run + keys.text(task_run_id.task_guid) + keys.number(number)
