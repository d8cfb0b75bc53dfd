"""The state that a replica has in every role, and the few moves that several roles share.

Every change of term, vote, commit index and of what the log held goes through here: so here they are asserted to follow
the invariants of Raft figure 3.
"""

from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.log import Log
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.outbox import Outbox
from konik.cluster.raft.ready import Settings, Vow
from konik.cluster.raft.roles import Candidate, Follower, Leader
from konik.cluster.raft.writes import Writes


class State:
    __slots__ = (
        "applied",
        "chance",
        "commit",
        "handicap",
        "leader_of_term",
        "log",
        "me",
        "members",
        "now",
        "outbox",
        "peers",
        "role",
        "settings",
        "term",
        "vote",
        "writes",
    )

    def __init__(self, me: str, members: tuple[str, ...], settings: Settings, vow: Vow, log: Log, applied: int) -> None:
        if me not in members:
            raise BrokenInvariant(f"{me} is not among the members {members}")
        self.me, self.settings = me, settings
        self.members = tuple(sorted(members))
        self.peers = tuple(member for member in self.members if member != me)
        self.now, self.chance, self.handicap = 0.0, 0.5, False
        self.term, self.vote, self.commit = vow.term, vow.vote, max(vow.commit, applied)
        self.log, self.applied = log, applied
        if not log.base <= applied <= self.commit <= log.last:
            raise BrokenInvariant(
                f"log {log.base} to {log.last}, applied {applied}, committed {self.commit}: out of order"
            )
        self.leader_of_term: str | None = None
        """Who was seen leading this term. Never two (Election Safety)."""
        self.writes = Writes(log.last)
        self.outbox = Outbox()
        self.role: Follower | Candidate | Leader = Follower(None, 0.0, False, 0.0)
        if log.last_term > self.term:  # the log restarted at a copy of the state that overtook the vow
            self.enter(log.last_term, None)

    def campaign_at(self, low: float, high: float) -> float:
        """A moment from `low` to `high` seconds ahead; a full election timeout later for one with a handicap."""
        late = self.settings.max_timeout if self.handicap else 0.0
        return self.now + low + (high - low) * self.chance + late

    def enter(self, term: int, vote: str | None) -> None:
        """Be in `term` with this vote. The term never goes back, and a vote is given once (Raft §5.2)."""
        if term < self.term or (term == self.term and self.vote not in (None, vote)):
            raise BrokenInvariant(f"vote for {vote} in term {term} after one for {self.vote} in term {self.term}")
        if term > self.term:
            self.leader_of_term = None
        self.term, self.vote, self.writes.vow_changed = term, vote, True

    def follow(self, leader: str | None, deadline: float | None = None) -> None:
        """Become a follower: of `leader`, or of nobody yet; to campaign at `deadline`, or after a full timeout."""
        if isinstance(self.role, Leader):
            self.outbox.reads += [(read.token, None) for read in self.role.reads]
            self.outbox.snapshots.clear()
        if deadline is None:
            deadline = self.campaign_at(self.settings.min_timeout, self.settings.max_timeout)
        self.role = Follower(leader, self.now, leader is not None, deadline)

    def rise(self, term: int) -> None:
        """Somebody is in a higher term. That alone is no reason to put one's own election off (Raft §5.2)."""
        self.enter(term, None)
        self.follow(None, None if isinstance(self.role, Leader) else self.role.deadline)

    def acknowledge_leader(self, leader: str) -> None:
        """`leader` speaks as the leader of this term."""
        if self.leader_of_term not in (None, leader):
            raise BrokenInvariant(f"{leader} and {self.leader_of_term} both lead term {self.term}")
        self.leader_of_term = leader

    def replace(self, entries: tuple[Entry, ...]) -> None:
        """The log goes on with `entries`; what it held from there on is gone."""
        first = entries[0].index
        if first <= self.commit:
            raise BrokenInvariant(f"entry {first} conflicts with what is committed up to {self.commit}")
        if first <= self.log.last:
            self.log.truncate(first)
            self.writes.dropped(first)
        self.log.extend(entries)

    def commit_to(self, index: int) -> None:
        if index > self.log.last:
            raise BrokenInvariant(f"entry {index} is committed, the log ends at {self.log.last}")
        self.commit = max(self.commit, index)
