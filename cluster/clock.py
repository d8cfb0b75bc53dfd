"""Time as the cluster sees it, and the places where it enters.

Nothing in `konik.cluster` may read a clock or set a timer by itself: it asks a `Clock` and a `Scheduler` that were
handed to it, so that a simulation can run a day in a second. `LeaderClock` makes the time that entries carry.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Where time is read."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def wall(self) -> float:
        """Seconds since 1970; may jump either way when somebody sets the machine's clock."""


class Timer(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None:
        """Nothing happens any more; harmless when it has happened already."""


class Scheduler(Protocol):
    """Where work for later is left. All of it runs on one thread, one piece after the other."""

    def call_soon(self, work: Callable[[], None]) -> object:
        """Run `work` as soon as what is running now has returned."""

    def call_at(self, when: float, work: Callable[[], None]) -> Timer:
        """Run `work` when the monotonic clock shows `when` seconds, or as soon as possible after."""


class SystemClock:
    """The machine's clocks."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)


class LoopScheduler:
    """A `Scheduler` over an asyncio loop, whose own clock may be another one (uvloop's stands still within a turn)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self._loop, self._clock = loop, clock
        self.call_soon = loop.call_soon

    def call_at(self, when: float, work: Callable[[], None]) -> Timer:
        return self._loop.call_later(max(0.0, when - self._clock.monotonic()), work)


class LeaderClock:
    """Cluster time, kept by the leader: no earlier than the last entry, close to its wall clock, never going back.

    A follower that takes office makes a new one. A jump of the wall clock is made up for at a tenth of real time, so
    that timers of workflows neither rush nor stand still when an administrator corrects the clock.
    """

    SLEW_MAX = 0.1

    def __init__(self, last_entry_ms: int, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._read_at = monotonic()
        self._seconds = max(last_entry_ms / 1000, wall())
        self._floor_ms = last_entry_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970, at least what this clock has shown before and what the last entry carried."""
        read_at = self._monotonic()
        elapsed = read_at - self._read_at
        assert elapsed >= 0, f"the monotonic clock went back by {-elapsed} s"
        self._read_at = read_at
        self._seconds += elapsed
        slew = self.SLEW_MAX * elapsed
        self._seconds += min(slew, max(-slew, self._wall() - self._seconds))
        self._floor_ms = max(self._floor_ms, int(self._seconds * 1000))
        return self._floor_ms
