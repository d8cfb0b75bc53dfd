"""What a client may not read: values that are declared masked leave the server as five asterisks.

They are stored in the clear, since tasks and expressions need them; so every read of such an object passes here.
"""

from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.variable_pb2 import Variable
from konik.statemachine.values.masking import MASK


def mask_variable(variable: Variable) -> None:
    """NULL too: whether there is a value is part of it."""
    if variable.masked:
        variable.value.CopyFrom(MASK)


def mask_task_run(task_run: TaskRun) -> None:
    for variable in task_run.input_variables:
        if variable.masked:
            variable.value.CopyFrom(MASK)
    for attempt in task_run.attempts:
        if attempt.masked_value and attempt.HasField("output"):
            attempt.output.CopyFrom(MASK)


def mask_node_run(node_run: NodeRun) -> None:
    if node_run.HasField("external_event"):
        event = node_run.external_event
        if event.mask_correlation_key and event.HasField("correlation_key"):
            event.correlation_key = MASK.str
