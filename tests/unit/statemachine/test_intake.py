"""What no definition may contain, whatever it means."""

from typing import Any

import pytest
from google.protobuf import text_format
from google.protobuf.descriptor_pool import Default

from konik.api.pb.enums_pb2 import INT, JSON_OBJ
from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest, PutWorkflowEventDefRequest
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.statemachine import limits
from konik.statemachine.intake import NOT_BUILT, NUMBERS_NOT_BUILT, PLACES, admitted
from konik.statemachine.rejection import Code, Rejection


def refusal(definition: Any) -> Rejection:
    with pytest.raises(Rejection) as refused:
        admitted(definition, "It")
    return refused.value


def content(text: str) -> str:
    """A WfSpec whose EXIT node returns the given assignment."""
    node = f"exit {{ return_content {{ {text} }} }}"
    return f"thread_specs {{ key: 't' value {{ nodes {{ key: 'n' value {{ {node} }} }} }} }}"


def variable(type: str) -> str:
    return f"thread_specs {{ key: 't' value {{ variable_defs {{ var_def {{ name: 'v' type_def {{ {type} }} }} }} }} }}"


def edge(mutation: str) -> str:
    return (
        "thread_specs { key: 't' value { nodes { key: 'n' value {"
        f" outgoing_edges {{ sink_node_name: 's' variable_mutations {{ {mutation} }} }} }} }} }} }}"
    )


UNBUILT = {
    "retention": ("retention_policy {}", "It: retention policy"),
    "retention of threads": ("thread_specs { key: 't' value { retention_policy {} } }", "It: ThreadSpec t: retention"),
    "parents": ("parent_wf_spec {}", "It: parent WfSpec"),
    "interrupts": ("thread_specs { key: 't' value { interrupt_defs {} } }", "It: ThreadSpec t: interrupt"),
    "struct types": (variable("struct_def_id {}"), "It: ThreadSpec t: Variable v: STRUCT type"),
    "array types": (variable("inline_array_def {}"), "It: ThreadSpec t: Variable v: ARRAY type"),
    "map types": (variable("inline_map_def {}"), "It: ThreadSpec t: Variable v: MAP type"),
    "nameless structs": (variable("inline_struct_def {}"), "It: ThreadSpec t: Variable v: inline_struct_def"),
    "struct values": (content("literal_value { struct {} }"), "It: ThreadSpec t: Node n: STRUCT value"),
    "array values": (content("literal_value { array {} }"), "It: ThreadSpec t: Node n: ARRAY value"),
    "map values": (content("literal_value { map {} }"), "It: ThreadSpec t: Node n: MAP value"),
    "paths": (content("variable_name: 'v' lh_path {}"), "It: ThreadSpec t: Node n: LHPath"),
    "struct builders": (content("struct_builder {}"), "It: ThreadSpec t: Node n: struct builder"),
    "map builders": (content("map_builder {}"), "It: ThreadSpec t: Node n: map builder"),
    "deep inside": (
        content("expression { lhs { size_of { operand { map_builder {} } } } }"),
        "It: ThreadSpec t: Node n: map builder",
    ),
    "casts to structs": (content("target_type { struct_def_id {} }"), "It: ThreadSpec t: Node n: STRUCT type"),
    "paths as targets": (
        edge("lhs_lh_path {}"),
        "It: ThreadSpec t: Node n: Edge with sink node s: LHPath",
    ),
    "paths into outputs": (
        edge("node_output { lh_path {} }"),
        "It: ThreadSpec t: Node n: Edge with sink node s: LHPath",
    ),
    "struct builders in mutations": (
        edge("rhs_assignment { struct_builder {} }"),
        "It: ThreadSpec t: Node n: Edge with sink node s: struct builder",
    ),
}


@pytest.mark.parametrize("text, place", UNBUILT.values(), ids=UNBUILT.keys())
def test_what_is_not_built_is_named_with_its_place(text: str, place: str) -> None:
    refused = refusal(text_format.Parse(text, PutWfSpecRequest()))
    assert refused.code == Code.UNIMPLEMENTED
    assert refused.message.startswith(place)
    assert refused.message.endswith("is not implemented by this server yet")


