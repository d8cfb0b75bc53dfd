"""Virtual time, one source of chance, and a record of what happened: the same seed gives the same run."""

import hashlib
import heapq
import random
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

TRACE_LINES = 400
ROUNDING_SECONDS = 1e-9
DRIFTS = (0.0, 0.0, 0.001, 0.05)
"""By how much at most the clocks of a life are fast or slow; a bad one is by 0.0001."""


class Violation(Exception):
    """The cluster did what it must never do."""


class Event:
    """Something that will happen, unless cancelled."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], None]) -> None:
        self.work: Callable[[], None] | None = work

    def cancel(self) -> None:
        self.work = None


class Line(NamedTuple):
    """One line of the trace."""

    time: float
    who: str
    what: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.time * 1000:12.3f} ms  {self.who:4} " + " ".join(map(str, self.what))


class World:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.events = 0
        self.trace: deque[Line] = deque(maxlen=TRACE_LINES)
        self._digest = hashlib.blake2b(digest_size=16)
        self._queue: list[tuple[float, int, Event]] = []
        self._scheduled = 0

    def after(self, delay: float, work: Callable[[], None]) -> Event:
        """Let `work` happen `delay` seconds from now."""
        return self.at(self.now + max(0.0, delay), work)

    def at(self, time: float, work: Callable[[], None]) -> Event:
        """Let `work` happen then; what is due at the same time happens in the order of asking."""
        event = Event(work)
        self._scheduled += 1
        heapq.heappush(self._queue, (time, self._scheduled, event))
        return event

    def run(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            self.now, _, event = heapq.heappop(self._queue)
            if event.work is not None:
                self.events += 1
                event.work()
        self.now = until

    def note(self, who: str, *what: object) -> None:
        """Put a line into the trace."""
        line = Line(self.now, who, what)
        self.trace.append(line)
        self._digest.update(repr(line).encode())

    @property
    def fingerprint(self) -> str:
        """Of the whole trace so far."""
        return self._digest.hexdigest()

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random.random()

    def rate(self, drift: float) -> float:
        """Of a clock that is at most so fast or slow."""
        return 1 + self.between(-drift, drift)


class NodeTime:
    """Clock and scheduler of one process: its work stops when it crashes, and waits while it is suspended."""

    def __init__(self, world: World, rate: float = 1.0) -> None:
        """Its clock goes `rate` times as fast as the world's."""
        self._world, self._rate = world, rate
        self._offset = world.between(0, 1000)
        self.dead = False
        self.suspended_until = 0.0
        self._backlog: list[Event] = []

    def monotonic(self) -> float:
        return self._world.now * self._rate + self._offset

    def wall(self) -> float:
        return 1_700_000_000.0 + self._world.now * self._rate

    def call_soon(self, work: Callable[[], None]) -> Event:
        return self.after(0.0, work)

    def call_at(self, when: float, work: Callable[[], None]) -> Event:
        return self.after(when - self.monotonic(), work)

    def after(self, delay: float, work: Callable[[], None]) -> Event:
        """In `delay` seconds by this clock, in this process; never early, however it is rounded."""
        event = Event(work)
        self._world.after(max(0.0, delay) / self._rate + ROUNDING_SECONDS, lambda: self._happen(event))
        return event

    def suspend(self, seconds: float) -> None:
        """Like SIGSTOP: what is due meanwhile happens afterwards, in order."""
        self.suspended_until = max(self.suspended_until, self._world.now + seconds)

    def resume(self) -> None:
        self.suspended_until = self._world.now
        self._catch_up()

    def _happen(self, event: Event) -> None:
        if self._backlog or self._world.now < self.suspended_until:
            if not self._backlog:
                self._world.after(self.suspended_until - self._world.now, self._catch_up)
            self._backlog.append(event)
        elif event.work is not None and not self.dead:
            event.work()

    def _catch_up(self) -> None:
        if self._world.now < self.suspended_until:
            self._world.after(self.suspended_until - self._world.now, self._catch_up)
            return
        backlog, self._backlog = self._backlog, []
        for event in backlog:
            self._happen(event)
