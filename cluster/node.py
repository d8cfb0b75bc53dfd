"""One node over real files, sockets and an asyncio loop: how it begins, keeps its state, and stops.

What it does for clients and workers is in `services`.
"""

import asyncio
import os
import random
import secrets
from collections.abc import Callable
from pathlib import Path

import structlog

from konik.api.pb.cluster_pb2 import CANDIDATE, FOLLOWER, LEADER, NodeStatus
from konik.cluster import peer_frames, release
from konik.cluster.clock import LoopScheduler, SystemClock
from konik.cluster.config import Address, Config, ConfigurationError
from konik.cluster.driver import Driver, core_from_disk
from konik.cluster.figures import Figures
from konik.cluster.files import sync_directory
from konik.cluster.fresh_checkpoints import FreshCheckpoints
from konik.cluster.identity import DirectoryRefused, Identity
from konik.cluster.journal import LmdbJournal, bootstrap, is_bootstrapped
from konik.cluster.network import PROTOCOL_VERSION, Hello, Peer
from konik.cluster.raft.membership import FOUNDER, Member, Membership, unpack
from konik.cluster.raft.ready import Settings
from konik.cluster.raft.roles import Role
from konik.cluster.replica import Replica
from konik.cluster.services import Services
from konik.cluster.state_copies import StateCopies
from konik.cluster.store.checkpoint import Checkpointer, CheckpointSettings
from konik.cluster.store.image import MEMBERS, Checkpoint
from konik.cluster.store.opening import open_store
from konik.cluster.store.thread import Job, StateThread
from konik.cluster.tls import TlsFiles
from konik.cluster.transport import TcpTransport
from konik.cluster.wire import Wire
from konik.statemachine import version
from konik.statemachine.dedup import NONCE_BYTES
from konik.statemachine.entry import Process
from konik.statemachine.rejection import failed_precondition, invalid

LOG_DIRECTORY = "log.lmdb"
STATE_DIRECTORY = "state.lmdb"
RESTORED_DIRECTORY = STATE_DIRECTORY + ".restored"
"""Where a restore makes the state, which takes its name only when it is whole."""
TRANSFER_SECONDS_MAX = 0.5
DRAIN_SECONDS_MIN, DRAIN_SECONDS_MAX = 0.1, 0.3
"""New calls are refused for so long before the port is closed: those that arrive in that moment gRPC cancels."""
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


def make_data_directory(config: Config, *, joining: bool = False) -> None:
    """Makes the data directory of a node that has none: of a founder of its cluster, or of one that joins it later.

    Raises:
        DirectoryRefused: it was made before.
        ConfigurationError: it is to join, and no other member is named.
    """
    if joining and len(config.members) == 1:
        raise ConfigurationError(f"{config.node} cannot join itself: name the cluster's members in the configuration")
    config.data_dir.mkdir(parents=True, exist_ok=True)
    identity = Identity(config.cluster_bytes, config.node, secrets.token_bytes(16))
    listed = founders(config, identity.directory if joining else None)
    path = str(config.data_dir / LOG_DIRECTORY)
    bootstrap(path, identity, listed, before=lambda: _refuse_a_state(config.data_dir))
    sync_directory(config.data_dir.absolute().parent)


def founders(config: Config, joining: bytes | None = None) -> Membership:
    """The configured members, who have a vote; but not this node if it joins them with the data directory `joining`."""
    members = [
        Member(id, peer=str(member.peer), client=str(member.client)) for id, member in sorted(config.members.items())
    ]
    listed = Membership(tuple(members))
    if joining is None:
        return listed
    newcomer = listed.members[listed.names.index(config.node)]
    return listed.including(newcomer._replace(votes=False, directory=joining.hex()))


def _refuse_a_state(data: Path) -> None:
    """A node that begins with nothing must not find something."""
    for state in (data / STATE_DIRECTORY, data / RESTORED_DIRECTORY):
        if state.exists():
            raise DirectoryRefused(
                f"{state} is a state without a log: if a restore was interrupted, restore the same backup again; "
                "otherwise name another data_dir"
            )


def has_data_directory(data: Path) -> bool:
    """Whether `make_data_directory` has made it, to its end."""
    return is_bootstrapped(str(data / LOG_DIRECTORY))


