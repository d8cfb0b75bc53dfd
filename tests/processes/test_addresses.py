"""A node that cannot have one of its addresses says which, and ends without harm."""

import socket
from pathlib import Path

import pytest
from server_processes import START_SECONDS_MAX, Cluster, eventually

from konik.api.pb.cluster_pb2 import LEADER


def address_of(cluster: Cluster, which: str) -> str:
    node = cluster.nodes[0]
    return {"client": node.client, "peer": cluster.peers[node.name], "http": cluster.http[node.name]}[which]


@pytest.mark.parametrize("which", ["client", "peer", "http"])
def test_a_node_whose_address_is_taken_names_it_and_starts_when_it_is_free(tmp_path: Path, which: str) -> None:
    with Cluster(tmp_path, size=1) as cluster:
        node = cluster.nodes[0]
        host, _, port = address_of(cluster, which).rpartition(":")
        with socket.create_server((host, int(port))):
            node.bootstrap()
            assert node.ended(START_SECONDS_MAX) == 1
        assert node.logged(port) and not node.logged("Traceback") and not node.logged("critical"), node.tail()
        node.start()
        eventually(lambda: (it := node.status()) and it.role == LEADER, "it leads", why_not=node.tail)
