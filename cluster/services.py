"""What a node does above consensus, and what its parts tell each other.

Entries that are committed go through the pump into the machine; results and tasks come out of it at the node that
waits for them. Everything is built over what it is given: a state, a clock, a way to consensus. So the simulation runs
these very services, and nothing here may know of files, sockets or asyncio.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import structlog

from konik.api.pb.internal_pb2 import ConfigureCluster
from konik.cluster import peer_frames
from konik.cluster.clock import Clock, LeaderClock, Scheduler
from konik.cluster.clock_offsets import ClockOffsets
from konik.cluster.driver import Driver
from konik.cluster.duties import Duties
from konik.cluster.entries import command
from konik.cluster.marks import Fold, Marks
from konik.cluster.members import Members
from konik.cluster.network import Hello, Peer, PeerFrame
from konik.cluster.polls import Polls
from konik.cluster.proposer import Proposer
from konik.cluster.pump import Pump
from konik.cluster.raft.membership import Member, Membership
from konik.cluster.raft.roles import Role
from konik.cluster.reads import Reads
from konik.cluster.store.errors import StoreError
from konik.statemachine import access, dedup, version
from konik.statemachine.entry import Command, CommandId, Process, Result, Step, refused
from konik.statemachine.machine import Machine
from konik.statemachine.registry import METHODS
from konik.statemachine.rejection import Rejection
from konik.statemachine.view import View

SILENT_SECONDS_MAX = 1.0
"""A peer that its leader has not heard for longer is out of reach, even if its connection stands."""

log = structlog.get_logger()


class SessionEnded(Exception):
    """The cluster has ended the session of this process: nothing that it submits is run any more. It must restart."""


class State(View, Protocol):
    """The replicated state."""

    def mark(self) -> Fold:
        """Its hash as it is now."""


class Services:
    """The services of one node. What begins with `on_` is called by its driver, or by whoever holds connections."""

    def __init__(
        self,
        process: Process,
        state: State,
        applied: tuple[int, int],
        clock: Clock,
        scheduler: Scheduler,
        *,
        make_driver: Callable[["Services"], Driver],
        peer: Callable[[str], Peer | None],
        ahead: Callable[[str], Hello | None],
        met: Callable[[str], bytes | None],
        client_address: Callable[[Member], tuple[str, int]],
        on_membership: Callable[[Membership, int], None],
        after_entry: Callable[[int, int, int], None],
        fatal: Callable[[BaseException], None],
        release: version.Release = version.THIS,
    ) -> None:
        """`state` is that after the entry `applied` (index, term). `make_driver` makes a driver that calls back here.

        `peer(name)` is the member at the other end of a connection, None without one; `ahead(name)` is who is there
        without being a member by the list that this node has. `met(name)` is the data directory with which this node
        has met a founder, its own if it is one. `client_address(member)` is where clients find a member.
        `on_membership(list, since)` hears which list of members is in force, from its index on.
        `after_entry(index, term, commands)` hears of each entry when it is applied, and nothing behind it.

        Raises UnknownVersion if the state is that of a later release than `release`.
        """
        self._node, self._nonce = process
        self._state, self._clock = state, clock
        self._peer, self._after_entry, self._fatal = peer, after_entry, fatal
        self._client_address, self._on_membership = client_address, on_membership
        self._listed_since: int | None = None
        self.process = process
        self.release = release
        self._addresses: dict[str, str] = {}
        self._configured = ConfigureCluster()
        self.leader: str | None = None
        self.leader_changes = 0
        self._trouble: str | None = None
        self.stopping = False
        self.draining = False
        """What was begun is brought to its end, and nothing new is begun."""
        self.machine = Machine(state, _report, (StoreError,), release)
        self.pump = Pump(
            self.machine,
            applied,
            clock,
            scheduler,
            on_step=self._on_step,
            on_term=self._on_term,
            on_entry=self._on_entry,
            on_fatal=fatal,
        )
        self.driver = driver = make_driver(self)
        self.proposer = proposer = Proposer(
            process,
            clock,
            scheduler,
            driver.propose,
            driver.send,
            lambda: self.machine.version,
            lambda: self.driver.trouble,
        )
        self.polls = Polls(process, clock, scheduler, lambda: self.machine.term, proposer.submit_own)
        proposer.before_flush = self.polls.collect
        self.reads = Reads(process, self.pump, driver.read, driver.send)
        self.members = Members(self._node, lambda: self.driver, peer, ahead, met, lambda: self.machine.version, clock)
        self.duties = Duties(
            lambda: self._configured, state, self.pump, proposer, clock, scheduler, self._processes, self.members
        )
        self.marks = Marks(
            state.mark, scheduler, driver.send, self._peers, lambda: self.is_leader, fatal, _not_compared
        )
        self.clock_offsets = ClockOffsets(clock, scheduler, driver.send, self._peers, self._on_clock_verdict)
        self._peer_messages: dict[str, Callable[..., None]] = {
            peer_frames.COMMANDS: self._on_commands,
            peer_frames.BUSY: lambda _, nonce, numbers: proposer.busy(nonce, numbers),
            peer_frames.READ_INDEX: self.reads.asked_by,
            peer_frames.READ_INDEX_ANSWER: lambda _, nonce, number, index: self.reads.answered(nonce, number, index),
            peer_frames.MARK: self.marks.received,
            peer_frames.CLOCK: self.clock_offsets.received,
        }

    def start(self) -> None:
        """Begins to take part."""
        self._take_up_list()
        self.driver.start()
        self.clock_offsets.start()

    def stop(self) -> None:
        """Does nothing any more."""
        self.driver.stop()
        self.duties.follow()
        self.clock_offsets.stop()
        self.pump.stop()

    def prepare_to_stop(self) -> bool:
        """Leads no more if another node can; True while a successor is looked for."""
        self.stopping = self.driver.core.handicap = True
        return self.is_leader and self.driver.transfer()

    # -- what can be seen -----------------------------------------------------------------------------------------

    @property
    def is_leader(self) -> bool:
        return self.driver.core.role is Role.LEADER

    @property
    def now_ms(self) -> int:
        """Cluster time: the leader's, or the last that has come with an entry."""
        leader_clock = self.proposer.leader_clock
        return self.machine.time_ms if leader_clock is None else leader_clock.now_ms()

    @property
    def leader_elsewhere(self) -> str | None:
        """Where another member serves clients that leads, as far as this one knows."""
        return None if self.leader in (None, self._node) else self._addresses.get(self.leader or "")

    # -- what is read of the state --------------------------------------------------------------------------------

    def authorise(self, method: str, tenant: str, principal: str) -> Result | None:
        """A refusal if that principal may not call the method in that tenant, by what this node has applied."""
        try:
            with self._intact():
                access.authorise(self._state, tenant, principal, METHODS[method].permission)
        except Rejection as rejection:
            return refused(rejection.code, rejection.message)
        return None

    def query(self, method: str, tenant: str, principal: str, request: bytes) -> Result:
        """Answers from the state as it is now."""
        with self._intact():
            return self.machine.query(method, tenant, principal, request)

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """A replica whose state is found damaged must stop, whoever meets the damage first."""
        try:
            yield
        except StoreError as error:
            self._fatal(error)
            raise

    # -- what the driver tells ------------------------------------------------------------------------------------

    def on_change(self) -> None:
        """Role, term, leader, list of members or trouble is another one."""
        core = self.driver.core
        if core.membership_since != self._listed_since:
            self._take_up_list()
        if core.leader is not None and core.leader != self.leader:
            self.leader_changes += 1
            log.info("leader", leader=core.leader, term=core.term)
        self.leader = core.leader
        if core.role is not Role.LEADER:
            self.duties.follow()
            self.proposer.follow(core.leader)
        self.reads.route(core.leader)
        if self.driver.trouble != self._trouble:
            self._trouble = self.driver.trouble
            _note_trouble(self._trouble)

    def on_connection(self, peer: str, up: bool) -> None:
        """The connection to `peer` stands, or was lost and with it what was on its way."""
        if up:
            self._note_addresses()  # it has said where it is
        if up and peer == self.leader:
            self.proposer.resend()
            self.reads.route(self.leader)

    def on_read(self, token: object, index: int | None) -> None:
        self.reads.confirmed(token, index)

    def on_installed(self, index: int, term: int) -> None:
        """The entries between are never applied here: their results are remembered in the state and asked for anew."""
        log.info("state installed", index=index, term=term)
        if self._has_ended():
            return
        self.proposer.resend()
        self.polls.installed(self.machine.undelivered(self._node, self._nonce))

    def on_peer_message(self, peer: str, frame: PeerFrame) -> None:
        tag, *fields = frame
        self._peer_messages[str(tag)](peer, *fields)

    def _on_commands(self, peer: str, floor: tuple[Any, ...], forwarded: Sequence[Any]) -> None:
        self.proposer.received(peer, CommandId(*floor), tuple(map(command, forwarded)))

    # -- what the pump tells --------------------------------------------------------------------------------------

    def _on_step(self, step: Step) -> None:
        self.proposer.step(step)
        for delivery in step.deliveries:
            self.polls.deliver(delivery)
        if step.lost == self.process and not self._has_ended():
            log.warning("this node was out of reach; its workers' requests are handed in again")
            self.polls.lost()

    def _on_term(self, term: int) -> None:
        """A leader's first entry is applied. If it is ours, everything of earlier terms is applied, too."""
        self.polls.term_began()
        core = self.driver.core
        if core.role is Role.LEADER and core.term == term:
            self.proposer.lead(LeaderClock(self.machine.time_ms, self._clock.monotonic, self._clock.wall))
            self.duties.lead()

    def _on_entry(self, index: int, term: int, commands: int) -> None:
        self.marks.applied(index)
        self.proposer.applied(index)
        self.duties.applied()
        self._after_entry(index, term, commands)

    # -- what else there is ---------------------------------------------------------------------------------------

    def _peers(self) -> tuple[str, ...]:
        return self.driver.core.peers

    def _take_up_list(self) -> None:
        """Another list of members is in force."""
        core = self.driver.core
        self._listed_since = core.membership_since
        self._note_addresses()
        self._on_membership(core.membership, core.membership_since)

    def _note_addresses(self) -> None:
        """Where clients find the members who vote."""
        core = self.driver.core
        self._configured, self._addresses = ConfigureCluster(), {}
        for member in core.membership.members:
            if member.votes:
                host, port = self._client_address(member)
                self._configured.members.add(node=member.name, host=host, port=port)
                self._addresses[member.name] = f"{host}:{port}"

    def _processes(self) -> dict[str, Peer | None]:
        """By member; None for one that does not answer this leader. Who has not answered it yet counts as that.

        For before it answers, its connection may be one that is left from an earlier process.
        """
        now, progress = self._clock.monotonic(), self.driver.core.progress
        found: dict[str, Peer | None] = {self._node: Peer(self._nonce, self.release.known)}
        for peer in self._peers():
            place = progress.get(peer)
            answers = place is not None and place.match > 0 and now - place.heard <= SILENT_SECONDS_MAX
            found[peer] = self._peer(peer) if answers else None
        return found

    def _has_ended(self) -> bool:
        """Whether the state says that this process is over, by a mistake of the leader's."""
        if not dedup.has_ended(self._state, self.process):
            return False
        self._fatal(SessionEnded(f"the cluster took {self._node} for restarted; start this process anew"))
        return True

    def _on_clock_verdict(self, is_off: bool) -> None:
        log.warning("this node's clock differs from the others'" if is_off else "this node's clock is right again")
        self.driver.core.handicap = is_off or self.stopping


def _report(failed: Command | None, error: Exception) -> None:
    method = "a timer" if failed is None else failed.method
    log.error("unexpected error inside a command", method=method, exc_info=error)


def _not_compared(peer: str, versions: str) -> None:
    log.warning("a replica with other versions is not compared", peer=peer, has=versions)


def _note_trouble(trouble: str | None) -> None:
    if trouble is None:
        log.info("the log can be written again")
    else:
        log.error("the log cannot be written", reason=trouble)
