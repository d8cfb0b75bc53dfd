"""Finds out whether this node's wall clock is off, by what the others' clocks show.

A leader's clock becomes the time of the log. A node whose clock is far from the others' median therefore stands back
when a leader is elected: a preference, never a veto. Nothing else may depend on wall clocks being equal.
"""

from collections.abc import Callable, Iterable
from statistics import median

from konik.cluster import peer_frames
from konik.cluster.clock import Clock, Scheduler, Timer

TELL_SECONDS = 2.0
OFF_SECONDS = 0.5
"""More than this from the others' median, and a node stands back. The way of a frame is far below that."""

LOOKS = 2
"""In a row that must find the clock off. Frames that a broken network or a suspended process held up come late."""


class ClockOffsets:
    """`on_verdict` is told whether this node's clock is off, whenever that changes."""

    def __init__(
        self,
        clock: Clock,
        scheduler: Scheduler,
        send: Callable[[str, tuple[object, ...]], bool],
        peers: Callable[[], Iterable[str]],
        on_verdict: Callable[[bool], None],
    ) -> None:
        self._clock, self._scheduler, self._send = clock, scheduler, send
        self._peers, self._on_verdict = peers, on_verdict
        self._offsets: dict[str, float] = {}
        self._heard: dict[str, float] = {}  # since the last look
        self._looks = 0
        self.is_off = False
        self._timer: Timer | None = None

    def start(self) -> None:
        """Tells the peers the time, now and again and again."""
        wall_ms = int(self._clock.wall() * 1000)
        for peer in self._peers():
            self._send(peer, peer_frames.clock(wall_ms))
        self._look()
        self._timer = self._scheduler.call_at(self._clock.monotonic() + TELL_SECONDS, self.start)

    def stop(self) -> None:
        """Tells nobody any more."""
        if self._timer is not None:
            self._timer.cancel()

    def received(self, peer: str, wall_ms: int) -> None:
        """A peer's clock showed this when it sent the frame: of several frames the one that took least counts."""
        offset = wall_ms / 1000 - self._clock.wall()
        self._heard[peer] = max(offset, self._heard.get(peer, offset))

    def _look(self) -> None:
        self._offsets.update(self._heard)
        self._heard.clear()
        offsets = [self._offsets[peer] for peer in self._peers() if peer in self._offsets]
        seems_off = bool(offsets) and abs(median(offsets)) > OFF_SECONDS
        self._looks = self._looks + 1 if seems_off else 0
        is_off = self._looks >= LOOKS
        if is_off != self.is_off:
            self.is_off = is_off
            self._on_verdict(is_off)
