"""Three nodes that talk to each other over mutual TLS, as they do on three machines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from authority import Authority
from littlehorse.model import LHStatus
from published_client import PublishedClient
from server_processes import Cluster, Node, eventually


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("cluster")
    authority = Authority(directory / "authority")
    with Cluster(directory, tables=authority.table) as cluster:
        yield cluster.bootstrap()


def test_a_cluster_under_tls_serves_and_survives_its_leader(cluster: Cluster) -> None:
    leader, survivor = cluster.leader(), cluster.followers()[0]
    with PublishedClient(survivor.client) as client:
        client.deploy("nothing", lambda wf: None)
        leader.kill()
        assert client.ended(client.run("nothing")).status == LHStatus.COMPLETED
    cluster.start()


def test_a_node_whose_certificate_names_another_is_heard_by_nobody(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")

    def table(node: str) -> str:
        return authority.table(node, "node-1" if node == "node-3" else None)

    with Cluster(tmp_path / "nodes", tables=table) as cluster:
        for node in cluster.nodes:
            node.bootstrap()
        first, second, impostor = cluster.nodes
        eventually(lambda: {leader_of(first), leader_of(second)} in ({"node-1"}, {"node-2"}), "two of them agree")
        assert leader_of(impostor) == ""
        assert first.logged("certificate") or impostor.logged("certificate")


def leader_of(node: Node) -> str | None:
    status = node.status()
    return None if status is None else status.leader
