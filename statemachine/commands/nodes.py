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
from konik.statemachine import cluster_config, dedup, keys, term, version
from konik.statemachine.context import Context
from konik.statemachine.entry import Process
from konik.statemachine.registry import internal
from konik.statemachine.tables import ASSIGNED
from konik.statemachine.tasks import attempts, queue
from konik.statemachine.tasks import task as tasks


@internal("konik.ConfigureCluster", ConfigureCluster)
def configure_cluster(context: Context, request: ConfigureCluster) -> Empty:
    context.txn.put(cluster_config.KEY, request.SerializeToString(deterministic=True))
    return Empty()


@internal("konik.RaiseVersion", RaiseVersion)
def raise_version(context: Context, request: RaiseVersion) -> Empty:
    """What follows is applied by that version. It never falls: what was applied by a later one stays."""
    version.check(request.version, context.known, "the log")
    if request.version > version.in_force(context.txn):
        context.txn.put(version.KEY, keys.number(request.version))
    return Empty()


@internal("konik.OfferTickets", OfferTickets)
def offer_tickets(context: Context, request: OfferTickets) -> Empty:
    """Tickets of an earlier term are void: their node has handed them in again, or will when it learns of the term."""
    for ref in request.delivered:
        context.enter(ref.tenant)
        queue.delivered(context, ref)
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
        kept = queue.delivered(context, ref)
        task = tasks.find(context, ref.task_run_id)
        if kept is None or task is None or not task.is_running(ref.attempt_number):
            continue
        task.stop_timeout()
        queue.put_back(task, ASSIGNED.parse(kept))
        task.save()
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
    queue.delivered(context, ref)
    task = tasks.find(context, ref.task_run_id)
    if task is not None and task.is_running(ref.attempt_number):
        attempts.lost(task, f"node {node} was lost before it handed the task to the worker")
        task.save()
