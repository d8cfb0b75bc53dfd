"""A loop that turns only when a test says so, and stores on it."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from konik.cluster.store.checkpoint import Checkpointer, CheckpointSettings
from konik.cluster.store.opening import open_store
from konik.cluster.store.store import Store
from konik.cluster.store.thread import StateThread

CLUSTER = b"cluster-of-tests"


class OnTheSpot(Executor):
    """Runs a job when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class Bench:
    """A loop, a clock and the stores of one test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = 0.0
        self.soon: deque[Callable[[], None]] = deque()
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.fatal: list[BaseException] = []
        self.trouble: list[str | None] = []
        self.thread = StateThread(self.call_soon, OnTheSpot())
        self._open: list[Store] = []

    # Clock and Scheduler

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def call_soon(self, work: Callable[..., None], *args: Any) -> None:
        self.soon.append(lambda: work(*args))

    def call_at(self, when: float, work: Callable[[], None]) -> "Bench":
        self.timers.append((when, work))
        return self

    def cancel(self) -> None:
        raise NotImplementedError("nothing cancels a timer")

    # What a test does with it

    def turn(self) -> bool:
        """Run one piece of work; False if there is none."""
        if not self.soon:
            return False
        self.soon.popleft()()
        return True

    def run(self) -> None:
        """Run until nothing is left."""
        while self.turn():
            pass

    def run_nothing_more(self) -> None:
        """What was left to do is lost, as in a crash."""
        self.soon.clear()
        self.timers.clear()
        self.thread = StateThread(self.call_soon, OnTheSpot())

    def advance(self, seconds: float) -> None:
        """Let time pass, and run what is due."""
        self.now += seconds
        due = [work for when, work in self.timers if when <= self.now]
        self.timers = [(when, work) for when, work in self.timers if when > self.now]
        for work in due:
            work()
        self.run()

    def store(self, name: str = "state.lmdb", node: str = "a", map_bytes: int = 1 << 26, **options: Any) -> Store:
        store = open_store(self.directory / name, CLUSTER, node, map_bytes=map_bytes, **options)
        self._open.append(store)
        return store

    def close(self, store: Store) -> None:
        self._open.remove(store)
        store.close()

    def close_all(self) -> None:
        while self._open:
            self._open.pop().close()

    def checkpointer(self, store: Store, settings: CheckpointSettings | None = None) -> Checkpointer:
        return Checkpointer(
            store,
            self.thread,
            self,
            self,
            on_fatal=self.fatal.append,
            on_trouble=self.trouble.append,
            settings=settings,
            pause=lambda: None,
        )

    def checkpoint(self, store: Store, index: int, term: int = 1, meta: dict[str, bytes] | None = None) -> None:
        """A whole checkpoint."""
        done: list[int] = []
        self.checkpointer(store).start(index, term, meta or {}, lambda checkpoint: done.append(checkpoint.index))
        self.run()
        assert done == [index], self.fatal


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close_all()
