"""The door of the Raft core: what goes in, and the one Ready that comes out.

The core is a value that changes only when one of these methods is called. It must never hold I/O, a clock, randomness
or a thread: the same calls give the same answers in every process. Its words are those of "In Search of an
Understandable Consensus Algorithm" (Ongaro, Ousterhout 2014; here "Raft §") and of Ongaro's thesis ("thesis §").

A driver calls inputs in any order, and then `ready` once, which says everything:

    core.tick(now, chance)          time goes on
    core.step(sender, message)      a peer says something
    core.propose(data)              somebody wants an entry
    core.synced(number)             a write is on the disk
"""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from konik.cluster.raft import changing, election, following, leading, reading, replicating, transferring
from konik.cluster.raft.log import Log
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import (
    Append,
    AppendAnswer,
    Commit,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    Message,
    RequestVote,
    TimeoutNow,
    VoteAnswer,
)
from konik.cluster.raft.outbox import Outbox
from konik.cluster.raft.progress import Mode
from konik.cluster.raft.ready import Ready, Settings, Vow
from konik.cluster.raft.roles import Follower, Leader, Role
from konik.cluster.raft.state import State

STEPS: dict[type[Message], Callable[[State, str, Any], None]] = {
    RequestVote: election.on_request_vote,
    VoteAnswer: election.on_vote_answer,
    TimeoutNow: election.on_timeout_now,
    Append: following.on_append,
    Heartbeat: following.on_heartbeat,
    Commit: following.on_commit,
    AppendAnswer: leading.on_append_answer,
    HeartbeatAnswer: leading.on_heartbeat_answer,
}
"""What is done with a message of this term."""

OUTDATED: dict[type[Message], Callable[[int, Any], Message]] = {
    RequestVote: lambda term, request: VoteAnswer(term, request.pre, False),
    Append: lambda term, _: AppendAnswer(term, 0, False, 0),
    Heartbeat: lambda term, _: HeartbeatAnswer(term, 0),
}
"""What a sender whose term is over is told: ours. With number 0, since numbers are unique only within a term."""


class PeerProgress(NamedTuple):
    """A peer as its leader sees it, for status and metrics."""

    match: int
    next: int
    mode: Mode
    heard: float


