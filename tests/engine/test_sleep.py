"""SLEEP nodes: when they begin, they say when they will end, and not a moment earlier they do."""

from datetime import UTC, datetime
from typing import Any

import pytest
from littlehorse.workflow import WorkflowThread
from reading import history, last_failure, node_run, status_of, task_run
from workshop import Cluster, value

from konik.api.pb.ids_pb2 import VariableId, WfRunId
from konik.api.pb.metadata_requests_pb2 import PutWfSpecRequest
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.statemachine.limits import OBJECT_BYTES_MAX
from konik.statemachine.tables import variable_key


def sleeping(seconds: int) -> Any:
    return lambda thread: thread.sleep(seconds)


def until(kind: str, source: str) -> dict[str, Any]:
    """A workflow that sleeps until what its variable says, in one of the ways the SDK cannot write."""

    def workflow(thread: WorkflowThread) -> None:
        getattr(thread, f"declare_{kind}")("moment")
        thread.sleep(1)

    def change(compiled: PutWfSpecRequest) -> None:
        sleep = compiled.thread_specs["entrypoint"].nodes["1-sleep-SLEEP"].sleep
        getattr(sleep, source).variable_name = "moment"

    return {"entrypoint": workflow, "change": change}


def moment(ms: int) -> VariableValue:
    value = VariableValue()
    value.utc_timestamp.FromMilliseconds(ms)
    return value


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ended_ms(cluster: Cluster) -> int:
    return int(node_run(cluster, 0, 1).end_time.ToMilliseconds())


@pytest.mark.parametrize("seconds", [1, 60, 2_000_000_000])
def test_a_thread_sleeps_for_so_many_seconds_and_not_a_millisecond_less(cluster: Cluster, seconds: int) -> None:
    cluster.put_workflow(sleeping(seconds))
    cluster.start()
    due = cluster.now_ms + seconds * 1000
    assert node_run(cluster, 0, 1).sleep.maturation_time.ToMilliseconds() == due
    cluster.wait(seconds - 0.001)
    assert status_of(cluster) == "RUNNING"
    cluster.wait(0.001)
    assert status_of(cluster) == "COMPLETED"
    assert ended_ms(cluster) == due
    assert node_run(cluster, 0, 1).sleep.matured


@pytest.mark.parametrize("earlier", [True, False])
def test_a_sleep_until_a_moment_follows_what_says_the_moment(cluster: Cluster, earlier: bool) -> None:
    """A thread that sleeps writes no variable, but another one may; it is read anew whenever the WfRun moves."""
    cluster.put_workflow(**until("timestamp", "timestamp"))
    cluster.put_event_def("stirs")
    first = cluster.now_ms + 60_000
    cluster.start(moment=moment(first))
    due = first - 30_000 if earlier else first + 30_000
    id = VariableId(wf_run_id=WfRunId(id="run"), name="moment")
    key = variable_key("default", id)
    variable = Variable.FromString(cluster.view.get(key) or b"")
    variable.value.CopyFrom(moment(due))
    cluster.view.put(key, variable.SerializeToString(deterministic=True))
    cluster.event("stirs")
    assert node_run(cluster, 0, 1).sleep.maturation_time.ToMilliseconds() == due
    cluster.wait((due - cluster.now_ms - 1) / 1000)
    assert status_of(cluster) == "RUNNING"
    cluster.wait(0.001)
    assert (status_of(cluster), ended_ms(cluster)) == ("COMPLETED", due)


def test_a_timer_that_fires_late_still_ends_the_sleep_when_it_was_due(cluster: Cluster) -> None:
    cluster.put_workflow(sleeping(10))
    cluster.start()
    due = cluster.now_ms + 10_000
    cluster.wait(1234)
    assert ended_ms(cluster) == due


