"""The one thread that writes to `state.lmdb`: checkpoints and copies, one after the other.

A job is prepared in the loop while the thread is idle, runs in the thread, and ends in the loop. So whoever prepares a
job may do what nothing else may see half done, such as moving the memory map.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")

CallSoon = Callable[..., object]
"""`call_soon_threadsafe` of a loop."""


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Job(Generic[Result]):
    """Work for the thread. An exception in `prepare` or `run` goes to `failed`; `done` and `failed` run in the loop."""

    run: Callable[[], Result]
    done: Callable[[Result], None]
    failed: Callable[[BaseException], None]
    prepare: Callable[[], None] = _nothing


class StateThread:
    """Runs jobs in the order in which they came. All methods belong to the loop's thread."""

    def __init__(self, call_soon_threadsafe: CallSoon, executor: Executor | None = None) -> None:
        """`executor` must run one job at a time; a simulation hands in one that runs it on the spot."""
        self._call_soon = call_soon_threadsafe
        self._executor = executor or ThreadPoolExecutor(max_workers=1, thread_name_prefix="konik-state")
        self._waiting: deque[Job[Any]] = deque()
        self._running: Job[Any] | None = None
        self._closed = False

    def submit(self, job: Job[Result]) -> None:
        """Run `job` when those before it have ended."""
        self._waiting.append(job)
        if self._running is None:
            self._next()

    def _next(self) -> None:
        while self._waiting and self._running is None:
            job = self._running = self._waiting.popleft()
            try:
                job.prepare()
            except Exception as error:
                self._running = None
                job.failed(error)
                continue
            self._executor.submit(job.run).add_done_callback(lambda future: self._call_soon(self._end, future))

    def _end(self, future: "Future[Any]") -> None:
        if self._closed:
            return
        job, self._running = self._running, None
        assert job is not None, "a job ended twice"
        error = future.exception()
        if error is None:
            job.done(future.result())
        else:
            job.failed(error)
        self._next()

    def close(self) -> None:
        """Wait for the job under way; its `done` will not run. What has not begun never will. Then close the store."""
        self._closed = True
        self._waiting.clear()
        self._executor.shutdown(wait=True)
