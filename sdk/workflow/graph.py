"""The nodes and edges of one thread, in the order in which the program draws them.

A node's name is `<number>-<label>-<TYPE>`, as in every LittleHorse SDK: the same program compiles to the same WfSpec,
so the cluster sees that nothing changed. Branches are drawn in a line first and then bent into shape.
"""

from collections.abc import Callable

from konik.api.pb.expressions_pb2 import VariableAssignment, VariableMutation
from konik.api.pb.wf_spec_pb2 import Edge, Node, NopNode
from konik.sdk.errors import WorkflowError

Draw = Callable[[], object]


class Graph:
    """`nodes` by name in order of their numbers; `last` is the node that the next one will follow."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.last = ""
        self._mutations: list[VariableMutation] = []
        self._condition: VariableAssignment | None = None

    @property
    def is_ended(self) -> bool:
        """Whether the flow has reached an EXIT node: nothing can follow it."""
        return bool(self.last) and self.nodes[self.last].WhichOneof("node") == "exit"

    def add(self, label: str, node: Node) -> str:
        """Appends a node and returns its name. Only the NOP that closes a branch may come after an EXIT."""
        kind = node.WhichOneof("node")
        assert kind is not None, "a node has a kind"
        name = f"{len(self.nodes)}-{label}-{kind.upper()}"
        if self.is_ended and kind != "nop":
            raise WorkflowError(f"{label!r} comes after the end of the thread; move it before fail() or complete()")
        if self.last and not self.is_ended:
            self._leave(self.last, name, self._condition)
            self._condition = None
        self.nodes[name] = node
        self.last = name
        return name

    def mutate(self, mutation: VariableMutation) -> None:
        """Puts a mutation on the edge that will leave the last node."""
        if self.is_ended:
            raise WorkflowError(f"{mutation.lhs_name!r} cannot be changed after the end of the thread")
        self._mutations.append(mutation)

    def _leave(self, source: str, sink: str, condition: VariableAssignment | None = None) -> None:
        """Draws the edge that carries the pending mutations."""
        edge = Edge(sink_node_name=sink, variable_mutations=self._mutations, condition=condition)
        self.nodes[source].outgoing_edges.append(edge)
        self._mutations = []

    def _nop(self) -> str:
        return self.add("nop", Node(nop=NopNode()))

    def branch(self, condition: VariableAssignment, body: Draw) -> tuple[str, str]:
        """Draws `if condition: body` and returns its opening and closing NOP. The way around the body comes last."""
        opening = self._nop()
        self._condition = condition
        body()
        closing = self._nop()
        self.nodes[opening].outgoing_edges.append(Edge(sink_node_name=closing))
        return opening, closing

    def alternative(self, opening: str, closing: str, condition: VariableAssignment | None, body: Draw) -> None:
        """Adds `elif condition: body` (or `else`, without a condition) to a branch that was just drawn."""
        fork = self.nodes[opening].outgoing_edges
        way_around = fork.pop()
        body()
        if self.last == closing:
            self._leave(opening, closing, condition)
        else:
            to_body = self.nodes[closing].outgoing_edges.pop()
            fork.append(Edge(sink_node_name=to_body.sink_node_name, condition=condition))
            fork[-1].variable_mutations.extend(to_body.variable_mutations)
            if not self.is_ended:
                self._leave(self.last, closing)
        if condition is not None:
            fork.append(way_around)
        self.last = closing

    def loop(self, condition: VariableAssignment, otherwise: VariableAssignment | None, body: Draw) -> None:
        """Draws `while condition: body`. `otherwise` is the negated condition, if it can be written down."""
        opening = self._nop()
        body()
        closing = self._nop()
        into_body = self.nodes[opening].outgoing_edges
        into_body[0].condition.CopyFrom(condition)
        into_body.append(Edge(sink_node_name=closing, condition=otherwise))
        self.nodes[closing].outgoing_edges.append(Edge(sink_node_name=opening, condition=condition))
