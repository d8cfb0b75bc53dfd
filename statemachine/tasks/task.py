"""One TaskRun in the hands of one command: its latest attempt, whether that runs, and the timer that ends it."""

from konik.api.pb.enums_pb2 import (
    TASK_EXCEPTION,
    TASK_FAILED,
    TASK_INPUT_VAR_SUB_ERROR,
    TASK_OUTPUT_SERDE_ERROR,
    TASK_PENDING,
    TASK_RUNNING,
    TASK_SCHEDULED,
    TASK_SUCCESS,
    TASK_TIMEOUT,
    TaskStatus,
)
from konik.api.pb.ids_pb2 import TaskRunId
from konik.api.pb.internal_pb2 import Timer
from konik.api.pb.task_run_pb2 import TaskRun
from konik.statemachine import keys, timers
from konik.statemachine.context import Context
from konik.statemachine.tables import TASK_RUNS, task_run_key
from konik.statemachine.timestamps import milliseconds

# Still to end: what a halted thread has to wait for.
OPEN = frozenset((TASK_PENDING, TASK_SCHEDULED, TASK_RUNNING))
# What a report or the timeout may end an attempt with; those in RETRIED are tried again while attempts are left.
FINAL = frozenset(
    (
        TASK_SUCCESS,
        TASK_FAILED,
        TASK_TIMEOUT,
        TASK_EXCEPTION,
        TASK_OUTPUT_SERDE_ERROR,
        TASK_INPUT_VAR_SUB_ERROR,
    )
)
RETRIED = frozenset((TASK_FAILED, TASK_TIMEOUT))


class Task:
    """The TaskRun, and what is asked of it again and again. It has at least one attempt; the latest one counts."""

    __slots__ = ("attempt", "context", "key", "number", "task_run")

    def __init__(self, context: Context, key: bytes, task_run: TaskRun) -> None:
        """`key` is where the TaskRun is stored."""
        self.context = context
        self.key = key
        self.task_run = task_run
        self.number = len(task_run.attempts) - 1
        self.attempt = task_run.attempts[self.number]

    @property
    def attempt_key(self) -> bytes:
        """What tells its latest attempt from all others, within a table."""
        return self.key + keys.number(self.number)

    def save(self) -> None:
        self.context.save(TASK_RUNS, self.key, self.task_run)

    def set_status(self, status: TaskStatus) -> None:
        """The status of a TaskRun is always that of its latest attempt."""
        self.attempt.status = status
        self.task_run.status = status

    def add_attempt(self) -> None:
        """It has no status yet."""
        self.attempt = self.task_run.attempts.add()
        self.number += 1

    def is_running(self, number: int) -> bool:
        """Whether the attempt of that number is the latest, and a worker has it."""
        return number == self.number and self.task_run.status == TASK_RUNNING

    def start_timeout(self) -> None:
        """A worker has the latest attempt from now on."""
        timer = Timer()
        attempt = timer.task_timeout
        attempt.task_run_id.CopyFrom(self.task_run.id)
        attempt.attempt_number = self.number
        timer.subject_created_ms = milliseconds(self.task_run.scheduled_at)
        timers.start(self.context, self._timeout_due_ms, self.attempt_key, timer)

    def stop_timeout(self) -> None:
        timers.stop(self.context, self._timeout_due_ms, self.attempt_key)

    def is_timed_out_at(self, due_ms: int) -> bool:
        """Whether a timer that was due then is that of the latest attempt as it runs now."""
        return self._timeout_due_ms == due_ms

    @property
    def _timeout_due_ms(self) -> int:
        return milliseconds(self.attempt.start_time) + self.task_run.timeout_seconds * 1000


def find(context: Context, id: TaskRunId) -> Task | None:
    """The TaskRun of that id, or None."""
    key = task_run_key(context.tenant, id)
    task_run = context.load(TASK_RUNS, key)
    return None if task_run is None else Task(context, key, task_run)