def test_what_comes_after_a_late_sleep_has_the_time_at_which_it_was_due(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        thread.sleep(10)
        thread.sleep(10)

    cluster.put_workflow(workflow)
    cluster.start()
    started = cluster.now_ms
    cluster.wait(1000)
    assert status_of(cluster) == "COMPLETED"
    assert node_run(cluster, 0, 2).end_time.ToMilliseconds() == started + 20_000


@pytest.mark.parametrize(
    ("kind", "source", "to_value"),
    [
        ("int", "timestamp", value),
        ("timestamp", "timestamp", moment),
        ("str", "iso_date", lambda ms: value(iso(ms))),
        ("int", "raw_seconds", lambda ms: value((ms - 1_000_000) // 1000)),
    ],
    ids=["epoch milliseconds", "a moment", "an ISO date", "seconds"],
)
def test_a_thread_sleeps_until(cluster: Cluster, kind: str, source: str, to_value: Any) -> None:
    cluster.put_workflow(**until(kind, source))
    due = cluster.now_ms + 90_000
    cluster.start(moment=to_value(due))
    assert node_run(cluster, 0, 1).sleep.maturation_time.ToMilliseconds() == due
    cluster.wait(89.999)
    assert status_of(cluster) == "RUNNING"
    cluster.wait(0.001)
    assert (status_of(cluster), ended_ms(cluster)) == ("COMPLETED", due)


@pytest.mark.parametrize(
    ("kind", "source", "past"),
    [
        ("int", "timestamp", 0),
        ("timestamp", "timestamp", moment(5)),
        ("str", "iso_date", "1970-01-01T00:00:00.000Z"),
        ("int", "raw_seconds", 0),
        ("int", "raw_seconds", -100),
    ],
)
def test_a_time_in_the_past_ends_the_sleep_at_once_and_time_does_not_run_back(
    cluster: Cluster, kind: str, source: str, past: Any
) -> None:
    workflow = until(kind, source)
    asleep = workflow["entrypoint"]
    workflow["entrypoint"] = lambda thread: (asleep(thread), thread.execute("after"))
    cluster.put_task_def("after")
    cluster.put_workflow(**workflow)
    cluster.start(moment=past)
    started = cluster.now_ms
    cluster.wait(0.001)
    assert history(cluster)[1] == "sleep-SLEEP COMPLETED"
    assert ended_ms(cluster) >= started
    assert task_run(cluster, "0-2").scheduled_at.ToMilliseconds() >= started


def test_a_loop_of_sleeps_that_are_over_at_once_turns_once_per_entry(cluster: Cluster) -> None:
    """So that it cannot keep the machine from its commands for ever."""

    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=0)
        zero = thread.declare_int("zero", default_value=0)

        def turn(body: WorkflowThread) -> None:
            body.sleep(zero)
            n.assign(n.add(1))

        thread.do_while(n.is_less_than(5), turn)

    cluster.put_workflow(workflow)
    cluster.start()
    for turn in range(5):
        assert status_of(cluster) == "RUNNING", turn
        cluster.wait(3600)
    assert status_of(cluster) == "COMPLETED"


@pytest.mark.parametrize(
    ("kind", "source", "nonsense"),
    [
        ("int", "raw_seconds", None),
        ("int", "timestamp", None),
        ("str", "iso_date", None),
        ("str", "iso_date", "tomorrow"),
        ("str", "iso_date", ""),
        ("int", "raw_seconds", 2**62),
        ("int", "timestamp", 2**62),
        ("int", "timestamp", -1),
    ],
)
def test_a_time_that_is_none_is_a_failure(cluster: Cluster, kind: str, source: str, nonsense: Any) -> None:
    cluster.put_workflow(**until(kind, source))
    cluster.start(moment=nonsense)
    assert last_failure(cluster, 0, 1).failure_name == "VAR_SUB_ERROR"
    assert status_of(cluster) == "ERROR"


def test_the_sleep_of_a_deleted_run_does_not_wake_its_successor(cluster: Cluster) -> None:
    cluster.put_workflow(sleeping(10))
    cluster.start()
    cluster.wait(5)
    cluster.delete()
    cluster.start()
    cluster.wait(5)
    assert status_of(cluster) == "RUNNING"
    cluster.wait(5)
    assert status_of(cluster) == "COMPLETED"


def test_a_timer_of_a_deleted_run_finds_nothing_to_do_at_the_other_node_of_a_run_of_the_same_moment(
    cluster: Cluster,
) -> None:
    cluster.put_event_def("paid")
    cluster.put_workflow(sleeping(10))
    cluster.put_workflow(lambda thread: thread.wait_for_event("paid", timeout=20), name="waiting")
    for first, second in (("wf", "waiting"), ("waiting", "wf")):
        id = f"{first}-then-{second}"
        cluster.start(id, first)
        cluster.delete(id)
        cluster.start(id, second)
    cluster.wait(10)
    assert status_of(cluster, "wf-then-waiting") == "RUNNING"
    assert status_of(cluster, "waiting-then-wf") == "COMPLETED"
    cluster.wait(10)
    assert last_failure(cluster, 0, 1, "wf-then-waiting").failure_name == "TIMEOUT"


def test_a_run_that_cannot_go_on_after_its_sleep_ends_instead_of_waiting_for_ever(cluster: Cluster) -> None:
    """Nobody would hear of a refusal, and nobody would try again."""

    def workflow(thread: WorkflowThread) -> None:
        half = thread.declare_str("half").required()
        thread.sleep(10)
        thread.execute("both", half, half)

    cluster.put_task_def("both", "left:STR", "right:STR")
    cluster.put_workflow(workflow)
    cluster.start(half="x" * 600_000)
    cluster.wait(10)
    failure = last_failure(cluster, 0, 1)
    assert failure.failure_name == "INTERNAL_ERROR"
    assert "TaskRun" in failure.message and str(OBJECT_BYTES_MAX) in failure.message
    assert status_of(cluster) == "ERROR"
