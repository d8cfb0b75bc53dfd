"""Three or five whole nodes over an invented world, with callers, workers and faults, until all has come to rest.

`run(seed, seconds, directory)` draws a world and a temperament from the seed, lets them live, then ends the faults and
demands what was promised.
"""

from collections import Counter
from collections.abc import Callable, Container
from math import inf
from pathlib import Path

from google.protobuf.message import Message
from sim_clients import Call, Caller, Worker, definitions
from sim_damage import BAD_DISKS, Damage
from sim_faults import BROKEN_CONNECTIONS, SLOW_COPIES, SLOW_SYNCS, STRAY_FRAMES, Cause, Faults
from sim_ledgers import Scribe, check_ledgers
from sim_network import Conditions, SimNetwork
from sim_node import Node
from sim_promises import Promises
from sim_world import DRIFTS, Violation, World
from structlog.testing import capture_logs

from konik.cluster.duties import NODE_LOSS_SECONDS
from konik.cluster.network import Frame, Peer
from konik.cluster.pump import SLICE_SECONDS
from konik.cluster.raft.ready import Settings
from konik.statemachine.entry import ClientId, Result
from konik.statemachine.rejection import Rejection
from tests.linearisability.checker import Operation

SIZES = (3, 3, 3, 5)
NAMES = ("A", "B", "C", "D", "E")
START_SECONDS_MAX = 10.0
COMPLETION_SECONDS_MAX = 15.0
"""After the last fault: a lost node is noticed, attempts time out and are tried again."""

OPERATOR_SECONDS = 0.2
"""Between two tries of an operator."""

REST_SECONDS = 1.0
ROUNDS = 2
"""Of faults and rest, so that what was lost in one shows before the next one covers it up."""


