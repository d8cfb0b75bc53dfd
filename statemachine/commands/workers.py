"""What task workers ask: RegisterTaskWorker, their heartbeat, is answered with the nodes that they shall poll."""

from konik.api.pb.internal_pb2 import ConfigureCluster
from konik.api.pb.security_pb2 import ACL_TASK, ACL_WORKFLOW, READ
from konik.api.pb.task_requests_pb2 import (
    LHHostInfo,
    PollTaskRequest,
    RegisterTaskWorkerRequest,
    RegisterTaskWorkerResponse,
    TaskWorkerGroup,
)
from konik.statemachine import limits
from konik.statemachine.cluster_config import members
from konik.statemachine.context import Context
from konik.statemachine.registry import command, stream
from konik.statemachine.rejection import invalid
from konik.statemachine.tables import TASK_WORKER_GROUPS, task_worker_group_key
from konik.statemachine.timestamps import milliseconds, set_timestamp

stream("PollTask", PollTaskRequest, (ACL_TASK, READ))


def check_poll(request: PollTaskRequest) -> None:
    """Raises Rejection, INVALID_ARGUMENT, for a request for a task that no ticket can be made of."""
    _check_text("client_id", request.client_id)
    _check_text("task_def_id", request.task_def_id.name)
    _check_text("task_worker_version", request.task_worker_version)


def _check_text(what: str, text: str) -> None:
    size = len(text.encode())
    if size > limits.WORKER_TEXT_BYTES_MAX:
        raise invalid(f"{what} has {size} bytes; {limits.WORKER_TEXT_BYTES_MAX} at most")


@command("RegisterTaskWorker", RegisterTaskWorkerRequest, (ACL_WORKFLOW, READ))
def register_task_worker(context: Context, request: RegisterTaskWorkerRequest) -> RegisterTaskWorkerResponse:
    """Every worker polls every node: so it loses no more than the streams of a node that dies."""
    _check_text("task_worker_id", request.task_worker_id)
    hosts = _hosts(members(context.txn))
    key = task_worker_group_key(context.tenant, request.task_def_id.name)
    group = context.load(TASK_WORKER_GROUPS, key) or _new_group(context, request)
    for silent in _silent(context, group):
        del group.task_workers[silent]
    worker = group.task_workers[request.task_worker_id]
    worker.task_worker_id = request.task_worker_id
    set_timestamp(worker.latest_heartbeat, context.now_ms)
    for each in group.task_workers.values():
        del each.hosts[:]
        each.hosts.extend(hosts)
    context.save(TASK_WORKER_GROUPS, key, group)
    return RegisterTaskWorkerResponse(your_hosts=hosts, is_cluster_healthy=True)


def _hosts(cluster: ConfigureCluster) -> list[LHHostInfo]:
    """In the order of the nodes' ids, whoever leads."""
    ordered = sorted(cluster.members, key=lambda member: member.node)
    return [LHHostInfo(host=member.host, port=member.port) for member in ordered]


def _new_group(context: Context, request: RegisterTaskWorkerRequest) -> TaskWorkerGroup:
    group = TaskWorkerGroup()
    group.id.task_def_id.CopyFrom(request.task_def_id)
    set_timestamp(group.created_at, context.now_ms)
    return group


def _silent(context: Context, group: TaskWorkerGroup) -> list[str]:
    since = context.now_ms - limits.WORKER_SILENT_S_MAX * 1000
    workers = sorted(group.task_workers.items())
    return [id for id, worker in workers if milliseconds(worker.latest_heartbeat) <= since]
