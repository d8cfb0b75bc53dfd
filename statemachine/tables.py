"""The objects of the state: which message each table holds, and under which key."""

from collections.abc import Callable
from functools import lru_cache
from typing import Generic, TypeVar

from google.protobuf.message import Message

from konik.api.pb.external_event_pb2 import CorrelatedEvent, ExternalEvent, ExternalEventDef
from konik.api.pb.ids_pb2 import (
    CorrelatedEventId,
    ExternalEventId,
    NodeRunId,
    TaskRunId,
    VariableId,
    WfRunId,
    WfSpecId,
)
from konik.api.pb.internal_pb2 import QueuedAttempt, Timer, WaitingTicket
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.security_pb2 import Principal
from konik.api.pb.task_def_pb2 import TaskDef
from konik.api.pb.task_requests_pb2 import TaskWorkerGroup
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import WfRun
from konik.api.pb.wf_spec_pb2 import WfSpec
from konik.api.pb.workflow_event_pb2 import WorkflowEventDef
from konik.statemachine import keys

M = TypeVar("M", bound=Message)


class Table(Generic[M]):
    """One kind of object. Tables compare by identity."""

    __slots__ = ("message", "parse")

    def __init__(self, message: type[M]) -> None:
        self.message = message
        self.parse: Callable[[bytes], M] = message.FromString


PRINCIPALS = Table(Principal)
TASK_DEFS = Table(TaskDef)
EXTERNAL_EVENT_DEFS = Table(ExternalEventDef)
WORKFLOW_EVENT_DEFS = Table(WorkflowEventDef)
WF_SPECS = Table(WfSpec)
DELETED_WF_SPECS = Table(WfSpec)
TASK_WORKER_GROUPS = Table(TaskWorkerGroup)
WF_RUNS = Table(WfRun)
NODE_RUNS = Table(NodeRun)
TASK_RUNS = Table(TaskRun)
VARIABLES = Table(Variable)
EXTERNAL_EVENTS = Table(ExternalEvent)
CORRELATED_EVENTS = Table(CorrelatedEvent)
TIMERS = Table(Timer)
TASK_QUEUE = Table(QueuedAttempt)
ASSIGNED = Table(QueuedAttempt)
TICKETS = Table(WaitingTicket)


def tenant_key(tenant: str) -> bytes:
    return keys.TENANT + keys.text(tenant)


def principal_key(principal: str) -> bytes:
    return keys.PRINCIPAL + keys.text(principal)


def task_def_key(tenant: str, name: str) -> bytes:
    return keys.TASK_DEF + keys.text(tenant) + keys.text(name)


def external_event_def_key(tenant: str, name: str) -> bytes:
    return keys.EXTERNAL_EVENT_DEF + keys.text(tenant) + keys.text(name)


def workflow_event_def_key(tenant: str, name: str) -> bytes:
    return keys.WORKFLOW_EVENT_DEF + keys.text(tenant) + keys.text(name)


def wf_spec_prefix(tenant: str, name: str) -> bytes:
    """All versions of one WfSpec, the latest first."""
    return keys.WF_SPEC + keys.text(tenant) + keys.text(name)


def wf_spec_key(tenant: str, wf_spec_id: WfSpecId) -> bytes:
    """Neither number may be negative; no stored WfSpec has such a version."""
    return _wf_spec_key(tenant, wf_spec_id.name, wf_spec_id.major_version, wf_spec_id.revision)


@lru_cache(maxsize=1024)
def _wf_spec_key(tenant: str, name: str, major: int, revision: int) -> bytes:
    return wf_spec_prefix(tenant, name) + keys.descending(major) + keys.descending(revision)


def deleted_wf_spec_key(live: bytes) -> bytes:
    """Where the WfSpec under the key `live` goes when it is deleted: the WfRuns that it started still need it."""
    return keys.DELETED_WF_SPEC + live.removeprefix(keys.WF_SPEC)


def task_worker_group_key(tenant: str, task_def: str) -> bytes:
    return keys.TASK_WORKER_GROUP + keys.text(tenant) + keys.text(task_def)


def wf_run_key(tenant: str, wf_run_id: WfRunId) -> bytes:
    return keys.wf_run(tenant, wf_run_id) + keys.PART_WF_RUN


@lru_cache(maxsize=4096)
def node_run_part(thread: int, position: int) -> bytes:
    return keys.PART_NODE_RUN + keys.number(thread) + keys.number(position)


def node_run_key(tenant: str, node_run_id: NodeRunId) -> bytes:
    part = node_run_part(node_run_id.thread_run_number, node_run_id.position)
    return keys.wf_run(tenant, node_run_id.wf_run_id) + part


@lru_cache(maxsize=4096)
def task_run_part(guid: str) -> bytes:
    return keys.PART_TASK_RUN + keys.text(guid)


def task_run_key(tenant: str, task_run_id: TaskRunId) -> bytes:
    return keys.wf_run(tenant, task_run_id.wf_run_id) + task_run_part(task_run_id.task_guid)


@lru_cache(maxsize=4096)
def variable_part(thread: int, name: str) -> bytes:
    return keys.PART_VARIABLE + keys.number(thread) + keys.text(name)


def variable_key(tenant: str, variable_id: VariableId) -> bytes:
    part = variable_part(variable_id.thread_run_number, variable_id.name)
    return keys.wf_run(tenant, variable_id.wf_run_id) + part


def external_event_part(event_def: str, guid: str) -> bytes:
    return keys.PART_EXTERNAL_EVENT + keys.text(event_def) + keys.text(guid)


def external_event_key(tenant: str, event_id: ExternalEventId) -> bytes:
    part = external_event_part(event_id.external_event_def_id.name, event_id.guid)
    return keys.wf_run(tenant, event_id.wf_run_id) + part


def correlated_event_key(tenant: str, event_id: CorrelatedEventId) -> bytes:
    return _correlation(keys.CORRELATED_EVENT, tenant, event_id.external_event_def_id.name, event_id.key)


def correlation_waiters_prefix(tenant: str, event_def: str, key: str) -> bytes:
    """All NodeRuns that wait for a correlated event of that key."""
    return _correlation(keys.CORRELATION_WAITER, tenant, event_def, key)


def _correlation(table: bytes, tenant: str, event_def: str, key: str) -> bytes:
    return table + keys.text(tenant) + keys.text(event_def) + keys.text(key)
