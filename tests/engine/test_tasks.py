"""TASK nodes: inputs, outputs, retries, timeouts, and what each kind of end does to the WfRun."""

import pytest
from engine import Refused
from google.protobuf.timestamp_pb2 import Timestamp
from littlehorse.model import ExponentialBackoffRetryPolicy
from littlehorse.workflow import WorkflowThread
from reading import attempts, node_run, node_status, run_of, status_of, task_run, variable
from workshop import Cluster, value

from konik.api.pb.enums_pb2 import TASK_EXCEPTION, TASK_RUNNING, TASK_SUCCESS
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest
from konik.api.pb.task_run_pb2 import LHTaskException
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.rejection import Code


def one_task(thread: WorkflowThread) -> None:
    n = thread.declare_int("n").required()
    n.assign(thread.execute("double", n))


@pytest.fixture
def doubling(cluster: Cluster) -> Cluster:
    cluster.put_task_def("double", "x:INT", returns="INT")
    cluster.put_workflow(one_task)
    return cluster


def test_the_output_of_a_task_is_assigned_to_a_variable(doubling: Cluster) -> None:
    doubling.start(n=21)
    task = doubling.poll("double")
    assert task is not None
    assert [(v.var_name, v.value.int) for v in task.variables] == [("x", 21)]
    doubling.report(task, output=value(42))
    assert status_of(doubling) == "COMPLETED"
    assert variable(doubling, "n").int == 42
    assert node_status(doubling, 0, 1) == "COMPLETED"


def test_a_worker_that_waits_gets_the_task_with_the_command_that_schedules_it(doubling: Cluster) -> None:
    assert doubling.poll("double") is None
    doubling.start(n=1)
    task = doubling.delivered(0)
    assert task is not None and task.task_run_id.wf_run_id.id == "run"
    assert attempts(doubling, "0-1") == ["TASK_RUNNING"]


def test_tasks_are_handed_out_in_the_order_in_which_they_were_scheduled(doubling: Cluster) -> None:
    for id in ("c", "a", "b"):
        doubling.start(id=id, n=1)
    assert [doubling.poll("double").task_run_id.wf_run_id.id for _ in range(3)] == ["c", "a", "b"]


def test_workers_are_served_in_the_order_in_which_they_asked(doubling: Cluster) -> None:
    for worker in ("first", "second"):
        doubling.poll("double", worker=worker)
    doubling.start(id="a", n=1)
    doubling.start(id="b", n=1)
    assert task_run(doubling, "0-1", "a").attempts[0].task_worker_id == "first"
    assert task_run(doubling, "0-1", "b").attempts[0].task_worker_id == "second"


def retried(thread: WorkflowThread) -> None:
    thread.execute("flaky", retries=2)


def test_a_task_that_fails_twice_and_then_succeeds_completes(cluster: Cluster) -> None:
    cluster.put_task_def("flaky")
    cluster.put_workflow(retried)
    cluster.start()
    for _ in range(2):
        cluster.fail(cluster.poll("flaky"))
        assert status_of(cluster) == "RUNNING"
    cluster.report(cluster.poll("flaky"))
    assert attempts(cluster, "0-1") == ["TASK_FAILED", "TASK_FAILED", "TASK_SUCCESS"]
    assert status_of(cluster) == "COMPLETED"


def test_when_the_retries_are_used_up_the_run_ends_in_error(cluster: Cluster) -> None:
    cluster.put_task_def("flaky")
    cluster.put_workflow(retried)
    cluster.start()
    for _ in range(3):
        cluster.fail(cluster.poll("flaky"))
    assert attempts(cluster, "0-1") == ["TASK_FAILED"] * 3
    assert node_run(cluster, 0, 1).failures[0].failure_name == "TASK_FAILURE"
    assert status_of(cluster) == "ERROR"
    assert run_of(cluster).thread_runs[0].HasField("end_time")


