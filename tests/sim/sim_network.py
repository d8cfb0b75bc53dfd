"""A network that is slow, that loses connections, and whose directions fail one by one.

As the real one it keeps the order within a connection, and delivers nothing of a connection that has been replaced. In
a `wild` run Raft's messages are also lost, doubled and overtaken one by one: the protocol promises to stand that.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sim_world import World

from konik.cluster.network import Frame
from konik.cluster.raft.messages import Message

Pair = tuple[str, str]


@dataclass
class Conditions:
    """How bad the network is."""

    delay: float = 0.001
    """Seconds, at most, as a rule."""
    stray: float = 0.0
    """Probability that a message takes up to two seconds (and what follows it on the connection with it)."""
    lose: float = 0.0
    double: float = 0.0
    notice: float = 1.0
    """Probability that a broken connection is noticed by either side at once."""
    redial: float = 0.05


class SimNetwork:
    def __init__(
        self,
        world: World,
        names: tuple[str, ...],
        deliver: Callable[[str, str, Frame], None],
        connected: Callable[[str, str, bool], None],
        counts: Counter[str],
        accepts: Callable[[str, str], bool] = lambda one, other: True,
    ) -> None:
        """`deliver(to, sender, frame)`, `connected(name, peer, up)`; what goes wrong is added to `counts`.

        `accepts(one, other)` says whether these two will hear each other.
        """
        self._accepts = accepts
        self._counts = counts
        self.conditions = Conditions()
        self._world, self._names, self._deliver, self._connected = world, names, deliver, connected
        self._connection: dict[Pair, int] = {}  # unordered pair -> number of the standing connection
        self._connections = 0
        self._blocked: dict[Pair, int] = {}  # ordered pair -> how many times
        self._stuck: dict[Pair, list[tuple[int, Frame]]] = {}  # what waits for the end of a block
        self._clear_at: dict[Pair, float] = {}  # ordered pair -> when the last frame arrives
        self._up: set[str] = set()

    # processes

    def join(self, name: str) -> None:
        """A process starts to listen and to dial."""
        self._up.add(name)
        for peer in self._names:
            if peer != name:
                self._dial_later(name, peer)

    def leave(self, name: str, noticed: bool) -> None:
        """It is gone; `noticed` as a reset by its peers, or else not at all."""
        self._up.discard(name)
        for peer in self._names:
            if self._connection.pop(_pair(name, peer), None) is not None and noticed:
                self._world.after(0.001, lambda peer=peer: self._tell(peer, name, False))

    # faults

    def disconnect(self, one: str, other: str) -> None:
        """The connection breaks; it is dialled anew."""
        if self._connection.pop(_pair(one, other), None) is None:
            return
        self._world.note("net", "disconnect", one, other)
        self._counts["connections broken"] += 1
        for name, peer in ((one, other), (other, one)):
            if self._world.chance(self.conditions.notice):
                self._world.after(self._world.between(0, 0.002), lambda n=name, p=peer: self._tell(n, p, False))
        self._dial_later(one, other)

    def block(self, directions: list[Pair], seconds: float) -> None:
        """Nothing passes in these directions for so long. Then it all comes late, as with TCP, or the connection
        breaks."""
        self._world.note("net", "block", directions)
        for direction in directions:
            self._blocked[direction] = self._blocked.get(direction, 0) + 1
        self._world.after(seconds, lambda: self._unblock(directions))

    def heal(self) -> None:
        """From now on the network is good."""
        self.conditions = Conditions(delay=min(self.conditions.delay, 0.005))
        for direction in list(self._blocked):
            self._blocked[direction] = 0
            self._flow(direction)

    def _unblock(self, directions: list[Pair]) -> None:
        for direction in directions:
            if self._is_blocked(*direction):
                self._blocked[direction] -= 1
                self._flow(direction)

    def _flow(self, direction: Pair) -> None:
        stuck = [] if self._is_blocked(*direction) else self._stuck.pop(direction, [])
        if stuck and self._world.chance(0.5):
            self.disconnect(*direction)
        for connection, frame in stuck:
            self._arrive(connection, *direction, frame)

    # connections

    def _dial_later(self, one: str, other: str) -> None:
        self._world.after(self._world.between(0.5, 1.5) * self.conditions.redial, lambda: self._dial(one, other))

    def _dial(self, one: str, other: str) -> None:
        if not {one, other} <= self._up or _pair(one, other) in self._connection:
            return
        if self._is_blocked(one, other) or self._is_blocked(other, one) or not self._accepts(one, other):
            self._dial_later(one, other)
            return
        self._connections += 1
        self._connection[_pair(one, other)] = self._connections
        self._clear_at[one, other] = self._clear_at[other, one] = self._world.now
        self._tell(one, other, True)
        self._tell(other, one, True)

    def _tell(self, name: str, peer: str, up: bool) -> None:
        if name in self._up:
            self._connected(name, peer, up)

    def _is_blocked(self, sender: str, to: str) -> bool:
        return self._blocked.get((sender, to), 0) > 0

    # frames

    def send(self, sender: str, to: str, frame: Frame) -> bool:
        connection = self._connection.get(_pair(sender, to))
        if connection is None:
            return False
        wild = isinstance(frame, Message)
        if wild and self._world.chance(self.conditions.lose):
            self._counts["messages lost"] += 1
            return True
        copies = 2 if wild and self._world.chance(self.conditions.double) else 1
        self._counts["messages doubled"] += copies - 1
        for _ in range(copies):
            delay = self._world.between(0.1, 1.0) * self.conditions.delay
            if self._world.chance(self.conditions.stray):
                self._counts["frames delayed"] += 1
                delay += self._world.random.choice((0.05, 0.3, 2.0)) * self._world.random.random()
            time = self._world.now + delay
            if not (wild and self.conditions.lose + self.conditions.double > 0):
                self._clear_at[sender, to] = time = max(time, self._clear_at[sender, to])
            self._world.at(time, lambda: self._arrive(connection, sender, to, frame))
        return True

    def _arrive(self, connection: int, sender: str, to: str, frame: Frame) -> None:
        if self._connection.get(_pair(sender, to)) != connection:
            return
        if self._is_blocked(sender, to):
            self._counts["frames stopped"] += 1
            self._stuck.setdefault((sender, to), []).append((connection, frame))
        else:
            self._deliver(to, sender, frame)


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)
