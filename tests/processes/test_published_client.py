"""The published Python client, unchanged, finds in Konik the server that it knows."""

import threading
import time
from collections.abc import Iterator

import grpc
import littlehorse.model
import pytest
from google.protobuf.empty_pb2 import Empty
from littlehorse import create_task_def
from littlehorse.model import (
    ExternalEventDef,
    ExternalEventDefId,
    GetLatestWfSpecRequest,
    LHStatus,
    ListNodeRunsRequest,
    ListTaskRunsRequest,
    ListVariablesRequest,
    SearchVariableRequest,
    SearchWfRunRequest,
    TaskDef,
    TaskDefId,
    TaskRun,
    TaskStatus,
    Variable,
    VariableId,
    WfRun,
    WfRunId,
    WfSpec,
)
from littlehorse.workflow import WorkflowThread
from published_client import PublishedClient, value
from quickstart import (
    EVENT,
    NOT_VERIFIED,
    NOTIFY,
    NOTIFY_NOT,
    VERIFY,
    WAITS_FOR_EVENT,
    Journal,
    give_verdict,
    new_customer,
    open_for_customers,
    quickstart,
)
from server_processes import Cluster

from konik.api.methods import RPCS

KEEPALIVE_MS = 1_000
IDLE_SECONDS = 10.0
AT_ONCE_SECONDS = 1.0

MASK = "*****"


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal()


class IdleWorker:
    """A worker with an impatient keepalive, left alone from the beginning of the module until its test."""

    def __init__(self, client: PublishedClient) -> None:
        self.client = client
        self.asked = threading.Event()
        client.work(self.answer, "idle")
        client.deploy("ask-the-idle", lambda wf: wf.execute("idle"))
        self.since = time.monotonic()

    async def answer(self) -> str:
        self.asked.set()
        return "here"


@pytest.fixture(scope="module")
def idle(cluster: Cluster) -> Iterator[IdleWorker]:
    with PublishedClient(cluster.addresses[0], LHC_GRPC_KEEPALIVE_TIME_MS=KEEPALIVE_MS) as client:
        yield IdleWorker(client)


@pytest.fixture(scope="module")
def client(cluster: Cluster, idle: IdleWorker, journal: Journal) -> Iterator[PublishedClient]:
    with PublishedClient(cluster.addresses[0]) as client:
        open_for_customers(client, journal)
        yield client


def nodes_of(client: PublishedClient, run: WfRun) -> list[str]:
    """The names of the nodes that the WfRun has gone through, without their numbers and types."""
    found = client.stub.ListNodeRuns(ListNodeRunsRequest(wf_run_id=run.id)).results
    ordered = sorted(found, key=lambda node_run: (node_run.id.thread_run_number, node_run.id.position))
    return [node_run.node_name.partition("-")[2] for node_run in ordered]


def task_run(client: PublishedClient, run: WfRun) -> TaskRun:
    """The WfRun's only TaskRun."""
    (found,) = client.stub.ListTaskRuns(ListTaskRunsRequest(wf_run_id=run.id)).results
    return found


def variables(client: PublishedClient, run: WfRun) -> dict[str, Variable]:
    found = client.stub.ListVariables(ListVariablesRequest(wf_run_id=run.id)).results
    return {variable.id.name: variable for variable in found}


def runs_with(client: PublishedClient, workflow: str, status: LHStatus) -> set[str]:
    request = SearchWfRunRequest(wf_spec_name=workflow, status=status)
    return {found.id for found in client.stub.SearchWfRun(request).results}


def refusal(call: object, *arguments: object) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value


