"""Three or five replicas over a bad network and crashing disks: whatever happens, they agree.

The simulator in tests/sim drives the real driver, and far longer; this one needs nothing but the core.
"""

import random
from functools import partial

import pytest

from konik.cluster.raft.core import Core
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Settings
from konik.cluster.raft.roles import Role
from tests.scenarios.world import World

STEPS = 1500


class Chaos:
    """Each step moves one thing of the world, chosen by `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.told: list[str] = []
        self.world = World(self.told.append)
        self.world.members = tuple("ABCDE"[: rng.choice((3, 5))])
        self.world.settings = Settings(batch_bytes=rng.choice((1, 1000)), window_bytes=rng.choice((300, 10_000)))
        self.proposed = 0
        self.committed: dict[int, Entry] = {}
        self.leaders: dict[int, str] = {}
        for name in self.world.members:
            self.world.start(name)

    def step(self) -> None:
        actions = {self.deliver: 50, self.sync: 25, self.tick: 10, self.propose: 10, self.lose: 2, self.crash: 1}
        (action,) = self.rng.choices(list(actions), list(actions.values()))
        action(self.rng.choice(self.world.members))
        self.check()

    def deliver(self, receiver: str) -> None:
        """One message, in any order, and perhaps not for the last time."""
        ways = [way for way, messages in self.world.network.items() if messages and way[1] == receiver]
        if ways:
            way = self.rng.choice(sorted(ways))
            message = self.rng.choice(self.world.network[way])
            if self.rng.random() < 0.9:
                self.world.network[way].remove(message)
            if receiver in self.world.replicas:
                self.world.act(receiver, partial(Core.step, sender=way[0], message=message))

    def lose(self, receiver: str) -> None:
        for way in self.world.network:
            if way[1] == receiver:
                self.world.network[way].clear()

    def sync(self, name: str) -> None:
        self.world.sync(name)

    def tick(self, name: str) -> None:
        if replica := self.world.replicas.get(name):
            replica.clock += self.rng.choice((0.01, 0.05, 0.3))
            self.world.act(name, partial(Core.tick, now=replica.clock, chance=self.rng.random()))

    def propose(self, name: str) -> None:
        if name in self.world.replicas:
            self.proposed += 1
            self.propose_to(name, b"%d" % self.proposed)

    def propose_to(self, name: str, data: bytes) -> None:
        def propose(core: Core) -> None:
            core.propose(data)

        self.world.act(name, propose)

    def crash(self, name: str) -> None:
        if name in self.world.replicas:
            self.world.crash(name)
        self.world.start(name)

    def check(self) -> None:
        for name, replica in self.world.replicas.items():
            core = replica.core
            if core.role is Role.LEADER:
                assert self.leaders.setdefault(core.term, name) == name, f"two leaders in term {core.term}"
            for entry in core.log.slice(1, core.commit):
                assert self.committed.setdefault(entry.index, entry) == entry, f"{name} committed another {entry}"

    def heal(self) -> None:
        """No more faults: within two seconds somebody leads, and what it proposes reaches all."""
        world = self.world
        for name in world.members:
            if name not in world.replicas:
                world.start(name)
        clock = max(replica.clock for replica in world.replicas.values())
        for _ in range(40):
            clock += 0.05
            for name in world.members:
                world.act(name, partial(Core.tick, now=clock, chance=self.rng.random()))
            world.settle(world.members)


@pytest.mark.parametrize("seed", range(12))
def test_replicas_agree_and_recover(seed: int) -> None:
    chaos = Chaos(random.Random(seed))
    for _ in range(STEPS):
        chaos.step()
    stopped = [line for line in chaos.told if " stops: " in line or " refuses to start: " in line]
    assert stopped == []
    assert len(chaos.leaders) > 1, "the seed is good for something"
    chaos.heal()
    cores = [replica.core for replica in chaos.world.replicas.values()]
    (leader,) = [core for core in cores if core.role is Role.LEADER]
    chaos.propose_to(leader.me, b"last")
    chaos.world.settle(chaos.world.members)
    chaos.check()
    assert {core.commit for core in cores} == {leader.log.last}
