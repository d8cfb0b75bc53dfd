"""As whom a node hears another one, by what that says of itself.

A list of members may be on its way: who has a later one than this node is heard, so that this node can learn it. But
what such a node answers must count nothing: the vote or the acknowledgement could be another one's, of the same name.
Who was founded anew has no later list of this cluster, but perhaps one that others made who have forgotten everything,
too: the last node that has not must not follow them.
"""

from enum import Enum

from konik.cluster.network import Frame, Hello
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import AppendAnswer, HeartbeatAnswer, VoteAnswer

ANSWERS = (AppendAnswer, HeartbeatAnswer, VoteAnswer)


class Standing(Enum):
    MEMBER = "member"
    AHEAD = "ahead"
    """No member by the list that this node has, but it has a later one."""


class NoMember(Exception):
    """Who is not heard at all; the text says what can be done."""


def standing(hello: Hello, membership: Membership, since: int, recorded: bytes | None) -> Standing:
    """`membership` is the list of this node, `since` the index from which it counts.

    `recorded` is the directory with which this node has met that peer. Raises NoMember.
    """
    member = membership.get(hello.node)
    if member is not None:
        if member.directory:
            same = member.directory == hello.directory.hex()
        else:
            same = hello.founder and recorded in (None, hello.directory)
        if same:
            return Standing.MEMBER
    is_founded_anew = hello.founder and (member is not None or recorded != hello.directory)
    if hello.members_since > since and not is_founded_anew:
        return Standing.AHEAD
    if member is None:
        raise NoMember(f"{hello.node} is no member; `konik member add {hello.node}` takes it in")
    raise NoMember(
        f"{hello.node} comes with another data directory than before: it no longer knows what it promised. "
        f"`konik member add {hello.node}` takes it in anew, once it was started with --join"
    )


def counts(frame: Frame, as_whom: Standing) -> bool:
    """Whether this frame may be believed of somebody of that standing."""
    return as_whom is Standing.MEMBER or not isinstance(frame, ANSWERS)
