"""When and how the changes in memory become the state on disk.

A checkpoint freezes the live overlay, brings the hash up to date, writes everything in one synced transaction in the
state's thread, and only then lets the frozen overlay go. A full disk or map delays it and loses nothing; any other
error of the disk is the owner's to die of. No step may hold the loop for more than a few milliseconds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import lmdb

from konik.cluster.clock import Clock, Scheduler
from konik.cluster.files import lacks_room
from konik.cluster.store.hash import Fold
from konik.cluster.store.image import PAGE_BYTES, Checkpoint
from konik.cluster.store.overlay import Overlay
from konik.cluster.store.store import Store
from konik.cluster.store.thread import Job, StateThread

PAUSE_SECONDS = 0.0001
"""How long the writing thread steps back after each slice. Just offering the interpreter is not enough: a thread that
asks for it again at once gets it before the loop's thread has woken up."""

DRAIN_SLICE_KEYS = 1_000


@dataclass(frozen=True, slots=True)
class CheckpointSettings:
    """A checkpoint is due as soon as one of the limits is reached: what a restart has to apply again, and memory."""

    commands_max: int = 20_000
    keys_max: int = 100_000
    bytes_max: int = 64 << 20
    seconds_max: float = 60.0
    retry_seconds: float = 1.0
    """After a full disk; doubled each time up to `retry_seconds_max`."""
    retry_seconds_max: float = 30.0


@dataclass(frozen=True, slots=True)
class CheckpointStatistics:
    """Of this process so far."""

    checkpoints: int = 0
    last_seconds: float = 0.0  # from freezing to durable
    last_keys: int = 0


@dataclass(slots=True, eq=False)
class Run:
    """One checkpoint on its way."""

    checkpoint: Checkpoint
    frozen: Overlay
    began: float
    done: Callable[[Checkpoint], None]
    room: int  # bytes that the map must have left
    retry_seconds: float


class Checkpointer:
    """Takes checkpoints of a store, one at a time. Belongs to the loop's thread."""

    def __init__(
        self,
        store: Store,
        thread: StateThread,
        clock: Clock,
        scheduler: Scheduler,
        *,
        on_fatal: Callable[[BaseException], None],
        on_trouble: Callable[[str | None], None] = lambda trouble: None,
        settings: CheckpointSettings | None = None,
        pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS),
    ) -> None:
        """`on_trouble` hears why a checkpoint cannot be written, and None when it could.

        After `on_fatal` the process must end: nothing is written any more. `pause` lets the loop's thread go first.
        """
        self._store, self._thread, self._clock, self._scheduler = store, thread, clock, scheduler
        self._on_fatal, self._on_trouble, self._pause = on_fatal, on_trouble, pause
        self._settings = settings or CheckpointSettings()
        self._begin()
        self.trouble: str | None = None
        self.statistics = CheckpointStatistics()

    def _begin(self) -> None:
        """What is counted from now on is what the state holds above its image."""
        self._image, self._commands, self._last = self._store.image, 0, self._clock.monotonic()

    def due_after(self, commands: int) -> bool:
        """An entry with so many commands was applied: whether to take a checkpoint now. Never while one is under way.

        An entry counts at least as one command: it, too, has to be applied again.
        """
        live, settings = self._store.live, self._settings
        if self._image is not self._store.image:
            self._begin()  # another state was installed, as durable as a checkpoint
        self._commands += max(commands, 1)
        return self._store.frozen is None and (
            self._commands >= settings.commands_max
            or len(live) >= settings.keys_max
            or live.bytes >= settings.bytes_max
            or self._clock.monotonic() - self._last >= settings.seconds_max
        )

    def start(self, index: int, term: int, meta: dict[str, bytes], done: Callable[[Checkpoint], None]) -> None:
        """Checkpoint the state as it is now, which is that after entry (`index`, `term`).

        `done` hears when it is durable; never, if another state is installed meanwhile.
        """
        store = self._store
        before = store.checkpoint
        assert index >= before.index and term >= before.term, f"checkpoint {index} after {before.index}"
        checkpoint = replace(before, index=index, term=term, meta=meta)
        fold, frozen = store.freeze(), store.frozen
        assert frozen is not None
        self._begin()
        run = Run(checkpoint, frozen, self._last, done, _room(store), self._settings.retry_seconds)
        self._count(run, fold)

    def _count(self, run: Run, fold: Fold) -> None:
        """A slice of the hash per turn of the loop; then write."""
        if self._replaced(run):
            return
        next(fold, None)
        if fold.sum is None:
            self._scheduler.call_soon(partial(self._count, run, fold))
        else:
            run.checkpoint = replace(run.checkpoint, hash=fold.sum)
            self._write(run)

    def _write(self, run: Run) -> None:
        if self._replaced(run):
            self._tell(None)
            return
        image = self._store.image
        self._thread.submit(
            Job(
                prepare=lambda: image.make_room(run.room),
                run=lambda: image.write(run.checkpoint, run.frozen.pairs, self._pause),
                done=lambda _: self._written(run),
                failed=partial(self._failed, run),
            )
        )

    def _written(self, run: Run) -> None:
        seconds = self._clock.monotonic() - run.began
        self.statistics = CheckpointStatistics(self.statistics.checkpoints + 1, seconds, len(run.frozen))
        self._store.settle(run.checkpoint)
        self._tell(None)
        run.done(run.checkpoint)
        self._drain(run.frozen)

    def _drain(self, overlay: Overlay) -> None:
        if not overlay.drain(DRAIN_SLICE_KEYS):
            self._scheduler.call_soon(partial(self._drain, overlay))

    def _failed(self, run: Run, error: BaseException) -> None:
        """A full map grows and a full disk is waited for; the transaction that failed has left no trace."""
        if self._replaced(run):
            return  # the job waited behind an install, which has closed the image that it was meant for
        if isinstance(error, lmdb.MapFullError):
            run.room *= 2
            self._write(run)
        elif lacks_room(error, self._store.image.path, run.room):
            self._tell(f"there is no room to write the state, make room for {self._store.image.path}: {error}")
            self._scheduler.call_at(self._clock.monotonic() + run.retry_seconds, partial(self._write, run))
            run.retry_seconds = min(2 * run.retry_seconds, self._settings.retry_seconds_max)
        else:
            self._on_fatal(error)

    def _tell(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._on_trouble(trouble)

    def _replaced(self, run: Run) -> bool:
        """Whether another state was installed since: then nobody wants this one any more."""
        return self._store.frozen is not run.frozen


def _room(store: Store) -> int:
    """An estimate from above, in bytes, of what writing the frozen overlay takes.

    Its bytes, loosely packed, and a copy of each page that it touches: at most one per key, at most all there are.
    """
    occupancy = store.occupancy()
    touched = min(occupancy.frozen_keys * PAGE_BYTES, occupancy.used_bytes)
    return 2 * occupancy.frozen_bytes + 64 * occupancy.frozen_keys + touched + 64 * PAGE_BYTES
