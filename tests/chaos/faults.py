"""What happens to a cluster of three machines, kind by kind: how it begins, and how it is healed.

A fault is drawn when it is made (`chance` decides what is left open), begins with `start`, and is over with `heal`. Its
`victims` are the nodes whose own clients it may well cut off: availability is looked at from the others.
"""

import asyncio
import signal
import time
from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from disks import SlowDisk, can_be_slow
from machines import Machines
from server_processes import Node, eventually
from small_disks import is_short, lacks_room

from konik.sdk import Client
from konik.sdk.membership import add_member

FELT_SECONDS_MAX = 10.0
"""Until then a node whose disk is full has tried to write what does not fit, or its files have room of their own."""


class Fault(ABC):
    """One fault of a certain kind, `name`, that lasts for `seconds`."""

    name: ClassVar[str]
    seconds: float
    seconds_min: ClassVar[float] = 1.5
    seconds_max: ClassVar[float] = 4.0
    long_seconds: ClassVar[float] = 5.0
    """One fault in four lasts longer by that: long enough for a node to be given up as lost."""

    def __init__(self, machines: Machines, chance: Random) -> None:
        self.machines, self.chance = machines, chance
        self.seconds = chance.uniform(self.seconds_min, self.seconds_max) + chance.choice((0, 0, 0, self.long_seconds))
        self.leader = machines.cluster.leader()
        self.followers = machines.others(self.leader)
        self.chance.shuffle(self.followers)
        self.victims = self.strike()

    @classmethod
    def is_permitted(cls) -> bool:
        """Whether this machine lets it happen."""
        return True

    @property
    def victim(self) -> Node:
        """If there is one alone."""
        (victim,) = self.victims
        return victim

    @abstractmethod
    def strike(self) -> list[Node]:
        """Chooses the victims."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def heal(self) -> None: ...


class _OfTheLeader(Fault):
    def strike(self) -> list[Node]:
        return [self.leader]


class _OfAFollower(Fault):
    def strike(self) -> list[Node]:
        return self.followers[:1]


class _OfAny(Fault):
    def strike(self) -> list[Node]:
        return [self.chance.choice(self.machines.cluster.nodes)]


class _Kill(Fault):
    """SIGKILL, and a new process on the same disk."""

    def start(self) -> None:
        for node in self.victims:
            node.signal(signal.SIGKILL)
        for node in self.victims:
            node.kill()

    def heal(self) -> None:
        for node in self.victims:
            node.start()


class KillLeader(_Kill, _OfTheLeader):
    name = "`kill -9` of the leader"


class KillFollower(_Kill, _OfAFollower):
    name = "`kill -9` of a follower"


class KillAll(_Kill):
    name = "`kill -9` of all nodes"
    seconds_min = seconds_max = long_seconds = 0.0

    def strike(self) -> list[Node]:
        return list(self.machines.cluster.nodes)


class StopLeader(_OfTheLeader):
    """SIGTERM: it hands over its office before it goes."""

    name = "graceful stop of the leader"

    def start(self) -> None:
        self.victim.terminate()

    def heal(self) -> None:
        self.victim.start()


class _PowerOff(_Kill):
    """First the cable: nobody is told that the process has died."""

    def start(self) -> None:
        self.machines.network.unplug(self.victim.name)
        super().start()

    def heal(self) -> None:
        self.machines.network.plug(self.victim.name)
        super().heal()


class PowerOffLeader(_PowerOff, _OfTheLeader):
    name = "power-off of the leader"


class PowerOffFollower(_PowerOff, _OfAFollower):
    name = "power-off of a follower"


class _Pause(Fault):
    """SIGSTOP and SIGCONT."""

    def start(self) -> None:
        self.victim.signal(signal.SIGSTOP)

    def heal(self) -> None:
        self.victim.signal(signal.SIGCONT)


class PauseLeader(_Pause, _OfTheLeader):
    name = "pause of the leader"


class PauseFollower(_Pause, _OfAFollower):
    name = "pause of a follower"


class _Deaf(Fault):
    """Some nodes do not hear some others."""

    ways: list[tuple[Node, Node]]
    """Who does not hear whom."""

    def start(self) -> None:
        for deaf, source in self.ways:
            self.machines.network.deafen(deaf.name, source.name)

    def heal(self) -> None:
        for deaf, source in self.ways:
            self.machines.network.listen(deaf.name, source.name)


class LeaderFromBoth(_Deaf):
    name = "partition: the leader from both followers"

    def strike(self) -> list[Node]:
        self.ways = [way for other in self.followers for way in ((self.leader, other), (other, self.leader))]
        return [self.leader]


class LeaderFromOne(_Deaf):
    name = "partition: the leader from one follower"

    def strike(self) -> list[Node]:
        other = self.followers[0]
        self.ways = [(self.leader, other), (other, self.leader)]
        return [self.leader, other]


class DeafLeader(_Deaf):
    name = "one-way: the leader hears nobody"

    def strike(self) -> list[Node]:
        self.ways = [(self.leader, other) for other in self.followers]
        return [self.leader]


class MuteLeader(_Deaf):
    name = "one-way: nobody hears the leader"

    def strike(self) -> list[Node]:
        self.ways = [(other, self.leader) for other in self.followers]
        return [self.leader]


class DeafFollower(_Deaf):
    name = "one-way: a follower does not hear the leader"

    def strike(self) -> list[Node]:
        self.ways = [(self.followers[0], self.leader)]
        return [self.followers[0]]


class MuteFollower(_Deaf):
    name = "one-way: the leader does not hear a follower"

    def strike(self) -> list[Node]:
        self.ways = [(self.leader, self.followers[0])]
        return [self.followers[0]]


class SlowNetwork(Fault):
    """Of one node or of all; clients' packets to it and from it, too."""

    name = "slow network"

    def strike(self) -> list[Node]:
        self.slow = self.chance.choice(([self.leader], self.followers[:1], self.machines.cluster.nodes))
        self.delay_ms = self.chance.uniform(5, 50)
        self.jitter_ms = self.delay_ms * self.chance.random()
        self.loss = self.chance.choice((0.0, 0.01, 0.03))
        return []

    def start(self) -> None:
        for node in self.slow:
            self.machines.network.slow(node.name, self.delay_ms, self.jitter_ms, self.loss)

    def heal(self) -> None:
        for node in self.slow:
            self.machines.network.fast(node.name)


