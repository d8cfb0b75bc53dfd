"""Which node outputs a part of a WfSpec refers to, found by walking the whole message."""

from google.protobuf.message import Message

from konik.api.pb.expressions_pb2 import VariableAssignment
from konik.statemachine.values.walk import walk


def node_outputs_used(message: Message) -> set[str]:
    """The names of all nodes whose output is asked for anywhere inside `message`."""
    return {
        part.node_output.node_name
        for _, part in walk(message, "")
        if isinstance(part, VariableAssignment) and part.HasField("node_output")
    }
