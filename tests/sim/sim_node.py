"""One whole node: the real driver, services and store over invented time, log disk and network.

Its disks stay, its process comes and goes. What it does not find on them after a crash it never knew.
"""

import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim_disk import Disk, SimJournal
from sim_world import Event, NodeTime, Violation, World

from konik.cluster import peer_frames
from konik.cluster.driver import Driver, core_from_disk
from konik.cluster.fresh_checkpoints import FreshCheckpoints
from konik.cluster.journal_records import CorruptLog
from konik.cluster.network import PROTOCOL_VERSION, Frame, Hello, Peer
from konik.cluster.node import STATE_DIRECTORY
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.membership import FOUNDER, Member, Membership, unpack
from konik.cluster.raft.messages import Message
from konik.cluster.services import Services
from konik.cluster.standing import NoMember, Standing, counts, standing
from konik.cluster.state_copies import StateCopies
from konik.cluster.store.checkpoint import Checkpointer, CheckpointSettings
from konik.cluster.store.errors import StoreError
from konik.cluster.store.image import MEMBERS, Checkpoint
from konik.cluster.store.opening import open_store
from konik.cluster.store.thread import StateThread
from konik.cluster.wire import LENGTH_BYTES, Wire
from konik.statemachine.entry import Process
from konik.statemachine.version import THIS

if TYPE_CHECKING:
    from sim_nodes import Nodes

CLUSTER = b"c" * 16
MAP_BYTES = 64 << 20
SCRUB_RECORDS = 1000

WIRE = Wire(peer_frames.FIELDS)


class SkewedTime(NodeTime):
    """The clock and scheduler of a process on a machine whose wall clock is off, and goes too fast or too slowly."""

    def __init__(self, world: World, skew_seconds: float, rate: float, fatal: Callable[[StoreError], None]) -> None:
        """`fatal` hears of a damaged state that a callback has met, as that of a server's loop does."""
        super().__init__(world, rate)
        self._skew_seconds, self._fatal = skew_seconds, fatal

    def wall(self) -> float:
        return super().wall() + self._skew_seconds

    def step(self, seconds: float) -> None:
        """The wall clock jumps, forwards or back."""
        self._skew_seconds += seconds

    def _happen(self, event: Event) -> None:
        try:
            super()._happen(event)
        except StoreError as error:
            self._fatal(error)


