"""Branches, loops, ends of threads: which nodes a thread visits, and in which order."""

from collections.abc import Callable

import pytest
from littlehorse.workflow import WorkflowThread
from reading import history, last_failure, node_status, run_of, status_of, thread, thread_status, variable
from workshop import Cluster

from konik.api.pb.enums_pb2 import COMPLETED
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.metadata_requests_pb2 import PutWfSpecRequest
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.values_pb2 import Comparator, VariableValue
from konik.api.pb.wf_spec_pb2 import LegacyEdgeCondition
from konik.statemachine import keys
from konik.statemachine.limits import PASSES_PER_COMMAND_MAX
from konik.statemachine.rejection import Code

# --- Straight on ----------------------------------------------------------------------------------------------------


def test_an_empty_workflow_is_completed_in_the_answer_to_run_wf(cluster: Cluster) -> None:
    cluster.put_workflow(lambda thread: None)
    run = cluster.start()
    assert run.status == COMPLETED
    assert run.HasField("end_time")
    assert history(cluster) == ["entrypoint-ENTRYPOINT COMPLETED", "exit-EXIT COMPLETED"]


def test_a_thread_goes_through_all_nodes_that_need_no_outside_event_at_once(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=0)
        for _ in range(5):
            thread.do_if(n.is_greater_than_eq(0), lambda body: n.assign(n.add(1)))

    cluster.put_workflow(workflow)
    assert cluster.start().status == COMPLETED
    assert variable(cluster, "n").int == 5


def test_a_child_of_a_wf_run_is_not_built_and_nothing_of_it_is_started(cluster: Cluster) -> None:
    cluster.put_workflow(lambda thread: None)
    before = dict(cluster.view.pairs)
    request = RunWfRequest(wf_spec_name="wf", id="child", parent_wf_run_id=WfRunId(id="parent"))
    refused = cluster.refusal("RunWf", request)
    assert refused.code is Code.UNIMPLEMENTED
    assert "parent_wf_run_id" in refused.message
    wf_runs = {key for key in cluster.view.pairs.keys() - before.keys() if key.startswith(keys.WF_RUN)}
    assert wf_runs == set()


# --- Branches -------------------------------------------------------------------------------------------------------


def branching(thread: WorkflowThread) -> None:
    n = thread.declare_int("n")
    branches = thread.do_if(n.is_less_than(0), lambda body: body.execute("below"))
    branches.do_else_if(n.is_equal_to(0), lambda body: body.execute("at"))
    branches.do_else(lambda body: body.execute("above"))
    thread.execute("after")


@pytest.mark.parametrize(("n", "branch"), [(-1, "below"), (0, "at"), (1, "above")])
def test_exactly_one_branch_is_taken(cluster: Cluster, n: int, branch: str) -> None:
    for name in ("below", "at", "above", "after"):
        cluster.put_task_def(name)
    cluster.put_workflow(branching)
    cluster.start(n=n)
    cluster.do(branch)
    cluster.do("after")
    assert history(cluster) == [
        "entrypoint-ENTRYPOINT COMPLETED",
        "nop-NOP COMPLETED",
        f"{branch}-TASK COMPLETED",
        "nop-NOP COMPLETED",
        "after-TASK COMPLETED",
        "exit-EXIT COMPLETED",
    ]


