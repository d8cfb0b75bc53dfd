"""SLEEP nodes: how long, or until when, is said in one of three ways, each with the types it can be read from."""

from konik.api.pb.enums_pb2 import INT, STR, TIMESTAMP, VariableType
from konik.api.pb.wf_spec_pb2 import Node
from konik.statemachine.plan.nodes.plain import no_output
from konik.statemachine.plan.scope import NodeRules, ThreadScope
from konik.statemachine.rejection import invalid
from konik.statemachine.values import static, types

_LENGTHS: dict[str, tuple[VariableType, ...]] = {
    "raw_seconds": (INT,),
    "timestamp": (TIMESTAMP, INT),
    "iso_date": (STR,),
}


def check(node: Node, scope: ThreadScope) -> None:
    kind = node.sleep.WhichOneof("sleep_length")
    if kind is None:
        raise invalid("A SLEEP node must say how long to sleep")
    length = getattr(node.sleep, kind)
    if not any(static.can_be(length, types.primitive(wanted), scope) for wanted in _LENGTHS[kind]):
        names = " or ".join(VariableType.Name(wanted) for wanted in _LENGTHS[kind])
        raise invalid(f"Invalid value: variable can't resolve to {names}")


RULES = NodeRules(check, no_output)
