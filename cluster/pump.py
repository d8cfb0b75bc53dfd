"""Applies committed entries in slices, so that nothing else on the loop waits for longer than some milliseconds.

"Applied" means this pump's index, everywhere. An entry counts as applied once all its steps are done; checkpoints and
marks are taken only between entries.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from konik.cluster import entries
from konik.cluster.clock import Clock, Scheduler
from konik.cluster.raft.membership import is_membership
from konik.cluster.raft.messages import Entry as LogEntry
from konik.statemachine.entry import Step
from konik.statemachine.machine import Machine

SLICE_SECONDS = 0.005


@dataclass(slots=True)
class PumpStatistics:
    """Of this process so far."""

    entries: int = 0
    commands: int = 0
    apply_seconds: float = 0.0


class Pump:
    """Feeds a machine. `on_step` hears of each step, `on_term` of each leader's first entry, `on_entry` of each
    entry."""

    def __init__(
        self,
        machine: Machine,
        applied: tuple[int, int],
        clock: Clock,
        scheduler: Scheduler,
        *,
        on_step: Callable[[Step], None],
        on_term: Callable[[int], None],
        on_entry: Callable[[int, int, int], None],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        """`applied` is the (index, term) of the state. `on_entry` gets index, term and number of commands.

        After `on_fatal` nothing more is applied: the replica must stop.
        """
        self.machine = machine
        self.applied, self.applied_term = applied
        self.slice_seconds = SLICE_SECONDS
        self.statistics = PumpStatistics()
        self._clock, self._scheduler = clock, scheduler
        self._on_step, self._on_term, self._on_entry, self._on_fatal = on_step, on_term, on_entry, on_fatal
        self._queue: deque[LogEntry] = deque()
        self._steps: Iterator[Step] | None = None
        self._commands = 0
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._asked = 0
        self._scheduled = False
        self._stopped = False
        self._paused = False

    @property
    def is_between_entries(self) -> bool:
        """Whether the state is that after an entry, with nothing of the next one."""
        return self._steps is None

    @property
    def backlog(self) -> int:
        """Committed entries that are not applied yet."""
        return len(self._queue)

    def feed(self, committed: Sequence[LogEntry]) -> None:
        """These entries are committed, the next ones in order."""
        self._queue.extend(committed)
        self._run()

    def when_applied(self, index: int, then: Callable[[], None]) -> None:
        """Calls `then` once entry `index` is applied: at once if it is."""
        if index <= self.applied:
            then()
            return
        self._asked += 1
        heappush(self._waiting, (index, self._asked, then))

    def stop(self) -> None:
        """Apply nothing any more."""
        self._stopped = True

    def pause(self) -> None:
        """Apply nothing until `resume`: the state is being replaced."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._run()

    def installed(self, index: int, term: int) -> None:
        """Another state has taken the place of the machine's, that after entry (`index`, `term`)."""
        if index < self.applied:
            raise AssertionError(f"a state at {index} was installed over one at {self.applied}")
        self._queue.clear()
        self._steps = None
        self.machine.replaced()
        self.applied, self.applied_term = index, term
        self._serve()

    def _run(self) -> None:
        if self._scheduled or self._stopped or self._paused:
            return
        try:
            self._slice()
        except Exception as error:
            self._stopped = True
            self._on_fatal(error)

    def _again(self) -> None:
        self._scheduled = False
        self._run()

    def _slice(self) -> None:
        began = self._clock.monotonic()
        until = began + self.slice_seconds
        while self._queue:
            if not self._apply(until):
                self._scheduled = True
                self._scheduler.call_soon(self._again)
                break
        self.statistics.apply_seconds += self._clock.monotonic() - began

    def _apply(self, until: float) -> bool:
        """Applies the first entry, or goes on with it. False: the time is over."""
        entry = self._queue[0]
        if entry.index != self.applied + 1:
            raise AssertionError(f"entry {entry.index} follows {self.applied}")
        if self._steps is None:
            self._steps = self._begin(entry)
        for step in self._steps:
            self._on_step(step)
            if self._clock.monotonic() >= until:
                return False
        self._finish(entry)
        return True

    def _begin(self, entry: LogEntry) -> Iterator[Step]:
        self._commands = 0
        if not entry.data:
            self.machine.begin_term(entry.term)
            return iter(())
        if is_membership(entry.data):
            return iter(())
        unpacked = entries.unpack(entry.data)
        self._commands = len(unpacked.commands)
        return self.machine.apply(entry.index, unpacked)

    def _finish(self, entry: LogEntry) -> None:
        self._queue.popleft()
        self._steps = None
        self.applied, self.applied_term = entry.index, entry.term
        self.statistics.entries += 1
        self.statistics.commands += self._commands
        if not entry.data:
            self._on_term(entry.term)
        self._on_entry(entry.index, entry.term, self._commands)
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.applied:
            heappop(self._waiting)[2]()
