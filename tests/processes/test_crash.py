"""All nodes die at once under load, at any moment and at the worst ones. What was acknowledged is there afterwards."""

import random
from collections.abc import Iterator

import crashing_server
import pytest
from callers import GO, Callers, assert_states_agree, waits_for_go
from published_client import PublishedClient
from server_processes import Cluster, eventually

ROUNDS = 3
"""Unless --rounds says otherwise."""

ACKNOWLEDGED = range(50, 400)
"""How much is acknowledged in a round before the nodes die."""

TRIES_MAX = 5

WORKFLOW = "waits-for-go"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes that take a checkpoint every few moments, and keep no more of the log than they must."""
    with Cluster(tmp_path_factory.mktemp("cluster"), checkpoint_commands=200, log_tail_entries=0) as cluster:
        cluster.bootstrap()
        with PublishedClient(cluster.addresses[0]) as client:
            client.deploy(WORKFLOW, waits_for_go)
        yield cluster


def assert_nothing_is_lost(cluster: Cluster, *batches: Callers) -> None:
    """Every node has what was acknowledged, and all states are the same."""
    for node in cluster.nodes:
        with PublishedClient(node.client) as client:
            assert [batch.lost(client) for batch in batches] == [set()] * len(batches)
    assert_states_agree(cluster, WORKFLOW)


def test_all_nodes_killed_at_once_lose_nothing(cluster: Cluster, pytestconfig: pytest.Config) -> None:
    moments = random.Random(0)
    batches: list[Callers] = []
    for _ in range(pytestconfig.getoption("--rounds", None) or ROUNDS):
        with Callers(cluster.addresses, WORKFLOW, event=GO) as callers:
            callers.wait_for_more(moments.choice(ACKNOWLEDGED))
            cluster.kill()
        batches.append(callers)
        cluster.start()
        assert_nothing_is_lost(cluster, *batches)


def callers_while_it_comes_to(point: str, cluster: Cluster) -> Callers:
    """They call until a node has come to the point where it dies; then all are killed, and start as they should."""
    cluster.kill()
    for node in cluster.nodes:
        node.start(command=(*crashing_server.COMMAND, point))
    eventually(lambda: cluster.is_whole() or len(cluster.running) < len(cluster.nodes), "the nodes serve, or die")
    with Callers(cluster.addresses, WORKFLOW, event=GO) as callers:
        eventually(lambda: len(cluster.running) < len(cluster.nodes), "a node comes to the point where it dies")
        cluster.kill()
    cluster.start()
    return callers


@pytest.mark.parametrize("point", crashing_server.POINTS)
def test_nodes_that_die_around_a_checkpoint_lose_nothing(cluster: Cluster, point: str) -> None:
    for _ in range(TRIES_MAX):
        callers = callers_while_it_comes_to(point, cluster)
        if callers.acknowledged_at:
            break  # otherwise they had so much to apply again that they died before they served: the next time less
    assert callers.acknowledged_at
    assert_nothing_is_lost(cluster, callers)
