"""The state of a TaskRun's attempts: which are open, which one runs, and the timer that ends it."""

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
from konik.api.pb.internal_pb2 import AttemptRef, Timer
from konik.api.pb.task_run_pb2 import TaskAttempt, TaskRun
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


def set_status(task_run: TaskRun, status: TaskStatus) -> None:
    """The status of a TaskRun is always that of its latest attempt."""
    task_run.attempts[-1].status = status
    task_run.status = status


def running(task_run: TaskRun, number: int) -> TaskAttempt | None:
    """The attempt of that number if a worker has it and it is the latest, else None."""
    if number != len(task_run.attempts) - 1 or task_run.status != TASK_RUNNING:
        return None
    return task_run.attempts[number]


def load(context: Context, ref: AttemptRef) -> TaskRun | None:
    return context.load(TASK_RUNS, task_run_key(context.tenant, ref.task_run_id))


def start_timeout(context: Context, task_run: TaskRun) -> None:
    """A worker has the latest attempt from now on."""
    timer = Timer()
    timer.task_timeout.task_run_id.CopyFrom(task_run.id)
    timer.task_timeout.attempt_number = len(task_run.attempts) - 1
    timer.subject_created_ms = milliseconds(task_run.scheduled_at)
    timers.start(context, _timeout_due(task_run), _timeout_owner(context, task_run), timer)


def stop_timeout(context: Context, task_run: TaskRun) -> None:
    timers.stop(context, _timeout_due(task_run), _timeout_owner(context, task_run))


def timeout_is_current(task_run: TaskRun, due_ms: int) -> bool:
    return _timeout_due(task_run) == due_ms


def _timeout_due(task_run: TaskRun) -> int:
    return milliseconds(task_run.attempts[-1].start_time) + task_run.timeout_seconds * 1000


def _timeout_owner(context: Context, task_run: TaskRun) -> bytes:
    return task_run_key(context.tenant, task_run.id) + keys.number(len(task_run.attempts) - 1)
