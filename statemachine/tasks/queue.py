"""Tasks that wait for workers, workers that wait for tasks, and how the two meet.

Per TaskDef either tasks wait or tickets do, never both. When they meet, the very command that brought the second of
them starts the attempt; the node that holds the worker's stream delivers it when it applies that entry.

Until the node says that it has delivered an attempt, the attempt is kept under ASSIGNED. So a node that dies in
between leaves nothing to guess: what is still there was not delivered, what is not there the worker has.

An attempt that waits also has a mark among what belongs to its WfRun, so that it leaves the queue when that is deleted.
"""

from collections.abc import Callable
from functools import lru_cache

from konik.api.pb.enums_pb2 import TASK_RUNNING, TASK_SCHEDULED
from konik.api.pb.ids_pb2 import TaskRunId
from konik.api.pb.internal_pb2 import AttemptRef, QueuedAttempt, Ticket, WaitingTicket
from konik.statemachine import keys
from konik.statemachine.context import Context
from konik.statemachine.tables import ASSIGNED, TASK_QUEUE, TICKETS, task_run_key
from konik.statemachine.tasks import task as tasks
from konik.statemachine.tasks.delivery import Delivery
from konik.statemachine.tasks.task import Task
from konik.statemachine.timestamps import set_timestamp


def offer(task: Task) -> None:
    """The latest attempt of the TaskRun is ready: it goes to the ticket that waits longest, or waits itself."""
    queued = QueuedAttempt()
    attempt = queued.attempt
    attempt.tenant = task.context.tenant
    attempt.task_run_id.CopyFrom(task.task_run.id)
    attempt.attempt_number = task.number
    queued.place = _place(task.context)
    _offer(task, queued)


def put_back(task: Task, queued: QueuedAttempt) -> None:
    """An attempt that no worker has seen takes the place that it had."""
    task.set_status(TASK_SCHEDULED)
    for field in ("start_time", "task_worker_id", "task_worker_version"):
        task.attempt.ClearField(field)
    queued.ClearField("ticket")
    _offer(task, queued)


def take(context: Context, node: str, nonce: bytes, ticket: Ticket) -> None:
    """A worker asks for a task: it gets the one that waits longest, or its ticket waits."""
    waiting = WaitingTicket()
    waiting.ticket.CopyFrom(ticket)
    waiting.node = node
    waiting.nonce = nonce
    prefix = _queue(keys.TASK_QUEUE, ticket.tenant, ticket.task_def)
    found = context.txn.first(prefix, keys.after(prefix))
    if found is None:
        _keep(context, waiting)
        return
    queued = TASK_QUEUE.parse(found[1])
    context.txn.delete(found[0])
    context.txn.delete(_mark(context.tenant, queued.attempt.task_run_id))
    _assign(_scheduled(context, queued.attempt), queued, waiting)


def forget(task: Task) -> None:
    """The TaskRun is deleted, and nobody shall get its latest attempt any more."""
    txn = task.context.txn
    place = txn.get(_mark(task.context.tenant, task.task_run.id))
    if place is not None:
        txn.delete(place)
    settled(task.context, task.attempt_key)


def withdraw(context: Context, node: str, nonce: bytes, stream: int) -> None:
    """The stream has ended: none of its tickets waits any longer."""
    _drop_tickets(context, lambda it: it.node == node and it.nonce == nonce and it.ticket.stream == stream)


def drop_node(context: Context, node: str, nonce: bytes) -> None:
    """No ticket of that process waits any longer."""
    _drop_tickets(context, lambda it: it.node == node and it.nonce == nonce)


def drop_all(context: Context) -> None:
    """A new term: nodes hand in again what their streams still wait for."""
    _drop_tickets(context, lambda _: True)


def delivered(context: Context, ref: AttemptRef) -> bytes | None:
    """As `settled`, for an attempt whose TaskRun is not at hand."""
    return settled(context, task_run_key(context.tenant, ref.task_run_id) + keys.number(ref.attempt_number))


def settled(context: Context, attempt_key: bytes) -> bytes | None:
    """The attempt was delivered, or it is over: whoever has it needs no care any more.

    Returns the QueuedAttempt that was kept, serialised, since hardly anybody reads it.
    """
    key = _assigned_key(attempt_key)
    raw = context.txn.get(key)
    if raw is None:
        return None
    context.txn.delete(key)
    return raw


def undelivered(context: Context, node: str, nonce: bytes) -> list[QueuedAttempt]:
    """The attempts that were assigned to that process and that it has not said to have delivered."""
    found = (ASSIGNED.parse(raw) for _, raw in context.txn.scan(keys.ASSIGNED, keys.after(keys.ASSIGNED)))
    return [queued for queued in found if queued.ticket.node == node and queued.ticket.nonce == nonce]


def delivery(task: Task, queued: QueuedAttempt) -> Delivery:
    """The effect that hands the latest attempt to the ticket it was assigned to."""
    waiting = queued.ticket
    ticket = waiting.ticket
    return Delivery(waiting.node, waiting.nonce, ticket.stream, ticket.number, queued.attempt, task.task_run)


def _offer(task: Task, queued: QueuedAttempt) -> None:
    context, task_def = task.context, task.task_run.task_def_id.name
    prefix = _queue(keys.TICKET, context.tenant, task_def)
    found = context.txn.first(prefix, keys.after(prefix))
    if found is None:
        key = _queue(keys.TASK_QUEUE, context.tenant, task_def) + queued.place
        context.txn.put(key, queued.SerializeToString(deterministic=True))
        context.txn.put(_mark(context.tenant, task.task_run.id), key)
        return
    waiting = TICKETS.parse(found[1])
    context.txn.delete(found[0])
    _assign(task, queued, waiting)


def _assign(task: Task, queued: QueuedAttempt, waiting: WaitingTicket) -> None:
    ticket, attempt, context = waiting.ticket, task.attempt, task.context
    task.set_status(TASK_RUNNING)
    set_timestamp(attempt.start_time, context.now_ms)
    attempt.task_worker_id = ticket.worker_id
    if ticket.HasField("worker_version"):
        attempt.task_worker_version = ticket.worker_version
    task.start_timeout()
    task.save()
    queued.ticket.CopyFrom(waiting)
    context.txn.put(_assigned_key(task.attempt_key), queued.SerializeToString(deterministic=True))
    context.deliveries.append(delivery(task, queued))


def _keep(context: Context, waiting: WaitingTicket) -> None:
    key = _queue(keys.TICKET, waiting.ticket.tenant, waiting.ticket.task_def) + _place(context)
    context.txn.put(key, waiting.SerializeToString(deterministic=True))


def _scheduled(context: Context, ref: AttemptRef) -> Task:
    task = tasks.find(context, ref.task_run_id)
    if task is None or task.task_run.status != TASK_SCHEDULED or ref.attempt_number != task.number:
        raise AssertionError(f"the queue holds attempt {ref.attempt_number} of a TaskRun that does not wait")
    return task


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


@lru_cache(maxsize=1024)
def _queue(table: bytes, tenant: str, task_def: str) -> bytes:
    return table + keys.text(tenant) + keys.text(task_def)


def _assigned_key(attempt_key: bytes) -> bytes:
    return keys.ASSIGNED + attempt_key
