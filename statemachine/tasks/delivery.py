"""The effect of assigning a task: one node, the one that holds the worker's stream, writes it there."""

from typing import NamedTuple

from konik.api.pb.internal_pb2 import AttemptRef
from konik.api.pb.task_requests_pb2 import PollTaskResponse
from konik.api.pb.task_run_pb2 import TaskRun


class Delivery(NamedTuple):
    """To be written to that stream of that process. What is written is made when it is asked for: by one node."""

    node: str
    nonce: bytes
    stream: int
    number: int
    attempt: AttemptRef
    task_run: TaskRun

    def response(self) -> bytes:
        """The serialised PollTaskResponse."""
        task_run = self.task_run
        answer = PollTaskResponse()
        task = answer.result
        task.task_run_id.CopyFrom(task_run.id)
        task.task_def_id.CopyFrom(task_run.task_def_id)
        task.attempt_number = self.attempt.attempt_number
        task.variables.extend(task_run.input_variables)
        task.created_at.CopyFrom(task_run.attempts[self.attempt.attempt_number].schedule_time)
        task.source.CopyFrom(task_run.source)
        task.total_observed_checkpoints = task_run.total_checkpoints
        return answer.SerializeToString()
