"""Checkpoints that somebody waits for: of everything that is applied by now, and durable.

A checkpoint can begin only between two entries and when no other one is on its way. So whoever applies entries, ends a
checkpoint or replaces the state calls `look`, and what is waited for begins, or has come, then.
"""

from collections.abc import Callable

from konik.cluster.pump import Pump
from konik.cluster.store.store import Store


class FreshCheckpoints:
    """Of one node. Belongs to the loop's thread."""

    def __init__(self, store: Store, pump: Pump, start: Callable[[int, int], None]) -> None:
        """`start(index, term)` takes a checkpoint of the state as it is, which is that after that entry."""
        self._store, self._pump, self._start = store, pump, start
        self._asked = 0
        self._waiting: dict[int, tuple[int, Callable[[], None]]] = {}

    def when_taken(self, then: Callable[[], None]) -> int:
        """Calls `then` once a durable checkpoint holds what is applied now: at once if it does.

        Returns the number by which this can be forgotten.
        """
        self._asked += 1
        self._waiting[self._asked] = self._pump.applied, then
        self.look()
        return self._asked

    def forget(self, number: int) -> None:
        """Nobody waits for that one any more; a checkpoint that is on its way goes on."""
        self._waiting.pop(number, None)

    def look(self) -> None:
        """Something has happened that may let a checkpoint begin, or has ended one."""
        if not self._waiting:
            return
        durable = self._store.checkpoint.index
        served = [number for number, (index, _) in self._waiting.items() if index <= durable]
        for then in [self._waiting.pop(number)[1] for number in served]:
            then()
        if self._waiting and self._store.frozen is None and self._pump.is_between_entries:
            self._start(self._pump.applied, self._pump.applied_term)
