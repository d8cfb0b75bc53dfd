"""A founder that lost its disk, and is founded anew by mistake, is believed by nobody: not even by who never met it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sim_faults import WEATHER
from sim_node import Node
from sim_nodes import Nodes

from konik.cluster.raft.core import Core

SECONDS = 5.0
FOREVER = 1e6
SEED = 1
"""Of a cluster of three."""


class Founders(Nodes):
    """A, B and C in fair weather. They are started by hand."""

    def __init__(self, directory: Path) -> None:
        super().__init__(SEED, directory, WEATHER)
        self.a, self.b, self.c = self.nodes

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        self._until(holds, SECONDS, lambda: f"never: {what}")

    def time_goes_on(self) -> None:
        self.world.run(self.world.now + SECONDS)

    def leads(self, node: Node) -> bool:
        return self.leaders() == [node]

    def have_lead(self, node: Node) -> None:
        self.wait(lambda: len(self.leaders()) == 1, "somebody leads")
        (leader,) = self.leaders()
        if leader is not node:
            assert leader.services is not None and leader.services.driver.transfer(node.name)
            self.wait(lambda: self.leads(node), f"{node.name} leads")

    def agree(self, *nodes: Node) -> None:
        """All of them come to have the same log, all of it committed."""

        def same() -> bool:
            logs = [core(node).log.last for node in nodes]
            return {*logs} == {core(node).commit for node in nodes} and len({*logs}) == 1

        self.wait(same, "they have the same log")

    def found_anew(self, node: Node) -> None:
        """What an operator should not do to a node that has lost its disk."""
        node.crash()
        founders = node.founders
        node.lose_disk(node.name.lower().encode() * 16)
        node.founders = founders
        node.start()


def core(node: Node) -> Core:
    assert node.services is not None
    return node.services.driver.core


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Founders]:
    cluster = Founders(tmp_path)
    yield cluster
    for node in cluster.running():
        node.crash()


@pytest.mark.parametrize("leader", ["A", "B"], ids=["its_vote", "what_it_acknowledges"])
def test_who_is_founded_anew_counts_nothing_for_a_node_that_has_never_met_it(leader: str, cluster: Founders) -> None:
    a, b, c = cluster.nodes
    cluster.network.block([("B", "C"), ("C", "B")], FOREVER)
    a.start()
    b.start()
    cluster.have_lead(a)
    c.start()
    cluster.time_goes_on()
    cluster.agree(a, b, c)
    cluster.have_lead(cluster.node(leader))
    cluster.agree(a, b)
    assert "C" not in b.met

    cluster.found_anew(c)
    a.crash()
    cluster.network.heal()
    cluster.time_goes_on()
    assert cluster.leaders() == [], "by the grace of a node that has forgotten what it promised"

    a.start()
    cluster.wait(lambda: len(cluster.leaders()) == 1, "the other two go on")
    cluster.agree(a, b)


def test_the_last_that_has_forgotten_nothing_does_not_follow_those_who_have(cluster: Founders) -> None:
    """Not even one that is no member by its list: it had been removed before."""
    a, b, c = cluster.nodes
    for node in cluster.nodes:
        node.start()
    cluster.have_lead(b)
    cluster.time_goes_on()
    cluster.wait(lambda: b.services is not None and b.services.members.remove("C"), "C is removed")
    c.crash()
    cluster.agree(a, b)
    b.crash()
    cluster.found_anew(a)
    cluster.found_anew(c)
    for _ in range(6):  # with each term their log grows, and the checkpoint from which their list counts moves on
        for node in (a, c):
            node.crash()
            node.start()
        cluster.time_goes_on()
    cluster.have_lead(c)

    b.start()
    assert core(b).membership_since < core(c).membership_since, "theirs is the later list"
    cluster.time_goes_on()
    assert core(b).leader is None


def test_founders_are_named_once_and_for_all(cluster: Founders) -> None:
    a, b, c = cluster.nodes
    a.start()
    b.start()
    cluster.time_goes_on()
    assert [member.name for member in core(a).membership.unnamed] == ["C"]
    c.start()
    cluster.time_goes_on()
    named, since = core(a).membership, core(a).membership_since
    assert {member.name: member.directory for member in named.members} == {
        node.name: node.identity.hex() for node in cluster.nodes
    }
    cluster.time_goes_on()
    for node in cluster.nodes:
        node.crash()
        node.start()
    cluster.time_goes_on()
    for node in cluster.nodes:
        assert core(node).membership == named and core(node).membership_since == since and core(node).is_voter
