"""Two of three disks are gone: what the third one has goes on as a new cluster, and takes the other nodes in again."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from callers import GO, Callers, assert_states_agree, runs, waits_for_go
from littlehorse.model import ExternalEventDefId, LHStatus, PutExternalEventRequest, WfRunId
from published_client import PublishedClient
from server_processes import Cluster, Node, eventually

WORKFLOW = "waits-for-go"
OLD, NEW = "before", "after"
SECONDS_MAX = 60.0


def konik(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """What the command line says to somebody who answers no question."""
    line = [sys.executable, "-m", "konik.sdk.cli", *map(str, arguments)]
    return subprocess.run(
        line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


def done(*arguments: object) -> str:
    """The same of a command that must succeed."""
    ran = konik(*arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refusal(*arguments: object) -> str:
    """The same of one that must not."""
    ran = konik(*arguments)
    assert ran.returncode == 1, ran.stdout
    return ran.stderr


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three nodes with short logs, so that one that comes in later needs a copy of the state."""
    with Cluster(tmp_path, cluster_id=OLD, checkpoint_commands=300, log_tail_entries=10) as cluster:
        cluster.bootstrap()
        with PublishedClient(cluster.addresses[0]) as client:
            client.deploy(WORKFLOW, waits_for_go)
        yield cluster


def acknowledged_and_received(callers: Callers, leader: Node, follower: Node) -> set[str]:
    """WfRuns that are acknowledged, and that the follower has."""
    callers.wait_for_more(600)
    acknowledged = set(callers.started)
    committed = leader.figures.commit_index
    eventually(lambda: follower.figures.applied_index >= committed, "the follower is up to date")
    return acknowledged


def say_go(client: PublishedClient, ids: set[str]) -> None:
    event = ExternalEventDefId(name=GO)
    for id in ids:
        client.stub.PutExternalEvent(PutExternalEventRequest(wf_run_id=WfRunId(id=id), external_event_def_id=event))


def test_what_one_node_has_goes_on_as_a_new_cluster_which_the_others_join(cluster: Cluster) -> None:
    leader, (left, other) = cluster.leader(), cluster.followers()
    with Callers(cluster.addresses, WORKFLOW) as callers:
        acknowledged = acknowledged_and_received(callers, leader, left)
        for node in (leader, other):
            node.kill()
        left.kill()
    kept = leader.data.with_name("kept")
    leader.data.rename(kept)
    shutil.rmtree(other.data)
    old = leader.configuration.read_text()
    cluster.configure(cluster_id=NEW)

    said = done("recover", "--config", left.configuration, "--force-new-cluster", "--yes")
    assert f"node {left.name} is the only member of cluster {NEW}" in said
    left.start()
    cluster.whole()
    assert [member.node for member in left.figures.members] == [left.name]
    with PublishedClient(left.client) as client:
        assert acknowledged <= runs(client, WORKFLOW, LHStatus.RUNNING)
        for gone in (leader, other):
            forgotten = f'"node": "{gone.name}", "event": "a process has ended"'
            eventually(lambda text=forgotten: left.logged_since_start(text), f"what {gone.name} held is let go")

        for node in (leader, other):
            node.start("--join")
            assert f"{node.name} has a vote" in done("member", "add", node.name, "--server", left.client)
        cluster.whole()
        say_go(client, acknowledged)
        eventually(
            lambda: acknowledged <= runs(client, WORKFLOW, LHStatus.COMPLETED), "what was acknowledged completes"
        )
    assert_states_agree(cluster, WORKFLOW)
    # With the recovered one gone, the two that have joined go on.
    left.kill()
    cluster.whole()

    # The disk that was thought to be lost is found again.
    leader.kill()
    left.start()
    shutil.rmtree(leader.data)
    kept.rename(leader.data)
    leader.start()
    assert leader.ended(SECONDS_MAX) == 1
    assert "belongs to cluster" in leader.tail()
    leader.configuration.write_text(old)
    leader.start()
    eventually(
        lambda: left.logged_since_start(f"{leader.name} belongs to cluster"), "the new cluster refuses the old node"
    )
    assert eventually(leader.status, "it answers for itself").leader == ""
    eventually(lambda: left.figures.leader, "the new cluster goes on")


def test_without_the_flag_or_without_an_answer_nothing_is_changed(cluster: Cluster) -> None:
    node = cluster.followers()[0]
    flags = ("recover", "--config", node.configuration)
    assert "in use by another process" in refusal(*flags)
    with Callers(cluster.addresses, WORKFLOW, event=GO) as callers:
        callers.wait_for_more(50)
    committed = node.figures.commit_index
    node.terminate()
    said = done(*flags)
    (last,) = re.findall(r"its log ends with entry (\d+) of term", said)
    assert int(last) >= committed
    assert "is lost" in said and "Nothing was changed" in said
    assert "choose another cluster_id" in refusal(*flags, "--force-new-cluster", "--yes")
    asked = konik(*flags, "--force-new-cluster", "--cluster-id", NEW)
    assert asked.returncode == 1 and f"the only member of cluster {NEW}?" in asked.stdout
    cluster.start()
