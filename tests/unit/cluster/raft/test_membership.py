"""A list of members as a value: which one may follow which, and how it stands in the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.cluster import entries
from konik.cluster.raft import quorum
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.membership import Member, Membership, is_membership, unpack
from konik.statemachine.entry import Entry

members = st.builds(Member, st.sampled_from("abcde"), st.booleans(), st.sampled_from(("", "d1", "d2")))
lists = st.lists(members, min_size=1, unique_by=lambda member: member.name).map(
    lambda found: Membership(tuple(sorted(found)))
)


@given(lists)
def test_what_is_packed_is_found_again(membership: Membership) -> None:
    assert is_membership(membership.pack())
    assert unpack(membership.pack()) == membership


def test_no_other_entry_is_taken_for_a_list() -> None:
    assert not is_membership(b"")
    assert not is_membership(entries.pack(Entry(1, 0, (), ())))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[1]", b'[["a"],["a"]]', b'[["b"],["a"]]', b"\xff"])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenInvariant, match="list of members"):
        unpack(b"\xc1" + content)


@given(lists, lists)
def test_majorities_of_lists_that_may_follow_each_other_share_a_vote(before: Membership, after: Membership) -> None:
    """Whoever they are: the largest group that has no majority's rest is too small (thesis §4.1). A founder is whoever
    the later list names."""
    if not before.voters or not after.may_follow(before):
        return
    founders = [it.name for it in before.unnamed if it.votes]
    named = {it.name: it.directory for it in after.members if it.name in founders and it.votes}
    votes = [
        {(it.name, it.directory or named.get(it.name, "")) for it in membership.members if it.votes}
        for membership in (before, after)
    ]
    together = len(votes[0] | votes[1])
    assert quorum.needed(len(votes[0])) + quorum.needed(len(votes[1])) > together


def test_a_vote_that_changes_its_directory_is_two_changes() -> None:
    before = Membership.of("a", "b").including(Member("c", True, "d1"))
    assert not before.including(Member("c", True, "d2")).may_follow(before)
    learning = before.including(Member("c", False, "d2"))
    assert learning.may_follow(before)
    assert learning.including(Member("c", True, "d2")).may_follow(learning)


def test_to_name_the_directories_of_founders_changes_no_vote() -> None:
    founders = Membership.of("a", "b", "c")
    named = Membership((Member("a", True, "d1"), Member("b"), Member("c", True, "d2")))
    assert founders.unnamed == founders.members and named.unnamed == (Member("b"),)
    assert named.may_follow(founders)
    assert named.excluding("b").may_follow(founders), "one vote may go beside that"
    assert not founders.may_follow(named), "nobody is taken for a founder again"


def test_who_joins_in_the_place_of_a_founder_is_somebody_else() -> None:
    founder = Member("c")
    assert Member("c", True, "d1").is_still(founder)
    assert not Member("c", False, "d1").is_still(founder)


def test_somebody_must_have_a_vote() -> None:
    assert not Membership.of("a").including(Member("a", False)).may_follow(Membership.of("a"))
