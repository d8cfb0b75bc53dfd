"""What the parts of one thread may refer to, with the types that are known before anything runs.

A variable may be declared by any thread, since handlers and children see those of their ancestors, and which thread
will be whose ancestor is not decided here. A node output is only ever that of a node of the same thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from konik.api.pb.values_pb2 import ReturnType, TypeDefinition
from konik.api.pb.wf_spec_pb2 import Node, ThreadSpec, WfSpec
from konik.statemachine import limits
from konik.statemachine.plan.definitions import Definitions
from konik.statemachine.rejection import invalid
from konik.statemachine.values.static import VOID, Known, StaticType


@dataclass(frozen=True, slots=True)
class NodeRules:
    """What registration knows of one node type.

    `check` raises INVALID_ARGUMENT for a node that can never work. `output` is the type of what the node leaves
    behind; it is asked before or after `check`, so it refuses what it cannot make sense of as well. `normalise`
    writes into the node what was left to the server.
    """

    check: Callable[[Node, "ThreadScope"], None]
    output: Callable[[Node, "ThreadScope"], StaticType]
    normalise: Callable[[Node], None] = lambda node: None


class ThreadScope:
    """One ThreadSpec among the others of its WfSpec. It is what static typing asks for names."""

    def __init__(
        self,
        spec: WfSpec,
        name: str,
        declared_anywhere: Mapping[str, TypeDefinition],
        definitions: Definitions,
        rules: Mapping[str, NodeRules],
    ) -> None:
        self.spec = spec
        self.name = name
        self.thread: ThreadSpec = spec.thread_specs[name]
        self.definitions = definitions
        self._declared_here = {v.var_def.name: v.var_def.type_def for v in self.thread.variable_defs}
        self._declared_anywhere = declared_anywhere
        self._rules = rules
        self._outputs: dict[str, StaticType] = {}
        self._under_way: list[str] = []

    def rules(self, node: Node) -> NodeRules:
        return self._rules[node.WhichOneof("node") or ""]

    def variable(self, name: str) -> TypeDefinition | None:
        """The declared type; that of this thread comes first."""
        return self._declared_here.get(name) or self._declared_anywhere.get(name)

    def node_output(self, name: str) -> StaticType | None:
        """The type of the output of a node; None if this thread has no such node.

        Raises INVALID_ARGUMENT if it cannot be told.
        """
        if name not in self.thread.nodes:
            return None
        if name not in self._outputs:
            self._outputs[name] = self._resolve(name)
        return self._outputs[name]

    def _resolve(self, name: str) -> StaticType:
        if name in self._under_way:
            raise invalid(f"The output of node {name} is defined by itself")
        if len(self._under_way) >= limits.NODE_OUTPUT_CHAIN_MAX:
            raise invalid(f"More than {limits.NODE_OUTPUT_CHAIN_MAX} nodes are each defined by the output of another")
        self._under_way.append(name)
        node = self.thread.nodes[name]
        output = self.rules(node).output(node, self)
        self._under_way.pop()
        return output


def declared_output(returned: ReturnType) -> StaticType:
    """What a definition says that it returns: a type, or nothing."""
    return Known(returned.return_type) if returned.HasField("return_type") else VOID


def scopes(spec: WfSpec, definitions: Definitions, rules: Mapping[str, NodeRules]) -> list[ThreadScope]:
    """One for each thread, in the order of their names."""
    names = sorted(spec.thread_specs)
    declared: dict[str, TypeDefinition] = {}
    for name in names:
        for variable in spec.thread_specs[name].variable_defs:
            declared.setdefault(variable.var_def.name, variable.var_def.type_def)
    return [ThreadScope(spec, name, declared, definitions, rules) for name in names]
