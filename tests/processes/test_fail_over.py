"""The leader dies, or is stopped: a pause for callers of the other nodes, an error for nobody but its own."""

import asyncio
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from threading import Event
from uuid import uuid4

import grpc
import pytest
from callers import GO, Callers, assert_states_agree, waits_for_go
from littlehorse.model import (
    LHStatus,
    ListTaskRunsRequest,
    PollTaskRequest,
    RunWfRequest,
    TaskDefId,
    TaskRun,
    TaskStatus,
    WfRun,
    WfRunId,
)
from littlehorse.worker import WorkerContext
from published_client import PublishedClient
from quickstart import WAITS_FOR_EVENT, Journal, give_verdict, new_customer, open_for_customers
from server_processes import Cluster, Node, eventually

from konik.bench.audit import gap

KILL_GAP_SECONDS_MAX = 1.0
STOP_GAP_SECONDS_MAX = 0.4
STOP_SECONDS_MAX = 1.0
"""The gaps are twice what is promised: tests share their machine."""

CALLS = 100
"""Acknowledged before and after whatever happens."""


@pytest.fixture
def whole(cluster: Cluster) -> Cluster:
    """The cluster, with whatever was killed before running again."""
    cluster.start()
    return cluster


@pytest.fixture
def leader(whole: Cluster) -> Node:
    return whole.leader()


@pytest.fixture
def survivor(whole: Cluster, leader: Node) -> Node:
    return next(node for node in whole.nodes if node is not leader)


@pytest.fixture
def client(survivor: Node) -> Iterator[PublishedClient]:
    """The published client at a node that stays."""
    with PublishedClient(survivor.client) as client:
        yield client


def do_steps(client: PublishedClient, journal: Journal, *, gate: asyncio.Event | None = None) -> None:
    """A worker for the tasks of the workflow `step`; it does not report before the gate is open."""

    async def step(context: WorkerContext) -> str:
        journal.write(context)
        if gate is not None:
            await gate.wait()
        return "done"

    client.work(step, "step")
    client.deploy("step", lambda wf: wf.execute("step"))


def task_run(client: PublishedClient, run: str) -> TaskRun:
    (found,) = client.stub.ListTaskRuns(ListTaskRunsRequest(wf_run_id=WfRunId(id=run))).results
    return found


def test_a_run_that_waits_for_an_event_goes_on_under_the_next_leader(client: PublishedClient, leader: Node) -> None:
    journal = Journal()
    open_for_customers(client, journal)
    run = new_customer(client, "obiwan@jedi.temple")
    client.arrived(run, WAITS_FOR_EVENT)
    leader.kill()
    give_verdict(client, "obiwan@jedi.temple", True)
    assert client.ended(run).status == LHStatus.COMPLETED
    assert journal.twice == []


def test_the_leaders_death_is_a_pause_for_callers_of_the_other_nodes(
    whole: Cluster, leader: Node, client: PublishedClient
) -> None:
    journal = Journal()
    do_steps(client, journal)
    survivors = [node.client for node in whole.nodes if node is not leader]
    with Callers(survivors, "step") as callers:
        callers.wait_for_more(CALLS)
        killed_at = time.monotonic()
        leader.kill()
        callers.wait_for_more(CALLS)
        until = time.monotonic()
        leader.start()  # reports that were on their way to it are repeated there
        callers.wait_for_more(CALLS)
    assert callers.failures == []
    assert gap(callers.acknowledged_at, killed_at, until) <= KILL_GAP_SECONDS_MAX
    assert client.log.broken_streams == {leader.client}
    callers.wait_until_completed(client)
    assert journal.twice == []
    assert_each_report_is_kept(client, callers, journal)
    whole.whole()


def assert_each_report_is_kept(client: PublishedClient, callers: Callers, journal: Journal) -> None:
    """Every TaskRun has succeeded, by an attempt that the worker has executed."""
    for run in callers.started:
        found = task_run(client, run)
        done = [number for number, tried in enumerate(found.attempts) if tried.status == TaskStatus.TASK_SUCCESS]
        assert len(done) == 1, f"{run}: {found}"
        assert journal.executed[run, found.id.task_guid, done[0]] == 1, f"{run} succeeded without its worker"


def test_a_report_to_the_killed_node_is_tried_again_until_it_is_back(
    whole: Cluster, leader: Node, client: PublishedClient
) -> None:
    journal, gate = Journal(), asyncio.Event()
    do_steps(client, journal, gate=gate)
    runs: list[WfRun] = [client.run("step") for _ in range(4 * len(whole.nodes))]
    eventually(lambda: len(journal.executed) == len(runs), "the worker has all tasks, some from the leader")
    with PublishedClient(leader.client) as at_the_leader:
        at_the_leader.put_task_def("unrelated")  # with any command goes into the log which tasks were handed over
    leader.kill()
    client.from_worker(gate.set)
    eventually(lambda: client.log.repeated_reports > 0, "reports to the killed node fail")
    leader.start()
    assert [client.ended(run).status for run in runs] == [LHStatus.COMPLETED] * len(runs)
    assert all(len(task_run(client, run.id.id).attempts) == 1 for run in runs)
    assert journal.twice == []


