"""Who takes part: a list of members as a value, as an entry of the log, and which list may follow which.

A list counts from the moment its entry is in a replica's log, committed or not, until the entry is truncated (Raft §6).
One list differs from the next by one vote at most: so any majority of the one shares a member with any majority of the
other (thesis §4.1). What a member has promised is in its data directory; therefore a member is a name together with a
directory, and one whose directory was lost is taken out of the list before it comes in again, as somebody else. Which
directories its founders have, a cluster learns only when they meet; then the list comes to name them.
"""

import json
from itertools import pairwise
from typing import NamedTuple

from konik.cluster.raft.invariant import BrokenInvariant

FOUNDER = ("",)
"""The directories that stand for a founder in a list that does not name its own."""

MARK = b"\xc1"
"""How an entry with a list begins: the one byte that msgpack, in which all other entries are written, never uses."""


class Member(NamedTuple):
    """One member, and what the others need to know of it."""

    name: str
    votes: bool = True  # False: it learns, and counts nowhere
    directory: str = ""  # of its data, in hexadecimal; "": a founder's, which is not named yet
    peer: str = ""  # where the others reach it, host:port; "": only their configurations say
    client: str = ""  # where clients do

    def is_still(self, was: "Member") -> bool:
        """Whether it is who it `was` in the list before: a founder that votes stays itself when it is named."""
        return self.directory == was.directory or (self.votes and not was.directory)


class Membership(NamedTuple):
    """The members, ascending by name."""

    members: tuple[Member, ...]

    @classmethod
    def of(cls, *names: str) -> "Membership":
        """Founders with these names."""
        return cls(tuple(map(Member, sorted(names))))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members)

    @property
    def voters(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members if member.votes)

    @property
    def unnamed(self) -> tuple[Member, ...]:
        """The founders whose directories the list does not name."""
        return tuple(member for member in self.members if not member.directory)

    def __str__(self) -> str:
        """Learners in brackets."""
        return " ".join(member.name if member.votes else f"({member.name})" for member in self.members)

    def get(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)

    def including(self, member: Member) -> "Membership":
        """With this member, in the place of any other one of its name."""
        return Membership(tuple(sorted((*self.excluding(member.name).members, member))))

    def excluding(self, name: str) -> "Membership":
        return Membership(tuple(member for member in self.members if member.name != name))

    def may_follow(self, before: "Membership") -> bool:
        """Whether one vote at most came or went. A vote in the same name with another directory is another vote."""
        both = ((member, before.get(member.name)) for member in self.members)
        still = [now.name for now, was in both if was is not None and now.votes and was.votes and now.is_still(was)]
        changed = [name for name in (*self.voters, *before.voters) if name not in still]  # one vote goes, another comes
        return len(changed) <= 1 and bool(self.voters)

    def pack(self) -> bytes:
        """The data of the entry."""
        return MARK + json.dumps(self.members, separators=(",", ":")).encode()


def is_membership(data: bytes) -> bool:
    """Whether an entry with this data is a list of members."""
    return data[:1] == MARK


def unpack(data: bytes) -> Membership:
    """The reverse of `pack`. Raises BrokenInvariant."""
    try:
        members = tuple(Member(*fields) for fields in json.loads(data[len(MARK) :]))
    except (ValueError, TypeError) as error:
        raise BrokenInvariant(f"{data!r:.200} is no list of members: {error}") from None
    if not members or any(one.name >= next_one.name for one, next_one in pairwise(members)):
        raise BrokenInvariant(f"{members} is no list of members by name")
    return Membership(members)
