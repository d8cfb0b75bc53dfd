"""A full disk stops a node's writing, with a reason that can be read, and loses nothing. It goes on when there is room.

Each node's data lies on a small file system of its own, which a file of no other use fills.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from callers import GO, Callers, assert_states_agree, waits_for_go
from published_client import PublishedClient
from server_processes import Cluster, eventually
from small_disks import HEALTHY, NotPermitted, SmallDisk, health, is_full

WORKFLOW = "waits-for-go"
CALLS = 100


@pytest.fixture
def size() -> int:
    return 3


@pytest.fixture
def disks(tmp_path: Path, size: int) -> Iterator[dict[str, SmallDisk]]:
    """By node."""
    names = [f"node-{number}" for number in range(1, size + 1)]
    with ExitStack() as mounted:
        try:
            disks = {name: mounted.enter_context(SmallDisk(tmp_path / name)) for name in names}
        except NotPermitted as refusal:
            pytest.skip(str(refusal))
        yield disks


@pytest.fixture
def cluster(tmp_path: Path, size: int, disks: dict[str, SmallDisk]) -> Iterator[Cluster]:
    with Cluster(tmp_path, size, checkpoint_commands=500) as cluster:
        cluster.bootstrap()
        with PublishedClient(cluster.addresses[0]) as client:
            client.deploy(WORKFLOW, waits_for_go)
        yield cluster


def test_a_leader_whose_disk_is_full_makes_way_for_one_that_can_write(
    cluster: Cluster, disks: dict[str, SmallDisk]
) -> None:
    leader, others = cluster.leader(), cluster.followers()
    assert health(cluster, leader.name) == HEALTHY
    with Callers([node.client for node in others], WORKFLOW, event=GO) as callers:
        callers.wait_for_more(CALLS)
        disks[leader.name].fill()
        eventually(lambda: is_full(cluster, leader.name), "the leader says that its disk is full")
        eventually(lambda: cluster.leader() in others, "another node leads")
        callers.wait_for_more(CALLS)
        disks[leader.name].make_room()
        eventually(lambda: health(cluster, leader.name) == HEALTHY, "it writes again")
        assert leader.logged("the log cannot be written") and leader.logged("the log can be written again")
        callers.wait_for_more(CALLS)
    assert callers.failures == []
    cluster.whole()
    with PublishedClient(leader.client) as client:
        assert callers.lost(client) == set()
    assert_states_agree(cluster, WORKFLOW)


def test_callers_wait_while_the_disks_of_all_nodes_are_full(cluster: Cluster, disks: dict[str, SmallDisk]) -> None:
    with Callers(cluster.addresses, WORKFLOW, event=GO) as callers:
        callers.wait_for_more(CALLS)
        for disk in disks.values():
            disk.fill()
        eventually(lambda: sum(is_full(cluster, node) for node in disks) >= 2, "a majority cannot write")
        for disk in disks.values():
            disk.make_room()
        callers.wait_for_more(CALLS)
    assert callers.failures == []
    cluster.whole()
    cluster.kill()
    cluster.start()
    with PublishedClient(cluster.addresses[0]) as client:
        assert callers.lost(client) == set()
    assert_states_agree(cluster, WORKFLOW)


@pytest.mark.parametrize("size", [1])
def test_a_caller_that_has_waited_long_enough_learns_why(cluster: Cluster, disks: dict[str, SmallDisk]) -> None:
    (node,) = cluster.nodes
    with PublishedClient(node.client) as client:
        before = client.run(WORKFLOW)
        with Callers(cluster.addresses, WORKFLOW, event=GO, each=1) as callers:
            disks[node.name].fill()
            eventually(lambda: is_full(cluster, node.name), "the node says that its disk is full")
            with pytest.raises(grpc.RpcError) as refusal:
                client.run(WORKFLOW)
            assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "is full" in (refusal.value.details() or "")
            assert client.stub.GetWfRun(before.id) == before, "what is there can still be read"
            disks[node.name].make_room()
            callers.wait_for_more(CALLS)
        assert callers.failures == []
        node.kill()
        cluster.start()
    with PublishedClient(node.client) as client:
        assert callers.lost(client) == set()
        assert client.stub.GetWfRun(before.id) == before
