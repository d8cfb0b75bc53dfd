"""Konik for Python: a client that survives the loss of a server, workers, and workflows as programs.

    async with Client("node-1:2023,node-2:2023,node-3:2023") as client:
        await Workflow("greet", greet).register(client)
        await client.run_wf("greet", {"name": "Obi-Wan"})

Everything public is here; the modules behind it are not.
"""

from konik.sdk.client import Client
from konik.sdk.clock import Clock, SystemClock
from konik.sdk.errors import (
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InternalError,
    InvalidArgument,
    KonikError,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RequestError,
    ResourceExhausted,
    TaskException,
    TaskSignatureError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    ValueConversionError,
    WorkflowError,
)
from konik.sdk.ids import task_run_id_text, wf_run_id, wf_run_id_text
from konik.sdk.model import (
    CorrelatedEventConfig,
    ExponentialBackoffRetryPolicy,
    LHErrorType,
    LHStatus,
    TaskStatus,
    VariableType,
    WfRunId,
)
from konik.sdk.tasks import Task, TaskContext, task
from konik.sdk.typedefs import Var
from konik.sdk.values import from_value, to_value
from konik.sdk.worker import Worker
from konik.sdk.workflow import ThreadBuilder, Workflow

__all__ = [
    "AlreadyExists",
    "Client",
    "Clock",
    "CorrelatedEventConfig",
    "DeadlineExceeded",
    "ExponentialBackoffRetryPolicy",
    "FailedPrecondition",
    "InternalError",
    "InvalidArgument",
    "KonikError",
    "LHErrorType",
    "LHStatus",
    "NotFound",
    "OutcomeUnknown",
    "PermissionDenied",
    "RequestError",
    "ResourceExhausted",
    "SystemClock",
    "Task",
    "TaskContext",
    "TaskException",
    "TaskSignatureError",
    "TaskStatus",
    "ThreadBuilder",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "ValueConversionError",
    "Var",
    "VariableType",
    "WfRunId",
    "Worker",
    "Workflow",
    "WorkflowError",
    "from_value",
    "task",
    "task_run_id_text",
    "to_value",
    "wf_run_id",
    "wf_run_id_text",
]
