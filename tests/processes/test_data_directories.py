"""A data directory is made once and belongs to one node. Whatever does not fit is refused, with advice."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import lmdb
import psutil
import pytest
from callers import waits_for_go
from published_client import PublishedClient
from server_processes import (
    SERVER,
    START_SECONDS_MAX,
    STOP_SECONDS_MAX,
    Cluster,
    Node,
    eventually,
    free_ports,
    status_of,
)

from konik.api.pb.cluster_pb2 import LEADER

REFUSED = 1


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of one node, which runs."""
    with Cluster(tmp_path, size=1) as cluster:
        yield cluster.bootstrap()


@pytest.fixture
def node(alone: Cluster) -> Node:
    return alone.nodes[0]


def refusal(node: Node, *flags: str, command: Sequence[str] = SERVER) -> str:
    """What the node says when it does not start."""
    said_before = len(node.tail())
    node.start(*flags, command=command)
    assert node.ended(START_SECONDS_MAX) == REFUSED
    return node.tail()[said_before:]


def test_a_directory_is_bootstrapped_once(alone: Cluster, node: Node) -> None:
    node.terminate()
    assert "start the node without --bootstrap" in refusal(node, "--bootstrap")
    node.start()
    alone.whole()


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    with Cluster(tmp_path, size=1) as cluster:
        (node,) = cluster.nodes
        assert "make it with `konik server --bootstrap`" in refusal(node)
        node.data.mkdir()
        assert "make it with `konik server --bootstrap`" in refusal(node)


def test_a_node_does_not_run_without_its_assertions(alone: Cluster, node: Node) -> None:
    node.terminate()
    python, *rest = SERVER
    assert "start Python without -O" in refusal(node, command=(python, "-O", *rest))


def test_another_nodes_directory_is_refused(tmp_path: Path) -> None:
    with Cluster(tmp_path, size=2) as cluster:
        cluster.bootstrap()
        first, second = cluster.nodes
        cluster.kill()
        shutil.rmtree(second.data)
        shutil.copytree(first.data, second.data)
        assert "belongs to node 'node-1', this is node 'node-2'" in refusal(second)


def test_another_clusters_directory_is_refused(alone: Cluster, node: Node) -> None:
    node.terminate()
    alone.configure(cluster_id="another")
    said = refusal(node)
    assert "belongs to cluster" in said and "point it at its own directory" in said


def test_two_processes_cannot_share_a_directory(alone: Cluster, node: Node) -> None:
    second = Cluster(alone.directory / "second", size=1)
    second.configure(data_dir=str(node.data))
    assert "is in use by another process" in refusal(second.nodes[0])
    assert alone.is_whole()


def kill_once_met(cluster: Cluster, node: Node, others: list[Node]) -> None:
    """Kills the node, whom both others have met: a cluster serves before the two followers have found each other."""
    missed = f'"peer": "{node.name}", "reason"'
    node.kill()
    while not all(other.logged(missed) for other in others):
        cluster.start()
        node.kill()


def test_a_node_that_was_bootstrapped_twice_is_refused_by_its_peers(tmp_path: Path) -> None:
    with Cluster(tmp_path) as cluster:
        cluster.bootstrap()
        forgetful = cluster.followers()[0]
        others = [node for node in cluster.nodes if node is not forgetful]
        kill_once_met(cluster, forgetful, others)
        shutil.rmtree(forgetful.data)
        forgetful.bootstrap()
        refused = "with another data directory than before"
        eventually(lambda: all(peer.logged(refused) for peer in others), "its peers say so")
        with PublishedClient(others[0].client) as client:
            client.deploy("goes-on", waits_for_go)
        status = eventually(forgetful.status, "it answers for itself")
        assert (status.leader, status.commit_index) == ("", 0)


class Dev:
    """`konik dev` with three nodes and a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.port = free_ports(3, offsets=(0, 1_000, 2_000))[0]
        self.output = directory / "dev.out"
        self._data = directory / "data"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def addresses(self) -> list[str]:
        return [f"127.0.0.1:{self.port + place}" for place in range(3)]

    def start(self) -> None:
        arguments = ["dev", "--nodes", "3", "--port", str(self.port), "--data-dir", str(self._data)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "konik.sdk.cli", *arguments], stdout=output, stderr=output
            )
        eventually(self.is_ready, "the cluster is ready", START_SECONDS_MAX, self.output.read_text)
        roles = [status.role for address in self.addresses if (status := status_of(address)) is not None]
        assert LEADER in roles, "it says so once a leader serves"

    def is_ready(self) -> bool:
        return any(line.startswith("ready") for line in self.output.read_text().splitlines())

    def says(self, text: str) -> bool:
        return text in self.output.read_text()

    def pids(self) -> list[int]:
        """Of the nodes, once all answer."""

        def look() -> list[int] | None:
            statuses = [status_of(address) for address in self.addresses]
            return None if None in statuses else [status.pid for status in statuses if status is not None]

        return eventually(look, "every node answers", START_SECONDS_MAX)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS_MAX)


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    dev = Dev(tmp_path)
    dev.start()
    try:
        yield dev
    finally:
        dev.stop()


def test_a_development_cluster_keeps_its_data(dev: Dev) -> None:
    with PublishedClient(dev.addresses[0]) as client:
        client.deploy("kept", waits_for_go)
        run = client.run("kept")
    dev.stop()
    dev.start()
    with PublishedClient(dev.addresses[0]) as client:
        assert client.stub.GetWfRun(run.id) == run


def test_a_development_cluster_starts_killed_nodes_again(dev: Dev) -> None:
    before = dev.pids()
    psutil.Process(before[1]).kill()
    eventually(lambda: dev.says("node-2 ended (signal SIGKILL); starting it again"), "it says so")
    said_at = time.monotonic()
    eventually(lambda: not set(dev.pids()) & {before[1]}, "another process is node-2")
    assert time.monotonic() - said_at > 0.9, "not before a second has passed"
    assert dev.pids()[::2] == before[::2]


def test_a_development_cluster_makes_a_directory_anew_whose_making_was_cut_short(tmp_path: Path) -> None:
    dev = Dev(tmp_path)
    for name in ("node-1", "node-2", "node-3"):
        log = tmp_path / "data" / name / "log.lmdb"
        log.mkdir(parents=True)
        lmdb.open(str(log)).close()
    dev.start()
    assert dev.stop() == 0


def test_a_development_cluster_ends_with_all_its_nodes(dev: Dev) -> None:
    pids = dev.pids()
    assert dev.stop() == 0
    assert dev.says("stopped")
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
