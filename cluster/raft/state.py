"""The state that a replica has in every role, and the few moves that several roles share.

Every change of term, vote, commit index and of what the log held goes through here: so here they are asserted to follow
the invariants of Raft figure 3.
"""

from collections.abc import Sequence

from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.log import Log
from konik.cluster.raft.membership import Membership, is_membership, unpack
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.outbox import Outbox
from konik.cluster.raft.ready import Settings, Vow
from konik.cluster.raft.roles import Candidate, Follower, Leader
from konik.cluster.raft.writes import Writes


class State:
    __slots__ = (
        "applied",
        "_directories",
        "_lists",
        "chance",
        "commit",
        "electors",
        "handicap",
        "is_voter",
        "leader_of_term",
        "log",
        "me",
        "now",
        "outbox",
        "peers",
        "role",
        "settings",
        "term",
        "vote",
        "writes",
    )

    def __init__(
        self,
        me: str,
        directories: tuple[str, ...],
        membership: Membership,
        settings: Settings,
        vow: Vow,
        log: Log,
        applied: int,
    ) -> None:
        self.me, self.settings = me, settings
        self._directories = directories
        self.now, self.chance, self.handicap = 0.0, 0.5, False
        self.term, self.vote, self.commit = vow.term, vow.vote, max(vow.commit, applied)
        self.log, self.applied = log, applied
        if not log.base <= applied <= self.commit <= log.last:
            raise BrokenInvariant(
                f"log {log.base} to {log.last}, applied {applied}, committed {self.commit}: out of order"
            )
        self._lists: list[tuple[int, Membership]] = [(applied, membership)]
        """Lists of members with the index from which each counts; the last one is in force."""
        self._take_up_list()
        self.read_lists(log.slice(applied + 1, log.last))
        self.leader_of_term: str | None = None
        """Who was seen leading this term. Never two (Election Safety)."""
        self.writes = Writes(log.last)
        self.outbox = Outbox()
        self.role: Follower | Candidate | Leader = Follower(None, 0.0, False, 0.0)
        if log.last_term > self.term:  # the log restarted at a copy of the state that overtook the vow
            self.enter(log.last_term, None)

    # who takes part

    @property
    def membership(self) -> Membership:
        """The list in force: the latest in the log."""
        return self._lists[-1][1]

    @property
    def membership_since(self) -> int:
        """The index of its entry, or of the checkpoint that has it."""
        return self._lists[-1][0]

    def membership_at(self, index: int) -> Membership:
        """The list that was in force behind entry `index`, which lies at or behind the log's base."""
        for since, membership in reversed(self._lists):
            if since <= index:
                return membership
        raise BrokenInvariant(f"asked for the members at {index}, they are known from {self._lists[0][0]} on")

    def read_lists(self, entries: Sequence[Entry]) -> None:
        """The log goes on with `entries`: a list among them counts from now on."""
        lists = [(entry.index, unpack(entry.data)) for entry in entries if is_membership(entry.data)]
        if lists:
            self._lists += lists
            self._take_up_list()

    def _take_up_list(self) -> None:
        membership, me = self.membership, self.membership.get(self.me)
        self.peers = tuple(name for name in membership.names if name != self.me)
        self.electors = tuple(name for name in membership.voters if name != self.me)
        self.is_voter = me is not None and me.votes and me.directory in self._directories

    def _drop_lists(self, first: int) -> None:
        """The log has lost what it held from `first` on."""
        while self._lists[-1][0] >= first:
            self._lists.pop()
        self._take_up_list()

    def forget_lists(self) -> None:
        """Those that were over before the log begins."""
        while len(self._lists) > 1 and self._lists[1][0] <= self.log.base:
            del self._lists[0]

    def begin_lists_at(self, index: int, membership: Membership, replaced: bool) -> None:
        """The state is a copy as of entry `index` now, with the list in force there; `replaced`: the log, too."""
        behind = () if replaced else (each for each in self._lists if each[0] > index)
        self._lists = [(index, membership), *behind]
        self._take_up_list()

    # the moves

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

    def forgive(self, seconds: float) -> None:
        """Nobody could be heard here for so long: silence is measured as if that time had not passed."""
        role = self.role
        if isinstance(role, Leader):
            for peer in role.progress.values():
                peer.heard += seconds
        else:
            role.deadline += seconds
            if isinstance(role, Follower):
                role.heard += seconds

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
            self._drop_lists(first)
        self.log.extend(entries)
        self.read_lists(entries)

    def append(self, data: bytes) -> Entry:
        """A leader's log goes on with a new entry of its term."""
        entry = Entry(self.log.last + 1, self.term, data)
        self.log.append(entry)
        return entry

    def commit_to(self, index: int) -> None:
        if index > self.log.last:
            raise BrokenInvariant(f"entry {index} is committed, the log ends at {self.log.last}")
        self.commit = max(self.commit, index)
