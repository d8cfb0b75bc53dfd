"""Nodes with nothing to get wrong and no output: ENTRYPOINT and NOP."""

from konik.api.pb.wf_spec_pb2 import Node
from konik.statemachine.plan.scope import NodeRules, ThreadScope
from konik.statemachine.values.static import VOID, StaticType


def check(node: Node, scope: ThreadScope) -> None:
    """Accepts the node as it is."""


def no_output(node: Node, scope: ThreadScope) -> StaticType:
    return VOID


RULES = NodeRules(check, no_output)
