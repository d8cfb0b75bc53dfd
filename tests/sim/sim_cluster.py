"""A cluster of real drivers and cores over an invented world, the faults that befall it, and its clients.

`Cluster(seed)` draws a world and a temperament of faults from the seed; `live` runs it and then demands that it
recovers.
"""

from collections import Counter
from collections.abc import Hashable
from functools import partial

from sim_checks import Checks
from sim_damage import Damage
from sim_disk import Disk, Pump, SimJournal, SimSnapshots
from sim_network import Conditions, SimNetwork
from sim_world import DRIFTS, NodeTime, Violation, World

from konik.cluster.driver import Driver, core_from_disk
from konik.cluster.journal_records import CorruptLog
from konik.cluster.network import Frame, PeerFrame
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.membership import FOUNDER, Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Settings
from konik.cluster.raft.roles import Role

HEALING_SECONDS_MAX = 8.0
UNFINISHED_MAX = 100


class Node:
    """One member: its disk stays, its process comes and goes."""

    def __init__(self, cluster: "Cluster", name: str) -> None:
        self.cluster, self.name, self.disk = cluster, name, Disk()
        self.driver: Driver | None = None
        self.is_lost = False

    def start(self) -> None:
        if self.driver is not None or self.is_lost:
            return
        cluster = self.cluster
        self.time = time = NodeTime(cluster.world, cluster.world.rate(cluster.drift))
        durable = partial(cluster.checks.keeps, self.name)
        self.journal = SimJournal(self.disk, time, cluster.world, cluster.sync_seconds, durable)
        self.pump = Pump(self.disk.checkpoint, self.apply)
        self.calls: dict[int, tuple[int, bytes]] = {}  # index -> (term, command)
        self.heard: dict[str, int] = {}  # peer -> number of its last note
        self.reads: dict[Hashable, int] = {}  # token -> what was acknowledged when it was asked for
        before = self.disk.extent
        try:
            core = core_from_disk(
                self.name,
                FOUNDER,
                cluster.membership,
                cluster.settings,
                self.journal,
                (self.pump.state.index, self.pump.state.term),
                time.monotonic(),
                cluster.world.random.random(),
            )
        except (CorruptLog, BrokenInvariant) as error:
            self.damaged(error)
            return
        cluster.damage.survived(self.disk)
        if self.disk.extent.last != before.last:
            cluster.counts["logs begun anew at start"] += 1
        self.driver = Driver(
            core,
            self.journal,
            self,
            SimSnapshots(
                self.disk, self.pump, time, cluster.world, cluster.sync_seconds, cluster.spoil, cluster.membership
            ),
            clock=time,
            scheduler=time,
            chance=cluster.world.random.random,
            on_committed=self.pump.push,
            on_read=self.answer_read,
            on_change=self.note_change,
            on_installed=self.install,
            on_peer_message=self.hear,
            fatal=self.fail,
        )
        cluster.world.note(self.name, "start", "term", core.term, "log", core.log.base, core.log.last)
        self.driver.start()
        cluster.network.join(self.name)

    def crash(self) -> None:
        if self.driver is None:
            return
        self.cluster.world.note(self.name, "crash")
        self.cluster.counts["crashes"] += 1
        self.driver.stop()
        self.time.dead, self.driver = True, None
        if what := self.cluster.damage.crash(self.disk, self.journal):
            self.cluster.world.note(self.name, "disk", what)
        self.cluster.network.leave(self.name, noticed=self.cluster.world.chance(self.cluster.network.conditions.notice))

    def damaged(self, error: Exception) -> None:
        """It has found its disk damaged, and stays down: this is where it would be rebuilt from the others."""
        self.cluster.damage.noticed(self.disk, error)
        self.cluster.world.note(self.name, "damaged", repr(error))
        self.is_lost = True

    @property
    def is_awake(self) -> bool:
        return self.driver is not None and self.time.suspended_until <= self.cluster.world.now

    # what its driver calls

    def send(self, peer: str, frame: Frame) -> bool:
        self.cluster.checks.sends(self.name, peer, frame)
        return self.cluster.network.send(self.name, peer, frame)

    def apply(self, entry: Entry) -> None:
        before = self.pump.state
        self.pump.state = state = before.apply(entry)
        self.cluster.checks.applies(self.name, before, entry, state)
        term, command = self.calls.pop(entry.index, (0, b""))
        if term == entry.term:
            self.cluster.checks.acknowledges(command, entry)
            self.cluster.counts["acknowledged"] += 1
        self.cluster.world.note(self.name, "applied", state.index, state.state.hex())

    def answer_read(self, token: Hashable, index: int | None) -> None:
        needed = self.reads.pop(token)
        if index is not None:
            self.cluster.checks.serves(index, needed)
            self.cluster.counts["reads"] += 1

    def note_change(self) -> None:
        assert self.driver is not None
        core = self.driver.core
        self.cluster.world.note(self.name, core.role.value, "term", core.term, "leader", core.leader)
        if core.role is Role.LEADER:
            self.cluster.checks.leads(self.name, core.term)
            self.cluster.counts["elections"] += 1
            self.cluster.topple(self)

    def install(self, index: int, term: int) -> None:
        assert (self.disk.checkpoint.index, self.disk.checkpoint.term) == (index, term)
        self.cluster.world.note(self.name, "installed", index)
        self.cluster.counts["snapshots installed"] += 1
        if self.cluster.is_faulty and self.cluster.world.chance(self.cluster.relapse):
            self.cluster.world.after(0.0, lambda: self.cluster.crash(self))

    def hear(self, peer: str, frame: PeerFrame) -> None:
        """Frames beside Raft's keep their order."""
        tag, number = frame
        if tag != "note" or number <= self.heard.get(peer, 0):
            raise Violation(f"{self.name} hears {frame} from {peer} after number {self.heard.get(peer, 0)}")
        self.heard[peer] = number
        self.cluster.counts["notes heard"] += 1

    def fail(self, error: BaseException) -> None:
        self.cluster.world.note(self.name, "failed", repr(error))

    # what befalls it

    def checkpoint(self) -> None:
        """Make the state durable, then let the log begin there, short of a tail for slow followers."""
        time, state = self.time, self.pump.state

        def durable() -> None:
            if state.index > self.disk.checkpoint.index and self.driver is not None:
                self.disk.checkpoint = state
                self.cluster.counts["checkpoints"] += 1
                self.driver.cut(max(0, state.index - self.cluster.tail_entries))

        time.after(self.cluster.sync_seconds(), durable)


