"""What happens to a TaskRun: an attempt begins, ends, is tried again, or is lost on its way to the worker."""

from konik.api.pb.enums_pb2 import TASK_PENDING, TASK_RUNNING, TASK_SCHEDULED, TASK_TIMEOUT, TaskStatus
from konik.api.pb.internal_pb2 import Timer
from konik.api.pb.task_run_pb2 import TaskRun
from konik.statemachine import timers
from konik.statemachine.tasks import queue
from konik.statemachine.tasks.task import RETRIED, Task
from konik.statemachine.timestamps import milliseconds, set_timestamp


def schedule(task: Task) -> None:
    """The latest attempt is offered to the workers."""
    task.set_status(TASK_SCHEDULED)
    set_timestamp(task.attempt.schedule_time, task.context.now_ms)
    queue.offer(task)


def end(task: Task, status: TaskStatus, ended_ms: int) -> None:
    """The running attempt has ended; it is tried again if that kind of end allows it and attempts are left."""
    queue.settled(task.context, task.attempt_key)
    task.stop_timeout()
    set_timestamp(task.attempt.end_time, ended_ms)
    task.set_status(status)
    if status in RETRIED and task.number + 1 < task.task_run.total_attempts:
        _retry(task)


def lost(task: Task, message: str) -> None:
    """The worker cannot have got the attempt: it ends, and another one that does not count takes its place."""
    task.stop_timeout()
    set_timestamp(task.attempt.end_time, task.context.now_ms)
    task.attempt.error.message = message
    task.set_status(TASK_TIMEOUT)
    task.task_run.total_attempts += 1
    _begin(task)


def forget(task: Task) -> None:
    """The TaskRun is deleted with its WfRun: neither worker nor timeout shall find its latest attempt any more."""
    queue.forget(task)
    if task.task_run.status == TASK_RUNNING:
        task.stop_timeout()


def _begin(task: Task) -> None:
    """Adds an attempt and offers it to the workers at once."""
    task.add_attempt()
    schedule(task)


def _retry(task: Task) -> None:
    if not task.task_run.HasField("exponential_backoff"):
        _begin(task)
        return
    delay = _backoff_ms(task.task_run)
    task.add_attempt()
    task.set_status(TASK_PENDING)
    timer = Timer(task_retry=task.task_run.id, subject_created_ms=milliseconds(task.task_run.scheduled_at))
    timers.start(task.context, task.context.now_ms + delay, task.key, timer)


def _backoff_ms(task_run: TaskRun) -> int:
    """base × multiplier^(attempts so far - 1), at most the policy's maximum; multiplied step by step, without pow."""
    policy = task_run.exponential_backoff
    delay = float(policy.base_interval_ms)
    for _ in range(len(task_run.attempts) - 1):
        delay *= policy.multiplier
        if delay >= policy.max_delay_ms:
            break
    return min(int(delay), policy.max_delay_ms)
