"""TASK: a worker executes a task; the thread waits for the TaskRun to end."""

from konik.api.pb.enums_pb2 import (
    TASK_EXCEPTION,
    TASK_FAILED,
    TASK_INPUT_VAR_SUB_ERROR,
    TASK_OUTPUT_SERDE_ERROR,
    TASK_SUCCESS,
    TASK_TIMEOUT,
    TaskStatus,
)
from konik.api.pb.task_def_pb2 import TaskDef
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.run.failure import NodeFailure
from konik.statemachine.run.node_type import At, NodeType, register
from konik.statemachine.run.variables import Scope
from konik.statemachine.tables import TASK_DEFS, TASK_RUNS, task_def_key, task_run_part
from konik.statemachine.tasks import attempts
from konik.statemachine.tasks.task import OPEN, Task
from konik.statemachine.timestamps import set_timestamp
from konik.statemachine.values.casts import task_input, to_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import evaluate

# How a TaskRun that ended badly shows in the WfRun. An exception brings its own name and message.
_FAILURES: dict[TaskStatus, tuple[str, str]] = {
    TASK_FAILED: ("TASK_FAILURE", "Task execution failed"),
    TASK_TIMEOUT: ("TIMEOUT", "Task timed out"),
    TASK_OUTPUT_SERDE_ERROR: ("VAR_MUTATION_ERROR", "Failed serializing or deserializing Task Output"),
    TASK_INPUT_VAR_SUB_ERROR: ("VAR_SUB_ERROR", "Failed calculating Task Input Variables"),
}


def _arrive(at: At) -> None:
    at.node_run.task.SetInParent()
    node = at.plan.node.task
    scope = Scope(at.run, at.thread)
    task_def = _task_def(at, scope)
    task_run = TaskRun()
    task_run.id.wf_run_id.CopyFrom(at.run.wf_run.id)
    guid = _guid(at)
    task_run.id.task_guid = guid
    task_run.task_def_id.CopyFrom(task_def.id)
    _fill_inputs(at, task_run, task_def, scope)
    task_run.source.task_node.node_run_id.CopyFrom(at.node_run.id)
    task_run.source.wf_spec_id.CopyFrom(at.node_run.wf_spec_id)
    set_timestamp(task_run.scheduled_at, at.run.now_ms)
    task_run.timeout_seconds = node.timeout_seconds
    task_run.total_attempts = 1 + node.retries
    if node.HasField("exponential_backoff"):
        task_run.exponential_backoff.CopyFrom(node.exponential_backoff)
    task_run.attempts.add()
    task = Task(at.run.context, at.run.prefix + task_run_part(guid), task_run)
    attempts.schedule(task)
    task.save()
    at.node_run.task.task_run_id.CopyFrom(task_run.id)
    at.run.save_node_run(at.node_run)


def _task_def(at: At, scope: Scope) -> TaskDef:
    node = at.plan.node.task
    dynamic = node.HasField("dynamic_task")
    name = to_text(evaluate(node.dynamic_task, scope)) if dynamic else node.task_def_id.name
    task_def = at.run.context.definition(TASK_DEFS, task_def_key(at.run.context.tenant, name))
    if task_def is None:
        raise NodeFailure("VAR_SUB_ERROR" if dynamic else "TASK_ERROR", f"there is no TaskDef {name}")
    return task_def


def _fill_inputs(at: At, task_run: TaskRun, task_def: TaskDef, scope: Scope) -> None:
    given = at.plan.node.task.variables
    if len(given) != len(task_def.input_vars):
        raise NodeFailure(
            "VAR_SUB_ERROR",
            f"TaskDef {task_def.id.name} takes {len(task_def.input_vars)} inputs, the node gives {len(given)}",
        )
    for assignment, declared in zip(given, task_def.input_vars, strict=True):
        try:
            value = task_input(evaluate(assignment, scope), declared.type_def)
        except EvaluationError as error:
            raise NodeFailure("VAR_SUB_ERROR", f"Failed calculating input {declared.name}: {error}") from error
        filled = task_run.input_variables.add()
        filled.var_name = declared.name
        filled.value.CopyFrom(value)
        filled.masked = declared.type_def.masked


def _guid(at: At) -> str:
    return f"{at.thread.number}-{at.node_run.id.position}"


def _task_run(at: At) -> TaskRun:
    guid = _guid(at)
    task_run = at.run.context.load(TASK_RUNS, at.run.prefix + task_run_part(guid))
    if task_run is None:
        raise AssertionError(f"the TASK NodeRun {guid} has no TaskRun")
    return task_run


def _proceed(at: At) -> bool:
    at.work = task_run = _task_run(at)
    if task_run.status in OPEN:
        return False
    last = task_run.attempts[-1]
    if task_run.status == TASK_SUCCESS:
        at.node_run.end_time.CopyFrom(last.end_time)
        return True
    if task_run.status == TASK_EXCEPTION:
        raise NodeFailure(last.exception.name, last.exception.message, last.exception.content)
    name, message = _FAILURES[task_run.status]
    raise NodeFailure(name, f"{message}: {last.error.message}" if last.error.message else message)


def _output(at: At) -> VariableValue | None:
    task_run: TaskRun = at.work
    return task_run.attempts[-1].output


def _can_halt(at: At) -> bool:
    """A worker cannot be stopped: the thread stands still once the TaskRun has ended."""
    if not at.node_run.task.HasField("task_run_id"):
        return True
    return _task_run(at).status not in OPEN


register(NodeType("task", arrive=_arrive, proceed=_proceed, output=_output, can_halt=_can_halt, always_waits=True))
