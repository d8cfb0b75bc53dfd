"""A clock and a scheduler that stand still until a test moves them."""

import heapq
from collections.abc import Callable


class Waiting:
    def __init__(self, work: Callable[[], None]) -> None:
        self.work: Callable[[], None] | None = work

    def cancel(self) -> None:
        self.work = None


class HandClock:
    """`konik.cluster.clock.Clock` and `Scheduler` in one."""

    def __init__(self) -> None:
        self.now = 100.0
        self.wall_ahead = 1_700_000_000.0
        self._asked = 0
        self._waiting: list[tuple[float, int, Waiting]] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.wall_ahead

    def call_soon(self, work: Callable[[], None]) -> Waiting:
        return self.call_at(self.now, work)

    def call_at(self, when: float, work: Callable[[], None]) -> Waiting:
        self._asked += 1
        waiting = Waiting(work)
        heapq.heappush(self._waiting, (when, self._asked, waiting))
        return waiting

    def advance(self, seconds: float = 0.0) -> None:
        """Time goes on; what is due by then is done, in order."""
        until = self.now + seconds
        while self._waiting and self._waiting[0][0] <= until:
            when, _, waiting = heapq.heappop(self._waiting)
            self.now = max(self.now, when)
            if waiting.work is not None:
                waiting.work()
        self.now = until