def test_back_off_grows_up_to_its_maximum_and_the_attempt_is_pending_meanwhile(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        policy = ExponentialBackoffRetryPolicy(base_interval_ms=1000, multiplier=2.0, max_delay_ms=2500)
        thread.execute("flaky", retries=3, exponential_backoff=policy)

    cluster.put_task_def("flaky")
    cluster.put_workflow(workflow)
    cluster.start()
    for delay in (1.0, 2.0, 2.5):
        cluster.fail(cluster.poll("flaky"))
        assert attempts(cluster, "0-1")[-1] == "TASK_PENDING"
        cluster.wait(delay - 0.001)
        assert attempts(cluster, "0-1")[-1] == "TASK_PENDING"
        cluster.wait(0.001)
        assert attempts(cluster, "0-1")[-1] == "TASK_SCHEDULED"
    cluster.report(cluster.poll("flaky"))
    assert status_of(cluster) == "COMPLETED"


def test_the_timeout_counts_from_the_claim_not_from_the_scheduling(cluster: Cluster) -> None:
    cluster.put_task_def("slow")
    cluster.put_workflow(lambda thread: thread.execute("slow", timeout_seconds=10))
    cluster.start()
    cluster.wait(3600)
    task = cluster.poll("slow")
    cluster.wait(9.999)
    assert attempts(cluster, "0-1") == ["TASK_RUNNING"]
    cluster.wait(0.001)
    assert attempts(cluster, "0-1") == ["TASK_TIMEOUT"]
    assert node_run(cluster, 0, 1).failures[0].failure_name == "TIMEOUT"
    cluster.report(task)
    assert attempts(cluster, "0-1") == ["TASK_TIMEOUT"], "a late report does not bring the attempt back"


def test_a_task_exception_is_not_retried_and_names_the_failure(cluster: Cluster) -> None:
    cluster.put_task_def("flaky")
    cluster.put_workflow(retried)
    cluster.start()
    exception = LHTaskException(name="out-of-stock", message="none left", content=VariableValue(int=7))
    cluster.report(cluster.poll("flaky"), status=TASK_EXCEPTION, exception=exception)
    failure = node_run(cluster, 0, 1).failures[0]
    assert (failure.failure_name, failure.message, failure.content.int) == ("out-of-stock", "none left", 7)
    assert status_of(cluster) == "EXCEPTION"


def test_an_output_of_the_wrong_type_ends_the_attempt_without_a_retry(doubling: Cluster) -> None:
    doubling.start(n=1)
    doubling.report(doubling.poll("double"), output=value("text"))
    run = task_run(doubling, "0-1")
    assert attempts(doubling, "0-1") == ["TASK_OUTPUT_SERDE_ERROR"]
    assert "Task output incompatible with declared return type" in run.attempts[0].error.message
    assert node_run(doubling, 0, 1).failures[0].failure_name == "VAR_MUTATION_ERROR"
    assert status_of(doubling) == "ERROR"


def test_malformed_json_in_an_output_is_a_serde_error(cluster: Cluster) -> None:
    cluster.put_task_def("make", returns="JSON_OBJ")
    cluster.put_workflow(lambda thread: thread.execute("make"))
    cluster.start()
    cluster.report(cluster.poll("make"), output=VariableValue(json_obj="{oops"))
    assert "Error deserializing JSON Obj" in task_run(cluster, "0-1").attempts[0].error.message


def test_a_report_that_comes_twice_is_accepted_and_ignored(doubling: Cluster) -> None:
    doubling.start(n=1)
    task = doubling.poll("double")
    doubling.report(task, output=value(2))
    doubling.report(task, output=value(3))
    assert variable(doubling, "n").int == 2


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"attempt_number": 5}, "an attempt that never was"),
        ({"attempt_number": -1}, "a negative attempt"),
        ({"status": TASK_RUNNING}, "a status that ends nothing"),
        ({"status": TASK_EXCEPTION}, "an exception without the exception"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_report_that_makes_no_sense_is_refused(doubling: Cluster, change: dict[str, int], what: str) -> None:
    doubling.start(n=1)
    task = doubling.poll("double")
    before = dict(doubling.view.pairs)
    with pytest.raises(Refused) as refused:
        doubling.report(task, **change)
    assert refused.value.code is Code.INVALID_ARGUMENT, what
    assert attempts(doubling, "0-1") == ["TASK_RUNNING"]
    assert before.keys() - doubling.view.pairs.keys() == set()


def test_a_report_without_a_result_is_a_success_with_null(cluster: Cluster) -> None:
    cluster.put_task_def("note")
    cluster.put_workflow(lambda thread: thread.execute("note"))
    cluster.start()
    cluster.report(cluster.poll("note"), status=TASK_SUCCESS)
    assert status_of(cluster) == "COMPLETED"


def test_an_oversized_output_ends_the_attempt_instead_of_the_command(cluster: Cluster) -> None:
    cluster.put_task_def("make", returns="STR")
    cluster.put_workflow(lambda thread: thread.execute("make"))
    cluster.start()
    cluster.report(cluster.poll("make"), output=value("x" * 2_000_000))
    attempt = task_run(cluster, "0-1").attempts[0]
    assert attempts(cluster, "0-1") == ["TASK_OUTPUT_SERDE_ERROR"]
    assert "RESOURCE_EXHAUSTED" in attempt.error.message
    assert status_of(cluster) == "ERROR"


def test_a_deleted_run_leaves_nothing_behind_and_its_task_is_skipped(doubling: Cluster) -> None:
    before = set(doubling.view.pairs)
    doubling.start(id="gone", n=1)
    doubling.call("DeleteWfRun", DeleteWfRunRequest(id=WfRunId(id="gone")))
    doubling.start(id="stays", n=1)
    task = doubling.poll("double")
    assert task.task_run_id.wf_run_id.id == "stays"
    doubling.call("DeleteWfRun", DeleteWfRunRequest(id=WfRunId(id="stays")))
    left = {key for key in set(doubling.view.pairs) - before if b"gone" in key}
    assert left == set()


def test_a_deleted_id_can_be_used_again_and_old_timers_do_not_touch_the_new_run(cluster: Cluster) -> None:
    cluster.put_task_def("slow")
    cluster.put_workflow(lambda thread: thread.execute("slow", timeout_seconds=10))
    cluster.start()
    cluster.poll("slow")
    cluster.wait(5)
    cluster.call("DeleteWfRun", DeleteWfRunRequest(id=WfRunId(id="run")))
    cluster.start()
    cluster.poll("slow")
    cluster.wait(5)
    assert attempts(cluster, "0-1") == ["TASK_RUNNING"], "the timeout of the deleted run's attempt is not this one's"
    cluster.wait(5)
    assert attempts(cluster, "0-1") == ["TASK_TIMEOUT"]


@pytest.mark.parametrize(("seconds", "nanos"), [(0, 0), (-1, 0), (2**62, 0), (2**63 - 1, 2**31 - 1), (-(2**63), -1)])
def test_a_report_from_a_clock_that_is_out_of_its_mind_counts_as_of_now(
    doubling: Cluster, seconds: int, nanos: int
) -> None:
    doubling.start(n=1)
    task = doubling.poll("double")
    doubling.report(task, output=value(2), time=Timestamp(seconds=seconds, nanos=nanos))
    assert task_run(doubling, "0-1").attempts[0].end_time.ToMilliseconds() == doubling.now_ms
    assert status_of(doubling) == "COMPLETED"


def test_the_workers_clock_says_when_an_attempt_ended(doubling: Cluster) -> None:
    doubling.start(n=1)
    task = doubling.poll("double")
    doubling.report(task, output=value(2), time=Timestamp(seconds=999))
    assert task_run(doubling, "0-1").attempts[0].end_time.seconds == 999
    assert node_run(doubling, 0, 1).end_time.seconds == 999


def test_an_output_of_a_type_that_is_not_built_yet_ends_the_attempt(cluster: Cluster) -> None:
    cluster.put_task_def("make")
    cluster.put_workflow(lambda thread: thread.execute("make"))
    cluster.start()
    cluster.report(cluster.poll("make"), output=VariableValue(struct={}))
    assert attempts(cluster, "0-1") == ["TASK_OUTPUT_SERDE_ERROR"]
    assert "not implemented" in task_run(cluster, "0-1").attempts[0].error.message


@pytest.mark.parametrize("field", ["content", "message", "log_output"])
def test_an_oversized_report_of_any_kind_ends_the_attempt_instead_of_the_command(cluster: Cluster, field: str) -> None:
    cluster.put_task_def("make")
    cluster.put_workflow(lambda thread: thread.execute("make"))
    cluster.start()
    large = "x" * 1_100_000
    exception = LHTaskException(name="broken")
    more = {}
    if field == "content":
        exception.content.str = large
    elif field == "message":
        exception.message = large
    else:
        more = {"log_output": value(large)}
    cluster.report(cluster.poll("make"), status=TASK_EXCEPTION, exception=exception, **more)
    assert attempts(cluster, "0-1") == ["TASK_OUTPUT_SERDE_ERROR"]
    assert "RESOURCE_EXHAUSTED" in task_run(cluster, "0-1").attempts[0].error.message


def deep(levels: int) -> VariableValue:
    """Protobuf can still read it here; inside of a stored TaskRun it could not."""
    made = VariableValue()
    id = made.wf_run_id
    for _ in range(levels):
        id.id = "child"
        id = id.parent_wf_run_id
    return made


@pytest.mark.parametrize("unusable", [VariableValue(json_obj="{oops"), VariableValue(struct={}), deep(94)], ids=str)
def test_what_accompanies_a_report_and_cannot_be_stored_does_not_spoil_it(
    cluster: Cluster, unusable: VariableValue
) -> None:
    cluster.put_task_def("make")
    cluster.put_workflow(lambda thread: thread.execute("make"))
    cluster.start()
    exception = LHTaskException(name="broken", message="as it is", content=unusable)
    cluster.report(cluster.poll("make"), status=TASK_EXCEPTION, exception=exception, log_output=unusable)
    attempt = task_run(cluster, "0-1").attempts[0]
    assert "could not be stored" in attempt.log_output.str and "could not be stored" in attempt.exception.content.str
    assert (attempt.exception.name, attempt.exception.message) == ("broken", "as it is")
    assert status_of(cluster) == "EXCEPTION"
    cluster.delete()
