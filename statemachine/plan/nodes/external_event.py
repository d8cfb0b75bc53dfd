"""EXTERNAL_EVENT nodes: the ExternalEventDef exists. Whether a timeout is a number is only seen when it is computed."""

from konik.api.pb.external_event_pb2 import ExternalEventDef
from konik.api.pb.wf_spec_pb2 import Node
from konik.statemachine.plan.scope import NodeRules, ThreadScope, declared_output
from konik.statemachine.rejection import invalid
from konik.statemachine.values import static
from konik.statemachine.values.static import StaticType


def check(node: Node, scope: ThreadScope) -> None:
    event = node.external_event
    _event_def(node, scope)
    if event.HasField("timeout_seconds"):
        static.type_of_assignment(event.timeout_seconds, scope)
    if event.HasField("correlation_key"):
        static.type_of_assignment(event.correlation_key, scope)


def output(node: Node, scope: ThreadScope) -> StaticType:
    event_def = _event_def(node, scope)
    return declared_output(event_def.type_information) if event_def.HasField("type_information") else static.UNKNOWN


def _event_def(node: Node, scope: ThreadScope) -> ExternalEventDef:
    name = node.external_event.external_event_def_id.name
    found = scope.definitions.external_event_def(name)
    if found is None:
        raise invalid(f"Refers to nonexistent ExternalEventDef {name}")
    return found


RULES = NodeRules(check, output)