class Cluster:
    def __init__(self, seed: int) -> None:
        self.world = world = World(seed)
        draw = world.random.choice
        self.names = tuple("ABCDE"[: draw((3, 3, 5))])
        self.counts: Counter[str] = Counter()
        self.membership = Membership.of(*self.names)
        self.nodes = {name: Node(self, name) for name in self.names}
        self.damage = Damage(seed, self._may_lose_a_disk, self.counts)
        self.checks = Checks({name: node.disk for name, node in self.nodes.items()})
        self.network = SimNetwork(world, self.names, self._deliver, self._connected, self.counts)
        hasty = {"min_timeout": 0.04, "max_timeout": 0.08, "heartbeat": 0.012, "retry_min": 0.001, "retry_max": 0.01}
        self.settings = Settings(
            batch_bytes=draw((150, 150, 1 << 20)),
            window_bytes=draw((400, 4000, 8 << 20)),
            pin_bytes=draw((2000, 128 << 20)),
            **draw((hasty, {}, {})),
        )
        self.tail_entries = draw((0, 0, 20))
        self.spoil = draw((0.0, 0.2))
        self.relapse = draw((0.0, 0.5))
        """Probability that a node crashes just when its state was replaced, before its log has followed."""
        self._toppling = draw((0.0, 0.9))
        """Probability that a leader goes as soon as it has come, and leaves entries that few have heard of."""
        self._sync, self._stall = draw((0.0005, 0.005, 0.03)), draw((0.0, 0.01))
        self._fault_every, self._client_every = draw((0.1, 0.3, 1.0)), draw((0.005, 0.02, 0.1))
        self.drift = draw(DRIFTS)
        self.is_faulty = True
        wild = world.chance(0.3)
        self.network.conditions = Conditions(
            delay=draw((0.0005, 0.005, 0.03)),
            stray=draw((0.0, 0.01)),
            lose=draw((0.0, 0.05)) if wild else 0.0,
            double=draw((0.02, 0.2)) if wild else 0.0,
            notice=draw((1.0, 0.7, 0.0)),
        )

    def live(self, seconds: float) -> None:
        """Run with faults and clients, then without faults until all is well. Raises Violation."""
        for node in self.nodes.values():
            node.start()
        self.world.after(self._fault_every, self._fault)
        self.world.after(0.3, self._client)
        self.world.run(seconds)
        self._recover()
        self.checks.at_the_end()

    def sync_seconds(self) -> float:
        if self.is_faulty and self.world.chance(self._stall):
            return self.world.between(0.1, 1.0)
        return self.world.between(0.2, 1.0) * self._sync

    # the network's ends

    def _deliver(self, to: str, sender: str, frame: Frame) -> None:
        node = self.nodes[to]
        if (driver := node.driver) is not None:
            node.time.call_soon(lambda: driver.received(sender, frame))

    def _connected(self, name: str, peer: str, up: bool) -> None:
        node = self.nodes[name]
        if (driver := node.driver) is not None:
            node.time.call_soon(lambda: driver.connected(peer, up))

    def _may_lose_a_disk(self) -> bool:
        return sum(node.disk.is_damaged for node in self.nodes.values()) < (len(self.names) - 1) // 2

    # clients

    def _leaders(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.is_awake and node.driver.core.role is Role.LEADER]

    def _client(self) -> None:
        if leaders := self._leaders():
            node = self.world.random.choice(leaders)
            for _ in range(self.world.random.choice((1, 1, 5))):
                self._propose(node)
            if self.world.chance(0.3):
                self._read(node)
            if self.world.chance(0.1):
                self._tell_all(node)
        if self.is_faulty:
            self.world.after(self.world.between(0, 2) * self._client_every, self._client)

    def _propose(self, node: Node) -> int | None:
        driver = node.driver
        assert driver is not None
        if driver.core.log.last > driver.core.commit + UNFINISHED_MAX:
            return None
        self.counts["commands"] += 1
        command = b"command %d" % self.counts["commands"]
        index = driver.propose(command)
        if index is not None:
            node.calls[index] = (driver.core.term, command)
        return index

    def _read(self, node: Node) -> None:
        self.counts["reads asked for"] += 1
        token = self.counts["reads asked for"]
        node.reads[token] = self.checks.acknowledged_top
        assert node.driver is not None
        if not node.driver.read(token):
            del node.reads[token]

    def _tell_all(self, node: Node) -> None:
        assert node.driver is not None
        self.counts["notes"] += 1
        for peer in self.names:
            if peer != node.name:
                node.driver.send(peer, ("note", self.counts["notes"]))

    # faults

    def _fault(self) -> None:
        if not self.is_faulty:
            return
        leaders = self._leaders()
        pool = leaders if leaders and self.world.chance(0.4) else list(self.nodes.values())
        node = self.world.random.choice(pool)
        faults = [fault for fault, weight in FAULTS for _ in range(weight)]
        self.world.random.choice(faults)(self, node)
        self.world.after(self.world.between(0, 2) * self._fault_every, self._fault)

    def topple(self, leader: Node) -> None:
        if self.is_faulty and self.world.chance(self._toppling):
            fault = self.world.random.choice((Cluster.crash, Cluster._partition, Cluster._deafen))
            self.world.after(self.world.between(0, 0.05), lambda: fault(self, leader))

    def crash(self, node: Node) -> None:
        node.crash()
        self.world.after(self.world.random.choice((0.01, 0.3, 2.0)) * self.world.random.random(), node.start)

    def _crash_all(self, _: Node) -> None:
        for node in self.nodes.values():
            self.crash(node)

    def _partition(self, _: Node) -> None:
        """A minority on one side, both directions."""
        side = self.world.random.sample(self.names, self.world.random.randint(1, len(self.names) // 2))
        crossing = [(a, b) for a in self.names for b in self.names if (a in side) != (b in side)]
        self.network.block(crossing, self.world.between(0.05, 2))

    def _deafen(self, node: Node) -> None:
        """Some directions only."""
        directions = [(node.name, b) for b in self.names if b != node.name and self.world.chance(0.7)]
        directions += [(b, node.name) for b in self.names if b != node.name and self.world.chance(0.3)]
        self.network.block(directions, self.world.between(0.05, 2))

    def _disconnect(self, node: Node) -> None:
        peer = self.world.random.choice([name for name in self.names if name != node.name])
        self.network.disconnect(node.name, peer)

    def _suspend(self, node: Node) -> None:
        if node.is_awake:
            node.time.suspend(self.world.between(0.01, 1.5))
            self.world.note(node.name, "suspended until", node.time.suspended_until)

    def _fill_disk(self, node: Node) -> None:
        if node.is_awake:
            self.counts["full disks"] += 1
            node.journal.fill(self.world.between(0.1, 1.5))

    def _checkpoint(self, node: Node) -> None:
        if node.is_awake:
            node.checkpoint()

    def _transfer(self, node: Node) -> None:
        if node.is_awake and node.driver.transfer():
            self.counts["transfers"] += 1

    def _recover(self) -> None:
        """No more faults: soon one leads, and what it is given reaches everybody."""
        self.is_faulty = False
        self._sync = min(self._sync, 0.005)
        self.network.heal()
        for node in self.nodes.values():
            if node.driver is not None:
                node.time.resume()
            node.start()
        deadline = self.world.now + HEALING_SECONDS_MAX
        goals: dict[int, int] = {}  # term -> what its leader was given
        while self.world.now < deadline:
            self.world.run(self.world.now + 0.02)
            for node in self._leaders():
                if node.driver.core.term not in goals and (index := self._propose(node)):
                    goals[node.driver.core.term] = index
            if goals and all(
                node.is_lost or node.pump.state.index >= goals[max(goals)] for node in self.nodes.values()
            ):
                return
        raise Violation(f"no progress to {goals}: " + ", ".join(map(_describe, self.nodes.values())))


def run(seed: int, seconds: float) -> Cluster:
    """One life. What goes wrong is raised with the seed, after the end of the trace was printed."""
    cluster = Cluster(seed)
    try:
        cluster.live(seconds)
    except Exception as error:
        print(*cluster.world.trace, sep="\n")
        raise Violation(f"seed {seed}: {type(error).__name__}: {error}") from error
    return cluster


FAULTS = (
    (Cluster.crash, 4),
    (Cluster._crash_all, 1),
    (Cluster._partition, 3),
    (Cluster._deafen, 2),
    (Cluster._disconnect, 3),
    (Cluster._suspend, 2),
    (Cluster._fill_disk, 1),
    (Cluster._checkpoint, 8),
    (Cluster._transfer, 2),
)
"""What may happen, and how often compared with the others."""


def _describe(node: Node) -> str:
    if node.driver is None:
        return f"{node.name} is down"
    core = node.driver.core
    return (
        f"{node.name} {core.role.value} term {core.term} leader {core.leader} "
        f"log {core.log.base}..{core.log.last} commit {core.commit} applied {node.pump.state.index}"
    )