@pytest.mark.parametrize(("verdict", "told"), [(True, NOTIFY), (False, NOTIFY_NOT)])
def test_a_customer_is_verified_and_told(client: PublishedClient, journal: Journal, verdict: bool, told: str) -> None:
    email = f"{verdict}@jedi.temple".lower()
    run = new_customer(client, email)
    assert client.arrived(run, WAITS_FOR_EVENT).status == LHStatus.RUNNING
    give_verdict(client, email, verdict)
    assert client.ended(run).status == LHStatus.COMPLETED
    path = nodes_of(client, run)
    assert path[:3] == ["entrypoint-ENTRYPOINT", f"{VERIFY}-TASK", "identity-verified-EXTERNAL_EVENT"]
    assert f"{told}-TASK" in path
    assert path[-1] == "exit-EXIT"
    assert sorted(times for (id, _, _), times in journal.executed.items() if id == run.id.id) == [1, 1]


def test_without_a_verdict_the_failure_handler_ends_the_run(client: PublishedClient) -> None:
    client.deploy("impatient-quickstart", quickstart(event_timeout_s=1))
    run = client.ended(new_customer(client, "yoda@dagobah", "impatient-quickstart"))
    assert run.status == LHStatus.EXCEPTION
    (waiting,) = [
        node_run
        for node_run in client.stub.ListNodeRuns(ListNodeRunsRequest(wf_run_id=run.id)).results
        if node_run.id.thread_run_number == 0 and node_run.HasField("external_event")
    ]
    assert [failure.failure_name for failure in waiting.failures][:1] == ["TIMEOUT"]
    handler = run.thread_runs[1]
    assert (handler.status, handler.failure_being_handled.thread_run_number) == (LHStatus.EXCEPTION, 0)
    (failed,) = [
        failure
        for node_run in client.stub.ListNodeRuns(ListNodeRunsRequest(wf_run_id=run.id, thread_run_number=1)).results
        for failure in node_run.failures
    ]
    assert (failed.failure_name, failed.message) == (NOT_VERIFIED, "no verdict in time")


def test_a_task_that_fails_twice_succeeds_at_the_third_attempt(client: PublishedClient) -> None:
    async def flaky(email: str) -> str:
        attempts.append(email)
        if len(attempts) < 3:
            raise ConnectionError("try again")
        return "at last"

    attempts: list[str] = []
    client.work(flaky, "flaky")
    client.deploy("with-retries", lambda wf: wf.execute("flaky", wf.declare_str("email"), retries=2))
    run = client.ended(client.run("with-retries", email="han@falcon"))
    assert run.status == LHStatus.COMPLETED
    assert attempts == ["han@falcon"] * 3
    done = task_run(client, run)
    assert [attempt.status for attempt in done.attempts] == [
        TaskStatus.TASK_FAILED,
        TaskStatus.TASK_FAILED,
        TaskStatus.TASK_SUCCESS,
    ]
    assert "try again" in done.attempts[0].error.message
    assert done.attempts[2].output.str == "at last"


@pytest.mark.parametrize(("age", "group"), [(12, "child"), (15, "teenager"), (42, "adult")])
def test_one_of_three_branches_is_taken(client: PublishedClient, age: int, group: str) -> None:
    def entrypoint(wf: WorkflowThread) -> None:
        age, group = wf.declare_int("age").required(), wf.declare_str("group")
        wf.do_if(age.is_less_than(13), lambda then: group.assign("child")).do_else_if(
            age.is_less_than(18), lambda then: group.assign("teenager")
        ).do_else(lambda otherwise: group.assign("adult"))

    client.deploy("branches", entrypoint)
    run = client.run("branches", age=age)
    assert run.status == LHStatus.COMPLETED
    assert variables(client, run)["group"].value.str == group


def test_a_loop_runs_until_its_condition_fails(client: PublishedClient) -> None:
    def entrypoint(wf: WorkflowThread) -> None:
        left, eaten = wf.declare_int("donuts").required(), wf.declare_int("eaten", 0)

        def eat(body: WorkflowThread) -> None:
            left.assign(left.subtract(1))
            eaten.assign(eaten.add(1))

        wf.do_while(left.is_greater_than(0), eat)

    client.deploy("donuts", entrypoint)
    run = client.run("donuts", donuts=5)
    assert run.status == LHStatus.COMPLETED
    assert {name: found.value.int for name, found in variables(client, run).items()} == {"donuts": 0, "eaten": 5}