class FullDisk(_OfAny):
    name = "full disk"

    def start(self) -> None:
        self.machines.disks[self.victim.name].fill()
        cluster, name, felt_by = self.machines.cluster, self.victim.name, time.monotonic() + FELT_SECONDS_MAX

        def is_said() -> bool:
            return lacks_room(cluster, name) or (time.monotonic() > felt_by and is_short(cluster, name))

        eventually(is_said, "the node says that its disk is full")

    def heal(self) -> None:
        self.machines.disks[self.victim.name].make_room()


class SlowDiskOfOne(_OfAny):
    name = "slow disk"

    @classmethod
    def is_permitted(cls) -> bool:
        return can_be_slow()

    def start(self) -> None:
        self._slow = SlowDisk(self.machines.disks[self.victim.name], self.chance.choice((5, 10, 20)))
        self._slow.start([self.victim.pid])

    def heal(self) -> None:
        self._slow.end()


class ClockStep(_OfAny):
    """The node's clock jumps, and jumps back."""

    name = "clock step"

    def start(self) -> None:
        self.machines.clocks[self.victim.name].seconds = self.chance.choice((-3_600.0, -10.0, 2.0, 10.0))

    def heal(self) -> None:
        self.machines.clocks[self.victim.name].seconds = 0.0


class RollingRestart(Fault):
    """SIGTERM to one after the other; each has come back before the next one goes."""

    name = "rolling restart"
    seconds_min = seconds_max = long_seconds = 0.0

    def strike(self) -> list[Node]:
        return list(self.machines.cluster.nodes)

    def start(self) -> None:
        for node in self.victims:
            node.terminate()
            node.start()
            self.machines.cluster.whole()

    def heal(self) -> None:
        """Nothing is left to do."""


class LostDisk(_OfAny):
    """The node dies, its disk is emptied, and it joins as somebody new."""

    name = "node replaced with an empty disk"
    seconds_min, seconds_max, long_seconds = 0.0, 2.0, 0.0

    def start(self) -> None:
        self.victim.kill()
        self.machines.disks[self.victim.name].empty()

    def heal(self) -> None:
        self.victim.start("--join")
        servers = [node.client for node in self.machines.others(self.victim)]
        asyncio.run(_taken_in(servers, self.victim.name))


async def _taken_in(servers: list[str], node: str) -> None:
    async with Client(servers) as client:
        await add_member(client, node)


FAULTS: tuple[type[Fault], ...] = (
    KillLeader,
    KillFollower,
    KillAll,
    StopLeader,
    PowerOffLeader,
    PowerOffFollower,
    PauseLeader,
    PauseFollower,
    LeaderFromBoth,
    LeaderFromOne,
    DeafLeader,
    MuteLeader,
    DeafFollower,
    MuteFollower,
    SlowNetwork,
    FullDisk,
    SlowDiskOfOne,
    ClockStep,
    RollingRestart,
    LostDisk,
)
"""In order: processes, machines, network, disks, clocks, operators."""


def permitted() -> list[type[Fault]]:
    return [kind for kind in FAULTS if kind.is_permitted()]
