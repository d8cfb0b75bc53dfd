"""The same program gives the same bytes here and in the published Python SDK.

Each program below is written once and run on both builders. Programs that the published SDK compiles wrongly are in
test_workflow.py.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import littlehorse.model as published_model
import littlehorse.workflow as published
import pytest

import konik.sdk.workflow as ours
from konik.api.pb.enums_pb2 import LHErrorType, VariableType
from konik.api.pb.expressions_pb2 import ExponentialBackoffRetryPolicy, VariableMutationType
from konik.api.pb.values_pb2 import Comparator
from konik.api.pb.wf_spec_pb2 import ThreadRetentionPolicy, WaitForThreadsStrategy, WorkflowRetentionPolicy

PROGRAMS: list[Callable[[Any, Any], None]] = []


def program(function: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    PROGRAMS.append(function)
    return function


def step(name: str) -> Callable[[Any], object]:
    return lambda wf: wf.execute(name)


@program
def an_empty_program(wf: Any, sdk: Any) -> None:
    pass


@program
def variables_of_every_type(wf: Any, sdk: Any) -> None:
    wf.declare_str("s", "text").searchable()
    wf.declare_int("i", 3).required().masked()
    wf.declare_double("d", 1.5).as_public()
    wf.declare_bool("b", False).as_inherited()
    wf.declare_bytes("raw", b"\x00\xff")
    wf.declare_json_obj("obj", {"a": [1, None], "ü": True}).searchable_on("$.a", VariableType.STR)
    wf.declare_json_arr("arr", [1, "two", {"three": 3}])
    wf.declare_timestamp("t")
    wf.declare_wf_run_id("w")
    wf.declare_struct("p", "person")
    wf.add_variable("v", VariableType.INT).with_default(7)


@program
def a_task_with_every_kind_of_argument(wf: Any, sdk: Any) -> None:
    data = wf.declare_json_obj("data")
    person = wf.declare_struct("person", "person")
    wf.execute(
        "greet",
        data,
        data.with_json_path("$.name"),
        person.get("address").get(0),
        None,
        True,
        3,
        2.5,
        "x",
        b"y",
        datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC),
        {"k": 1},
        [1, 2],
        wf.format("hi {0} {1}", data.with_json_path("$.name"), 5),
    )


@program
def task_options(wf: Any, sdk: Any) -> None:
    backoff = sdk.ExponentialBackoffRetryPolicy(base_interval_ms=100, max_delay_ms=5000, multiplier=1.5)
    wf.execute("a", timeout_seconds=7, retries=3, exponential_backoff=backoff)
    wf.execute("b", retries=0)


@program
def tasks_named_at_run_time(wf: Any, sdk: Any) -> None:
    name = wf.declare_str("name")
    wf.execute(name, 1)
    wf.execute(wf.format("task-{0}", name))


@program
def outputs_and_assignments(wf: Any, sdk: Any) -> None:
    total = wf.declare_int("total", 0)
    data = wf.declare_json_obj("data")
    first = wf.execute("first")
    total.assign(first)
    data.with_json_path("$.a.b").assign(first.with_json_path("$.c"))
    wf.mutate(total, VariableMutationType.ADD, 5)
    wf.execute("second", total)
    total.assign(None)


@program
def arithmetic(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")
    y = wf.execute("y")
    x.assign(x.add(1).subtract(y).multiply(2).divide(x.pow(2)))
    x.assign(y.add(x).cast_to_int().multiply(3))
    arr = wf.declare_json_arr("arr")
    arr.assign(arr.extend(4).remove_if_present("a").remove_index(0))
    obj = wf.declare_json_obj("obj")
    obj.assign(obj.remove_key("k"))


@program
def casts(wf: Any, sdk: Any) -> None:
    x = wf.declare_str("x")
    wf.execute(
        "take",
        x.cast_to_int(),
        x.cast_to_double(),
        x.cast_to_bool(),
        x.cast_to_bytes(),
        x.cast_to_wf_run_id(),
        x.cast_to_int().cast_to_str(),
        x.add("1").cast_to_int(),
    )


@program
def an_if(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")
    wf.do_if(x.is_greater_than(3), step("a"))
    wf.execute("after")


@program
def an_if_with_an_else(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")
    wf.execute("before")
    x.assign(1)
    wf.do_if(x.is_equal_to(3), step("a"), step("b"))


@program
def a_chain_of_alternatives(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")

    def counted(wf: Any) -> None:
        x.assign(1)
        wf.execute("c")
        wf.execute("d")
        x.assign(2)

    statement = wf.do_if(x.is_less_than(1), step("a"))
    statement.do_else_if(x.is_less_than(2), counted).do_else_if(x.is_in([1, 2]), lambda wf: x.assign(5))
    statement.do_else(lambda wf: wf.fail("no", "nothing fits"))
    x.assign(3)
    wf.execute("after")


@program
def alternatives_without_steps(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")
    wf.do_if(x.is_less_than(1), lambda wf: x.assign(1)).do_else(lambda wf: x.assign(2))
    wf.do_if(x.is_less_than(1), lambda wf: None)


@program
def nested_branches(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")

    def inner(wf: Any) -> None:
        wf.do_if(x.is_not_equal_to(1), step("a"), step("b"))
        wf.do_while(x.is_less_than_eq(5), step("c"))

    wf.do_if(x.is_greater_than_eq(0), inner).do_else(inner)


@program
def an_end_inside_a_branch(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")

    def give_up(wf: Any) -> None:
        wf.execute("tidy")
        wf.complete(x)

    wf.do_if(x.is_equal_to(1), give_up)
    wf.execute("after")
    wf.complete()


@program
def conditions(wf: Any, sdk: Any) -> None:
    x = wf.declare_int("x")
    ok = wf.declare_bool("ok")
    arr = wf.declare_json_arr("arr")
    wf.do_if(x.is_less_than(1).do_and(arr.does_contain(x)).do_or(ok), step("a"))
    wf.do_if(ok, step("b"))
    wf.do_if(arr.does_not_contain("z"), step("c"))
    wf.do_if(x.is_not_in(arr), step("d"))
    wf.wait_for_condition(x.is_equal_to(0))


@program
def loops(wf: Any, sdk: Any) -> None:
    n = wf.declare_int("n").required()
    total = wf.declare_int("total", 0)

    def body(wf: Any) -> None:
        total.assign(total.add(n))
        n.assign(n.subtract(1))
        wf.execute("step", n)

    wf.do_while(n.is_greater_than(0), body)
    out = wf.execute("report", total)
    wf.handle_error(out, step("fix"))
    wf.do_while(n.is_less_than(3), lambda wf: n.assign(n.add(1)))


@program
def events(wf: Any, sdk: Any) -> None:
    email = wf.declare_str("email").masked()
    wf.wait_for_event("plain")
    wf.wait_for_event("timed", timeout=300)
    wf.wait_for_event("keyed", correlation_id=email)
    wf.wait_for_event("open", correlation_id=email, mask_correlation_id=False)
    wf.wait_for_event("text", correlation_id="key", timeout=5)
    wf.wait_for_event("format", correlation_id=wf.format("a-{0}", email))
    wf.throw_event("thrown", email)


@program
def failures_and_their_handlers(wf: Any, sdk: Any) -> None:
    node = wf.execute("risky")
    wf.handle_error(node, step("a"), LHErrorType.TIMEOUT)
    wf.handle_error(node, step("b"))
    wf.handle_exception(node, step("c"), "broke")
    wf.handle_exception(node, step("d"))
    wf.handle_any_failure(node, lambda wf: wf.fail("worse", "it got worse", {"why": 1}))


@program
def sleeping(wf: Any, sdk: Any) -> None:
    n = wf.declare_int("n")
    wf.sleep(5)
    wf.sleep(n)
    wf.sleep_until(n)


@program
def threads(wf: Any, sdk: Any) -> None:
    items = wf.declare_json_arr("items")
    total = wf.declare_int("total")

    def child(wf: Any) -> None:
        mine = wf.declare_int("mine")
        total.assign(mine)
        wf.with_retention_policy(sdk.ThreadRetentionPolicy(seconds_after_thread_termination=5))

    first = wf.spawn_thread(child, "first", {"mine": 1})
    second = wf.spawn_thread(step("two"), "second")
    waited = wf.wait_for_threads(sdk.SpawnedThreads.from_list(first, second), WaitForThreadsStrategy.WAIT_FOR_ANY)
    waited.handle_exception_on_child(step("e"), "oops").handle_exception_on_child(step("f"))
    waited.handle_error_on_child(step("g"), LHErrorType.TIMEOUT).handle_error_on_child(step("h"))
    waited.handle_any_failure_on_child(step("i"))
    each = wf.spawn_thread_for_each(items, lambda wf: wf.declare_json_obj("INPUT"), "each", {"x": total})
    wf.wait_for_threads(each)


@program
def interrupts(wf: Any, sdk: Any) -> None:
    wf.add_interrupt_handler("stop", lambda wf: wf.declare_str("INPUT"))
    wf.execute("long")


@program
def child_workflows(wf: Any, sdk: Any) -> None:
    key = wf.declare_str("key")
    child = wf.run_wf("other", {"x": key, "y": 1}, child_id=key)
    plain = wf.run_wf("third")
    key.assign(wf.wait_for_child_wf(child))
    wf.wait_for_child_wf(plain)


@program
def a_thread_that_changes_its_parents_variable(wf: Any, sdk: Any) -> None:
    shared = wf.declare_int("shared", 0)

    def child(wf: Any) -> None:
        wf.execute("in-child")
        shared.assign(shared.add(1))

    wf.wait_for_threads(sdk.SpawnedThreads.from_list(wf.spawn_thread(child, "child")))


OURS = SimpleNamespace(
    SpawnedThreads=ours.SpawnedThreads,
    ExponentialBackoffRetryPolicy=ExponentialBackoffRetryPolicy,
    ThreadRetentionPolicy=ThreadRetentionPolicy,
)
PUBLISHED = SimpleNamespace(
    SpawnedThreads=published.SpawnedThreads,
    ExponentialBackoffRetryPolicy=published_model.ExponentialBackoffRetryPolicy,
    ThreadRetentionPolicy=published_model.ThreadRetentionPolicy,
)


def on(function: Callable[[Any, Any], None], sdk: Any) -> Callable[[Any], None]:
    """A thread function; the published SDK accepts functions only, no partial objects."""

    def entrypoint(wf: Any) -> None:
        function(wf, sdk)

    return entrypoint


@pytest.mark.parametrize("function", PROGRAMS, ids=lambda function: function.__name__)
def test_a_program_compiles_to_the_bytes_of_the_published_sdk(function: Callable[[Any, Any], None]) -> None:
    expected = published.Workflow("w", on(function, PUBLISHED)).compile()
    actual = ours.Workflow("w", on(function, OURS)).compile()
    assert str(actual) == str(expected)
    assert actual.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


def test_the_options_of_a_workflow_compile_to_the_bytes_of_the_published_sdk() -> None:
    requests = []
    for sdk, model in ((published, published_model), (ours, None)):
        backoff = model or SimpleNamespace(ExponentialBackoffRetryPolicy=ExponentialBackoffRetryPolicy)
        keep = model or SimpleNamespace(WorkflowRetentionPolicy=WorkflowRetentionPolicy)
        workflow: Any = sdk.Workflow("child", step("a"), "parent")
        workflow.with_update_type(2).with_task_timeout_seconds(9)
        workflow.with_retention_policy(keep.WorkflowRetentionPolicy(seconds_after_wf_termination=60))
        workflow.with_retry_policy(4, backoff.ExponentialBackoffRetryPolicy(base_interval_ms=1, max_delay_ms=2))
        requests.append(workflow.compile())
    assert requests[0].SerializeToString(deterministic=True) == requests[1].SerializeToString(deterministic=True)


def test_operators_mean_what_the_published_methods_mean() -> None:
    def with_methods(wf: Any) -> None:
        x = wf.declare_int("x")
        x.assign(x.add(1).subtract(2).multiply(3).divide(4).pow(5))
        wf.do_if(x.is_less_than(1).do_and(x.is_greater_than_eq(2)), step("a"))
        wf.do_if(wf.condition(x, Comparator.EQUALS, 1).do_or(x.is_not_equal_to(2)), step("b"))

    def with_operators(wf: ours.ThreadBuilder) -> None:
        x = wf.declare_int("x")
        x.assign((((x + 1) - 2) * 3 / 4) ** 5)
        wf.do_if((x < 1) & (x >= 2), step("a"))
        wf.do_if((x == 1) | (x != 2), step("b"))

    expected = published.Workflow("w", with_methods).compile()
    assert str(ours.Workflow("w", with_operators).compile()) == str(expected)