class Core:
    """One replica's part in the protocol."""

    def __init__(
        self,
        me: str,
        directories: tuple[str, ...],
        membership: Membership,
        settings: Settings,
        vow: Vow,
        log: Log,
        applied: int,
        now: float,
        chance: float,
    ) -> None:
        """A replica as it was found on its disk: `log` by `log.recover`, `applied` the index of its checkpoint.

        `membership` is the list of that checkpoint; those in the log behind it are read from there. A vote in such a
        list is this replica's if it goes with the name `me` and one of `directories`. `now` and `chance` as for `tick`.
        Raises BrokenInvariant if what was found does not fit together.
        """
        self._state = state = State(me, directories, membership, settings, vow, log, applied)
        state.now, state.chance = now, chance
        state.follow(None)

    # -- what goes in ---------------------------------------------------------------------------------------------

    def at(self, now: float, held_up: float = 0.0) -> None:
        """What goes in from here on comes at `now` (seconds of a clock that never goes back).

        For `held_up` seconds until now this replica could do nothing, nor hear anybody: that counts against nobody.
        """
        self._state.now = max(self._state.now, now)
        if held_up:
            self._state.forgive(held_up)

    def tick(self, now: float, chance: float) -> None:
        """It is `now`, and all that came until then went in; do what is due.

        `chance`, drawn anew from 0 to 1, spreads timeouts.
        """
        self.at(now)
        state = self._state
        state.chance = chance
        if isinstance(state.role, Leader):
            leading.tick(state, state.role)
        else:
            election.tick(state, state.role)

    def step(self, sender: str, message: Message) -> None:
        """`sender` said this.

        It may be a member by a list that is still on its way to this replica (Raft §6), so it is heard; but votes,
        acknowledgements and signs of life count only from members.
        """
        state = self._state
        if message.term < state.term:
            if answer := OUTDATED.get(type(message)):
                state.outbox.send(sender, answer(state.term, message))
            return
        if message.term > state.term and _entered_by_its_sender(message):
            state.rise(message.term)
        STEPS[type(message)](state, sender, message)

    def propose(self, data: bytes) -> int | None:
        """The index that the entry has if it commits in this term.

        None: not here (no leader), or not now (a transfer is under way, or the log holds `Settings.log_bytes`).
        """
        return leading.propose(self._state, data)

    def change(self, membership: Membership) -> int | None:
        """Let this list follow the one in force: the index that its entry has if it commits in this term.

        None: not here (no leader), or not now: the last change is under way still, or nothing of this term is committed
        yet. Raises BrokenInvariant for a list that may not follow, or in which this replica has no vote.
        """
        return changing.change(self._state, membership)

    def read(self, token: Hashable) -> bool:
        """Ask for a linearisable read; `Ready.reads` will name the token. False: not here."""
        return reading.ask(self._state, token)

    def transfer(self, target: str | None = None) -> bool:
        """Begin to hand leadership to `target`, or to whoever has everything first. False: cannot be."""
        return transferring.start(self._state, target)

    def resign(self) -> None:
        """Give up the office, if one is held: this leader cannot do its work (a full disk)."""
        if isinstance(self._state.role, Leader):
            self._state.follow(None)

    def connected(self, peer: str, up: bool) -> None:
        """The connection to `peer` stands, or was reset, refused or closed."""
        role = self._state.role
        if isinstance(role, Leader) and peer in role.progress:
            leading.on_connection(role, role.progress[peer], up)
        elif isinstance(role, Follower) and peer == role.leader:
            election.on_connection(self._state, role, up)

    def synced(self, number: int) -> None:
        """Write `number`, and with it every earlier one, is durable."""
        state = self._state
        state.writes.synced(number)
        if isinstance(state.role, Leader):
            leading.advance(state, state.role)

    def cut(self, index: int) -> int:
        """A checkpoint at `index` is durable: the log may begin there. Returns where it begins now.

        That may be earlier, while a snapshot under way needs more (unless the log holds `Settings.pin_bytes`), or a
        write that replaces what is there has yet to reach the disk.
        """
        state = self._state
        index = min(index, state.applied, state.writes.durable)
        if isinstance(state.role, Leader) and state.log.bytes < state.settings.pin_bytes:
            index = min(index, leading.pinned(state.role, index))
        if index > state.log.base:
            state.log.cut(index)
            state.forget_lists()
        return state.log.base

    def snapshot_started(self, peer: str, index: int) -> None:
        """A copy of the state at `index` is on its way to `peer`: the log is kept from there on."""
        role = self._state.role
        if isinstance(role, Leader) and peer in role.progress:
            leading.snapshot_started(role.progress[peer], index)

    def snapshot_done(self, peer: str, index: int | None) -> None:
        """`peer` has installed the copy at `index`; None: it has not."""
        role = self._state.role
        if isinstance(role, Leader) and peer in role.progress:
            leading.snapshot_done(self._state, role, role.progress[peer], index)

    def installed(self, index: int, term: int, membership: Membership) -> None:
        """This replica's state was replaced, durably, by a copy taken at (`index`, `term`), with that list of members.

        The log follows by the start-up rule, and what is committed behind `index` is handed out (again).
        """
        following.installed(self._state, index, term, membership)

    # -- what comes out -------------------------------------------------------------------------------------------

    def ready(self) -> Ready | None:
        """All that is to be done now; None: nothing. Called again before anything else went in, it returns None.

        A leader says here, and only here, what it owes its peers: so what came in one turn leaves as one message each.
        """
        state = self._state
        if isinstance(state.role, Leader):
            replicating.speak(state, state.role)
        writes, log, outbox = state.writes, state.log, state.outbox
        vow: Vow | None = None
        entries: tuple[Entry, ...] = ()
        reset = writes.reset
        if writes.vow_changed or writes.written < log.last:
            vow, entries = Vow(state.term, state.vote, state.commit), log.slice(writes.written + 1, log.last)
            writes.hand_out(log.last)
        committed = log.slice(state.applied + 1, state.commit) if state.applied < state.commit else ()
        if not (vow or committed or outbox):
            return None
        state.applied, state.outbox = state.commit, Outbox()
        return Ready(
            writes.number,
            vow,
            entries,
            tuple(outbox.before),
            tuple(outbox.after),
            committed,
            tuple(outbox.reads),
            tuple(outbox.snapshots),
            reset,
        )

    @property
    def wake_at(self) -> float:
        """When `tick` should come at the latest, if nothing else happens before."""
        role = self._state.role
        if not isinstance(role, Leader):
            return role.deadline
        return min(role.heartbeat_due, role.transfer.deadline) if role.transfer else role.heartbeat_due

    # -- what can be seen -----------------------------------------------------------------------------------------

    @property
    def me(self) -> str:
        return self._state.me

    @property
    def settings(self) -> Settings:
        return self._state.settings

    @property
    def membership(self) -> Membership:
        """The list of members in force here: the latest in the log."""
        return self._state.membership

    @property
    def membership_since(self) -> int:
        """The index of that list's entry, or of the checkpoint that has it."""
        return self._state.membership_since

    def membership_at(self, index: int) -> Membership:
        """The list that was in force behind entry `index`, which lies at or behind the log's base."""
        return self._state.membership_at(index)

    @property
    def peers(self) -> tuple[str, ...]:
        """All members but this replica, learners too."""
        return self._state.peers

    @property
    def is_voter(self) -> bool:
        """Whether the list in force gives this replica a vote."""
        return self._state.is_voter

    @property
    def is_alone(self) -> bool:
        """Whether there is nobody else who votes."""
        return not self._state.electors

    @property
    def role(self) -> Role:
        return self._state.role.name

    @property
    def term(self) -> int:
        return self._state.term

    @property
    def leader(self) -> str | None:
        """Whom this replica follows, or itself; None while it knows none."""
        role = self._state.role
        if isinstance(role, Leader):
            return self._state.me
        return role.leader if isinstance(role, Follower) else None

    @property
    def commit(self) -> int:
        return self._state.commit

    @property
    def applied(self) -> int:
        """Entries up to here were handed out to be applied."""
        return self._state.applied

    @property
    def log(self) -> Log:
        """To be read only."""
        return self._state.log

    @property
    def is_transferring(self) -> bool:
        role = self._state.role
        return isinstance(role, Leader) and role.transfer is not None

    @property
    def progress(self) -> dict[str, PeerProgress]:
        """By peer; empty unless this replica leads."""
        role = self._state.role
        if not isinstance(role, Leader):
            return {}
        return {peer: PeerProgress(p.match, p.next, p.mode, p.heard) for peer, p in role.progress.items()}

    @property
    def handicap(self) -> bool:
        """Set while this node's clock is off: it campaigns one full election timeout later than it would.

        A preference, never a veto: it votes as ever, and leads when asked to or when nobody else will.
        """
        return self._state.handicap

    @handicap.setter
    def handicap(self, late: bool) -> None:
        self._state.handicap = late


def _entered_by_its_sender(message: Message) -> bool:
    """Whether somebody is in the message's term: a pre-vote, asked or granted, speaks of one nobody has entered."""
    if isinstance(message, RequestVote):
        return not message.pre
    return not (isinstance(message, VoteAnswer) and message.pre and message.granted)
