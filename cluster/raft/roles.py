"""What a replica knows because of the role it is in. A change of role makes a new one of these and forgets the old.

Only data: what is done with it stands in following, election, leading, reading, transferring and replicating.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from konik.cluster.raft.progress import Progress


class Role(Enum):
    """The name of a role, for status and metrics."""

    FOLLOWER = "follower"
    PRE_CANDIDATE = "pre-candidate"
    CANDIDATE = "candidate"
    LEADER = "leader"


@dataclass(slots=True)
class Follower:
    leader: str | None
    """Whom it follows; None: nobody has shown up yet."""
    heard: float
    """When the leader was last heard."""
    connected: bool
    """The connection to the leader stands, as far as known."""
    deadline: float
    """When it campaigns."""

    @property
    def name(self) -> Role:
        return Role.FOLLOWER


@dataclass(slots=True)
class Candidate:
    pre: bool
    """Only asking whether it would be elected."""
    deadline: float
    """When it gives this election up for another."""
    votes: dict[str, bool] = field(default_factory=dict)
    """By member, so that an answer counts once however often it comes."""

    @property
    def name(self) -> Role:
        return Role.PRE_CANDIDATE if self.pre else Role.CANDIDATE


class Read(NamedTuple):
    """A linearisable read that waits (thesis §6.4)."""

    token: Hashable
    round: int
    """A majority must have echoed a heartbeat of this number or a higher one."""
    commit: int
    """What the reader must have applied."""


class Transfer(NamedTuple):
    """Leadership on its way to another (thesis §3.10)."""

    target: str | None
    """None: whoever has everything first."""
    deadline: float
    told: bool = False
    """TimeoutNow has left."""


@dataclass(slots=True)
class Leader:
    first: int
    """Index of the first entry of its own term."""
    progress: dict[str, Progress]
    """By peer, in the order of ids."""
    voting: tuple[Progress, ...]
    """Of those among them that vote: what makes a majority."""
    heartbeat_due: float
    number: int = 0
    """Of the last Append or Heartbeat of this term."""
    reads: deque[Read] = field(default_factory=deque)
    transfer: Transfer | None = None

    @property
    def name(self) -> Role:
        return Role.LEADER
