"""What a running node measures of itself, as Prometheus reads it: all is there, and what should move has moved."""

import threading
import urllib.request
from collections.abc import Iterator

import pytest
from littlehorse.model import PollTaskRequest, TaskDefId
from prometheus_client.parser import text_string_to_metric_families
from published_client import PublishedClient
from server_processes import Cluster, Node, eventually

MOVED_BY_WORK = (
    "entries_applied_total",
    "commands_applied_total",
    "apply_seconds_total",
    "commit_seconds_total",
    "proposals_total",
    "proposed_commands_total",
    "leader_changes_total",
    "syncs_total",
    "sync_seconds",
    "term",
    "commit_index",
    "applied_index",
    "log_entries",
    "log_bytes",
    "overlay_keys",
    "overlay_bytes",
    "checkpoints_total",
    "checkpoint_seconds",
)
"""On the leader."""

AT_REST = ("apply_backlog", "commands_waiting", "leader_queue", "reads_waiting")

RUNS = 250
"""More commands than a checkpoint is taken after."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster"), checkpoint_commands=200) as cluster:
        yield cluster.bootstrap()


def read(cluster: Cluster, node: Node) -> dict[tuple[str, ...], float]:
    """By name and, for calls, method and status."""
    with urllib.request.urlopen(f"http://{cluster.http[node.name]}/metrics", timeout=5) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    found = {}
    for sample in (sample for family in families for sample in family.samples):
        labels = (sample.labels[label] for label in ("method", "status") if label in sample.labels)
        found[sample.name.removeprefix("konik_"), *labels] = sample.value
    return found


def test_the_figures_of_a_node_move_with_its_work(cluster: Cluster) -> None:
    leader, still_polling = cluster.leader(), threading.Event()

    def requests() -> Iterator[PollTaskRequest]:
        yield PollTaskRequest(task_def_id=TaskDefId(name="waited-for"), client_id="by hand")
        still_polling.wait()

    with PublishedClient(leader.client) as client:
        client.put_task_def("waited-for")
        client.deploy("nothing", lambda wf: None)
        for _ in range(RUNS):
            client.run("nothing")
        polls = client.stub.PollTask(requests())
        eventually(lambda: read(cluster, leader)["polls_waiting",] == 1, "the poll waits")
        eventually(lambda: not any(read(cluster, leader)[name,] for name in AT_REST), "nothing else waits")
        found = eventually(
            lambda: found if (found := read(cluster, leader))["checkpoints_total",] > 0 else None, "a checkpoint"
        )
        polls.cancel()
        still_polling.set()
        eventually(lambda: read(cluster, leader)["poll_streams",] == 0, "the stream has ended")
        cancelled = "rpcs_total", "PollTask", "CANCELLED"
        eventually(lambda: read(cluster, leader).get(cancelled) == 1, "its call is counted, a moment after it ended")
    assert {name: found[name,] for name in MOVED_BY_WORK if not found[name,] > 0} == {}
    assert found["role",] == 2
    assert found["rpcs_total", "RunWf", "OK"] == RUNS
    assert found["rpc_seconds_count", "RunWf"] == RUNS and found["rpc_seconds_sum", "RunWf"] > 0


def test_refused_calls_are_counted_as_such(cluster: Cluster) -> None:
    follower = cluster.followers()[0]
    with PublishedClient(follower.client) as client, pytest.raises(Exception, match="NOT_FOUND"):
        client.run("unknown")
    found = read(cluster, follower)
    assert found["rpcs_total", "RunWf", "NOT_FOUND"] == 1
    assert found["forwarded_commands_total",] > 0
    assert found["role",] == 0
