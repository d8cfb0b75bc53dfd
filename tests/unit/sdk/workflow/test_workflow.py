"""What our builder does beyond, or better than, the published one; and the mistakes that it refuses."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from konik.api.pb.enums_pb2 import LHErrorType, VariableType
from konik.api.pb.external_event_pb2 import CorrelatedEventConfig
from konik.api.pb.wf_spec_pb2 import FailureHandlerDef, ThreadSpec
from konik.sdk import ThreadBuilder, Workflow, WorkflowError
from konik.sdk.workflow import WfRunVariable


def entrypoint(program: Callable[[ThreadBuilder], object]) -> ThreadSpec:
    return Workflow("w", program).compile().thread_specs["entrypoint"]


def test_a_loop_may_have_any_condition() -> None:
    def program(wf: ThreadBuilder) -> None:
        more, n = wf.declare_bool("more"), wf.declare_int("n")
        wf.do_while(more & (n < 5), lambda wf: wf.execute("step"))

    opening = entrypoint(program).nodes["1-nop-NOP"].outgoing_edges
    assert [edge.sink_node_name for edge in opening] == ["2-step-TASK", "3-nop-NOP"]
    assert opening[0].HasField("condition")
    assert not opening[1].HasField("condition")


def test_the_field_of_a_struct_can_be_assigned() -> None:
    def program(wf: ThreadBuilder) -> None:
        wf.declare_struct("person", "person").get("homes").get(0).get("city").assign("Rome")

    mutation = entrypoint(program).nodes["0-entrypoint-ENTRYPOINT"].outgoing_edges[0].variable_mutations[0]
    assert [step.WhichOneof("selector_type") for step in mutation.lhs_lh_path.path] == ["key", "index", "key"]
    assert mutation.lhs_lh_path.path[2].key == "city"


def test_a_timestamp_may_have_a_default() -> None:
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    spec = entrypoint(lambda wf: wf.declare_timestamp("t", moment))
    assert spec.variable_defs[0].var_def.default_value.utc_timestamp.ToDatetime(tzinfo=UTC) == moment


def test_the_first_error_type_can_be_handled_like_the_others() -> None:
    def program(wf: ThreadBuilder) -> None:
        wf.handle_error(wf.execute("a"), lambda wf: None, LHErrorType.CHILD_FAILURE)

    assert entrypoint(program).nodes["1-a-TASK"].failure_handlers[0] == FailureHandlerDef(
        handler_spec_name="exn-handler-1-a-TASK-CHILD_FAILURE", specific_failure="CHILD_FAILURE"
    )


def test_an_operator_may_have_the_literal_on_the_left() -> None:
    def program(wf: ThreadBuilder) -> None:
        wf.execute("take", 2 * (10 - wf.declare_int("x")))

    outer = entrypoint(program).nodes["1-take-TASK"].task.variables[0].expression
    assert outer.lhs.literal_value.int == 2
    assert outer.rhs.expression.lhs.literal_value.int == 10
    assert outer.rhs.expression.rhs.variable_name == "x"


def test_event_definitions_are_registered_with_the_workflow_that_names_their_type() -> None:
    def program(wf: ThreadBuilder) -> None:
        wf.wait_for_event("paid", return_type=float, correlated_event_config=CorrelatedEventConfig())
        wf.wait_for_event("known already")
        wf.add_interrupt_handler("stop", lambda wf: None, event_type=str)
        wf.throw_event("done", None, return_type=bool)

    workflow = Workflow("w", program)
    workflow.compile()
    assert list(workflow.external_events) == ["paid", "stop"]
    paid = workflow.external_events["paid"]
    assert paid.content_type.return_type.primitive_type == VariableType.DOUBLE
    assert paid.HasField("correlated_event_config")
    assert workflow.workflow_events["done"].content_type.return_type.primitive_type == VariableType.BOOL


def test_a_workflow_can_be_compiled_again() -> None:
    workflow = Workflow("w", lambda wf: wf.handle_any_failure(wf.execute("a"), lambda wf: None))
    assert workflow.compile() == workflow.compile()


def after_the_end(wf: ThreadBuilder) -> None:
    wf.complete()
    wf.execute("late")


def mutated_after_the_end(wf: ThreadBuilder) -> None:
    x = wf.declare_int("x")
    wf.fail("f", "m")
    x.assign(1)


def declared_after_the_end(wf: ThreadBuilder) -> None:
    wf.complete()
    wf.declare_int("x")


def declared_twice(wf: ThreadBuilder) -> None:
    wf.declare_int("x")
    wf.declare_str("x")


def two_threads_of_one_name(wf: ThreadBuilder) -> None:
    wf.spawn_thread(lambda wf: None, "child")
    wf.spawn_thread(lambda wf: None, "child")


def branching_in_python(wf: ThreadBuilder) -> None:
    if wf.declare_int("x") > 3:
        wf.execute("never")


def an_else_after_the_else(wf: ThreadBuilder) -> None:
    branch = wf.do_if(wf.declare_bool("b"), lambda wf: None)
    branch.do_else(lambda wf: None)
    branch.do_else(lambda wf: None)


def an_else_that_comes_too_late(wf: ThreadBuilder) -> None:
    branch = wf.do_if(wf.declare_bool("b"), lambda wf: None)
    wf.execute("between")
    branch.do_else(lambda wf: None)


def a_default_of_another_type(wf: ThreadBuilder) -> None:
    wf.declare_int("x", "text")


def a_json_path_into_a_number(wf: ThreadBuilder) -> None:
    wf.declare_int("x").with_json_path("$.a")


def a_json_path_from_nowhere(wf: ThreadBuilder) -> None:
    wf.declare_json_obj("x").with_json_path("a.b")


def two_json_paths(wf: ThreadBuilder) -> None:
    wf.declare_json_obj("x").with_json_path("$.a").with_json_path("$.b")


def a_step_below_a_json_path(wf: ThreadBuilder) -> None:
    wf.declare_json_obj("x").with_json_path("$.a").get("b")


def an_index_on_a_number(wf: ThreadBuilder) -> None:
    wf.declare_int("x").searchable_on("$.a", VariableType.STR)


def no_sleep_at_all(wf: ThreadBuilder) -> None:
    wf.sleep(0)


def a_child_of_another_thread(wf: ThreadBuilder) -> None:
    child = wf.run_wf("other")
    wf.spawn_thread(lambda wf: wf.wait_for_child_wf(child), "child")


@pytest.mark.parametrize(
    ("program", "part"),
    [
        (after_the_end, "after the end"),
        (mutated_after_the_end, "after the end"),
        (declared_after_the_end, "after the end"),
        (declared_twice, "a variable 'x' already"),
        (two_threads_of_one_name, "a thread 'child' already"),
        (branching_in_python, "use do_if"),
        (an_else_after_the_else, "nothing can follow"),
        (an_else_that_comes_too_late, "directly follow"),
        (a_default_of_another_type, "holds int"),
        (a_json_path_into_a_number, "does not hold JSON"),
        (a_json_path_from_nowhere, "begin it with"),
        (two_json_paths, "has a path already"),
        (a_step_below_a_json_path, "cannot follow"),
        (an_index_on_a_number, "no fields to search on"),
        (no_sleep_at_all, "above 0"),
        (a_child_of_another_thread, "wait for it there"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mistake_in_a_program_is_refused_with_a_way_out(program: Any, part: str) -> None:
    with pytest.raises(WorkflowError, match=part):
        Workflow("w", program).compile()


def test_a_builder_cannot_be_used_after_its_function() -> None:
    kept: list[ThreadBuilder] = []
    Workflow("w", kept.append).compile()
    with pytest.raises(WorkflowError, match="after the end|has returned"):
        kept[0].execute("late")


def test_a_variable_compares_without_losing_its_identity() -> None:
    def program(wf: ThreadBuilder) -> None:
        x: WfRunVariable = wf.declare_int("x")
        assert len({x, x}) == 1

    entrypoint(program)


@pytest.mark.asyncio
async def test_registering_sends_event_definitions_before_the_workflow(client: Any, nodes: Any) -> None:
    def program(wf: ThreadBuilder) -> None:
        wf.wait_for_event("paid", return_type=bool)
        wf.throw_event("done", 1, return_type=int)

    await Workflow("w", program).register(client)
    sent = [name for name, _, _ in nodes[0].calls if name.startswith("Put")]
    assert sent == ["PutExternalEventDef", "PutWorkflowEventDef", "PutWfSpec"]