class Node:
    """A node that runs. `fatal` is called when it must not go on: the process shall end."""

    def __init__(self, config: Config, fatal: Callable[[BaseException], None]) -> None:
        """Opens the data directory.

        Raises:
            DirectoryRefused: it is not this node's, or was never made; the text says what to do.
            CorruptLog, StoreError: it is damaged.
        """
        self.config = config
        self.log_cuts = 0
        self._closed = False
        self._fatal = fatal
        self._loop = asyncio.get_running_loop()
        self._clock = SystemClock()
        self._scheduler = LoopScheduler(self._loop, self._clock)
        self._process = Process(config.node, secrets.token_bytes(NONCE_BYTES))
        self._open()
        self.transport = self._make_transport()
        found = self.store.checkpoint
        self.services = Services(
            self._process,
            self.store,
            (found.index, found.term),
            self._clock,
            self._scheduler,
            make_driver=self._make_driver,
            peer=self._peer,
            ahead=self.transport.ahead,
            met=self._met,
            client_address=self._client_address,
            on_membership=self._take_up_list,
            after_entry=self._after_entry,
            fatal=fatal,
            release=version.THIS,
        )
        self.transport.on_applicant = self.services.members.applied
        self.fresh_checkpoints = FreshCheckpoints(self.store, self.services.pump, self._start_checkpoint)
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
            on_trouble=_note_trouble,
            settings=settings,
        )

    def _make_driver(self, services: Services) -> Driver:
        config, found = self.config, self.store.checkpoint
        settings = Settings(
            min_timeout=config.min_election_timeout_s,
            max_timeout=config.max_election_timeout_s,
            heartbeat=config.heartbeat_s,
        )
        core = core_from_disk(
            config.node,
            self._directories,
            self._membership_on_disk(),
            settings,
            self.journal,
            (found.index, found.term),
            self._clock.monotonic(),
            random.random(),
        )
        self.copies = StateCopies(self.store, self.thread, services.pump, _copy_failed, self._fatal)
        self.replica = Replica(
            core,
            self.journal,
            self.transport,
            self.copies,
            clock=self._clock,
            scheduler=self._scheduler,
            chance=random.random,
            applied=lambda: services.pump.applied,
            on_committed=services.pump.feed,
            on_read=services.on_read,
            on_change=services.on_change,
            on_installed=self._installed,
            on_peer_message=services.on_peer_message,
            on_connection=self._on_connection,
            fatal=self._fatal,
            settings=settings,
        )
        return self.replica.driver

    def _membership_on_disk(self) -> Membership:
        """The list of members of the checkpoint; before the first one, that which the log began with."""
        found = self.store.checkpoint.meta.get(MEMBERS)
        return self.journal.founders if found is None else unpack(found)

    def _met(self, name: str) -> bytes | None:
        """The data directory with which this node has met a founder; its own, too."""
        return self.journal.identity.directory if name == self.config.node else self.journal.directories.get(name)

    @property
    def _directories(self) -> tuple[str, ...]:
        """With which of them the name of this node stands for this node in a list of members."""
        own = self.journal.identity.directory.hex()
        return (own, *FOUNDER) if self._is_founder else (own,)

    @property
    def _is_founder(self) -> bool:
        me = self.journal.founders.get(self.config.node)
        return me is not None and not me.directory

    def _make_transport(self) -> TcpTransport:
        config = self.config
        listen = config.peer_listen or config.me.peer
        hello = Hello(
            PROTOCOL_VERSION,
            config.cluster_bytes,
            config.node,
            self.journal.identity.directory,
            self._process.nonce,
            os.getpid(),
            str(config.me.client),
            version.THIS.known,
            str(config.me.peer),
            self._is_founder,
            members_since=0,
        )
        peers = {id: (to.peer.host, to.peer.port) for id, to in config.members.items() if id != config.node}
        tls = None
        if config.tls is not None:
            tls = TlsFiles(str(config.tls.certificate), str(config.tls.key), str(config.tls.ca))
        wire = Wire(peer_frames.FIELDS)
        return TcpTransport(hello, (listen.host, listen.port), peers, wire, self.journal, tls)

    def _take_up_list(self, membership: Membership, since: int) -> None:
        """Another list of members is in force."""
        others = [member for member in membership.members if member.name != self.config.node]
        addresses = {member.name: self._addresses(member)[0] for member in others}
        self.transport.take_up(membership, since, {name: to for name, to in addresses.items() if to is not None})

    def _on_connection(self, peer: str, up: bool) -> None:
        if up:
            core = self.driver.core
            self._take_up_list(core.membership, core.membership_since)  # it has said where it is
        self.services.on_connection(peer, up)

    def _client_address(self, member: Member) -> tuple[str, int]:
        found = self._addresses(member)[1]
        assert found is not None, f"nobody knows where clients find {member.name}"
        return found

    def _addresses(self, member: Member) -> tuple[tuple[str, int] | None, tuple[str, int] | None]:
        """Where other nodes and clients reach a member: what it has said itself counts first, then this node's
        configuration, then the list of members."""
        said, configured = self.transport.hellos.get(member.name), self.config.members.get(member.name)
        if said is not None and said.peer_address and member.directory in ("", said.directory.hex()):
            return _address(said.peer_address), _address(said.client_address)
        if configured is not None:
            return _address(str(configured.peer)), _address(str(configured.client))
        return _address(member.peer), _address(member.client)

    def _peer(self, name: str) -> Peer | None:
        hello = self.transport.member(name)
        return None if hello is None else Peer(hello.process, hello.machine_version)

    # -- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begins to take part. Raises OSError if the address for peers is taken."""
        await self.transport.start()
        self.services.start()
        self._keep_scrubbing()
        applied, last = self.services.pump.applied, self.driver.core.log.last
        log.info("node started", node=self.config.node, applied=applied, last=last)

    def _keep_scrubbing(self) -> None:
        """Reads through the stored state, slowly, so that damage is found while others still have what is damaged.

        Not in the loop: what nobody has looked at for long comes from the disk, behind whatever is written there, and
        others would take a leader that waits for it for lost.
        """
        if not self._closed:
            self.thread.submit(
                Job(run=lambda: self.store.scrub(SCRUB_RECORDS), done=self._scrubbed, failed=self._fatal)
            )

    def _scrubbed(self, _: bool) -> None:
        self._scheduler.call_at(self._clock.monotonic() + SCRUB_SECONDS, self._keep_scrubbing)

    def _after_entry(self, index: int, term: int, commands: int) -> None:
        if self.checkpointer.due_after(commands):
            self._start_checkpoint(index, term)
        self.fresh_checkpoints.look()

    def _start_checkpoint(self, index: int, term: int) -> None:
        meta = {MEMBERS: self.driver.core.membership_at(index).pack()}
        self.checkpointer.start(index, term, meta, self._checkpointed)

    def _checkpointed(self, checkpoint: Checkpoint) -> None:
        keep_from = checkpoint.index - self.config.log_tail_entries
        if keep_from > self.driver.core.log.base:
            self.driver.cut(keep_from)
            self.log_cuts += 1
        self.fresh_checkpoints.look()

    def _installed(self, index: int, term: int) -> None:
        self.services.on_installed(index, term)
        self.fresh_checkpoints.look()

    async def stop(self) -> None:
        """Hands over what can be handed over, ends the workers' streams, and stops. Takes less than a second."""
        services = self.services
        if services.prepare_to_stop():
            await self._until(lambda: services.leader not in (None, self.config.node), TRANSFER_SECONDS_MAX)
        services.draining = True
        services.polls.stop()
        await asyncio.sleep(DRAIN_SECONDS_MIN)
        await self._until(lambda: services.polls.streams == 0 and services.proposer.waiting == 0, DRAIN_SECONDS_MAX)

    async def close(self) -> None:
        """Lets go of the data directory. What is not in a checkpoint is in the log."""
        self._closed = True
        self.services.stop()
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
    def driver(self) -> Driver:
        return self.services.driver

    @property
    def trouble(self) -> str | None:
        """Why this node cannot write at the moment."""
        return self.driver.trouble or self.checkpointer.trouble

    def transfer_leadership(self, to: str | None) -> None:
        """Begins to hand over this node's office, to that member or to whichever has everything first.

        Raises:
            Rejection: INVALID_ARGUMENT: there is no such member. FAILED_PRECONDITION: it cannot be now.
        """
        me, names = self.config.node, self.driver.core.membership.names
        if to is not None and to not in names:
            raise invalid(f"there is no member {to}; members are {', '.join(names)}")
        self._must_lead()
        if to == me:
            raise failed_precondition(f"{me} leads already")
        if not self.driver.transfer(to):
            raise failed_precondition(f"{me} hears nothing of {to or 'another member'}, or hands over already")

    def add_member(self, name: str) -> bool:
        """As `Members.add`. Raises Rejection: FAILED_PRECONDITION also if this node does not lead."""
        self._must_lead()
        return self.services.members.add(name)

    def remove_member(self, name: str) -> bool:
        """As `Members.remove`. Raises Rejection: FAILED_PRECONDITION also if this node does not lead."""
        self._must_lead()
        return self.services.members.remove(name)

    def _must_lead(self) -> None:
        leader = self.services.leader
        if not self.services.is_leader:
            raise failed_precondition(
                f"{self.config.node} does not lead; " + (f"{leader} does" if leader else "nobody does just now")
            )

    def status(self) -> NodeStatus:
        core, journal, services = self.driver.core, self.journal.statistics, self.services
        index, sum = services.marks.last
        status = NodeStatus(
            node=self.config.node,
            role=ROLES[core.role],
            leader=services.leader or "",
            term=core.term,
            commit_index=core.commit,
            applied_index=services.pump.applied,
            pid=os.getpid(),
            version=release.VERSION,
            entries_applied=services.pump.statistics.entries,
            commands_applied=services.pump.statistics.commands,
            syncs=journal.syncs,
            sync_p50_ms=journal.median_seconds() * 1000,
            checkpoints=self.checkpointer.statistics.checkpoints,
            log_cuts=self.log_cuts,
            mark_index=index,
            mark_hash=sum.to_bytes(16, "big"),
            machine_version=services.machine.version,
            machine_version_known=services.release.known,
        )
        for member in core.membership.members:
            host, port = self._client_address(member)
            status.members.add(node=member.name, address=f"{host}:{port}", votes=member.votes)
        return status


def _address(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    address = Address.model_validate(text)
    return address.host, address.port


def _note_trouble(trouble: str | None) -> None:
    if trouble is None:
        log.info("checkpoints can be written again")
    else:
        log.error("a checkpoint cannot be written", reason=trouble)


def _copy_failed(error: BaseException) -> None:
    log.warning("a copy of the state could not be made or installed", reason=str(error))
