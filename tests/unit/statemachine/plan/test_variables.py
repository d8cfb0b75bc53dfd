"""Each variable is declared once, with a default of its type, and none is used that nobody declares."""

from typing import Any

import pytest
from google.protobuf import text_format

from konik.api.pb.enums_pb2 import BOOL, DOUBLE, INT, JSON_OBJ, STR, TIMESTAMP
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_spec_pb2 import INHERITED_VAR
from konik.statemachine.plan.check import check
from konik.statemachine.rejection import Code


def test_a_name_is_declared_once_in_a_thread(draft: Any, refusal: Any) -> None:
    draft.variable("n", INT)
    draft.variable("n", INT)
    assert refusal(draft.request) == ("Var name n defined in thread entrypoint is already defined in thread entrypoint")


def test_a_name_is_declared_once_in_all_threads(draft: Any, refusal: Any) -> None:
    draft.thread("child")
    draft.variable("n", INT)
    draft.variable("n", INT, thread="child")
    assert refusal(draft.request) == "Var name n defined in thread entrypoint is already defined in thread child"


def test_only_input_may_be_declared_by_several_threads(draft: Any, definitions: Any) -> None:
    draft.thread("child")
    draft.variable("INPUT", INT)
    draft.variable("INPUT", STR, thread="child")
    check(draft.request, definitions)


def test_even_input_is_declared_once_in_a_thread(draft: Any, refusal: Any) -> None:
    draft.variable("INPUT", INT)
    draft.variable("INPUT", INT)
    assert "Var name INPUT" in refusal(draft.request)


PLACES = {
    "a task argument": "task { task_def_id { name: 'greet' } variables { variable_name: 'x' } }",
    "the name of a dynamic task": "task { dynamic_task { variable_name: 'x' } }",
    "a sleep": "sleep { raw_seconds { variable_name: 'x' } }",
    "a timeout": "external_event { timeout_seconds { variable_name: 'x' } }",
    "a correlation key": "external_event { correlation_key { variable_name: 'x' } }",
    "returned content": "exit { return_content { variable_name: 'x' } }",
    "the content of a failure": "exit { failure_def { failure_name: 'oops' content { variable_name: 'x' } } }",
    "a condition": "nop {} outgoing_edges { sink_node_name: 'z-end' condition { variable_name: 'x' } }",
    "an old condition": (
        "nop {} outgoing_edges { sink_node_name: 'z-end' legacy_condition {"
        " comparator: EQUALS left { variable_name: 'x' } right { literal_value {} } } }"
    ),
    "the target of a mutation": (
        "nop {} outgoing_edges { sink_node_name: 'z-end' variable_mutations {"
        " lhs_name: 'x' rhs_assignment { literal_value {} } } }"
    ),
    "the source of a mutation": (
        "nop {} outgoing_edges { sink_node_name: 'z-end' variable_mutations {"
        " lhs_name: 'known' rhs_assignment { variable_name: 'x' } } }"
    ),
    "inside an expression": (
        "exit { return_content { expression { lhs { variable_name: 'x' } mutation_type: ADD"
        " rhs { literal_value { int: 1 } } } } }"
    ),
    "a format string": (
        "exit { return_content { format_string {"
        " format { literal_value { str: '{0}' } } args { variable_name: 'x' } } } }"
    ),
    "a size": "exit { return_content { size_of { operand { variable_name: 'x' } } } }",
    "behind a JSON path": "exit { return_content { variable_name: 'x' json_path: '$.a' } }",
}


@pytest.mark.parametrize("node", PLACES.values(), ids=PLACES.keys())
def test_a_variable_that_nobody_declares_is_refused_wherever_it_stands(draft: Any, refusal: Any, node: str) -> None:
    draft.thread("entrypoint", it=node)
    draft.variable("known", STR)
    assert refusal(draft.request) == "Thread entrypoint refers to missing var x"


def test_a_variable_of_any_other_thread_may_be_used(draft: Any, definitions: Any) -> None:
    draft.thread("child")
    draft.variable("x", INT, thread="child")
    draft.thread("entrypoint", it="sleep { raw_seconds { variable_name: 'x' } }")
    check(draft.request, definitions)


def test_the_type_of_input_is_that_of_the_own_thread(draft: Any, refusal: Any) -> None:
    draft.thread("child", it="sleep { raw_seconds { variable_name: 'INPUT' } }")
    draft.variable("INPUT", INT)
    draft.variable("INPUT", STR, thread="child")
    assert "ThreadSpec child invalid: Node it invalid: Invalid value" in refusal(draft.request)


FITTING = {
    "the same type": (STR, "str: 'a'", "str: 'a'"),
    "a whole number for a double": (DOUBLE, "int: 5", "double: 5.0"),
    "a number for a text": (STR, "int: 5", "str: '5'"),
    "NULL for anything": (INT, "", ""),
    "JSON": (JSON_OBJ, "json_obj: '{ }'", "json_obj: '{}'"),
}


@pytest.mark.parametrize("type, given, stored", FITTING.values(), ids=FITTING.keys())
def test_a_default_gets_the_declared_type(draft: Any, definitions: Any, type: Any, given: str, stored: str) -> None:
    text_format.Parse(given, draft.variable("x", type).var_def.default_value)
    spec = check(draft.request, definitions)
    default = spec.thread_specs["entrypoint"].variable_defs[0].var_def.default_value
    assert default == text_format.Parse(stored, VariableValue())


UNFITTING = {
    "text for a number": (INT, "str: '5'", "x should be INT but is STR"),
    "a double for a whole number": (INT, "double: 5", "x should be INT but is DOUBLE"),
    "a number for a moment": (TIMESTAMP, "int: 5", "x should be TIMESTAMP but is INT"),
    "a number for a truth": (BOOL, "int: 0", "x should be BOOL but is INT"),
    "a list for an object": (JSON_OBJ, "json_arr: '[]'", "x should be JSON_OBJ but is JSON_ARR"),
    "malformed JSON": (JSON_OBJ, "json_obj: '{'", "Error deserializing JSON Obj"),
}


@pytest.mark.parametrize("type, given, message", UNFITTING.values(), ids=UNFITTING.keys())
def test_a_default_of_another_type_is_refused(draft: Any, refusal: Any, type: Any, given: str, message: str) -> None:
    text_format.Parse(given, draft.variable("x", type).var_def.default_value)
    assert message in refusal(draft.request)


def test_an_inherited_variable_is_not_built(draft: Any, refusal: Any) -> None:
    draft.variable("x", INT, access_level=INHERITED_VAR)
    message = refusal(draft.request, Code.UNIMPLEMENTED)
    assert message.startswith("WfSpec wf: ThreadSpec entrypoint: Variable x: INHERITED_VAR is not implemented")
