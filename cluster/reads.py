"""Linearisable reads without a log entry: the leader proves that it still leads, the node that was asked reads itself.

A read waits for an index: the leader's commit index at a moment after the read came in, confirmed by a round of
heartbeats (Raft §8, thesis §6.4). Reads that come while a question is under way share the next one.
"""

from collections.abc import Callable

from konik.cluster import peer_frames
from konik.cluster.pump import Pump
from konik.statemachine.entry import Process

Then = Callable[[], None]

READS_MAX = 100_000
"""That may wait here; further ones are to be refused."""


class Reads:
    """The reads of one node."""

    def __init__(
        self,
        process: Process,
        pump: Pump,
        ask_core: Callable[[object], bool],
        send: Callable[[str, tuple[object, ...]], bool],
    ) -> None:
        """`ask_core` begins a round at this node if it leads; its answer comes to `confirmed`."""
        self._process, self._pump = process, pump
        self._ask_core, self._send = ask_core, send
        self._leader: str | None = None
        self._number = 0
        self._asked: dict[int, Then] = {}
        self._waiting: dict[int, Then] = {}
        self._reads = 0
        self._under_way: int | None = None

    @property
    def waiting(self) -> int:
        return len(self._asked) + len(self._waiting)

    @property
    def is_full(self) -> bool:
        return self.waiting >= READS_MAX

    def when_current(self, then: Then) -> int:
        """Calls `then` once this node has applied everything that was acknowledged anywhere before now.

        Returns the number by which the read can be forgotten.
        """
        self._reads += 1
        self._waiting[self._reads] = then
        self._ask()
        return self._reads

    def forget(self, number: int) -> None:
        """Nobody waits for that read any more."""
        self._waiting.pop(number, None)
        self._asked.pop(number, None)

    def route(self, leader: str | None) -> None:
        """The leader or the way to it has changed: what was asked is asked again."""
        self._leader = leader
        self._take_back()
        self._ask()

    def confirmed(self, token: object, index: int | None) -> None:
        """The core has answered a question of this node's own (its number) or of a peer (peer, nonce, number)."""
        if isinstance(token, tuple):
            peer, nonce, number = token
            self._send(peer, peer_frames.read_index_answer(nonce, number, index))
        elif isinstance(token, int):
            self.answered(self._process.nonce, token, index)

    def asked_by(self, peer: str, nonce: bytes, number: int) -> None:
        """A follower asks for its reads."""
        if not self._ask_core((peer, nonce, number)):
            self._send(peer, peer_frames.read_index_answer(nonce, number, None))

    def answered(self, nonce: bytes, number: int, index: int | None) -> None:
        if (nonce, number) != (self._process.nonce, self._under_way):
            return
        if index is None:
            self._take_back()  # nobody leads where we asked; `route` will say where to ask next
            return
        served, self._asked, self._under_way = self._asked, {}, None
        self._pump.when_applied(index, lambda: _call_all(served))
        self._ask()

    def _ask(self) -> None:
        if self._under_way is not None or not self._waiting or self._leader is None:
            return
        self._number += 1
        sent = (
            self._ask_core(self._number)
            if self._leader == self._process.node
            else self._send(self._leader, peer_frames.read_index(self._process.nonce, self._number))
        )
        if sent:
            self._under_way = self._number
            self._asked, self._waiting = self._waiting, {}

    def _take_back(self) -> None:
        self._waiting = self._asked | self._waiting
        self._asked = {}
        self._under_way = None


def _call_all(served: dict[int, Then]) -> None:
    for then in served.values():
        then()
