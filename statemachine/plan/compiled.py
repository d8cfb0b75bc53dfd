"""A WfSpec made ready for running: what the engine looks up at each step, found out once."""

from dataclasses import dataclass, field

from konik.api.pb.enums_pb2 import RUNNING
from konik.api.pb.ids_pb2 import WfSpecId
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.wf_spec_pb2 import Node, ThreadSpec, ThreadVarDef, WfSpec
from konik.statemachine.plan.references import node_outputs_used


@dataclass(slots=True)
class NodePlan:
    """One node. `kind` is the name of its case in the contract (`task`, `external_event`, …); `fresh` is what all its
    NodeRuns have in common when a thread arrives: to be copied only."""

    name: str
    kind: str
    node: Node
    fresh: NodeRun


@dataclass(slots=True)
class ThreadPlan:
    """One ThreadSpec. `outputs_kept` names the nodes whose output is asked for after they have been left."""

    name: str
    spec: ThreadSpec
    entrypoint: str = ""
    nodes: dict[str, NodePlan] = field(default_factory=dict)
    variables: dict[str, ThreadVarDef] = field(default_factory=dict)
    outputs_kept: frozenset[str] = frozenset()


class Plan:
    """A registered WfSpec, compiled."""

    def __init__(self, spec: WfSpec) -> None:
        self.spec = spec
        self.threads = {name: _thread(spec.id, name, thread) for name, thread in sorted(spec.thread_specs.items())}
        self.entrypoint = self.threads[spec.entrypoint_thread_name]
        self.variables: dict[str, ThreadVarDef] = {}
        for thread in self.threads.values():
            self.variables.update(thread.variables)


def _thread(wf_spec_id: WfSpecId, name: str, spec: ThreadSpec) -> ThreadPlan:
    plan = ThreadPlan(name, spec)
    for node_name, node in sorted(spec.nodes.items()):
        kind = node.WhichOneof("node")
        if kind is None:
            raise ValueError(f"node {node_name} of thread {name} has no type; registration refuses such WfSpecs")
        fresh = NodeRun(wf_spec_id=wf_spec_id, thread_spec_name=name, node_name=node_name, status=RUNNING)
        plan.nodes[node_name] = NodePlan(node_name, kind, node, fresh)
        if kind == "entrypoint":
            plan.entrypoint = node_name
    plan.variables = {variable.var_def.name: variable for variable in spec.variable_defs}
    plan.outputs_kept = frozenset(name for node in plan.nodes.values() for name in _outputs_used(node))
    return plan


def _outputs_used(plan: NodePlan) -> set[str]:
    """The nodes whose kept outputs this one asks for, on arrival, in its work or on its edges.

    On its edges its own output is at hand, unless it failed and a handler has seen to that: then it is an earlier one.
    """
    work, edges = Node(), Node()
    work.CopyFrom(plan.node)
    work.ClearField("outgoing_edges")
    edges.outgoing_edges.extend(plan.node.outgoing_edges)
    on_edges = node_outputs_used(edges)
    if not plan.node.failure_handlers:
        on_edges.discard(plan.name)
    return node_outputs_used(work) | on_edges