class Nodes:
    node_class: type[Node] = Node

    def __init__(self, seed: int, directory: Path, left_out: Container[Cause] = ()) -> None:
        """Of the faults that the seed brings, and of the weather, what is in `left_out` does not happen."""
        self.world = world = World(seed)
        draw = world.random.choice

        def weather(name: str, *values: float, fair: float = 0.0) -> float:
            drawn = draw(values)
            return fair if name in left_out else drawn

        self.names = NAMES[: draw(SIZES)]
        self.counts: Counter[str] = Counter()
        self.promises = Promises()
        self.damage = Damage(seed, self.may_lose_a_disk, self.counts, BAD_DISKS in left_out)
        self.wf_runs: list[str] = []
        self.histories: dict[str, list[Operation]] = {}
        """What was done to each ledger."""
        self.requests = 0
        self._time_ms = 0
        self.nodes = [self.node_class(self, name, directory / name) for name in self.names]
        self._by_name = {node.name: node for node in self.nodes}
        self.network = SimNetwork(world, self.names, self._deliver, self._connected, self.counts, self._accept)
        self.joining: list[Node] = []
        """Those who have lost their disks and are to be taken in again."""
        self.settings = Settings(batch_bytes=draw((1000, 1 << 20)), window_bytes=draw((4000, 8 << 20)))
        self.checkpoint_commands = draw((10, 30, 400))
        self.tail_entries = draw((0, 0, 50))
        self.slice_seconds = draw((0.0, SLICE_SECONDS))
        """With 0 every step of applying is a turn of its own."""
        self.node_loss_seconds = draw((0.3, 0.3, NODE_LOSS_SECONDS))
        self.compares_states = draw((True, False))
        self._sync, self._stall = draw((0.0005, 0.005)), weather(SLOW_SYNCS, 0.0, 0.01)
        self._copying = weather(SLOW_COPIES, 1.0, 100.0, fair=1.0)
        self._breaks = weather(BROKEN_CONNECTIONS, 0.0, 0.01)
        self._skew_seconds, self.drift = draw((0.0, 0.3, 3.0)), draw(DRIFTS)
        self.faults = Faults(self, seed, draw((0.3, 1.0)), left_out)
        self.is_faulty = False
        self._quiet = Conditions(delay=draw((0.0005, 0.005)))
        stray = weather(STRAY_FRAMES, 0.0, 0.01)
        self._bad = Conditions(delay=self._quiet.delay, stray=stray, notice=draw((1.0, 0.7, 0.0)))
        self.network.conditions = self._quiet
        self._callers = [Caller(self, draw((0.3, 0.6))) for _ in range(2)]
        ledgers, pause = draw((1, 2)), draw((0.05, 0.3))
        self.scribes = [Scribe(self, f"scribe-{name}", ledgers, pause) for name in self.names[:3]]
        self._workers = [Worker(self, f"worker-{node.name}", node) for node in self.nodes]

    def live(self, seconds: float, steps: float = inf) -> None:
        """With faults for so many seconds, or until so many things have happened. Raises Violation."""
        for node in self.nodes:
            node.start()
        self._define()
        for worker in self._workers:
            worker.live()
        for _ in range(ROUNDS):
            self._live_a_round(seconds / ROUNDS, steps / ROUNDS)

    def _live_a_round(self, seconds: float, steps: float) -> None:
        self._suffer()
        self._last(seconds, steps)
        self._heal()
        self._until(self._is_done, COMPLETION_SECONDS_MAX, self._unfinished)
        self.world.run(self.world.now + REST_SECONDS)
        self._until(self._is_quiet, REST_SECONDS, self._unfinished)
        streams = [(worker.process, worker.stream) for worker in self._workers if worker.stream and worker.process]
        self.promises.at_rest(self.nodes, streams)
        check_ledgers(self.histories, self.scribes)

    def _last(self, seconds: float, steps: float) -> None:
        end, last = self.world.now + seconds, self.world.events + steps
        while self.world.now < end and self.world.events < last:
            self.world.run(min(end, self.world.now + 0.05))

    # what others ask

    def sync_seconds(self) -> float:
        if self.is_faulty and self.world.chance(self._stall):
            return self.world.between(0.1, 1.0)
        return self.world.between(0.2, 1.0) * self._sync

    def thread_seconds(self) -> float:
        """What a job of the state's thread takes."""
        return self.world.between(0.2, 1.0) * self._sync * (self._copying if self.is_faulty else 1.0)

    def breaks(self) -> bool:
        """Whether a connection breaks just now, behind what was sent on it."""
        return self.is_faulty and self.world.chance(self._breaks)

    def skew_seconds(self) -> float:
        return self.world.between(-1, 1) * self._skew_seconds

    def encoded(self, request: Message) -> bytes:
        """As callers send it."""
        return request.SerializeToString(deterministic=True)

    def node(self, name: str) -> Node:
        return self._by_name[name]

    def time_at(self, node: Node) -> int:
        """Cluster time as clients know it that have asked that node, who may just have joined and not know."""
        assert node.services is not None
        self._time_ms = max(self._time_ms, node.services.machine.time_ms)
        return node.services.machine.time_ms or self._time_ms

    def running(self) -> list[Node]:
        return [node for node in self.nodes if node.services is not None]

    def any_node(self) -> Node | None:
        """One that answers."""
        awake = [node for node in self.nodes if node.is_awake]
        return self.world.random.choice(awake) if awake else None

    def leaders(self) -> list[Node]:
        return [node for node in self.nodes if node.is_awake and node.services and node.services.is_leader]

    # beginning and end

    def _define(self) -> None:
        """One definition after the other, since each names those before it."""
        waiting = definitions()

        def next_one(_: Result | None = None) -> None:
            if waiting:
                Call(self, *waiting.pop(0), next_one).send()
            else:
                self.counts["defined"] += 1

        next_one()
        self._until(lambda: self.counts["defined"] > 0, START_SECONDS_MAX, lambda: "nothing could be defined")

    def _suffer(self) -> None:
        self.is_faulty = True
        self.network.conditions = self._bad
        for client in (*self._callers, *self.scribes):
            client.begin()
        self.faults.begin()

    def _heal(self) -> None:
        self.is_faulty = False
        self.network.heal()
        for node in self.nodes:
            if node.services is not None:
                node.time.resume()
            node.start()
        for node in self.running():
            node.scrub()

    def _is_done(self) -> bool:
        if len(self.promises.started) + len(self.promises.lost) < len(self.wf_runs) or self.joining:
            return False
        if any(node.is_dying for node in self.nodes):
            return False
        last = max(self.nodes, key=lambda node: node.services.pump.applied if node.services else 0)
        return last.services is not None and self.promises.is_done(last.services.machine)

    def _is_quiet(self) -> bool:
        """Nothing is on its way, unless it was lost."""
        services = [node.services for node in self.nodes if node.services is not None]
        waiting = any(it.proposer.waiting or it.reads.waiting or it.polls._new for it in services)
        return len(services) == len(self.nodes) and len({it.pump.applied for it in services}) == 1 and not waiting

    def _unfinished(self) -> str:
        unanswered = sorted(set(self.wf_runs) - set(self.promises.started))
        return f"not answered: {unanswered}; not completed: {self.promises.running}; {list(map(_describe, self.nodes))}"

    def _until(self, holds: Callable[[], bool], seconds: float, why: Callable[[], str]) -> None:
        deadline = self.world.now + seconds
        while not holds():
            if self.world.now >= deadline:
                raise Violation(why())
            self.world.run(self.world.now + 0.05)

    # the network's ends

    def _deliver(self, to: str, sender: str, frame: Frame) -> None:
        node = self._by_name[to]
        if (services := node.services) is not None and node.hears(sender, frame):
            node.time.call_soon(lambda: services.driver.received(sender, frame))

    def _accept(self, one: str, other: str) -> bool:
        """Whether these two hear each other. The one that is refused may still have introduced itself."""
        first, second = self._by_name[one], self._by_name[other]
        return second.accepts(first.hello()) & first.accepts(second.hello())

    def _connected(self, name: str, peer: str, up: bool) -> None:
        node = self._by_name[name]
        if node.services is not None:
            other = self._by_name[peer]
            hello = Peer(other.process.nonce, other.release.known) if up else None
            node.time.call_soon(lambda: node.note_connection(peer, hello))

    # faults

    def crash(self, node: Node, seconds: float) -> None:
        """Its process ends, and begins anew so many seconds later; sooner if the faults are over."""
        node.crash()
        self.world.after(seconds if self.is_faulty else 0.01, node.start)

    def may_lose_a_disk(self) -> bool:
        """Whether one more may: a majority has everything."""
        return (
            self.is_faulty
            and sum(node.disk.is_damaged or node in self.joining for node in self.nodes) < (len(self.names) - 1) // 2
        )

    def lose_disk(self, node: Node, identity: bytes, seconds: float) -> None:
        """Its process ends, its disk is gone; so many seconds later it asks to be taken in, and an operator sees to
        it."""
        node.crash()
        node.lose_disk(identity)
        if node not in self.joining:
            self.joining.append(node)
        self.counts["disks lost"] += 1
        self.world.after(seconds, node.start)
        self.world.after(seconds, lambda: self._take_in(node))

    def remove(self, node: Node, identity: bytes, seconds: float) -> None:
        """An operator removes it while it lives. Some time after that it comes again, as somebody new."""
        self.joining.append(node)
        self.counts["members removed"] += 1
        known_as = node.identity

        def ask() -> None:
            if node.identity != known_as:
                return
            for leader in self.leaders():
                assert leader.services is not None
                try:
                    done = leader.services.members.remove(node.name)
                except Rejection as rejection:
                    self.world.note(leader.name, "cannot remove", node.name, rejection.message)
                    if leader is node:
                        leader.services.driver.transfer()
                    continue
                if done:
                    self.lose_disk(node, identity, seconds)
                    return
            self.world.after(OPERATOR_SECONDS, ask)

        ask()

    def understood(self, call: Call, sent_as: ClientId | None, result: Result) -> Result:
        """What a caller who knows what has happened makes of a result."""
        return result

    def turned_away(self, newcomer: Node, rejection: Rejection) -> None:
        """A leader has told the operator why it does not take that node in now."""

    def _take_in(self, newcomer: Node) -> None:
        """Until leader and newcomer say that it has a vote."""
        if newcomer not in self.joining:
            return
        for leader in self.leaders():
            assert leader.services is not None
            try:
                done = leader.services.members.add(newcomer.name)
            except Rejection as rejection:
                self.world.note(leader.name, "cannot take in", newcomer.name, rejection.message)
                self.turned_away(newcomer, rejection)
                continue
            if done and newcomer.services is not None and newcomer.services.driver.core.is_voter:
                self.joining.remove(newcomer)
                return
        self.world.after(OPERATOR_SECONDS, lambda: self._take_in(newcomer))


