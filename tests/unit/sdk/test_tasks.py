"""What a task function's signature says, and what becomes of an attempt."""

import asyncio
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest

from konik.api.pb.enums_pb2 import LHErrorType, TaskStatus, VariableType
from konik.api.pb.ids_pb2 import NodeRunId, TaskRunId, WfRunId
from konik.api.pb.task_requests_pb2 import ReportTaskRun, ScheduledTask
from konik.api.pb.task_run_pb2 import TaskNodeReference, TaskRunSource, VarNameAndVal
from konik.api.pb.values_pb2 import VariableValue
from konik.sdk import Task, TaskContext, TaskException, TaskSignatureError, Var, task, to_value


@dataclass
class Order:
    amount: int


def scheduled(*values: object) -> ScheduledTask:
    return ScheduledTask(
        task_run_id=TaskRunId(wf_run_id=WfRunId(id="child", parent_wf_run_id=WfRunId(id="parent")), task_guid="0-1"),
        attempt_number=2,
        variables=[VarNameAndVal(var_name=f"v{i}", value=to_value(value)) for i, value in enumerate(values)],
        source=TaskRunSource(task_node=TaskNodeReference(node_run_id=NodeRunId(position=1))),
        created_at=datetime(2024, 1, 2, tzinfo=UTC),
    )


def run(target: Task[..., Any], *values: object) -> ReportTaskRun:
    return asyncio.run(target.run(scheduled(*values)))


def test_the_definition_follows_the_annotations() -> None:
    @task
    def charge_card(
        who: str, ssn: Annotated[str, Var("social", masked=True)], order: Order, at: datetime | None, ctx: TaskContext
    ) -> Annotated[Decimal, Var(masked=True)]:
        """Charges a card."""
        raise AssertionError

    request = charge_card.definition()
    assert request.name == "charge-card"
    assert request.description == "Charges a card."
    assert [(v.name, v.type_def.primitive_type, v.type_def.masked) for v in request.input_vars] == [
        ("who", VariableType.STR, False),
        ("social", VariableType.STR, True),
        ("order", VariableType.JSON_OBJ, False),
        ("at", VariableType.TIMESTAMP, False),
    ]
    assert request.return_type.return_type.primitive_type == VariableType.STR
    assert request.return_type.return_type.masked


def test_a_task_without_a_result_declares_none() -> None:
    @task(name="quiet")
    async def anything() -> None: ...

    assert anything.definition().name == "quiet"
    assert not anything.definition().HasField("return_type")


def test_a_task_is_still_the_function() -> None:
    @task
    def double(x: int) -> int:
        return 2 * x

    assert double(4) == 8


def variadic(*args: int) -> None: ...
def keyword_only(*, x: int) -> None: ...
def unannotated(x): ...  # noqa: ANN001
def two_contexts(a: TaskContext, b: TaskContext) -> None: ...
def untypable(x: object) -> None: ...
def ambiguous(x: int | str) -> None: ...


@pytest.mark.parametrize(
    ("function", "part"),
    [
        (variadic, "fixed list"),
        (keyword_only, "fixed list"),
        (unannotated, "no annotation"),
        (two_contexts, "more than one TaskContext"),
        (untypable, "no VariableType"),
        (ambiguous, "no single VariableType"),
    ],
)
def test_a_signature_that_a_task_def_cannot_hold_is_refused(function: Any, part: str) -> None:
    with pytest.raises(TaskSignatureError, match=part):
        task(function)


def test_a_result_is_reported_as_success() -> None:
    @task
    async def total(order: Order, extra: int) -> int:
        return order.amount + extra

    report = run(total, {"amount": 5}, 2)
    assert report.status == TaskStatus.TASK_SUCCESS
    assert report.output == VariableValue(int=7)
    assert report.task_run_id.task_guid == "0-1"
    assert report.attempt_number == 2
    assert report.time.seconds > 0
    assert not report.HasField("log_output")


def test_a_plain_function_runs_beside_the_loop() -> None:
    @task
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert run(where).output == VariableValue(bool=False)


def test_the_context_knows_the_attempt() -> None:
    @task
    def look(ctx: TaskContext) -> list[Any]:
        ctx.log("first")
        ctx.log(2)
        return [ctx.idempotency_key, ctx.wf_run_id, ctx.attempt_number, ctx.scheduled_time, ctx.node_run_id.position]

    report = run(look)
    assert report.output.json_arr == '["parent_child/0-1", "parent_child", 2, "2024-01-02T00:00:00+00:00", 1]'
    assert report.log_output == VariableValue(str="first\n2")


def test_a_task_exception_is_a_business_exception() -> None:
    @task
    def refuse() -> None:
        raise TaskException("too-poor", "no money", {"missing": 3})

    report = run(refuse)
    assert report.status == TaskStatus.TASK_EXCEPTION
    assert (report.exception.name, report.exception.message) == ("too-poor", "no money")
    assert report.exception.content.json_obj == '{"missing": 3}'


def test_any_other_exception_fails_the_task_with_its_text_and_keeps_the_trace_in_the_log() -> None:
    @task
    async def crash() -> None:
        raise ZeroDivisionError("by nothing")

    report = run(crash)
    assert report.status == TaskStatus.TASK_FAILED
    assert report.error.type == LHErrorType.TASK_FAILURE
    assert report.error.message == "by nothing"
    assert "Traceback" in report.log_output.str


@pytest.mark.parametrize("values", [("text",), (), (1, 2)], ids=repr)
def test_input_that_does_not_fit_is_reported(values: tuple[object, ...]) -> None:
    @task
    def count(x: int) -> int:
        return x

    report = run(count, *values)
    assert report.status == TaskStatus.TASK_INPUT_VAR_SUB_ERROR
    assert report.error.type == LHErrorType.VAR_SUB_ERROR
    assert "count" in report.error.message


def test_output_that_cannot_be_sent_is_reported() -> None:
    @task
    def strange() -> list[Any]:
        return [{1, 2}]

    report = run(strange)
    assert report.status == TaskStatus.TASK_OUTPUT_SERDE_ERROR
    assert "builtins.set" in report.error.message


def test_cancelling_an_attempt_gives_no_report() -> None:
    @task
    async def wait() -> None:
        await asyncio.Event().wait()

    async def cancelled() -> None:
        attempt = asyncio.create_task(wait.run(scheduled()))
        await asyncio.sleep(0)
        attempt.cancel()
        await attempt

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
