"""What a type of node is: the functions that the engine calls while a thread stands at such a node.

Each type is a file in `nodes/` that registers itself under the name of its case in the contract.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_run_pb2 import ThreadRun
from konik.statemachine.plan.compiled import NodePlan
from konik.statemachine.run.run import Run


@dataclass(slots=True)
class At:
    """A thread at a node. `work` is what `proceed` has looked up, for `output` to use."""

    run: Run
    thread: ThreadRun
    node_run: NodeRun
    plan: NodePlan
    work: Any = None


def _nothing(at: At) -> None:
    del at


def _no_output(at: At) -> VariableValue | None:
    del at
    return None


def _at_once(at: At) -> bool:
    del at
    return True


@dataclass(frozen=True, slots=True)
class NodeType:
    """`arrive` is called once, `proceed` once per pass until it says that the work is done; both may raise NodeFailure.

    `output` is what other nodes may refer to. `can_halt` says whether the work can stop now. `ended` is called when
    the NodeRun has ended in whatever way, to take back what `arrive` has announced elsewhere. `always_waits` says that
    the work is never done when `arrive` returns: something outside has to happen first.
    """

    kind: str
    arrive: Callable[[At], None] = _nothing
    proceed: Callable[[At], bool] = _at_once
    output: Callable[[At], VariableValue | None] = _no_output
    can_halt: Callable[[At], bool] = _at_once
    ended: Callable[[At], None] = _nothing
    always_waits: bool = False


NODE_TYPES: dict[str, NodeType] = {}


def register(node_type: NodeType) -> NodeType:
    if node_type.kind in NODE_TYPES:
        raise ValueError(f"the node type {node_type.kind} is registered twice")
    NODE_TYPES[node_type.kind] = node_type
    return node_type