def test_a_leader_that_is_told_to_stop_hands_over_at_once(
    whole: Cluster, leader: Node, client: PublishedClient
) -> None:
    do_steps(client, Journal())
    survivors = [node.client for node in whole.nodes if node is not leader]
    with Callers(survivors, "step") as callers:
        callers.wait_for_more(CALLS)
        told_at = time.monotonic()
        seconds = leader.terminate()
        callers.wait_for_more(CALLS)
        until = time.monotonic()
    assert callers.failures == []
    assert seconds <= STOP_SECONDS_MAX
    assert gap(callers.acknowledged_at, told_at, until) <= STOP_GAP_SECONDS_MAX


async def calls_until_the_end_of(node: Node, callers: int) -> dict[str, grpc.StatusCode]:
    """Callers start one WfRun after the other until the node refuses; it is told to stop while they do."""
    outcomes: dict[str, grpc.StatusCode] = {}
    async with grpc.aio.insecure_channel(node.client) as channel:
        run_wf = channel.unary_unary("/littlehorse.LittleHorse/RunWf", RunWfRequest.SerializeToString)

        async def call() -> None:
            code = grpc.StatusCode.OK
            while code is grpc.StatusCode.OK:
                id = f"until-{uuid4().hex}"
                code = outcomes[id] = await run_wf(RunWfRequest(wf_spec_name="step", id=id)).code()
                if len(outcomes) == CALLS:
                    node.signal(signal.SIGTERM)

        await asyncio.gather(*(call() for _ in range(callers)))
    return outcomes


def test_a_node_that_stops_answers_every_call_that_it_has_run(
    whole: Cluster, leader: Node, client: PublishedClient
) -> None:
    do_steps(client, Journal())
    outcomes = asyncio.run(calls_until_the_end_of(leader, 30))
    assert leader.ended(STOP_SECONDS_MAX) == 0
    assert set(outcomes.values()) == {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    for id, code in outcomes.items():
        try:
            client.stub.GetWfRun(WfRunId(id=id))
            assert code is grpc.StatusCode.OK, f"{id} was run, and its caller heard {code.name}"
        except grpc.RpcError as error:
            assert (error.code(), code) == (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE)


def test_a_node_that_stops_ends_its_poll_streams_with_an_error(leader: Node, client: PublishedClient) -> None:
    client.put_task_def("asked-for")
    client.deploy("asked-for", lambda wf: wf.execute("asked-for"))
    still_polling = Event()
    with PublishedClient(leader.client) as at_the_leader:
        polls = at_the_leader.stub.PollTask(two_requests("asked-for", still_polling))
        run = client.run("asked-for")
        assert next(polls).result.task_run_id.wf_run_id == run.id
        leader.terminate()
        with pytest.raises(grpc.RpcError) as ended:
            next(polls)
        still_polling.set()
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE


def two_requests(task: str, still_polling: Event) -> Iterator[PollTaskRequest]:
    """A worker that wants two tasks and does not half-close its stream."""
    for _ in range(2):
        yield PollTaskRequest(task_def_id=TaskDefId(name=task), client_id="by hand")
    still_polling.wait()


def is_ready(cluster: Cluster, node: Node, path: str = "readyz") -> bool:
    url = f"http://{cluster.http[node.name]}/{path}"
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(url, timeout=5):
        return True
    return False


def test_a_node_without_a_majority_is_alive_and_not_ready_until_the_others_are_back(whole: Cluster) -> None:
    survivor, *others = whole.nodes
    assert all(is_ready(whole, node) for node in whole.nodes)
    for node in others:
        node.kill()
    eventually(lambda: not is_ready(whole, survivor), "it is not ready")
    assert is_ready(whole, survivor, "healthz")
    whole.start()
    assert is_ready(whole, survivor)


def test_a_node_that_was_killed_catches_up(
    whole: Cluster, leader: Node, survivor: Node, client: PublishedClient
) -> None:
    client.deploy("waits-for-go", waits_for_go)
    leader.kill()
    with Callers([survivor.client], "waits-for-go", event=GO) as callers:
        callers.wait_for_more(CALLS)
    leader.start()
    whole.whole()
    assert_states_agree(whole, "waits-for-go")
    with PublishedClient(leader.client) as at_the_killed:
        assert callers.lost(at_the_killed) == set()
