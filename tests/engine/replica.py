"""The machine of a story once more, as a node has it: fed with the bytes of the log, over the store on a disk."""

import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any

from stories import Recorded

from konik.cluster import entries
from konik.cluster.pump import Pump
from konik.cluster.raft.messages import Entry
from konik.cluster.store.checkpoint import Checkpointer
from konik.cluster.store.errors import StoreError
from konik.cluster.store.image import TABLES, Checkpoint
from konik.cluster.store.opening import open_store
from konik.cluster.store.thread import StateThread
from konik.statemachine.entry import Step
from konik.statemachine.machine import Machine
from tests.unit.cluster.hand_clock import HandClock

MAP_BYTES = 16 << 20
JOB_SECONDS = 1.0
"""What it takes until the state's thread has done a job, and again until the loop hears of it."""


def logged(recorded: list[Recorded]) -> list[Entry]:
    """What was applied in a story, as it stands in the log."""
    log, term = [], 0
    for index, applied in recorded:
        term = applied if isinstance(applied, int) else term
        log.append(Entry(index, term, b"" if isinstance(applied, int) else entries.pack(applied)))
    return log


class Slowly(Executor):
    """Does a job some time after it was asked for."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._clock.call_at(self._clock.now + JOB_SECONDS, lambda: future.set_result(fn(*args, **kwargs)))
        return future


class Replica:
    """The state in `directory`, opened or made. What it checkpoints comes to the disk as its clock is advanced."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = clock = HandClock()
        self.store = open_store(directory, b"cluster", "node", map_bytes=MAP_BYTES)
        self.steps: dict[int, list[Step]] = {}
        """What came of each entry that was applied here."""
        machine = Machine(self.store, _fail, fatal=(StoreError,))
        found = self.store.checkpoint
        self.pump = Pump(
            machine,
            (found.index, found.term),
            clock,
            clock,
            on_step=lambda step: self.steps.setdefault(self.pump.applied + 1, []).append(step),
            on_term=lambda term: None,
            on_entry=lambda index, term, commands: None,
            on_fatal=partial(_fail, None),
        )
        thread = StateThread(lambda *work: clock.call_at(clock.now + JOB_SECONDS, partial(*work)), Slowly(clock))
        self._checkpointer = Checkpointer(self.store, thread, clock, clock, on_fatal=partial(_fail, None))

    def begin_checkpoint(self) -> None:
        """Unless there is one under way."""
        if self.store.frozen is None:
            self._checkpointer.start(self.pump.applied, self.pump.applied_term, {}, _ignore)

    def pairs(self) -> dict[bytes, bytes]:
        """The whole key space."""
        return {key: value for table in TABLES for key, value in self.store.scan(bytes([table]), bytes([table + 1]))}

    def hash(self) -> int:
        """That of the state, kept up to date from what has changed."""
        fold = self.store.mark()
        for _ in fold:
            pass
        assert fold.sum is not None
        return fold.sum

    def restarted(self, directory: Path, log: list[Entry]) -> "Replica":
        """What a restart makes of what is on the disk now, and of the log behind that; this one goes on."""
        directory.mkdir()
        shutil.copy(self.directory / "data.mdb", directory)
        again = Replica(directory)
        again.pump.feed([entry for entry in log if again.store.checkpoint.index < entry.index <= self.pump.applied])
        return again


def _fail(_: object, error: BaseException) -> None:
    raise error


def _ignore(_: Checkpoint) -> None:
    pass
