"""Failures: where they appear, who handles them, and how the thread goes on or ends."""

import pytest
from littlehorse.model import LHErrorType
from littlehorse.workflow import WorkflowThread
from reading import (
    history,
    last_failure,
    node_run,
    node_status,
    run_of,
    status_of,
    task_run,
    thread,
    thread_status,
    variable,
)
from workshop import Cluster

from konik.api.pb.enums_pb2 import HALTED, RUNNING
from konik.api.pb.ids_pb2 import TaskDefId
from konik.api.pb.metadata_requests_pb2 import DeleteTaskDefRequest, PutWfSpecRequest
from konik.api.pb.wf_run_pb2 import FAILURE_HANDLER


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    """Knows the tasks that these workflows use: what goes wrong is `risky`."""
    for name in ("risky", "repair", "after"):
        cluster.put_task_def(name)
    return cluster


def repairing(handler: WorkflowThread) -> None:
    handler.execute("repair")


def risky_with_error_handler(thread: WorkflowThread) -> None:
    thread.handle_error(thread.execute("risky"), repairing)
    thread.execute("after")


# --- Handled --------------------------------------------------------------------------------------------------------


def test_after_a_handled_error_the_thread_goes_on_with_the_next_node(shop: Cluster) -> None:
    shop.put_workflow(risky_with_error_handler)
    shop.start()
    shop.fail_task("risky")
    shop.do("repair")
    shop.do("after")
    assert status_of(shop) == "COMPLETED"
    assert history(shop, 0) == [
        "entrypoint-ENTRYPOINT COMPLETED",
        "risky-TASK ERROR",
        "after-TASK COMPLETED",
        "exit-EXIT COMPLETED",
    ]
    assert history(shop, 1) == ["entrypoint-ENTRYPOINT COMPLETED", "repair-TASK COMPLETED", "exit-EXIT COMPLETED"]


def test_the_handler_is_a_thread_of_its_own_and_both_sides_name_each_other(shop: Cluster) -> None:
    shop.put_workflow(risky_with_error_handler)
    shop.start()
    shop.fail_task("risky")
    handler = thread(shop, 1)
    assert handler.type == FAILURE_HANDLER
    assert handler.parent_thread_id == 0
    handled = handler.failure_being_handled
    assert (handled.thread_run_number, handled.node_run_position, handled.failure_number) == (0, 1, 0)
    assert list(thread(shop, 0).child_thread_ids) == [1]
    assert list(node_run(shop, 0, 1).failure_handler_ids) == [1]
    assert last_failure(shop, 0, 1).failure_handler_threadrun_id == 1
    assert run_of(shop).greatest_threadrun_number == 1


def test_while_the_handler_runs_its_parent_is_halted_and_the_run_is_running(shop: Cluster) -> None:
    shop.put_workflow(risky_with_error_handler)
    shop.start()
    shop.fail_task("risky")
    run = run_of(shop)
    assert run.status == RUNNING
    assert len(run.pending_failures) == 0
    parent, handler = run.thread_runs
    assert (parent.status, handler.status) == (HALTED, RUNNING)
    (reason,) = parent.halt_reasons
    assert reason.handling_failure.handler_thread_id == 1
    shop.do("repair")
    assert len(thread(shop, 0).halt_reasons) == 0
    assert last_failure(shop, 0, 1).was_properly_handled


