"""What befalls a cluster of whole nodes: numbered faults. Any can be left out, so that a failure can be reduced.

Each fault draws from a chance of its own, made of the seed and its number: leaving one out changes no other one's draw.
Beside them there is weather: what may happen at any time and has no number, only a name.
"""

from collections.abc import Callable, Container
from functools import partial
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from sim_damage import BAD_DISKS

if TYPE_CHECKING:
    from sim_node import Node
    from sim_nodes import Nodes

BROKEN_CONNECTIONS, SLOW_SYNCS, STRAY_FRAMES, SLOW_COPIES, _ = WEATHER = (
    "connections that break",
    "syncs that stall",
    "frames that go astray",
    "copies that take long",
    BAD_DISKS,
)

Cause = int | str
"""The number of a fault, or the name of a weather."""


class Fault(NamedTuple):
    number: int
    time: float
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.time * 1000:12.3f} ms  {self.who:4} {self.what} (fault {self.number})"


class Faults:
    """Befalls `cluster` for as long as it is faulty, one fault about every `every` seconds."""

    def __init__(self, cluster: "Nodes", seed: int, every: float, left_out: Container[Cause]) -> None:
        self._cluster, self._seed, self._every, self._left_out = cluster, seed, every, left_out
        self.number = 0
        """Of the latest fault."""
        self.happened: list[Fault] = []

    def begin(self) -> None:
        self._cluster.world.after(self._every, self._next)

    def _next(self) -> None:
        cluster = self._cluster
        if not cluster.is_faulty:
            return
        self.number += 1
        chance = Random(f"{self._seed}/{self.number}")
        if self.number not in self._left_out:
            self._befall(chance)
        cluster.world.after(2 * chance.random() * self._every, self._next)

    def _befall(self, chance: Random) -> None:
        cluster, leaders = self._cluster, self._cluster.leaders()
        node = chance.choice(leaders if leaders and chance.random() < 0.4 else cluster.nodes)
        (kind,) = chance.choices(list(FAULTS), list(FAULTS.values()))
        what = kind(cluster, node, chance)
        if what is not None:
            self.happened.append(Fault(self.number, cluster.world.now, node.name, what))
            cluster.world.note(node.name, "fault", self.number, what)


def _crash(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    if node.services is None:
        return None
    seconds = chance.choice((0.01, 0.3, 2.0, 8.0)) * chance.random()
    cluster.crash(node, seconds)
    return f"crashes for {seconds:.3f} s"


def _crash_all(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    crashed = [f"{each.name} {_crash(cluster, each, chance)}" for each in cluster.nodes if each.services is not None]
    return f"and all others crash: {', '.join(crashed)}" if crashed else None


def _lose_disk(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    if not cluster.may_lose_a_disk() or node.disk.is_damaged or node in cluster.joining:
        return None
    seconds = chance.choice((0.1, 1.0, 3.0)) * chance.random()
    cluster.lose_disk(node, chance.randbytes(16), seconds)
    return f"loses its disk, and comes back with an empty one {seconds:.3f} s later"


def _remove(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    if not cluster.may_lose_a_disk() or node.disk.is_damaged or node in cluster.joining:
        return None
    seconds = chance.choice((0.1, 1.0, 3.0)) * chance.random()
    cluster.remove(node, chance.randbytes(16), seconds)
    return f"is removed, and comes back with an empty disk {seconds:.3f} s later"


def _isolate(cluster: "Nodes", node: "Node", chance: Random) -> str:
    others = [name for name in cluster.names if name != node.name]
    crossing = [(node.name, other) for other in others] + [(other, node.name) for other in others]
    seconds = _a_while(chance)
    cluster.network.block(crossing, seconds)
    return f"is cut off for {seconds:.3f} s"


def _deafen(cluster: "Nodes", node: "Node", chance: Random) -> str:
    seconds = _a_while(chance)
    cluster.network.block([(other, node.name) for other in cluster.names if other != node.name], seconds)
    return f"hears nothing for {seconds:.3f} s"


def _disconnect(cluster: "Nodes", node: "Node", chance: Random) -> str:
    other = chance.choice([name for name in cluster.names if name != node.name])
    cluster.network.disconnect(node.name, other)
    return f"loses its connection to {other}"


def _suspend(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    if not node.is_awake:
        return None
    seconds = _a_while(chance)
    node.time.suspend(seconds)
    return f"is suspended for {seconds:.3f} s"


def _fill_disk(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    if not node.is_awake:
        return None
    seconds = chance.uniform(0.1, 1.5)
    node.journal.fill(seconds)
    return f"has a full disk for {seconds:.3f} s"


def _step_clock(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    """Until its next process it stays like that."""
    if node.services is None:
        return None
    seconds = chance.choice((-3600.0, -2.0, 0.4, 2.0, 60.0)) * chance.random()
    node.time.step(seconds)
    return f"has a clock that jumps by {seconds:.3f} s"


def _transfer(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    if not node.is_awake or node.services is None or not node.services.driver.transfer():
        return None
    cluster.counts["transfers"] += 1
    return "hands over its leadership"


def _stop(cluster: "Nodes", node: "Node", chance: Random) -> str | None:
    if not node.is_awake:
        return None
    seconds = chance.choice((0.01, 0.3, 2.0, 8.0)) * chance.random()
    stop(cluster, node, seconds)
    return f"is told to stop, and comes back {seconds:.3f} s later"


def stop(cluster: "Nodes", node: "Node", seconds: float) -> None:
    """As a server that is told to; so many seconds later it begins anew."""
    assert node.services is not None
    node.services.prepare_to_stop()
    node.services.polls.stop()
    cluster.world.after(0.3, partial(_end, cluster, node, node.process.nonce, seconds))


def _end(cluster: "Nodes", node: "Node", nonce: bytes, seconds: float) -> None:
    if node.services is not None and node.process.nonce == nonce:
        cluster.crash(node, seconds)


def _a_while(chance: Random) -> float:
    """Now and then longer than it takes to be given up."""
    return chance.choice((0.1, 0.5, 4.0, 10.0)) * chance.random()


FAULTS: dict[Callable[["Nodes", "Node", Random], str | None], int] = {
    _crash: 4,
    _crash_all: 1,
    _isolate: 6,
    _deafen: 1,
    _disconnect: 4,
    _suspend: 3,
    _fill_disk: 1,
    _step_clock: 2,
    _transfer: 4,
    _stop: 2,
    _lose_disk: 2,
    _remove: 1,
}
"""What may happen, and how often compared with the others."""