@pytest.mark.parametrize(
    "definition, place",
    [
        pytest.param(
            text_format.Parse("input_vars { name: 'i' type_def { struct_def_id {} } }", PutTaskDefRequest()),
            "It: Input variable i: STRUCT type",
            id="the input of a task",
        ),
        pytest.param(
            text_format.Parse("return_type { return_type { inline_map_def {} } }", PutTaskDefRequest()),
            "It: MAP type",
            id="the output of a task",
        ),
        pytest.param(
            text_format.Parse("content_type { return_type { inline_array_def {} } }", PutExternalEventDefRequest()),
            "It: ARRAY type",
            id="the content of an external event",
        ),
        pytest.param(
            text_format.Parse("content_type { return_type { struct_def_id {} } }", PutWorkflowEventDefRequest()),
            "It: STRUCT type",
            id="the content of a workflow event",
        ),
    ],
)
def test_types_that_are_not_built_are_refused_in_every_definition(definition: Any, place: str) -> None:
    refused = refusal(definition)
    assert refused.code == Code.UNIMPLEMENTED
    assert refused.message.startswith(place)


def test_the_tables_name_parts_of_the_contract() -> None:
    for message in NOT_BUILT:
        Default().FindMessageTypeByName(message)
    for field in PLACES:
        Default().FindFieldByName(field)
    for enum, number in NUMBERS_NOT_BUILT:
        assert number in Default().FindEnumTypeByName(f"konik.v1.{enum}").values_by_number


@pytest.mark.parametrize(
    "text, message",
    [
        pytest.param("allowed_updates: 9", "It: 9 is no AllowedUpdateType", id="of the request"),
        pytest.param(variable("primitive_type: 77"), "It: ThreadSpec t: Variable v: 77 is no VariableType", id="type"),
        pytest.param(
            content("expression { comparator: 8 }"), "It: ThreadSpec t: Node n: 8 is no Comparator", id="comparator"
        ),
        pytest.param(
            edge("operation: 12"),
            "It: ThreadSpec t: Node n: Edge with sink node s: 12 is no VariableMutationType",
            id="operation",
        ),
    ],
)
def test_a_number_that_the_contract_does_not_know_is_refused(text: str, message: str) -> None:
    refused = refusal(text_format.Parse(text, PutWfSpecRequest()))
    assert refused.code == Code.INVALID_ARGUMENT
    assert refused.message == message


def nested(depth: int) -> PutWfSpecRequest:
    """A request in which an assignment has `depth` more inside of it, two messages each."""
    request = PutWfSpecRequest()
    inner = request.thread_specs["t"].nodes["n"].exit.return_content
    for _ in range(depth):
        inner = inner.size_of.operand
    inner.literal_value.int = 1
    return request


def test_a_definition_may_be_nested_up_to_the_limit() -> None:
    # The request, thread, node, exit, the outermost assignment and the innermost value are messages too.
    deepest = (limits.DEFINITION_DEPTH_MAX - 6) // 2
    admitted(nested(deepest), "It")
    refused = refusal(nested(deepest + 1))
    assert refused.code == Code.INVALID_ARGUMENT
    assert f"nested deeper than {limits.DEFINITION_DEPTH_MAX} messages" in refused.message


def test_a_definition_may_have_parts_up_to_the_limit() -> None:
    request = PutTaskDefRequest()
    for _ in range(limits.DEFINITION_MESSAGES_MAX - 1):
        request.input_vars.add()
    admitted(request, "It")
    request.input_vars.add()
    refused = refusal(request)
    assert refused.code == Code.INVALID_ARGUMENT
    assert refused.message == f"It has more than {limits.DEFINITION_MESSAGES_MAX} parts"


@pytest.mark.parametrize(
    "value, message",
    [
        pytest.param("json_obj: '{'", "Error deserializing JSON Obj", id="no JSON"),
        pytest.param("json_arr: '{}'", "Error deserializing JSON Arr", id="another kind of JSON"),
        pytest.param('json_obj: \'{"a": 1, "a": 2}\'', "given twice", id="a member twice"),
        pytest.param("utc_timestamp { seconds: 999999999999 }", "TIMESTAMP", id="a moment out of range"),
    ],
)
def test_a_value_that_is_none_is_refused(value: str, message: str) -> None:
    refused = refusal(text_format.Parse(content(f"literal_value {{ {value} }}"), PutWfSpecRequest()))
    assert refused.code == Code.INVALID_ARGUMENT
    assert message in refused.message


def test_the_deprecated_type_of_a_variable_wins() -> None:
    request = text_format.Parse(
        "input_vars { name: 'i' type: INT masked_value: true type_def { primitive_type: STR } } input_vars {}",
        PutTaskDefRequest(),
    )
    old, untyped = admitted(request, "It").input_vars
    assert old.type_def.primitive_type == INT
    assert old.type_def.masked
    assert not old.HasField("type")
    assert not old.HasField("masked_value")
    assert untyped.type_def.HasField("primitive_type")
    assert untyped.type_def.primitive_type == JSON_OBJ
