"""As whom a node is heard: a name stands for the data directory that the list of members means by it."""

import pytest

from konik.cluster.network import PROTOCOL_VERSION, Hello
from konik.cluster.raft.membership import Member, Membership
from konik.cluster.raft.messages import Append, AppendAnswer, Heartbeat, HeartbeatAnswer, RequestVote, VoteAnswer
from konik.cluster.standing import NoMember, Standing, counts, standing

OLD, NEW = b"o" * 16, b"n" * 16
FOUNDERS = Membership.of("a", "b")
REPLACED = Membership.of("a").including(Member("b", True, NEW.hex()))


def hello(directory: bytes, founder: bool = True, since: int = 0, node: str = "b") -> Hello:
    return Hello(PROTOCOL_VERSION, b"c" * 16, node, directory, b"p" * 16, 1, "", 1, "", founder, since)


def test_a_founder_is_known_by_the_directory_with_which_it_was_met() -> None:
    assert standing(hello(OLD), FOUNDERS, 0, recorded=None) is Standing.MEMBER
    assert standing(hello(OLD), FOUNDERS, 0, recorded=OLD) is Standing.MEMBER
    with pytest.raises(NoMember, match="another data directory"):
        standing(hello(NEW), FOUNDERS, 0, recorded=OLD)


def test_who_joins_is_not_taken_for_the_founder_of_its_name_even_by_those_who_never_met_that() -> None:
    with pytest.raises(NoMember, match="--join"):
        standing(hello(NEW, founder=False), FOUNDERS, 0, recorded=None)


def test_a_name_in_the_list_stands_for_the_directory_that_is_named_there() -> None:
    assert standing(hello(NEW, founder=False), REPLACED, 5, recorded=OLD) is Standing.MEMBER
    with pytest.raises(NoMember, match="another data directory"):
        standing(hello(OLD), REPLACED, 5, recorded=OLD)


def test_who_is_not_in_the_list_is_told_how_to_come_in() -> None:
    with pytest.raises(NoMember, match="konik member add d"):
        standing(hello(NEW, founder=False, node="d"), FOUNDERS, 0, recorded=None)


def test_who_has_a_later_list_is_heard_though_the_own_one_does_not_name_it() -> None:
    assert standing(hello(NEW, founder=False, since=7, node="d"), FOUNDERS, 3, recorded=None) is Standing.AHEAD
    assert standing(hello(NEW, founder=False, since=7), FOUNDERS, 3, recorded=OLD) is Standing.AHEAD
    with pytest.raises(NoMember):
        standing(hello(NEW, founder=False, since=3, node="d"), FOUNDERS, 3, recorded=None)


@pytest.mark.parametrize("listed", [FOUNDERS, REPLACED])
def test_who_is_founded_anew_is_not_heard_whatever_list_it_has(listed: Membership) -> None:
    """Two that have forgotten everything may have made a list of their own, later than that of the third."""
    with pytest.raises(NoMember, match="--join"):
        standing(hello(b"x" * 16, since=7), listed, 3, recorded=OLD)


def test_nor_is_who_was_founded_anew_after_it_had_been_removed() -> None:
    """Unless it comes as it was: then it may have learned of a later list before it went."""
    with pytest.raises(NoMember):
        standing(hello(b"x" * 16, since=7, node="c"), FOUNDERS, 3, recorded=OLD)
    with pytest.raises(NoMember):
        standing(hello(b"x" * 16, since=7, node="c"), FOUNDERS, 3, recorded=None)
    assert standing(hello(OLD, since=7, node="c"), FOUNDERS, 3, recorded=OLD) is Standing.AHEAD


@pytest.mark.parametrize("answer", [VoteAnswer(1, False, True), AppendAnswer(1, 1, True, 1), HeartbeatAnswer(1, 1)])
def test_what_such_a_node_answers_counts_nothing(answer: VoteAnswer | AppendAnswer | HeartbeatAnswer) -> None:
    assert counts(answer, Standing.MEMBER)
    assert not counts(answer, Standing.AHEAD)


@pytest.mark.parametrize("said", [Append(1, 1, 0, 0, 0, ()), Heartbeat(1, 1, 0), RequestVote(1, False, 1, 1)])
def test_what_it_says_as_a_leader_or_candidate_is_heard(said: Append | Heartbeat | RequestVote) -> None:
    assert counts(said, Standing.AHEAD)
