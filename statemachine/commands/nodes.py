"""What nodes tell the machine on their own behalf: tickets of workers, deliveries, and the loss of a node."""

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.internal_pb2 import (
    ConfigureCluster,
    ForgetNode,
    LoseNode,
    OfferTickets,
    QueuedAttempt,
    RaiseVersion,
    ReturnAttempts,
    WithdrawTickets,
)
from konik.api.pb.task_run_pb2 import TaskRun
from konik.statemachine import cluster_config, dedup, keys, term, version
from konik.statemachine.context import Context
from konik.statemachine.entry import Process
from konik.statemachine.registry import internal
from konik.statemachine.tables import ASSIGNED, TASK_RUNS, task_run_key
from konik.statemachine.tasks import attempts, queue, state


@internal("konik.ConfigureCluster", ConfigureCluster)
def configure_cluster(context: Context, request: ConfigureCluster) -> Empty:
    context.txn.put(cluster_config.KEY, request.SerializeToString(deterministic=True))
    return Empty()


@internal("konik.RaiseVersion", RaiseVersion)
def raise_version(context: Context, request: RaiseVersion) -> Empty:
    """What follows is applied by that version. It never falls: what was applied by a later one stays."""
    version.check(request.version, "the log")
    if request.version > version.in_force(context.txn):
        context.txn.put(version.KEY, keys.number(request.version))
    return Empty()


@internal("konik.OfferTickets", OfferTickets)
def offer_tickets(context: Context, request: OfferTickets) -> Empty:
    """Tickets of an earlier term are void: their node has handed them in again, or will when it learns of the term."""
    for ref in request.delivered:
        context.enter(ref.tenant)
        queue.settled(context, ref.task_run_id, ref.attempt_number)
    if request.term == term.current(context.txn):
        for ticket in request.tickets:
            context.enter(ticket.tenant)
            queue.take(context, request.node, request.nonce, ticket)
    return Empty()


@internal("konik.WithdrawTickets", WithdrawTickets)
def withdraw_tickets(context: Context, request: WithdrawTickets) -> Empty:
    if request.stream:
        queue.withdraw(context, request.node, request.nonce, request.stream)
    else:
        queue.drop_node(context, request.node, request.nonce)
    return Empty()


@internal("konik.ReturnAttempts", ReturnAttempts)
def return_attempts(context: Context, request: ReturnAttempts) -> Empty:
    """The same attempts are offered again, each at its old place: no worker has seen them."""
    for ref in request.attempts:
        context.enter(ref.tenant)
        kept = queue.settled(context, ref.task_run_id, ref.attempt_number)
        task_run = state.load(context, ref)
        if kept is None or task_run is None or state.running(task_run, ref.attempt_number) is None:
            continue
        state.stop_timeout(context, task_run)
        queue.put_back(context, task_run, ASSIGNED.parse(kept))
        _save(context, task_run)
    return Empty()


@internal("konik.LoseNode", LoseNode)
def lose_node(context: Context, request: LoseNode) -> Empty:
    """The process is out of reach: its tickets are void, and what it has not delivered is tried again at once.

    Its results are kept. When it can be reached again its callers get them, and its workers' requests come anew.
    """
    _lose(context, Process(request.node, request.nonce))
    return Empty()


@internal("konik.ForgetNode", ForgetNode)
def forget_node(context: Context, request: ForgetNode) -> Empty:
    """The process has ended: nobody waits for its results, and what may still come of it is refused."""
    dedup.end_session(context.txn, request.node, request.nonce)
    _lose(context, Process(request.node, request.nonce))
    return Empty()


def _lose(context: Context, process: Process) -> None:
    context.lost = process
    queue.drop_node(context, process.node, process.nonce)
    for queued in queue.undelivered(context, process.node, process.nonce):
        context.enter(queued.attempt.tenant)
        _lose_attempt(context, queued, process.node)


def _lose_attempt(context: Context, queued: QueuedAttempt, node: str) -> None:
    ref = queued.attempt
    queue.settled(context, ref.task_run_id, ref.attempt_number)
    task_run = state.load(context, ref)
    if task_run is not None and state.running(task_run, ref.attempt_number) is not None:
        attempts.lost(context, task_run, f"node {node} was lost before it handed the task to the worker")
        _save(context, task_run)


def _save(context: Context, task_run: TaskRun) -> None:
    context.save(TASK_RUNS, task_run_key(context.tenant, task_run.id), task_run)