def test_each_handler_gets_the_next_thread_number(shop: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        for _ in range(2):
            thread.handle_error(thread.execute("risky"), repairing)

    shop.put_workflow(workflow)
    shop.start()
    for number in (1, 2):
        shop.fail_task("risky")
        assert list(node_run(shop, 0, number).failure_handler_ids) == [number]
        shop.do("repair")
    assert list(thread(shop, 0).child_thread_ids) == [1, 2]
    assert status_of(shop) == "COMPLETED"


def test_an_exception_hands_its_content_to_the_handler(shop: Cluster) -> None:
    def handler(thread: WorkflowThread) -> None:
        left = thread.declare_int("INPUT")
        thread.execute("order", left)

    def workflow(thread: WorkflowThread) -> None:
        thread.handle_exception(thread.execute("risky"), handler, "out-of-stock")

    shop.put_task_def("order", "left:INT")
    shop.put_workflow(workflow)
    shop.start()
    shop.throw("risky", "out-of-stock", "three left", content=3)
    task = shop.poll("order")
    assert task is not None and task.variables[0].value.int == 3
    shop.report(task)
    failure = last_failure(shop, 0, 1)
    assert (failure.failure_name, failure.message, failure.content.int) == ("out-of-stock", "three left", 3)
    assert node_status(shop, 0, 1) == "EXCEPTION", "a handled failure stays visible"
    assert status_of(shop) == "COMPLETED"


def test_a_failure_without_content_gives_the_handler_null(shop: Cluster) -> None:
    def handler(thread: WorkflowThread) -> None:
        thread.declare_int("INPUT")
        thread.execute("repair")

    shop.put_workflow(lambda thread: thread.handle_error(thread.execute("risky"), handler))
    shop.start()
    shop.fail_task("risky")
    assert variable(shop, "INPUT", thread=1).WhichOneof("value") is None


@pytest.mark.parametrize("business", [False, True], ids=["an error", "an exception"])
def test_a_handler_for_any_failure_takes(shop: Cluster, business: bool) -> None:
    shop.put_workflow(lambda thread: thread.handle_any_failure(thread.execute("risky"), repairing))
    shop.start()
    if business:
        shop.throw("risky", "whatever")
    else:
        shop.fail_task("risky")
    shop.do("repair")
    assert status_of(shop) == "COMPLETED"


def test_mutations_are_skipped_after_a_handled_failure(shop: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=1)
        thread.handle_error(thread.execute("risky"), repairing)
        n.assign(2)
        thread.execute("after")

    shop.put_workflow(workflow)
    shop.start()
    shop.fail_task("risky")
    shop.do("repair")
    assert variable(shop, "n").int == 1
    shop.do("after")
    assert status_of(shop) == "COMPLETED"


# --- Which handler --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caught", "happens", "handled"),
    [
        (LHErrorType.TASK_FAILURE, "failed", True),
        (LHErrorType.TASK_ERROR, "failed", True),
        (LHErrorType.TASK_ERROR, "timeout", True),
        (LHErrorType.TIMEOUT, "failed", False),
        (LHErrorType.TIMEOUT, "timeout", True),
        (LHErrorType.VAR_ERROR, "wrong output", True),
        (LHErrorType.VAR_MUTATION_ERROR, "wrong output", True),
        (LHErrorType.VAR_SUB_ERROR, "wrong output", False),
        (LHErrorType.TASK_ERROR, "wrong output", False),
        (LHErrorType.VAR_ERROR, "failed", False),
        (None, "timeout", True),
        (None, "exception", False),
    ],
    ids=lambda case: "any error" if case is None else case if isinstance(case, str) else "",
)
def test_an_error_handler_takes_its_error_and_those_of_its_category(
    cluster: Cluster, caught: LHErrorType | None, happens: str, handled: bool
) -> None:
    cluster.put_task_def("risky", returns="INT")
    cluster.put_task_def("repair")
    cluster.put_workflow(
        lambda thread: thread.handle_error(thread.execute("risky", timeout_seconds=5), repairing, caught)
    )
    cluster.start()
    match happens:
        case "failed":
            cluster.fail_task("risky")
        case "timeout":
            cluster.poll("risky")
            cluster.wait(5)
        case "wrong output":
            cluster.do("risky", output="text")
        case "exception":
            cluster.throw("risky", "some-name")
    assert (len(run_of(cluster).thread_runs) == 2) is handled
    assert (status_of(cluster) == "RUNNING") is handled


