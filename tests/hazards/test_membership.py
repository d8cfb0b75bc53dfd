"""How pysyncobj 0.3.17 knows its members. Konik: those of the checkpoint and of every membership entry in the log."""

import pytest

from tests.hazards.lab import MEMBERSHIP, NOOP, Lab, Library, journal_of


def test_a_member_that_the_log_adds_is_forgotten_by_a_restart(library: Library) -> None:
    added = MEMBERSHIP + library.pickle.dumps(["add", "D", library.node.Node("D")])
    journal = journal_of(library, {1: NOOP, 2: NOOP, 3: added}, term=1)
    lab = Lab(library, journal=journal, dynamicMembershipChange=True)
    lab.tick()
    assert sorted(node.id for node in lab.replica.otherNodes) == ["B", "C"]


def test_a_read_only_node_that_is_promoted_is_an_error_at_every_tick(library: Library) -> None:
    lab = Lab(library, dynamicMembershipChange=True)
    lab.elect()
    lab.tick()
    lab.acknowledge("B", lab.last)
    lab.tick()
    promoted = library.node.Node("D")
    lab.private("transport")._onReadonlyNodeConnected(promoted)
    lab.call("doChangeCluster", ("add", "D", promoted))
    lab.private("transport")._onReadonlyNodeDisconnected(promoted)
    lab.put("x")
    lab.tick()
    for _ in range(2):
        with pytest.raises(KeyError):
            lab.tick()