def test_runs_are_found_by_name_status_and_variable(client: PublishedClient) -> None:
    waiting, done = new_customer(client, "leia@alderaan"), new_customer(client, "lando@bespin")
    client.arrived(waiting, WAITS_FOR_EVENT)
    give_verdict(client, "lando@bespin", True)
    client.ended(done)
    assert waiting.id.id in runs_with(client, "quickstart", LHStatus.RUNNING)
    assert done.id.id in runs_with(client, "quickstart", LHStatus.COMPLETED)
    assert not {waiting.id.id, done.id.id} & runs_with(client, "quickstart", LHStatus.ERROR)
    request = SearchVariableRequest(wf_spec_name="quickstart", var_name="email", value=value("leia@alderaan"))
    assert [found.wf_run_id.id for found in client.stub.SearchVariable(request).results] == [waiting.id.id]
    assert client.stub.GetWfRun(WfRunId(id=done.id.id)).id == done.id


def test_a_masked_variable_stays_masked(client: PublishedClient) -> None:
    run = new_customer(client, "chewie@kashyyyk")
    client.arrived(run, WAITS_FOR_EVENT)
    one = client.stub.GetVariable(VariableId(wf_run_id=run.id, thread_run_number=0, name="ssn"))
    listed = variables(client, run)["ssn"]
    verified = task_run(client, run)
    (passed,) = [argument for argument in verified.input_variables if argument.var_name == "ssn"]
    for seen in (one, listed, passed, verified):
        assert "123456789" not in str(seen)
    assert [found.value.str for found in (one, listed, passed)] == [MASK] * 3


def test_registering_the_same_again_changes_nothing(client: PublishedClient) -> None:
    async def greet(name: str) -> str:
        return f"Hello, {name}"

    def register() -> tuple[TaskDef, WfSpec, ExternalEventDef]:
        create_task_def(greet, "greet", client.config)
        client.deploy("registered-twice", quickstart())
        return (
            client.stub.GetTaskDef(TaskDefId(name="greet")),
            client.stub.GetLatestWfSpec(GetLatestWfSpecRequest(name="registered-twice")),
            client.stub.GetExternalEventDef(ExternalEventDefId(name=EVENT)),
        )

    assert register() == register()


def test_another_task_def_under_the_same_name_is_refused(client: PublishedClient) -> None:
    async def other(full_name: str) -> str:
        return full_name

    error = refusal(create_task_def, other, NOTIFY, client.config)
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS


def test_another_wf_spec_under_the_same_name_is_a_new_version(client: PublishedClient) -> None:
    def version() -> tuple[int, int]:
        found = client.stub.GetLatestWfSpec(GetLatestWfSpecRequest(name="versions")).id
        return found.major_version, found.revision

    client.deploy("versions", lambda wf: None)
    assert version() == (0, 0)
    client.deploy("versions", lambda wf: wf.execute(NOTIFY_NOT, "nobody", "nowhere"))
    assert version() == (0, 1)
    client.deploy("versions", lambda wf: wf.declare_str("needed").required())
    assert version() == (1, 0)


def test_an_rpc_that_is_not_built_says_so(client: PublishedClient) -> None:
    for rpc in [rpc for rpc in RPCS.values() if rpc.kind is None]:
        request = getattr(littlehorse.model, rpc.request.DESCRIPTOR.name, Empty)
        error = refusal(getattr(client.stub, rpc.name), request())
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert rpc.name in (error.details() or "")


def test_an_idle_worker_with_an_impatient_keepalive_gets_a_task_at_once(idle: IdleWorker) -> None:
    rest = idle.since + IDLE_SECONDS - time.monotonic()
    assert not idle.asked.wait(max(rest, 0)), "nobody has asked it anything yet"
    run = idle.client.run("ask-the-idle")
    assert idle.asked.wait(AT_ONCE_SECONDS)
    assert idle.client.ended(run).status == LHStatus.COMPLETED
    assert idle.client.log.broken_streams == set()