def test_without_an_else_a_condition_that_does_not_hold_leads_past_the_body(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n")
        thread.do_if(n.is_less_than(0), lambda body: body.execute("below"))

    cluster.put_task_def("below")
    cluster.put_workflow(workflow)
    cluster.start(n=3)
    assert history(cluster)[1:] == ["nop-NOP COMPLETED", "nop-NOP COMPLETED", "exit-EXIT COMPLETED"]


def test_the_first_edge_that_holds_is_taken_and_later_conditions_are_not_evaluated(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n, zero = thread.declare_int("n"), thread.declare_int("zero", default_value=0)
        branches = thread.do_if(n.is_equal_to(1), lambda body: n.assign(10))
        branches.do_else_if(thread.condition(n.divide(zero), Comparator.EQUALS, 1), lambda body: n.assign(20))

    cluster.put_workflow(workflow)
    cluster.start(id="first", n=1)
    assert (status_of(cluster, "first"), variable(cluster, "n", id="first").int) == ("COMPLETED", 10)
    cluster.start(id="second", n=2)
    assert "Cannot divide by zero" in last_failure(cluster, 0, 1, id="second").message


# --- Conditions -----------------------------------------------------------------------------------------------------

COMPARISONS = [
    ("1", "LESS_THAN", "2", True),
    ("2", "LESS_THAN", "2", False),
    ("2", "LESS_THAN_EQ", "2", True),
    ("3", "GREATER_THAN", "2", True),
    ("2", "GREATER_THAN_EQ", "3", False),
    ("2", "EQUALS", "2", True),
    ("2", "NOT_EQUALS", "2", False),
    ("null", "EQUALS", "null", True),
    ("null", "LESS_THAN", "0", True),
    ("0", "LESS_THAN", "null", False),
    ("1.5", "GREATER_THAN", "1.25", True),
    ('"b"', "GREATER_THAN", '"a"', True),
    ('"B"', "GREATER_THAN", '"a"', False),
    ("true", "NOT_EQUALS", "false", True),
    ('"wor"', "IN", '"sword"', True),
    ("2", "IN", '"42"', True),
    ('"x"', "NOT_IN", '"sword"', True),
    ("2", "IN", "[1, 2.0]", True),
    ("3", "NOT_IN", "[1, 2]", True),
    ('"a"', "IN", '{"a": null}', True),
    ('"b"', "IN", '{"a": null}', False),
    ("{}", "IN", "{}", False),
]
INCOMPARABLE = [
    ("1", "EQUALS", "1.0"),
    ('"1"', "EQUALS", "1"),
    ("true", "EQUALS", '"true"'),
    ("{}", "EQUALS", "{}"),
    ("1", "IN", "1"),
]


def comparing(comparator: str) -> Callable[[WorkflowThread], None]:
    """Both sides come out of a JSON document: only at run time it is known what they are."""

    def workflow(thread: WorkflowThread) -> None:
        result = thread.declare_bool("holds", default_value=False)
        left, right = (thread.declare_json_obj(name).required().with_json_path("$.value") for name in ("left", "right"))
        condition = thread.condition(left, Comparator.Value(comparator), right)
        thread.do_if(condition, lambda body: result.assign(True))

    return workflow


def in_the_old_form(compiled: PutWfSpecRequest) -> None:
    """Clients before 1.0 send conditions as `legacy_condition`."""
    edge = compiled.thread_specs["entrypoint"].nodes["1-nop-NOP"].outgoing_edges[0]
    condition = edge.condition.expression
    old = LegacyEdgeCondition(comparator=condition.comparator, left=condition.lhs, right=condition.rhs)
    edge.legacy_condition.CopyFrom(old)


def unchanged(compiled: PutWfSpecRequest) -> None:
    del compiled


def document(json_value: str) -> VariableValue:
    return VariableValue(json_obj=f'{{"value": {json_value}}}')


@pytest.mark.parametrize("form", [unchanged, in_the_old_form], ids=["today", "before 1.0"])
@pytest.mark.parametrize(("left", "comparator", "right", "holds"), COMPARISONS)
def test_a_condition_holds(
    cluster: Cluster, left: str, comparator: str, right: str, holds: bool, form: Callable[[PutWfSpecRequest], None]
) -> None:
    cluster.put_workflow(comparing(comparator), change=form)
    cluster.start(left=document(left), right=document(right))
    assert status_of(cluster) == "COMPLETED"
    assert variable(cluster, "holds").bool is holds


@pytest.mark.parametrize("form", [unchanged, in_the_old_form], ids=["today", "before 1.0"])
@pytest.mark.parametrize(("left", "comparator", "right"), INCOMPARABLE)
def test_what_cannot_be_compared_is_a_failure(
    cluster: Cluster, left: str, comparator: str, right: str, form: Callable[[PutWfSpecRequest], None]
) -> None:
    cluster.put_workflow(comparing(comparator), change=form)
    cluster.start(left=document(left), right=document(right))
    assert last_failure(cluster, 0, 1).failure_name == "VAR_SUB_ERROR"
    assert status_of(cluster) == "ERROR"


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [(True, True, True, True), (True, False, False, True), (False, False, False, False)],
)
def test_conditions_are_combined(cluster: Cluster, a: bool, b: bool, both: bool, either: bool) -> None:
    def workflow(thread: WorkflowThread) -> None:
        left, right = (thread.declare_bool(name).required().is_equal_to(True) for name in ("a", "b"))
        conjunction = thread.declare_bool("both", default_value=False)
        disjunction = thread.declare_bool("either", default_value=False)
        thread.do_if(left.do_and(right), lambda body: conjunction.assign(True))
        thread.do_if(left.do_or(right), lambda body: disjunction.assign(True))

    cluster.put_workflow(workflow)
    cluster.start(a=a, b=b)
    assert (variable(cluster, "both").bool, variable(cluster, "either").bool) == (both, either)


# --- Loops ----------------------------------------------------------------------------------------------------------


def looping(thread: WorkflowThread) -> None:
    n = thread.declare_int("n").required()
    total = thread.declare_int("total", default_value=0)

    def turn(body: WorkflowThread) -> None:
        total.assign(total.add(n))
        n.assign(n.subtract(1))
        body.execute("step", n)

    thread.do_while(n.is_greater_than(0), turn)
    thread.execute("report", total)


@pytest.mark.parametrize(
    ("n", "visited"),
    [
        (0, "nop nop report exit"),
        (1, "nop step nop report exit"),
        (2, "nop step nop nop step nop report exit"),
    ],
)
def test_a_loop_turns_as_often_as_its_condition_holds(cluster: Cluster, n: int, visited: str) -> None:
    cluster.put_task_def("step", "n:INT")
    cluster.put_task_def("report", "total:INT")
    cluster.put_workflow(looping)
    cluster.start(n=n)
    for _ in range(n):
        cluster.do("step")
    task = cluster.poll("report")
    assert task is not None and task.variables[0].value.int == sum(range(n + 1))
    cluster.report(task)
    assert [visit.partition("-")[0] for visit in history(cluster)][1:] == visited.split()
    assert status_of(cluster) == "COMPLETED"


def test_a_loop_that_never_ends_is_stopped_with_an_error(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=0)
        thread.do_while(n.is_greater_than_eq(0), lambda body: n.assign(n.add(1)))

    cluster.put_workflow(workflow)
    run = cluster.start()
    assert (status_of(cluster), run.thread_runs[0].current_node_position) == ("ERROR", 512)
    assert str(PASSES_PER_COMMAND_MAX) in run.thread_runs[0].error_message
    assert last_failure(cluster, 0, 512).failure_name == "INTERNAL_ERROR"
    assert run.HasField("end_time")


def test_a_long_loop_that_waits_in_each_turn_is_not_stopped(cluster: Cluster) -> None:
    cluster.put_task_def("step", "n:INT")
    cluster.put_task_def("report", "total:INT")
    cluster.put_workflow(looping)
    cluster.start(n=300)
    for _ in range(300):
        cluster.do("step")
    cluster.do("report")
    assert status_of(cluster) == "COMPLETED"


def test_a_handler_that_spins_ends_the_run(cluster: Cluster) -> None:
    def spinning(handler: WorkflowThread) -> None:
        n = handler.declare_int("n", default_value=0)
        handler.do_while(n.is_greater_than_eq(0), lambda body: n.assign(n.add(1)))

    cluster.put_task_def("risky")
    cluster.put_workflow(lambda thread: thread.handle_error(thread.execute("risky"), spinning))
    cluster.start()
    cluster.fail_task("risky")
    assert (status_of(cluster), thread_status(cluster, 0)) == ("ERROR", "ERROR")
    assert thread_status(cluster, 1) == "HALTED"


# --- Ends -----------------------------------------------------------------------------------------------------------


def test_a_thread_may_end_with_a_failure_of_its_own(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=7)
        thread.fail("out-of-stock", "none left", n)

    cluster.put_workflow(workflow)
    cluster.start()
    failure = last_failure(cluster, 0, 1)
    assert (failure.failure_name, failure.message, failure.content.int) == ("out-of-stock", "none left", 7)
    assert status_of(cluster) == "EXCEPTION"
    assert thread(cluster, 0).error_message == "none left"


def test_content_that_cannot_be_evaluated_is_null_and_the_message_says_so(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=7)
        thread.fail("out-of-stock", "none left", n.divide(0))

    cluster.put_workflow(workflow)
    cluster.start()
    failure = last_failure(cluster, 0, 1)
    assert failure.failure_name == "out-of-stock"
    assert failure.message.startswith("none left") and "divide by zero" in failure.message
    assert failure.HasField("content") and failure.content.WhichOneof("value") is None


def test_a_failure_without_content_carries_null(cluster: Cluster) -> None:
    cluster.put_workflow(lambda thread: thread.fail("out-of-stock", "none left"))
    cluster.start()
    failure = last_failure(cluster, 0, 1)
    assert failure.HasField("content") and failure.content.WhichOneof("value") is None


def test_the_value_that_a_workflow_returns_is_the_output_of_its_thread(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=20)
        thread.complete(n.add(1))

    cluster.put_workflow(workflow)
    assert cluster.start().thread_runs[0].output.int == 21


def test_a_workflow_that_returns_nothing_has_no_output(cluster: Cluster) -> None:
    cluster.put_workflow(lambda thread: None)
    assert not cluster.start().thread_runs[0].HasField("output")


def test_a_return_value_that_cannot_be_evaluated_is_a_var_error(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=20)
        thread.complete(n.divide(0))

    cluster.put_workflow(workflow)
    run = cluster.start()
    assert last_failure(cluster, 0, 1).failure_name == "VAR_ERROR"
    assert status_of(cluster) == "ERROR"
    assert not run.thread_runs[0].HasField("output")


def test_an_early_end_leaves_the_rest_out(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n").required()
        thread.do_if(n.is_less_than(0), lambda body: body.complete())
        thread.execute("after")

    cluster.put_task_def("after")
    cluster.put_workflow(workflow)
    assert cluster.start(n=-1).status == COMPLETED
    assert node_status(cluster, 0, 2) == "COMPLETED"
    assert run_of(cluster).thread_runs[0].current_node_position == 2
