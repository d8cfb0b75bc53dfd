"""Task functions: what their signature says to the cluster, and how one attempt becomes a report.

Here is no network: `Task.run` takes a ScheduledTask and returns the ReportTaskRun. Whatever the function does, there is
a report; only cancellation (the worker is shutting down) is not turned into one, since it says nothing about the task.
"""

import asyncio
import inspect
import logging
import traceback
import typing
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, ParamSpec, TypeVar, overload

from konik.api.pb.enums_pb2 import LHErrorType, TaskStatus
from konik.api.pb.expressions_pb2 import VariableDef
from konik.api.pb.ids_pb2 import NodeRunId, TaskRunId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.api.pb.task_requests_pb2 import ReportTaskRun, ScheduledTask
from konik.api.pb.task_run_pb2 import LHTaskError, LHTaskException
from konik.api.pb.values_pb2 import ReturnType
from konik.sdk.errors import TaskException, TaskSignatureError, ValueConversionError
from konik.sdk.ids import task_run_id_text, wf_run_id_text
from konik.sdk.typedefs import remarks, type_definition
from konik.sdk.values import from_value, to_value

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class TaskContext:
    """What a task function may ask about the attempt that it runs in; a parameter of this type receives it."""

    def __init__(self, scheduled: ScheduledTask) -> None:
        self._scheduled = scheduled
        self._log: list[str] = []

    @property
    def wf_run_id(self) -> str:
        """The run's id as text (`parent_child`)."""
        return wf_run_id_text(self._scheduled.task_run_id.wf_run_id)

    @property
    def task_run_id(self) -> TaskRunId:
        return self._scheduled.task_run_id

    @property
    def node_run_id(self) -> NodeRunId:
        """The node run that asked for the task."""
        source = self._scheduled.source
        if source.HasField("user_task_trigger"):
            return source.user_task_trigger.node_run_id
        return source.task_node.node_run_id

    @property
    def attempt_number(self) -> int:
        """0 for the first attempt."""
        return self._scheduled.attempt_number

    @property
    def scheduled_time(self) -> datetime:
        """When this attempt was scheduled, in UTC."""
        return self._scheduled.created_at.ToDatetime(tzinfo=UTC)

    @property
    def idempotency_key(self) -> str:
        """`<wfRunId>/<taskGuid>`: unique in the cluster, and the same for every attempt of the task."""
        return task_run_id_text(self._scheduled.task_run_id)

    def log(self, entry: object) -> None:
        """Adds a line to the log output that is kept with the attempt."""
        self._log.append(str(entry))

    @property
    def log_output(self) -> str:
        return "\n".join(self._log)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a task function; `variable` is None for the TaskContext."""

    name: str
    annotation: Any
    variable: VariableDef | None


class Task(Generic[P, R]):
    """A task function with its name. Calling it calls the function, so it can be tested like any other.

    Raises TaskSignatureError when the signature cannot be described to the cluster.
    """

    def __init__(self, function: Callable[P, R], name: str | None = None, description: str | None = None) -> None:
        self.function = function
        self.name = name or function.__name__.replace("_", "-")
        self.description = description or inspect.getdoc(function)
        self.is_async = inspect.iscoroutinefunction(function)
        self.parameters = _parameters(function)
        self._returns = typing.get_type_hints(function, include_extras=True).get("return", object)
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def definition(self) -> PutTaskDefRequest:
        """The request that registers the task. A function without a return annotation may return anything."""
        request = PutTaskDefRequest(name=self.name, description=self.description)
        request.input_vars.extend(p.variable for p in self.parameters if p.variable is not None)
        if self._returns not in (object, Any, None, type(None)):
            request.return_type.CopyFrom(ReturnType(return_type=type_definition(self._returns)))
        return request

    async def run(self, scheduled: ScheduledTask, executor: Executor | None = None) -> ReportTaskRun:
        """Runs one attempt, a plain function in `executor` so that it blocks nobody else, and gives its report."""
        report = ReportTaskRun(task_run_id=scheduled.task_run_id, attempt_number=scheduled.attempt_number)
        context = TaskContext(scheduled)
        try:
            arguments = self._arguments(scheduled, context)
        except ValueConversionError as error:
            _refuse(report, TaskStatus.TASK_INPUT_VAR_SUB_ERROR, LHErrorType.VAR_SUB_ERROR, error)
        else:
            await self._run(arguments, context, report, executor)
        if context.log_output:
            report.log_output.str = context.log_output
        report.time.GetCurrentTime()
        return report

    async def _run(
        self, arguments: list[Any], context: TaskContext, report: ReportTaskRun, executor: Executor | None
    ) -> None:
        try:
            result = await self._invoke(arguments, executor)
        except TaskException as exception:
            _except(report, exception)
            return
        except Exception as error:
            log.warning("task %s failed: %s", context.idempotency_key, error, exc_info=error)
            context.log("".join(traceback.format_exception(error)))
            _refuse(report, TaskStatus.TASK_FAILED, LHErrorType.TASK_FAILURE, error)
            return
        try:
            report.output.CopyFrom(to_value(result))
        except ValueConversionError as error:
            _refuse(report, TaskStatus.TASK_OUTPUT_SERDE_ERROR, LHErrorType.VAR_MUTATION_ERROR, error)
        else:
            report.status = TaskStatus.TASK_SUCCESS

    async def _invoke(self, arguments: list[Any], executor: Executor | None) -> Any:
        function: Callable[..., Any] = self.function
        if self.is_async:
            return await function(*arguments)
        loop, variables = asyncio.get_running_loop(), copy_context()
        return await loop.run_in_executor(executor, lambda: variables.run(function, *arguments))

    def _arguments(self, scheduled: ScheduledTask, context: TaskContext) -> list[Any]:
        """The cluster sends every input variable of the TaskDef, in its order."""
        expected = sum(parameter.variable is not None for parameter in self.parameters)
        if len(scheduled.variables) != expected:
            raise ValueConversionError(
                f"{self.name} takes {expected} variables, but the TaskDef has {len(scheduled.variables)}; "
                "register the TaskDef anew under another name, or bring the function in line with it"
            )
        variables = iter(scheduled.variables)
        return [
            context if p.variable is None else _argument(next(variables).value, p, self.name) for p in self.parameters
        ]


def _argument(value: Any, parameter: Parameter, task: str) -> Any:
    try:
        return from_value(value, parameter.annotation)
    except ValueConversionError as error:
        raise ValueConversionError(f"{task}({parameter.name}): {error}") from error


def _except(report: ReportTaskRun, exception: TaskException) -> None:
    try:
        content = to_value(exception.content)
    except ValueConversionError as error:
        _refuse(report, TaskStatus.TASK_OUTPUT_SERDE_ERROR, LHErrorType.VAR_MUTATION_ERROR, error)
        return
    report.status = TaskStatus.TASK_EXCEPTION
    report.exception.CopyFrom(LHTaskException(name=exception.name, message=exception.message, content=content))


def _refuse(report: ReportTaskRun, status: TaskStatus, kind: LHErrorType, error: Exception) -> None:
    report.status = status
    report.error.CopyFrom(LHTaskError(type=kind, message=str(error) or type(error).__name__))


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    hints = typing.get_type_hints(function, include_extras=True)
    answer = [_parameter(function.__name__, each, hints) for each in inspect.signature(function).parameters.values()]
    if sum(parameter.variable is None for parameter in answer) > 1:
        raise TaskSignatureError(f"{function.__name__} has more than one TaskContext parameter; keep one")
    return answer


def _parameter(function: str, parameter: inspect.Parameter, hints: dict[str, Any]) -> Parameter:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TaskSignatureError(f"{function}({parameter}): a task takes a fixed list of positional parameters")
    if name not in hints:
        raise TaskSignatureError(f"{function}({name}) has no annotation; a TaskDef needs the type of every parameter")
    annotation = hints[name]
    if annotation is TaskContext:
        return Parameter(name, annotation, None)
    variable = VariableDef(name=remarks(annotation).name or name, type_def=type_definition(annotation))
    return Parameter(name, annotation, variable)


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(*, name: str | None = None, description: str | None = None) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(
    function: Callable[P, R] | None = None, /, *, name: str | None = None, description: str | None = None
) -> Task[P, R] | Callable[[Callable[P, R]], Task[P, R]]:
    """Makes a plain or async function a task: `@task`, or `@task(name="…")`.

    The name is the function's, with dashes for underscores, unless given; the docstring becomes the description.
    """
    if function is not None:
        return Task(function)
    return lambda decorated: Task(decorated, name, description)
