"""ReportTask, and the timers of attempts."""

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from konik.api.pb.enums_pb2 import (
    TASK_EXCEPTION,
    TASK_OUTPUT_SERDE_ERROR,
    TASK_PENDING,
    TASK_SCHEDULED,
    TASK_SUCCESS,
    TASK_TIMEOUT,
    VAR_SUB_ERROR,
    LHErrorType,
    TaskStatus,
)
from konik.api.pb.ids_pb2 import TaskRunId
from konik.api.pb.internal_pb2 import AttemptRef
from konik.api.pb.security_pb2 import ACL_TASK, RUN
from konik.api.pb.task_requests_pb2 import ReportTaskRun
from konik.api.pb.task_run_pb2 import TaskAttempt
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine import limits, timers
from konik.statemachine.context import Context
from konik.statemachine.registry import command
from konik.statemachine.rejection import invalid
from konik.statemachine.run import advance
from konik.statemachine.run import run as runs
from konik.statemachine.tables import TASK_DEFS, task_def_key
from konik.statemachine.tasks import attempts
from konik.statemachine.tasks import task as tasks
from konik.statemachine.tasks.task import FINAL, Task
from konik.statemachine.timestamps import milliseconds
from konik.statemachine.values.errors import InvalidValue, MalformedJson, NotBuilt
from konik.statemachine.values.ingest import ingest


@command("ReportTask", ReportTaskRun, (ACL_TASK, RUN))
def report_task(context: Context, request: ReportTaskRun) -> Empty:
    """A worker has finished an attempt. A report of an attempt that is over already is accepted and ignored."""
    task = tasks.find(context, request.task_run_id)
    if task is None:
        raise invalid("there is no such TaskRun: was its WfRun deleted?")
    if not 0 <= request.attempt_number <= task.number:
        raise invalid(f"the TaskRun has {task.number + 1} attempts, none with number {request.attempt_number}")
    status = _status(request)
    if task.is_running(request.attempt_number):
        _finish(task, _record(task, request, status), _ended_ms(context, request))
    return Empty()


def _ended_ms(context: Context, request: ReportTaskRun) -> int:
    """When the attempt ended by the worker's clock; now, if that says nothing that can be."""
    ended_ms = milliseconds(request.time)
    return ended_ms if 0 < ended_ms <= limits.TIME_MS_MAX else context.now_ms


def _status(request: ReportTaskRun) -> TaskStatus:
    """What the report says. A worker of the Go SDK that returns nothing reports status 0, without a result."""
    if request.status == TASK_SCHEDULED and request.WhichOneof("result") is None:
        return TASK_SUCCESS
    if request.status not in FINAL:
        raise invalid(f"an attempt cannot end with status {request.status}")
    if request.status == TASK_EXCEPTION and not request.HasField("exception"):
        raise invalid("a report of TASK_EXCEPTION must carry the exception")
    return request.status


def _record(task: Task, request: ReportTaskRun, status: TaskStatus) -> TaskStatus:
    """Stores the result. An output that cannot be used makes the attempt end differently from what was reported."""
    context, task_run, attempt = task.context, task.task_run, task.attempt
    task_def = context.definition(TASK_DEFS, task_def_key(context.tenant, task_run.task_def_id.name))
    declared = None
    if task_def is not None and task_def.return_type.HasField("return_type"):
        declared = task_def.return_type.return_type
        attempt.masked_value = declared.masked
    if _too_large(task, request):
        return _unusable(attempt, LHErrorType.TASK_ERROR, "RESOURCE_EXHAUSTED: the report is too large to be stored")
    if request.HasField("log_output"):
        attempt.log_output.CopyFrom(_storable(request.log_output, "log_output"))
    result = request.WhichOneof("result")
    if result == "exception":
        attempt.exception.CopyFrom(request.exception)
        attempt.exception.content.CopyFrom(_storable(request.exception.content, "content"))
    elif result == "error":
        attempt.error.CopyFrom(request.error)
    elif status == TASK_SUCCESS or result == "output":
        try:
            attempt.output.CopyFrom(ingest(request.output, declared if status == TASK_SUCCESS else None, "output"))
        except MalformedJson as error:
            return _unusable(attempt, VAR_SUB_ERROR, str(error))
        except InvalidValue as error:
            return _unusable(attempt, VAR_SUB_ERROR, f"Task output incompatible with declared return type: {error}")
        except NotBuilt as error:
            return _unusable(attempt, VAR_SUB_ERROR, f"{error} is not implemented by this server yet")
    return status


def _storable(value: VariableValue, what: str) -> VariableValue:
    """The value, or a text that says why it cannot be kept: a report does not fail for what only accompanies it."""
    try:
        return ingest(value, None, what)
    except (InvalidValue, NotBuilt) as error:
        return VariableValue(str=f"{what} could not be stored: {error}")


def _too_large(task: Task, request: ReportTaskRun) -> bool:
    stored = task.context.stored_bytes(task.key)
    return stored + request.ByteSize() > limits.OBJECT_BYTES_MAX - limits.TASK_RUN_MARGIN_BYTES


def _unusable(attempt: TaskAttempt, type: LHErrorType, message: str) -> TaskStatus:
    attempt.error.type = type
    attempt.error.message = message
    if type == LHErrorType.TASK_ERROR:
        attempt.log_output.CopyFrom(VariableValue(str=message))
    return TASK_OUTPUT_SERDE_ERROR


def _finish(task: Task, status: TaskStatus, ended_ms: int) -> None:
    attempts.end(task, status, ended_ms)
    task.save()
    run = runs.find(task.context, task.task_run.id.wf_run_id)
    if run is not None:
        advance.advance(run)


@timers.on("task_timeout")
def _task_timed_out(context: Context, subject: Message, created_ms: int) -> None:
    assert isinstance(subject, AttemptRef)
    task = tasks.find(context, subject.task_run_id)
    if task is None or milliseconds(task.task_run.scheduled_at) != created_ms:
        return
    if task.is_running(subject.attempt_number) and task.is_timed_out_at(context.now_ms):
        _finish(task, TASK_TIMEOUT, context.now_ms)


@timers.on("task_retry")
def _retry_is_due(context: Context, subject: Message, created_ms: int) -> None:
    assert isinstance(subject, TaskRunId)
    task = tasks.find(context, subject)
    if task is None or milliseconds(task.task_run.scheduled_at) != created_ms or task.task_run.status != TASK_PENDING:
        return
    attempts.schedule(task)
    task.save()