class SlowThread(Executor):
    """Runs the jobs of the state's thread in virtual time. A crash may find one done that nobody has heard of."""

    def __init__(self, time: NodeTime, seconds: Callable[[], float]) -> None:
        self._time, self._seconds = time, seconds
        self._pending: Callable[[], None] | None = None

    def submit(self, job: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()

        def run() -> None:
            self._pending = None
            try:
                result = job(*args, **kwargs)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._pending = run
        self._time.after(self._seconds(), run)
        return future

    def crash(self, has_run: bool) -> None:
        if has_run and self._pending is not None:
            self._pending()


class Node:
    """One member. `services` is there while its process runs."""

    def __init__(self, cluster: "Nodes", name: str, directory: Path) -> None:
        self.cluster, self.name, self.directory = cluster, name, directory
        self.services: Services | None = None
        self.installed = self.release = THIS
        """What its next process will run, and what its latest one does."""
        self.belongs_to = CLUSTER
        self._make(name.encode() * 16, Membership.of(*cluster.names))

    def _make(self, identity: bytes, founders: Membership) -> None:
        """As a new data directory."""
        self.disk = Disk()
        self.is_damaged = False
        self.identity, self.founders = identity, founders
        self.met: dict[str, bytes] = {}
        """The directory with which each founder was met."""

    @property
    def state(self) -> Path:
        """Where its state is."""
        return self.directory / STATE_DIRECTORY

    @property
    def is_founder(self) -> bool:
        me = self.founders.get(self.name)
        return me is not None and not me.directory

    def lose_disk(self, identity: bytes) -> None:
        """What it knew is gone; it begins anew with a data directory of that identity, as one that joins."""
        assert self.services is None
        shutil.rmtree(self.state, ignore_errors=True)
        newcomer = Member(self.name, False, identity.hex())
        self._make(identity, Membership.of(*self.cluster.names).including(newcomer))

    @property
    def is_awake(self) -> bool:
        return self.services is not None and self.time.suspended_until <= self.cluster.world.now

    @property
    def is_dying(self) -> bool:
        """It has found its disk damaged, and is not gone yet."""
        return self.services is not None and self.time.dead

    # life

    def start(self) -> None:
        if self.services is None:
            try:
                self._start()
            except (CorruptLog, StoreError, BrokenInvariant) as error:
                self.damaged(error)

    def _start(self) -> None:
        cluster, world = self.cluster, self.cluster.world
        self.time = time = SkewedTime(world, cluster.skew_seconds(), world.rate(cluster.drift), self.fail)
        self.process = Process(self.name, world.random.randbytes(16))
        self.release = self.installed
        self.hellos: dict[str, Peer] = {}
        self.standings: dict[str, Standing] = {}
        """Of those to whom there is a connection."""
        self.journal = SimJournal(self.disk, time, world, cluster.sync_seconds, lambda vow, entries: None)
        self.store = open_store(self.state, self.belongs_to, self.name, map_bytes=MAP_BYTES)
        self.executor = SlowThread(time, cluster.thread_seconds)
        self.thread = StateThread(lambda work, *args: time.call_soon(partial(work, *args)), self.executor)
        settings = CheckpointSettings(commands_max=cluster.checkpoint_commands, seconds_max=5.0)
        self.checkpointer = Checkpointer(
            self.store, self.thread, time, time, on_fatal=self.fail, settings=settings, pause=lambda: None
        )
        found = self.store.checkpoint
        self.services = Services(
            self.process,
            self.store,
            (found.index, found.term),
            time,
            time,
            make_driver=self._make_driver,
            peer=lambda name: self.hellos.get(name) if self.standings.get(name) is Standing.MEMBER else None,
            ahead=self._ahead,
            met=lambda name: self.identity if name == self.name else self.met.get(name),
            client_address=lambda member: ("localhost", 1),
            on_membership=self._take_up_list,
            after_entry=self.after_entry,
            fatal=self.fail,
            release=self.release,
        )
        self.fresh_checkpoints = FreshCheckpoints(self.store, self.services.pump, self._start_checkpoint)
        cluster.damage.survived(self.disk)
        self.services.pump.slice_seconds = cluster.slice_seconds
        self.services.duties.node_loss_seconds = cluster.node_loss_seconds
        world.note(self.name, "start", self.process.nonce.hex()[:4], "state", found.index, "log", self.disk.last[:2])
        self.services.start()
        cluster.network.join(self.name)

    def _membership_on_disk(self) -> Membership:
        found = self.store.checkpoint.meta.get(MEMBERS)
        return self.founders if found is None else unpack(found)

    @property
    def _directories(self) -> tuple[str, ...]:
        own = self.identity.hex()
        return (own, *FOUNDER) if self.is_founder else (own,)

    def _make_driver(self, services: Services) -> Driver:
        cluster, found = self.cluster, self.store.checkpoint
        core = core_from_disk(
            self.name,
            self._directories,
            self._membership_on_disk(),
            cluster.settings,
            self.journal,
            (found.index, found.term),
            self.time.monotonic(),
            cluster.world.random.random(),
        )
        self.copies = StateCopies(self.store, self.thread, services.pump, self._copy_failed, self.fail)
        return Driver(
            core,
            self.journal,
            self,
            self.copies,
            clock=self.time,
            scheduler=self.time,
            chance=cluster.world.random.random,
            on_committed=services.pump.feed,
            on_read=services.on_read,
            on_change=self._note_change,
            on_installed=self._note_installed,
            on_peer_message=services.on_peer_message,
            fatal=self.fail,
        )

    def crash(self) -> None:
        if self.services is None:
            return
        world = self.cluster.world
        world.note(self.name, "crash")
        self.cluster.counts["crashes"] += 1
        self.services.driver.stop()
        self.services, self.time.dead = None, True
        self.executor.crash(has_run=world.chance(0.5))
        self.store.close()
        if what := self.cluster.damage.crash(self.disk, self.journal, self.store.image.path):
            world.note(self.name, "disk", what)
        self.cluster.network.leave(self.name, noticed=world.chance(self.cluster.network.conditions.notice))

    def scrub(self) -> None:
        """Read all of the state, as a server does in the course of time."""
        try:
            while not self.store.scrub(SCRUB_RECORDS):
                pass
        except StoreError as error:
            self.fail(error)
        else:
            self.cluster.damage.scrubbed(self.disk, self.store.image._read.get)

    def damaged(self, error: Exception) -> None:
        """It has found its disk damaged. An operator has it begin anew with an empty one."""
        if self.is_damaged:
            return
        self.is_damaged = self.time.dead = True
        damage = self.cluster.damage
        damage.noticed(self.disk, error)
        self.cluster.world.note(self.name, "damaged", repr(error))
        if self.services is None:
            self.store.close()
        self.cluster.lose_disk(self, damage.chance.randbytes(16), damage.chance.choice((0.1, 1.0, 3.0)))

    def fail(self, error: BaseException) -> None:
        """What a server would die of: dead at once, and gone when what it is doing has come to its end."""
        if not isinstance(error, StoreError):
            raise Violation(f"{self.name} fails: {error!r}") from error
        self.time.dead = True
        self.cluster.world.after(0.0, partial(self.damaged, error))

    # what its parts tell

    def send(self, peer: str, frame: Frame) -> bool:
        if not isinstance(frame, Message):
            frame = WIRE.decode(WIRE.encode(frame)[LENGTH_BYTES:])
            if self.cluster.breaks():
                self.cluster.world.after(0.0, partial(self.cluster.network.disconnect, self.name, peer))
        return self.cluster.network.send(self.name, peer, frame)

    def hello(self) -> Hello:
        """What it says of itself."""
        assert self.services is not None
        since = self.services.driver.core.membership_since
        nonce = self.process.nonce
        return Hello(
            PROTOCOL_VERSION,
            self.belongs_to,
            self.name,
            self.identity,
            nonce,
            1,
            "",
            self.release.known,
            "",
            self.is_founder,
            since,
        )

    def accepts(self, hello: Hello) -> bool:
        """Whether it hears somebody who says that of himself."""
        assert self.services is not None
        if hello.cluster != self.belongs_to:
            return False
        core, peer = self.services.driver.core, hello.node
        try:
            found = standing(hello, core.membership, core.membership_since, self.met.get(peer))
        except NoMember:
            self.services.members.applied(hello)
            return False
        self.standings[peer] = found
        if found is Standing.MEMBER and hello.founder:
            self.met.setdefault(peer, hello.directory)
        return True

    def _ahead(self, name: str) -> Hello | None:
        other = self.cluster.node(name)
        connected = name in self.hellos and other.services is not None
        return other.hello() if connected and self.standings[name] is Standing.AHEAD else None

    def hears(self, peer: str, frame: Frame) -> bool:
        """Whether it believes this of `peer`."""
        return counts(frame, self.standings[peer])

    def _take_up_list(self, membership: Membership, since: int) -> None:
        """Another list of members is in force: some are heard as somebody else now, or not any more."""
        for peer in [*self.hellos]:
            other = self.cluster.node(peer)
            if other.services is None or not self.accepts(other.hello()):
                self.cluster.network.disconnect(self.name, peer)

    def note_connection(self, peer: str, hello: Peer | None) -> None:
        """The connection to that process of `peer` stands; None: it is lost."""
        if self.services is None:
            return
        if hello is None:
            self.hellos.pop(peer, None)
        else:
            self.hellos[peer] = hello
        self.services.driver.connected(peer, hello is not None)
        self.services.on_connection(peer, hello is not None)

    def after_entry(self, index: int, term: int, commands: int) -> None:
        if self.cluster.compares_states:
            fold = self.store.mark()
            for _ in fold:
                pass
            self.cluster.promises.state(self.name, index, fold.sum)
        if self.checkpointer.due_after(commands):
            self._start_checkpoint(index, term)
        self.fresh_checkpoints.look()

    def _start_checkpoint(self, index: int, term: int) -> None:
        assert self.services is not None
        meta = {MEMBERS: self.services.driver.core.membership_at(index).pack()}
        self.checkpointer.start(index, term, meta, self._checkpointed)

    def _checkpointed(self, checkpoint: Checkpoint) -> None:
        self.cluster.counts["checkpoints"] += 1
        assert self.services is not None
        keep_from = checkpoint.index - self.cluster.tail_entries
        if keep_from > self.services.driver.core.log.base:
            self.services.driver.cut(keep_from)
        self.fresh_checkpoints.look()

    def _note_change(self) -> None:
        assert self.services is not None
        core = self.services.driver.core
        self.cluster.world.note(self.name, core.role.value, "term", core.term, "leader", core.leader)
        self.services.on_change()

    def _note_installed(self, index: int, term: int) -> None:
        assert self.services is not None
        self.cluster.world.note(self.name, "installed", index)
        self.cluster.counts["copies installed"] += 1
        self.services.on_installed(index, term)
        self.fresh_checkpoints.look()

    def _copy_failed(self, error: BaseException) -> None:
        self.cluster.world.note(self.name, "copy failed", repr(error))
        self.cluster.counts["copies failed"] += 1
