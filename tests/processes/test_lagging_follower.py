"""A follower that was away for longer than the log reaches back gets a copy of the state, while the cluster serves."""

from collections.abc import Iterator

import pytest
from callers import GO, Callers, assert_states_agree, waits_for_go
from published_client import PublishedClient
from server_processes import Cluster, eventually

WORKFLOW = "waits-for-go"
CHECKPOINTS_MISSED = 3


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes whose logs reach back no further than the last checkpoint."""
    with Cluster(tmp_path_factory.mktemp("cluster"), checkpoint_commands=200, log_tail_entries=0) as cluster:
        cluster.bootstrap()
        with PublishedClient(cluster.addresses[0]) as client:
            client.deploy(WORKFLOW, waits_for_go)
        yield cluster


def test_it_catches_up_by_a_copy_of_the_state_while_the_cluster_serves(cluster: Cluster) -> None:
    leader, lagging = cluster.leader(), cluster.followers()[0]
    lagging.kill()
    cuts = leader.figures.log_cuts
    with Callers(cluster.addresses, WORKFLOW, event=GO) as callers:
        eventually(lambda: leader.figures.log_cuts >= cuts + CHECKPOINTS_MISSED, "the log is cut, again and again")
        lagging.start()
        eventually(lambda: lagging.logged("state installed"), "a copy of the state is installed", why_not=lagging.tail)
        callers.wait_for_more(100)
    assert callers.failures == []
    cluster.whole()
    assert cluster.leader() is leader, "a follower that comes back must not disturb"
    with PublishedClient(lagging.client) as client:
        assert callers.lost(client) == set()
    assert_states_agree(cluster, WORKFLOW)


def test_a_copy_of_the_state_survives_the_death_of_the_follower(cluster: Cluster) -> None:
    (lagging, *_) = cluster.followers()
    lagging.kill()
    leader = cluster.leader()
    cuts, installed = leader.figures.log_cuts, lagging.log.read_text().count("state installed")
    with Callers(cluster.addresses, WORKFLOW, event=GO) as callers:
        eventually(lambda: leader.figures.log_cuts > cuts, "the log is cut")
        lagging.start()
        eventually(lambda: lagging.log.read_text().count("state installed") > installed, "a copy is installed")
        lagging.kill()
        lagging.start()
        callers.wait_for_more(100)
    assert callers.failures == []
    cluster.whole()
    with PublishedClient(lagging.client) as client:
        assert callers.lost(client) == set()
    assert_states_agree(cluster, WORKFLOW)
