"""WfSpecs to check: a draft with one node or some between ENTRYPOINT and EXIT, and definitions to refer to."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import text_format

from konik.api.pb.enums_pb2 import INT, STR, VariableType
from konik.api.pb.external_event_pb2 import ExternalEventDef
from konik.api.pb.metadata_requests_pb2 import PutWfSpecRequest
from konik.api.pb.task_def_pb2 import TaskDef
from konik.api.pb.wf_spec_pb2 import PRIVATE_VAR, Node, ThreadSpec, ThreadVarDef
from konik.statemachine.plan.check import check
from konik.statemachine.rejection import Code, Rejection


class Draft:
    """A PutWfSpec request under construction. Nodes are written in protobuf's text format."""

    def __init__(self) -> None:
        self.request = PutWfSpecRequest(name="wf", entrypoint_thread_name="entrypoint")
        self.thread("entrypoint")

    def thread(self, name: str, **nodes: str) -> ThreadSpec:
        """Nodes in a row, after the ENTRYPOINT `a-start` and before the EXIT `z-end`."""
        thread = self.request.thread_specs[name]
        thread.nodes.clear()
        row = {"a-start": "entrypoint {}", **nodes, "z-end": "exit {}"}
        for node, text in row.items():
            text_format.Parse(text, thread.nodes[node])
        for node, sink in zip(row, list(row)[1:], strict=False):
            thread.nodes[node].outgoing_edges.add(sink_node_name=sink)
        return thread

    def node(self, name: str, thread: str = "entrypoint") -> Node:
        return self.request.thread_specs[thread].nodes[name]

    def variable(self, name: str, type: VariableType, thread: str = "entrypoint", **more: Any) -> ThreadVarDef:
        variable = self.request.thread_specs[thread].variable_defs.add(**{"access_level": PRIVATE_VAR, **more})
        variable.var_def.name = name
        variable.var_def.type_def.primitive_type = type
        return variable


class Registered:
    """Tasks `greet` (STR to STR), `add` (INT, INT to INT), `fire` (nothing to nothing); events `go` and `count`."""

    def __init__(self) -> None:
        self.task_defs = {
            "greet": _task_def("greet", STR, who=STR),
            "add": _task_def("add", INT, left=INT, right=INT),
            "fire": _task_def("fire", None),
        }
        self.event_defs = {"go": ExternalEventDef(), "count": ExternalEventDef()}
        self.event_defs["count"].type_information.return_type.primitive_type = INT

    def task_def(self, name: str) -> TaskDef | None:
        return self.task_defs.get(name)

    def external_event_def(self, name: str) -> ExternalEventDef | None:
        return self.event_defs.get(name)


def _task_def(name: str, returned: VariableType | None, **inputs: VariableType) -> TaskDef:
    made = TaskDef()
    made.id.name = name
    made.return_type.SetInParent()
    if returned is not None:
        made.return_type.return_type.primitive_type = returned
    for input, type in inputs.items():
        made.input_vars.add(name=input).type_def.primitive_type = type
    return made


@pytest.fixture
def draft() -> Draft:
    return Draft()


@pytest.fixture
def definitions() -> Registered:
    return Registered()


@pytest.fixture
def refusal(definitions: Registered) -> Callable[..., str]:
    """The message with which a request is refused."""

    def refuse(request: PutWfSpecRequest, code: Code = Code.INVALID_ARGUMENT) -> str:
        with pytest.raises(Rejection) as refused:
            check(request, definitions)
        assert refused.value.code == code, refused.value.message
        return refused.value.message

    return refuse