def test_an_exception_handler_takes_no_error_and_no_other_exception(shop: Cluster) -> None:
    shop.put_workflow(lambda thread: thread.handle_exception(thread.execute("risky"), repairing, "out-of-stock"))
    shop.start("failed")
    shop.fail_task("risky")
    assert status_of(shop, "failed") == "ERROR"
    shop.start("other")
    shop.throw("risky", "out-of-order")
    assert status_of(shop, "other") == "EXCEPTION"


def test_the_first_handler_that_matches_is_used(shop: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        node = thread.execute("risky")
        thread.handle_exception(node, lambda handler: handler.execute("after"), "rare")
        thread.handle_any_failure(node, repairing)
        thread.handle_exception(node, lambda handler: handler.execute("after"), "common")

    shop.put_workflow(workflow)
    shop.start()
    shop.throw("risky", "common")
    assert thread(shop, 1).thread_spec_name.endswith("any-failure")


# --- Not handled ----------------------------------------------------------------------------------------------------


def test_an_unhandled_exception_gives_thread_and_run_its_status_and_message(shop: Cluster) -> None:
    shop.put_workflow(lambda thread: thread.execute("risky"))
    shop.start()
    shop.throw("risky", "out-of-stock", "none left")
    assert status_of(shop) == "EXCEPTION"
    ended = thread(shop, 0)
    assert (thread_status(shop, 0), ended.error_message) == ("EXCEPTION", "none left")
    assert ended.HasField("end_time") and run_of(shop).HasField("end_time")
    assert node_run(shop, 0, 1).error_message == "none left"
    assert not last_failure(shop, 0, 1).was_properly_handled


def test_a_message_as_long_as_a_book_is_cut_in_the_run_and_kept_whole_with_the_task(shop: Cluster) -> None:
    shop.put_workflow(lambda thread: thread.execute("risky"))
    shop.start()
    shop.throw("risky", "out-of-stock", "x" * 600_000)
    assert status_of(shop) == "EXCEPTION"
    assert thread(shop, 0).error_message == last_failure(shop, 0, 1).message == "x" * 8_000
    assert len(task_run(shop, "0-1").attempts[0].exception.message) == 600_000


def test_a_handler_that_fails_fails_its_parent_with_the_same_failure(shop: Cluster) -> None:
    def handler(thread: WorkflowThread) -> None:
        thread.fail("hopeless", "beyond repair", 7)

    shop.put_workflow(lambda thread: thread.handle_error(thread.execute("risky"), handler))
    shop.start()
    shop.fail_task("risky")
    assert (thread_status(shop, 1), thread_status(shop, 0), status_of(shop)) == ("EXCEPTION",) * 3
    assert thread(shop, 0).error_message == thread(shop, 1).error_message == "beyond repair"
    (failure,) = node_run(shop, 0, 1).failures
    assert failure.failure_name == "TASK_FAILURE", "the handler's failure is not one of the parent's node"
    assert not failure.was_properly_handled
    assert node_status(shop, 0, 1) == "ERROR"


def test_the_handlers_of_the_parents_node_are_not_asked_about_the_failure_of_a_handler(shop: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        node = thread.execute("risky")
        thread.handle_error(node, lambda handler: handler.fail("hopeless", "beyond repair"))
        thread.handle_exception(node, repairing, "hopeless")

    shop.put_workflow(workflow)
    shop.start()
    shop.fail_task("risky")
    assert status_of(shop) == "EXCEPTION"
    assert run_of(shop).greatest_threadrun_number == 1


def test_a_failure_inside_a_handler_may_be_handled_there(shop: Cluster) -> None:
    def outer(thread: WorkflowThread) -> None:
        thread.execute("after")
        thread.handle_error(thread.execute("risky"), repairing)

    shop.put_workflow(lambda thread: thread.handle_error(thread.execute("risky"), outer))
    shop.start()
    shop.fail_task("risky")
    shop.do("after")
    shop.fail_task("risky")
    assert [thread_status(shop, number) for number in range(3)] == ["HALTED", "HALTED", "RUNNING"]
    assert (thread(shop, 2).parent_thread_id, thread(shop, 1).parent_thread_id) == (1, 0)
    shop.do("repair")
    assert [thread_status(shop, number) for number in range(3)] == ["COMPLETED"] * 3
    assert status_of(shop) == "COMPLETED"


def test_a_handler_deep_down_that_fails_fails_all_above_it(shop: Cluster) -> None:
    def outer(thread: WorkflowThread) -> None:
        thread.execute("after")
        thread.handle_error(thread.execute("risky"), lambda handler: handler.fail("hopeless", "no way"))

    shop.put_workflow(lambda thread: thread.handle_error(thread.execute("risky"), outer))
    shop.start()
    shop.fail_task("risky")
    shop.do("after")
    shop.fail_task("risky")
    assert [thread_status(shop, number) for number in range(3)] == ["EXCEPTION"] * 3
    assert {thread(shop, number).error_message for number in range(3)} == {"no way"}
    assert status_of(shop) == "EXCEPTION"


# --- On edges -------------------------------------------------------------------------------------------------------


def dividing(thread: WorkflowThread) -> None:
    n = thread.declare_int("n", default_value=1)
    n.assign(n.divide(0))
    thread.execute("after")


def test_a_mutation_that_fails_is_a_failure_of_the_node_that_is_left(shop: Cluster) -> None:
    shop.put_workflow(dividing)
    shop.start()
    failure = last_failure(shop, 0, 0)
    assert failure.failure_name == "VAR_SUB_ERROR"
    assert "Cannot divide by zero" in failure.message
    assert node_status(shop, 0, 0) == "ERROR"
    assert thread(shop, 0).current_node_position == 0
    assert (status_of(shop), variable(shop, "n").int) == ("ERROR", 1)


def test_a_failure_on_an_edge_can_be_handled_and_the_edge_is_then_taken_without_its_mutations(shop: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=1)
        thread.handle_error(thread.execute("risky"), repairing, LHErrorType.VAR_ERROR)
        n.assign(n.divide(0))
        thread.execute("after")

    shop.put_workflow(workflow)
    shop.start()
    shop.do("risky")
    shop.do("repair")
    shop.do("after")
    assert history(shop)[1:3] == ["risky-TASK ERROR", "after-TASK COMPLETED"]
    assert (status_of(shop), variable(shop, "n").int) == ("COMPLETED", 1)


def on_edges_of(compiled: PutWfSpecRequest, node: str, condition: str) -> None:
    """All edges that leave the node are to depend on the BOOL variable."""
    for edge in compiled.thread_specs["entrypoint"].nodes[node].outgoing_edges:
        edge.condition.variable_name = condition


def guarded(thread: WorkflowThread) -> None:
    thread.declare_bool("go")
    thread.handle_any_failure(thread.execute("risky"), repairing)
    thread.execute("after")


@pytest.mark.parametrize("go", [False, None], ids=["does not hold", "is NULL"])
def test_a_node_whose_edge_condition(shop: Cluster, go: bool | None) -> None:
    shop.put_workflow(guarded, change=lambda compiled: on_edges_of(compiled, "1-risky-TASK", "go"))
    shop.start(go=go)
    shop.do("risky")
    failure = last_failure(shop, 0, 1)
    assert failure.failure_name == "VAR_SUB_ERROR"
    assert thread(shop, 1).thread_spec_name.endswith("any-failure"), "it can be handled"


def test_no_way_on_after_a_handled_failure_is_not_handled_again(shop: Cluster) -> None:
    shop.put_workflow(guarded, change=lambda compiled: on_edges_of(compiled, "1-risky-TASK", "go"))
    shop.start(go=False)
    shop.fail_task("risky")
    shop.do("repair")
    assert [failure.failure_name for failure in node_run(shop, 0, 1).failures] == ["TASK_FAILURE", "VAR_SUB_ERROR"]
    assert run_of(shop).greatest_threadrun_number == 1
    assert status_of(shop) == "ERROR"


# --- On arrival -----------------------------------------------------------------------------------------------------


def test_a_task_whose_definition_is_gone_fails_on_arrival(shop: Cluster) -> None:
    shop.put_workflow(lambda thread: thread.execute("risky"))
    shop.call("DeleteTaskDef", DeleteTaskDefRequest(id=TaskDefId(name="risky")))
    shop.start()
    failure = last_failure(shop, 0, 1)
    assert failure.failure_name == "TASK_ERROR"
    assert "risky" in failure.message
    assert not node_run(shop, 0, 1).task.HasField("task_run_id")
    assert status_of(shop) == "ERROR"


def dynamic(thread: WorkflowThread) -> None:
    name = thread.declare_str("task")
    thread.execute(name, 12.3)


def test_a_dynamic_task_that_nobody_defined_is_named(cluster: Cluster) -> None:
    cluster.put_workflow(dynamic)
    cluster.start(task="nowhere")
    assert last_failure(cluster, 0, 1).failure_name == "VAR_SUB_ERROR"
    assert "nowhere" in last_failure(cluster, 0, 1).message


def test_an_argument_of_the_wrong_type_is_named_by_its_type(cluster: Cluster) -> None:
    cluster.put_task_def("count", "n:INT")
    cluster.put_workflow(dynamic)
    cluster.start(task="count")
    failure = last_failure(cluster, 0, 1)
    assert failure.failure_name == "VAR_SUB_ERROR"
    assert "DOUBLE" in failure.message and "n" in failure.message
    assert not node_run(cluster, 0, 1).task.HasField("task_run_id")


def test_a_dynamic_task_with_the_wrong_number_of_arguments_fails_on_arrival(cluster: Cluster) -> None:
    cluster.put_task_def("none")
    cluster.put_workflow(dynamic)
    cluster.start(task="none")
    assert last_failure(cluster, 0, 1).failure_name == "VAR_SUB_ERROR"


def test_a_failure_on_arrival_is_handled_like_any_other(shop: Cluster) -> None:
    shop.put_workflow(risky_with_error_handler)
    shop.call("DeleteTaskDef", DeleteTaskDefRequest(id=TaskDefId(name="risky")))
    shop.start()
    shop.do("repair")
    shop.do("after")
    assert status_of(shop) == "COMPLETED"


def test_after_a_handled_failure_the_next_node_still_has_its_own_handlers(shop: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        thread.handle_error(thread.execute("risky"), repairing)
        thread.handle_error(thread.execute("missing"), lambda handler: handler.execute("after"))

    shop.put_task_def("missing")
    shop.put_workflow(workflow)
    shop.call("DeleteTaskDef", DeleteTaskDefRequest(id=TaskDefId(name="missing")))
    shop.start()
    shop.fail_task("risky")
    shop.do("repair")
    shop.do("after")
    assert history(shop) == [
        "entrypoint-ENTRYPOINT COMPLETED",
        "risky-TASK ERROR",
        "missing-TASK ERROR",
        "exit-EXIT COMPLETED",
    ]
    assert list(node_run(shop, 0, 2).failure_handler_ids) == [2]


def test_a_run_that_needs_too_many_handler_threads_ends_with_the_failure_itself(shop: Cluster) -> None:
    """64 handlers are fine; the 65th would be thread 66 of the run."""

    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=0)

        def turn(body: WorkflowThread) -> None:
            body.handle_error(body.execute("risky"), lambda handler: None)

        thread.do_while(n.is_less_than(1), turn)

    shop.put_workflow(workflow)
    shop.start()
    for _ in range(64):
        shop.fail_task("risky")
    assert (status_of(shop), run_of(shop).greatest_threadrun_number) == ("RUNNING", 64)
    shop.fail_task("risky")
    assert (status_of(shop), run_of(shop).greatest_threadrun_number) == ("ERROR", 64)
    assert thread(shop, 0).error_message == "Task execution failed"
