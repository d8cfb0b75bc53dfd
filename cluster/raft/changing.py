"""Another list of members (Raft §6, thesis §4.1): one change at a time, each an entry like any other.

A change must never begin before the one before it is committed, nor before an entry of the own term is: two leaders
could each have a list that the other does not know, and majorities that share nobody (Ongaro, "bug in single-server
membership changes", raft-dev 2015).
"""

from konik.cluster.raft import leading
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.roles import Leader
from konik.cluster.raft.state import State


def change(state: State, membership: Membership) -> int | None:
    leader = state.role
    if not isinstance(leader, Leader) or leader.transfer or state.log.bytes >= state.settings.log_bytes:
        return None
    if state.commit < max(state.membership_since, leader.first):
        return None
    if not membership.may_follow(state.membership):
        raise BrokenInvariant(f"members {membership} may not follow {state.membership}: one vote at a time")
    if state.me not in membership.voters:
        raise BrokenInvariant(f"{state.me} leads, and would have no vote")
    before, entry = state.membership, state.append(membership.pack())
    state.read_lists((entry,))
    leading.take_up_list(state, leader, before)
    return entry.index
