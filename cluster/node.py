"""One node: everything in `cluster` wired together around one state machine, and what the door may ask of it.

All of it runs on one asyncio loop. What happens in which order is decided by the parts; here they are only made known
to each other.
"""

import asyncio
import os
import random
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from konik.api.pb.cluster_pb2 import CANDIDATE, FOLLOWER, LEADER, NodeStatus
from konik.api.pb.internal_pb2 import ConfigureCluster
from konik.cluster import peer_frames, release
from konik.cluster.clock import LeaderClock, LoopScheduler, SystemClock
from konik.cluster.clock_offsets import ClockOffsets
from konik.cluster.config import Config
from konik.cluster.driver import core_from_disk
from konik.cluster.duties import Duties
from konik.cluster.entries import command
from konik.cluster.figures import Figures
from konik.cluster.identity import Identity
from konik.cluster.journal import LmdbJournal, bootstrap
from konik.cluster.marks import Marks, StateDiffers
from konik.cluster.network import PROTOCOL_VERSION, Hello, PeerFrame
from konik.cluster.polls import Polls
from konik.cluster.proposer import Proposer
from konik.cluster.pump import Pump
from konik.cluster.raft.ready import Settings
from konik.cluster.raft.roles import Role
from konik.cluster.reads import Reads
from konik.cluster.replica import Replica
from konik.cluster.state_copies import StateCopies
from konik.cluster.store.checkpoint import Checkpointer, CheckpointSettings
from konik.cluster.store.errors import StoreError
from konik.cluster.store.image import Checkpoint
from konik.cluster.store.opening import open_store
from konik.cluster.store.thread import StateThread
from konik.cluster.tls import TlsFiles
from konik.cluster.transport import TcpTransport
from konik.cluster.wire import Wire
from konik.statemachine.entry import Command, CommandId, Step
from konik.statemachine.machine import Machine

LOG_DIRECTORY = "log.lmdb"
STATE_DIRECTORY = "state.lmdb"
TRANSFER_SECONDS_MAX = 0.5
DRAIN_SECONDS_MAX = 0.3
POLL_SECONDS = 0.005
SCRUB_SECONDS = 0.5
SCRUB_RECORDS = 200

ROLES = {
    Role.FOLLOWER: FOLLOWER,
    Role.PRE_CANDIDATE: CANDIDATE,
    Role.CANDIDATE: CANDIDATE,
    Role.LEADER: LEADER,
}

log = structlog.get_logger()


