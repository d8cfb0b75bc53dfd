"""What happens to a TaskRun: an attempt begins, ends, is tried again, or is lost on its way to the worker."""

from konik.api.pb.enums_pb2 import TASK_PENDING, TASK_RUNNING, TASK_SCHEDULED, TASK_TIMEOUT, TaskStatus
from konik.api.pb.internal_pb2 import Timer
from konik.api.pb.task_run_pb2 import TaskRun
from konik.statemachine import timers
from konik.statemachine.context import Context
from konik.statemachine.tables import task_run_key
from konik.statemachine.tasks import queue, state
from konik.statemachine.timestamps import milliseconds, set_timestamp


def begin(context: Context, task_run: TaskRun) -> None:
    """Adds an attempt and offers it to the workers at once."""
    task_run.attempts.add()
    schedule(context, task_run)


def schedule(context: Context, task_run: TaskRun) -> None:
    """The latest attempt is offered to the workers."""
    attempt = task_run.attempts[-1]
    state.set_status(task_run, TASK_SCHEDULED)
    set_timestamp(attempt.schedule_time, context.now_ms)
    queue.offer(context, task_run)


def end(context: Context, task_run: TaskRun, status: TaskStatus, ended_ms: int) -> None:
    """The running attempt has ended; it is tried again if that kind of end allows it and attempts are left."""
    attempt = task_run.attempts[-1]
    queue.settled(context, task_run.id, len(task_run.attempts) - 1)
    state.stop_timeout(context, task_run)
    set_timestamp(attempt.end_time, ended_ms)
    state.set_status(task_run, status)
    if status in state.RETRIED and len(task_run.attempts) < task_run.total_attempts:
        _retry(context, task_run)


def lost(context: Context, task_run: TaskRun, message: str) -> None:
    """The worker cannot have got the attempt: it ends, and another one that does not count takes its place."""
    attempt = task_run.attempts[-1]
    state.stop_timeout(context, task_run)
    set_timestamp(attempt.end_time, context.now_ms)
    attempt.error.message = message
    state.set_status(task_run, TASK_TIMEOUT)
    task_run.total_attempts += 1
    begin(context, task_run)


def forget(context: Context, task_run: TaskRun) -> None:
    """The TaskRun is deleted with its WfRun: neither worker nor timeout shall find its latest attempt any more."""
    queue.forget(context, task_run.id, len(task_run.attempts) - 1)
    if task_run.status == TASK_RUNNING:
        state.stop_timeout(context, task_run)


def _retry(context: Context, task_run: TaskRun) -> None:
    if not task_run.HasField("exponential_backoff"):
        begin(context, task_run)
        return
    delay = _backoff_ms(task_run)
    task_run.attempts.add()
    state.set_status(task_run, TASK_PENDING)
    timer = Timer(task_retry=task_run.id, subject_created_ms=milliseconds(task_run.scheduled_at))
    timers.start(context, context.now_ms + delay, task_run_key(context.tenant, task_run.id), timer)


def _backoff_ms(task_run: TaskRun) -> int:
    """base × multiplier^(attempts so far - 1), at most the policy's maximum; multiplied step by step, without pow."""
    policy = task_run.exponential_backoff
    delay = float(policy.base_interval_ms)
    for _ in range(len(task_run.attempts) - 1):
        delay *= policy.multiplier
        if delay >= policy.max_delay_ms:
            break
    return min(int(delay), policy.max_delay_ms)
