"""The edges of a node: they lead somewhere, their conditions are yes or no, their mutations fit their variables."""

from konik.api.pb.wf_spec_pb2 import Edge, Node
from konik.statemachine.plan.places import within
from konik.statemachine.plan.scope import ThreadScope
from konik.statemachine.rejection import invalid
from konik.statemachine.values import static


def check_edges(name: str, node: Node, scope: ThreadScope) -> None:
    """Raises INVALID_ARGUMENT. A node without edges, and two edges to the same node, are accepted."""
    for edge in node.outgoing_edges:
        with within(f"Edge with sink node {edge.sink_node_name} invalid"):
            _check_sink(name, edge, scope)
            _check_condition(edge, scope)
            for mutation in edge.variable_mutations:
                static.check_mutation(mutation, scope, name)


def _check_sink(source: str, edge: Edge, scope: ThreadScope) -> None:
    if edge.sink_node_name == source:
        raise invalid("Self loop not allowed!")
    if edge.sink_node_name not in scope.thread.nodes:
        raise invalid("There is no such node in this thread")
    if scope.thread.nodes[edge.sink_node_name].WhichOneof("node") == "entrypoint":
        raise invalid("No edge may lead to the ENTRYPOINT node")


def _check_condition(edge: Edge, scope: ThreadScope) -> None:
    match edge.WhichOneof("edge_condition"):
        case "condition":
            static.check_condition(edge.condition, scope)
        case "legacy_condition":
            static.check_condition(edge.legacy_condition, scope)