def make_data_directory(config: Config) -> None:
    """Makes the data directory of a node that has none.

    Raises:
        DirectoryRefused: it was made before.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True)
    identity = Identity(config.cluster_bytes, config.node, secrets.token_bytes(16))
    bootstrap(str(config.data_dir / LOG_DIRECTORY), identity)


class Node:
    """A node that runs. `fatal` is called when it must not go on: the process shall end."""

    def __init__(self, config: Config, fatal: Callable[[BaseException], None]) -> None:
        """Opens the data directory.

        Raises:
            DirectoryRefused: it is not this node's, or was never made; the text says what to do.
            CorruptLog, StoreError: it is damaged.
        """
        self.config = config
        self.stopping = False
        self._closed = False
        self._fatal = fatal
        self._loop = asyncio.get_running_loop()
        self._clock = SystemClock()
        self._scheduler = LoopScheduler(self._loop, self._clock)
        self._nonce = secrets.token_bytes(16)
        self._commands_since_checkpoint = 0
        self.log_cuts = 0
        self.leader_changes = 0
        self._leader: str | None = None
        self._peers = sorted(id for id in config.members if id != config.node)
        self._open()
        self._make_machine()
        self._make_replica()
        self._make_services()
        self.figures = Figures(self)

    # -- making ---------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        config = self.config
        path = str(config.data_dir / LOG_DIRECTORY)
        post = self._loop.call_soon_threadsafe
        self.journal = LmdbJournal.open(path, config.node, config.cluster_bytes, post, self._fatal)
        state = Path(config.data_dir / STATE_DIRECTORY)
        self.store = open_store(state, config.cluster_bytes, config.node)
        self.thread = StateThread(post)
        settings = CheckpointSettings(commands_max=config.checkpoint_commands, seconds_max=config.checkpoint_seconds)
        self.checkpointer = Checkpointer(
            self.store,
            self.thread,
            self._clock,
            self._scheduler,
            on_fatal=self._fatal,
            on_trouble=partial(self._note_trouble, "checkpoint"),
            settings=settings,
        )

    def _make_machine(self) -> None:
        found = self.store.checkpoint
        machine = Machine(self.store, self._report, fatal=(StoreError,))
        self.pump = Pump(
            machine,
            (found.index, found.term),
            self._clock,
            self._scheduler,
            on_step=self._on_step,
            on_term=self._on_term,
            on_entry=self._on_entry,
            on_fatal=self._fatal,
        )

    def _make_replica(self) -> None:
        config, found = self.config, self.store.checkpoint
        settings = Settings(
            min_timeout=config.min_election_timeout_s,
            max_timeout=config.max_election_timeout_s,
            heartbeat=config.heartbeat_s,
        )
        core = core_from_disk(
            config.node,
            tuple(sorted(config.members)),
            settings,
            self.journal,
            (found.index, found.term),
            self._clock.monotonic(),
            random.random(),
        )
        self.transport = self._make_transport()
        self.replica = Replica(
            core,
            self.journal,
            self.transport,
            StateCopies(self.store, self.thread, self.pump, self._copy_failed),
            clock=self._clock,
            scheduler=self._scheduler,
            chance=random.random,
            applied=lambda: self.pump.applied,
            on_committed=self.pump.feed,
            on_read=self._on_read,
            on_change=self._on_change,
            on_installed=self._on_installed,
            on_peer_message=self._on_peer_message,
            on_connection=self._on_connection,
            fatal=self._fatal,
            settings=settings,
        )
        self.driver = self.replica.driver

    def _make_transport(self) -> TcpTransport:
        config = self.config
        listen = config.peer_listen or config.me.peer
        hello = Hello(
            PROTOCOL_VERSION,
            config.cluster_bytes,
            config.node,
            self.journal.identity.directory,
            self._nonce,
            os.getpid(),
            str(config.me.client),
        )
        peers = {id: (config.members[id].peer.host, config.members[id].peer.port) for id in self._peers}
        tls = None
        if config.tls is not None:
            tls = TlsFiles(str(config.tls.certificate), str(config.tls.key), str(config.tls.ca))
        wire = Wire(peer_frames.FIELDS)
        return TcpTransport(hello, (listen.host, listen.port), peers, wire, self.journal, tls)

    def _make_services(self) -> None:
        config = self.config
        self.proposer = Proposer(
            config.node,
            self._nonce,
            self._clock,
            self._scheduler,
            self.driver.propose,
            self._send,
            lambda: self.driver.trouble,
        )
        self.polls = Polls(
            config.node, self._nonce, self._clock, self._scheduler, self._submit, self.proposer.flush_soon
        )
        self.proposer.before_flush = self.polls.collect
        self.reads = Reads(config.node, self.pump, self.driver.read, self._send)
        members = ConfigureCluster()
        for id, member in sorted(config.members.items()):
            members.members.add(node=id, host=member.client.host, port=member.client.port)
        self.duties = Duties(
            config.node,
            members,
            self.store,
            self.pump,
            self.proposer,
            self._clock,
            self._scheduler,
            self._submit,
            self._processes,
        )
        self.marks = Marks(
            self.store.mark,
            self._scheduler,
            self._send,
            self._peers,
            lambda: self.is_leader,
            self._differs,
            lambda peer, versions: log.warning(
                "a replica with other versions is not compared", peer=peer, has=versions
            ),
        )

        self.clock_offsets = ClockOffsets(self._clock, self._scheduler, self._send, self._peers, self._clock_is_off)

    # -- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begins to take part. Raises OSError if the address for peers is taken."""
        await self.transport.start()
        self.driver.start()
        self.clock_offsets.start()
        self._keep_scrubbing()
        log.info("node started", node=self.config.node, applied=self.pump.applied, last=self.driver.core.log.last)

    def _keep_scrubbing(self) -> None:
        """Reads through the stored state, slowly, so that damage is found while others still have what is damaged."""
        if self._closed:
            return
        try:
            self.store.scrub(SCRUB_RECORDS)
        except StoreError as error:
            self._fatal(error)
            return
        self._scheduler.call_at(self._clock.monotonic() + SCRUB_SECONDS, self._keep_scrubbing)

    async def stop(self) -> None:
        """Hands over what can be handed over, ends the workers' streams, and stops. Takes less than a second."""
        self.stopping = True
        self.driver.core.handicap = True
        if self.is_leader and self._peers and self.driver.transfer():
            await self._until(lambda: not self.is_leader and self._leader is not None, TRANSFER_SECONDS_MAX)
        self.polls.stop()
        await self._until(lambda: self.proposer.waiting == 0, DRAIN_SECONDS_MAX)

    async def close(self) -> None:
        """Lets go of the data directory. What is not in a checkpoint is in the log."""
        self._closed = True
        self.replica.destroy()
        await self.transport.close()
        self.thread.close()
        self.journal.close()
        self.store.close()

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        while not holds() and self._clock.monotonic() < until:
            await asyncio.sleep(POLL_SECONDS)

    # -- what can be seen -----------------------------------------------------------------------------------------

    @property
    def is_leader(self) -> bool:
        return self.driver.core.role is Role.LEADER

    @property
    def leader(self) -> str | None:
        return self._leader

    @property
    def nonce(self) -> bytes:
        return self._nonce

    @property
    def is_ready(self) -> bool:
        """A leader is known, and what it had committed when last heard of is applied here."""
        return self._leader is not None and self.pump.applied >= self.driver.core.commit and not self.stopping

    @property
    def now_ms(self) -> int:
        """Cluster time: the leader's, or the last that has come with an entry."""
        leader_clock = self.proposer.leader_clock
        return self.pump.machine.time_ms if leader_clock is None else leader_clock.now_ms()

    def status(self) -> NodeStatus:
        core, journal = self.driver.core, self.journal.statistics
        index, sum = self.marks.last
        status = NodeStatus(
            node=self.config.node,
            role=ROLES[core.role],
            leader=self._leader or "",
            term=core.term,
            commit_index=core.commit,
            applied_index=self.pump.applied,
            pid=os.getpid(),
            version=release.VERSION,
            entries_applied=self.pump.statistics.entries,
            commands_applied=self.pump.statistics.commands,
            syncs=journal.syncs,
            sync_p50_ms=journal.median_seconds() * 1000,
            checkpoints=self.checkpointer.statistics.checkpoints,
            log_cuts=self.log_cuts,
            mark_index=index,
            mark_hash=sum.to_bytes(16, "big"),
        )
        for id, member in sorted(self.config.members.items()):
            status.members.add(node=id, address=str(member.client))
        return status

    # -- what the parts tell each other ---------------------------------------------------------------------------

    def _send(self, peer: str, frame: tuple[object, ...]) -> bool:
        return self.driver.send(peer, frame)

    def _submit(self, method: str, request: bytes) -> object:
        return self.proposer.submit(method, "", self.config.node, None, request, None)

    def _on_step(self, step: Step) -> None:
        self.proposer.step(step)
        for delivery in step.deliveries:
            self.polls.deliver(delivery)

    def _on_term(self, term: int) -> None:
        """A leader's first entry is applied. If it is ours, everything of earlier terms is applied, too."""
        self.polls.term_began(term)
        core = self.driver.core
        if core.role is Role.LEADER and core.term == term:
            clock = LeaderClock(self.pump.machine.time_ms, self._clock.monotonic, self._clock.wall)
            self.proposer.lead(clock)
            self.duties.lead()

    def _on_entry(self, index: int, term: int, commands: int) -> None:
        self.marks.applied(index)
        self.proposer.applied(index)
        self.duties.applied()
        self._commands_since_checkpoint += max(commands, 1)
        if self.checkpointer.due(self._commands_since_checkpoint):
            self._commands_since_checkpoint = 0
            self.checkpointer.start(index, term, {}, self._checkpointed)

    def _checkpointed(self, checkpoint: Checkpoint) -> None:
        keep_from = checkpoint.index - self.config.log_tail_entries
        if keep_from > self.driver.core.log.base:
            self.driver.cut(keep_from)
            self.log_cuts += 1

    def _on_read(self, token: object, index: int | None) -> None:
        self.reads.confirmed(token, index)

    def _on_change(self) -> None:
        core = self.driver.core
        if core.leader is not None and core.leader != self._leader:
            self.leader_changes += 1
            log.info("leader", leader=core.leader, term=core.term)
        self._leader = core.leader
        if core.role is not Role.LEADER:
            self.duties.follow()
            self.proposer.follow(core.leader)
        self.reads.route(core.leader)

    def _on_connection(self, peer: str, up: bool) -> None:
        if up and peer == self._leader:
            self.proposer.resend()
            self.reads.route(self._leader)

    def _on_installed(self, index: int, term: int) -> None:
        """The entries between are never applied here: their results are remembered in the state and asked for anew."""
        log.info("state installed", index=index, term=term)
        self._commands_since_checkpoint = 0
        self.proposer.resend()
        self.polls.installed(self.pump.machine.undelivered(self.config.node, self._nonce))

    def _on_peer_message(self, peer: str, frame: PeerFrame) -> None:
        tag, *fields = frame
        self._PEER_MESSAGES[str(tag)](self, peer, *fields)

    def _on_commands(self, peer: str, floor: tuple[Any, ...], forwarded: tuple[Any, ...]) -> None:
        commands: tuple[Command, ...] = tuple(map(command, forwarded))
        self.proposer.received(peer, CommandId(*floor), commands)

    def _on_busy(self, peer: str) -> None:
        del peer
        self.proposer.busy()

    def _on_read_index(self, peer: str, number: int) -> None:
        self.reads.asked_by(peer, number)

    def _on_read_index_answer(self, peer: str, number: int, index: int | None) -> None:
        del peer
        self.reads.answered(number, index)

    def _on_clock(self, peer: str, wall_ms: int) -> None:
        self.clock_offsets.received(peer, wall_ms)

    def _clock_is_off(self, is_off: bool) -> None:
        log.warning("this node's clock differs from the others'" if is_off else "this node's clock is right again")
        self.driver.core.handicap = is_off or self.stopping

    def _on_mark(self, peer: str, index: int, sum: bytes, fingerprint: str, from_leader: bool) -> None:
        self.marks.received(peer, index, sum, fingerprint, from_leader)

    _PEER_MESSAGES: dict[str, Callable[..., None]] = {
        peer_frames.COMMANDS: _on_commands,
        peer_frames.BUSY: _on_busy,
        peer_frames.READ_INDEX: _on_read_index,
        peer_frames.READ_INDEX_ANSWER: _on_read_index_answer,
        peer_frames.MARK: _on_mark,
        peer_frames.CLOCK: _on_clock,
    }

    def _processes(self) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {self.config.node: self._nonce}
        for peer in self._peers:
            connected = self.transport.is_connected(peer)
            found[peer] = self.transport.hellos[peer].process if connected else None
        return found

    # -- trouble --------------------------------------------------------------------------------------------------

    def _report(self, failed: Command | None, error: Exception) -> None:
        method = "a timer" if failed is None else failed.method
        log.error("unexpected error inside a command", method=method, exc_info=error)

    def _note_trouble(self, where: str, trouble: str | None) -> None:
        if trouble is None:
            log.info("writing goes on", where=where)
        else:
            log.error("cannot write", where=where, reason=trouble)

    def _copy_failed(self, error: BaseException) -> None:
        log.warning("a copy of the state could not be made or installed", reason=str(error))

    def _differs(self, error: StateDiffers) -> None:
        self._fatal(error)
