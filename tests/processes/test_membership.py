"""`konik member`: nodes come and go while a cluster works, and one that has lost its disk comes in as somebody new."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from callers import GO, Callers, waits_for_go
from published_client import PublishedClient
from server_processes import Cluster, Node, eventually, free_ports

SECONDS_MAX = 60.0


def konik(*arguments: str, server: Node) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "konik.sdk.cli", *arguments, "--server", server.client]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)


def done(completed: subprocess.CompletedProcess[str]) -> str:
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def voters(node: Node) -> list[str]:
    """As that node has it."""
    return [member.node for member in node.figures.members if member.votes]


def nothing_is_lost(callers: Callers, nodes: list[Node]) -> None:
    """By what each of the nodes says."""
    assert callers.failures == [] and callers.told
    for node in nodes:
        with PublishedClient(node.client) as client:
            assert callers.lost(client) == set()


def test_a_node_that_has_lost_its_disk_votes_again_once_it_has_everything(tmp_path: Path) -> None:
    with Cluster(tmp_path, checkpoint_commands=500, log_tail_entries=10) as cluster:
        cluster.bootstrap()
        lost = cluster.followers()[0]
        others = [node for node in cluster.nodes if node is not lost]
        with PublishedClient(others[0].client) as client:
            client.deploy("waits", waits_for_go)
        with Callers([node.client for node in others], "waits", event=GO) as callers:
            callers.wait_for_more(600)
            lost.kill()
            shutil.rmtree(lost.data)
            lost.start("--join")
            assert f"{lost.name} has a vote" in done(konik("member", "add", lost.name, server=others[0]))
            callers.wait_for_more(100)
        cluster.whole()
        assert all(voters(node) == ["node-1", "node-2", "node-3"] for node in cluster.nodes)
        # Its vote counts: with the others' leader gone, it is needed.
        cluster.leader().kill()
        cluster.whole()
        nothing_is_lost(callers, cluster.running)


def test_a_node_may_come_back_at_other_addresses_that_only_it_knows(tmp_path: Path) -> None:
    with Cluster(tmp_path) as cluster:
        cluster.bootstrap()
        moved = cluster.followers()[0]
        others = [node for node in cluster.nodes if node is not moved]
        moved.kill()
        shutil.rmtree(moved.data)
        configured = moved.configuration.read_text()
        addresses = (moved.client, cluster.peers[moved.name], cluster.http[moved.name])
        for old, port in zip(addresses, free_ports(3), strict=True):
            configured = configured.replace(f'"{old}"', f'"127.0.0.1:{port}"')
        moved.configuration.write_text(configured)
        moved.client = tomllib.loads(configured)["members"][moved.name]["client"]
        moved.start("--join")
        done(konik("member", "add", moved.name, server=others[0]))
        cluster.whole()

        def all_know() -> bool:
            listed = [member for node in cluster.nodes for member in node.figures.members if member.node == moved.name]
            return [member.address for member in listed] == [moved.client] * 3

        eventually(all_know, "every node has met it")
        cluster.leader().kill()
        cluster.whole()


def test_the_disk_that_was_given_up_is_not_heard_any_more(tmp_path: Path) -> None:
    with Cluster(tmp_path) as cluster:
        cluster.bootstrap()
        moved = cluster.followers()[0]
        others = [node for node in cluster.nodes if node is not moved]
        moved.kill()
        kept = moved.data.with_name("kept")
        moved.data.rename(kept)
        moved.start("--join")
        done(konik("member", "add", moved.name, server=others[0]))
        moved.kill()
        shutil.rmtree(moved.data)
        kept.rename(moved.data)
        moved.start()
        refused = "with another data directory than before"
        eventually(lambda: all(node.logged(refused) for node in others), "its peers say so")
        status = eventually(moved.status, "it answers for itself")
        assert status.leader == ""


def test_a_founder_that_is_founded_anew_is_refused_even_by_a_node_that_has_never_met_it(tmp_path: Path) -> None:
    with Cluster(tmp_path, size=4, later=1) as cluster:
        cluster.bootstrap()
        lost, fourth = cluster.followers()[0], cluster.nodes[3]
        others = [node for node in cluster.nodes if node is not lost]
        lost.kill()
        shutil.rmtree(lost.data)
        fourth.start("--join")
        done(konik("member", "add", fourth.name, server=others[0]))
        lost.start("--bootstrap")
        refused = f"{lost.name} comes with another data directory than before"
        eventually(lambda: all(node.logged(refused) for node in others), "all others say so")
        status = eventually(lost.status, "it answers for itself")
        assert status.leader == ""
        tried = konik("member", "add", lost.name, "--timeout", "1", server=others[0])
        assert tried.returncode == 1 and "start it with --join" in tried.stderr


def test_a_fourth_node_joins_and_the_leader_is_removed(tmp_path: Path) -> None:
    with Cluster(tmp_path, size=4, later=1) as cluster:
        cluster.bootstrap()
        first, fourth = cluster.nodes[0], cluster.nodes[3]
        with PublishedClient(first.client) as client:
            client.deploy("waits", waits_for_go)
        early = konik("member", "add", "node-4", "--timeout", "1", server=first)
        assert early.returncode == 1 and "start it with --join" in early.stderr
        gone = cluster.leader()
        stay = [node for node in cluster.nodes if node is not gone]
        with Callers([node.client for node in stay if node is not fourth], "waits", event=GO) as callers:
            fourth.start("--join")
            done(konik("member", "add", "node-4", server=first))
            assert voters(fourth) == ["node-1", "node-2", "node-3", "node-4"]
            done(konik("member", "remove", gone.name, server=first))
            callers.wait_for_more(100)
        assert gone.is_running
        listed = done(konik("member", "list", server=fourth))
        assert gone.name not in listed and all(node.name in listed for node in stay)
        eventually(lambda: any(node.logged(f"{gone.name} is no member") for node in stay), "it is not heard")
        # The list is found again at a restart, whatever the configurations say.
        cluster.kill()
        for node in stay:
            node.start()
        cluster.whole()
        assert all(voters(node) == sorted(each.name for each in stay) for node in stay)
        nothing_is_lost(callers, stay)
        status = json.loads(done(konik("status", "--json", server=fourth)))
        assert [member["node"] for member in status["members"]] == sorted(node.name for node in stay)


def test_a_removal_that_would_stop_the_cluster_is_refused(tmp_path: Path) -> None:
    with Cluster(tmp_path) as cluster:
        cluster.bootstrap()
        dead, alive = cluster.followers()
        dead.kill()

        def refused() -> bool:
            tried = konik("member", "remove", alive.name, "--timeout", "1", server=cluster.leader())
            assert tried.returncode == 1
            return f"{dead.name} does not answer" in tried.stderr

        eventually(refused, "it says who is missing")
        assert voters(alive) == ["node-1", "node-2", "node-3"]


def test_a_node_cannot_join_itself(tmp_path: Path) -> None:
    with Cluster(tmp_path, size=1) as cluster:
        node = cluster.nodes[0]
        node.start("--join")
        assert node.ended(SECONDS_MAX) == 1
        assert "name the cluster's members" in node.tail()


@pytest.mark.parametrize("flags", [("--bootstrap", "--join")])
def test_a_node_founds_its_cluster_or_joins_it(tmp_path: Path, flags: tuple[str, ...]) -> None:
    with Cluster(tmp_path) as cluster:
        node = cluster.nodes[0]
        node.start(*flags)
        assert node.ended(SECONDS_MAX) == 1
        assert "give one flag" in node.tail()
