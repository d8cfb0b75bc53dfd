"""Edges lead to a node, their conditions are truths, their mutations fit their variables."""

from typing import Any

import pytest
from google.protobuf import text_format

from konik.api.pb.enums_pb2 import BOOL, INT, JSON_ARR, JSON_OBJ, STR
from konik.statemachine.plan.check import check


@pytest.fixture
def with_edge(draft: Any) -> Any:
    """A draft in which a task that returns a text has an edge with the given content."""

    def make(edge: str) -> Any:
        draft.thread(
            "entrypoint",
            it="task { task_def_id { name: 'greet' } variables { literal_value { str: 'you' } } }",
        )
        for name, type in {"n": INT, "s": STR, "b": BOOL, "j": JSON_OBJ, "l": JSON_ARR}.items():
            draft.variable(name, type)
        text_format.Merge(edge, draft.node("it").outgoing_edges[0])
        return draft

    return make


@pytest.mark.parametrize(
    "sink, message",
    [
        pytest.param("it", "Self loop not allowed!", id="the node itself"),
        pytest.param("gone", "no such node", id="no node"),
        pytest.param("", "no such node", id="nothing"),
        pytest.param("a-start", "No edge may lead to the ENTRYPOINT node", id="the entrypoint"),
    ],
)
def test_an_edge_leads_to_another_node_behind_the_entrypoint(
    with_edge: Any, refusal: Any, sink: str, message: str
) -> None:
    draft = with_edge("")
    draft.node("it").outgoing_edges[0].sink_node_name = sink
    refused = refusal(draft.request)
    assert f"Node it invalid: Edge with sink node {sink} invalid: " in refused
    assert message in refused


def compare(left: str, comparator: str, right: str, old: bool = False) -> str:
    sides = f"left {{ {left} }} right {{ {right} }}" if old else f"lhs {{ {left} }} rhs {{ {right} }}"
    comparison = f"{{ comparator: {comparator} {sides} }}"
    return f"legacy_condition {comparison}" if old else f"condition {{ expression {comparison} }}"


N, S, B, J = (f"variable_name: '{name}'" for name in "nsbj")
LITERAL = "literal_value { int: 1 }"


def mutate(name: str, operation: str, right: str, more: str = "") -> str:
    return f"variable_mutations {{ lhs_name: '{name}' operation: {operation} {right} {more} }}"


def assign(right: str) -> str:
    return f"rhs_assignment {{ {right} }}"


REFUSED = {
    "a condition that is a number": (f"condition {{ {N} }}", "Does not resolve to a BOOL value"),
    "a condition without source": ("condition {}", "missing source"),
    "a condition that is a sum": (
        f"condition {{ expression {{ lhs {{ {N} }} mutation_type: ADD rhs {{ {N} }} }} }}",
        "Does not resolve to a BOOL value",
    ),
    "sizes of objects": (compare(S, "LESS_THAN", J), "You cannot compare RHS type JSON_OBJ using Comparator"),
    "equality of kinds": (compare(J, "EQUALS", S), "You can only compare LHS type JSON_OBJ with its own type"),
    "being in a number": (compare(N, "IN", N), "You cannot compare RHS type INT using Comparator"),
    "the same in its old form": (compare(N, "IN", N, old=True), "You cannot compare RHS type INT using Comparator"),
    "an old condition without sides": ("legacy_condition {}", "missing source"),
    "text for a number": (mutate("n", "ASSIGN", assign(S)), "Cannot assign STR to INT without explicit casting."),
    "an impossible cast": (
        mutate("b", "ASSIGN", assign(N + " target_type { primitive_type: BOOL }")),
        "Cannot cast from INT to BOOL. This conversion is not supported.",
    ),
    "multiplied text": (mutate("s", "MULTIPLY", assign(N)), "Cannot multiply to a STR"),
    "an output of the wrong type": (mutate("n", "ASSIGN", "node_output {}"), "Cannot assign STR to INT"),
    "an old literal of the wrong type": (
        mutate("n", "ASSIGN", "literal_value { str: 'a' }"),
        "Cannot assign STR to INT",
    ),
    "a mutation without right side": (mutate("n", "ASSIGN", ""), "missing right side"),
    "an expression of the wrong type": (
        mutate("n", "ASSIGN", assign(f"expression {{ lhs {{ {S} }} mutation_type: ADD rhs {{ {N} }} }}")),
        "Cannot assign STR to INT",
    ),
    "an unknown node behind a path": (
        mutate("j", "ASSIGN", assign("node_output { node_name: 'gone' }"), "lhs_json_path: '$.a'"),
        "gone not present",
    ),
}

ACCEPTED = {
    "a truth": f"condition {{ {B} }}",
    "an unknown type": f"condition {{ {J} json_path: '$.a' }}",
    "both of two truths": f"condition {{ expression {{ lhs {{ {B} }} mutation_type: AND rhs {{ {B} }} }} }}",
    "mixed magnitudes are left to run time": compare(N, "EQUALS", S),
    "comparison with NULL": compare(J, "EQUALS", "literal_value {}"),
    "being in a list": compare(N, "IN", "variable_name: 'l'"),
    "an old comparison": compare(N, "LESS_THAN", LITERAL, old=True),
    "a number for a text": mutate("s", "ASSIGN", assign(N)),
    "an output": mutate("s", "ASSIGN", "node_output {}"),
    "an output behind a path": mutate("n", "ASSIGN", "node_output { jsonpath: '$.a' }"),
    "an old literal": mutate("n", "ADD", LITERAL),
    "anything into a path": mutate("j", "ADD", assign(S), "lhs_json_path: '$.a'"),
    "an unknown type into a number": mutate("n", "ASSIGN", assign(f"{J} json_path: '$.a'")),
    "several in a row": mutate("n", "ADD", assign(LITERAL)) + mutate("l", "ADD", assign(N)),
}


@pytest.mark.parametrize("edge, message", REFUSED.values(), ids=REFUSED.keys())
def test_an_edge_that_can_never_be_taken_is_refused(with_edge: Any, refusal: Any, edge: str, message: str) -> None:
    refused = refusal(with_edge(edge).request)
    assert "ThreadSpec entrypoint invalid: Node it invalid: Edge with sink node z-end invalid: " in refused
    assert message in refused


@pytest.mark.parametrize("edge", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_an_edge_that_may_be_taken_is_accepted(with_edge: Any, definitions: Any, edge: str) -> None:
    check(with_edge(edge).request, definitions)


def test_a_mutation_is_told_with_its_variable(with_edge: Any, refusal: Any) -> None:
    assert "Mutation of variable s invalid: " in refusal(with_edge(mutate("s", "MULTIPLY", assign(N))).request)


def test_two_edges_may_lead_to_the_same_node(draft: Any, definitions: Any) -> None:
    draft.node("a-start").outgoing_edges.add(sink_node_name="z-end")
    check(draft.request, definitions)


def test_edges_may_form_a_loop(draft: Any, definitions: Any) -> None:
    draft.thread("entrypoint", one="nop {}", two="nop {}")
    draft.node("two").outgoing_edges.add(sink_node_name="one")
    check(draft.request, definitions)
