"""What an operator reads before deciding whether a node that is left is to go on as a new cluster."""

from dataclasses import replace

from konik.api.recovery import report
from konik.cluster.raft.membership import Membership
from konik.cluster.recover import Remains

REMAINS = Remains("n1", b"c" * 16, Membership.of("n1", "n2", "n3"), 70, 5, 1_700_000_000_000, 68)
UNKNOWN = "whose callers were\n  told nothing"


def test_it_says_what_the_node_has_and_when_that_was_written() -> None:
    said = report(REMAINS)
    assert "node n1 of cluster 6363" in said and "the members n1 n2 n3" in said
    assert "entry 70 of term 5, written at 2023-11-14 22:13:20.000+00:00" in said
    assert "committed up to entry 68" in said
    assert "is lost" in said


def test_a_log_without_a_time_says_so() -> None:
    assert "nothing in it says when" in report(replace(REMAINS, time_ms=0))


def test_only_what_is_not_known_to_be_committed_may_count_although_nobody_was_told() -> None:
    assert UNKNOWN in report(REMAINS)
    assert UNKNOWN not in report(replace(REMAINS, committed=70))


def test_a_node_without_a_vote_is_said_to_be_behind() -> None:
    behind = "may be far behind"
    assert behind not in report(REMAINS)
    assert behind in report(replace(REMAINS, members=Membership.of("n2", "n3")))