class Failure(Violation):
    """A life that went wrong: what went wrong, in which world."""

    def __init__(self, seed: int, cluster: Nodes, error: Exception) -> None:
        super().__init__(f"seed {seed}: {type(error).__name__}: {error}")
        self.cluster = cluster


def run(
    seed: int,
    seconds: float,
    directory: Path,
    left_out: Container[Cause] = (),
    steps: float = inf,
    kind: type[Nodes] = Nodes,
) -> Nodes:
    """One life. Raises Failure."""
    cluster = kind(seed, directory, left_out)
    try:
        with capture_logs() as lines:
            cluster.live(seconds, steps)
        cluster.counts.update(line["event"] for line in lines if line["log_level"] == "warning")
        if errors := [line for line in lines if line["event"].startswith("unexpected")]:
            raise Violation(f"logged: {errors}")
    except Exception as error:
        raise Failure(seed, cluster, error) from error
    finally:
        for node in cluster.running():
            node.crash()
    return cluster


def _describe(node: Node) -> str:
    if node.services is None:
        return f"{node.name} is down"
    core, services = node.services.driver.core, node.services
    return (
        f"{node.name} {core.role.value} term {core.term} leader {core.leader} log {core.log.base}..{core.log.last} "
        f"commit {core.commit} applied {services.pump.applied} waiting {services.proposer.waiting}"
    )
