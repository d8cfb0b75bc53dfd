from collections.abc import Callable

import pytest

from konik.api.pb.enums_pb2 import BOOL, INT, STR
from konik.api.pb.expressions_pb2 import ADD, AND, DIVIDE, LHPath, MapBuilder, StructBuilder, VariableAssignment
from konik.api.pb.values_pb2 import EQUALS, LESS_THAN, Comparator, VariableValue
from konik.api.pb.wf_spec_pb2 import LegacyEdgeCondition
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import Scope, condition, evaluate
from konik.statemachine.values.types import primitive
from konik.statemachine.values.value import NULL, of_bool, of_int, of_str

A = VariableAssignment
V = VariableValue
X = A(variable_name="x")


def literal(value: VariableValue) -> VariableAssignment:
    return A(literal_value=value)


def expression(left: VariableAssignment, right: VariableAssignment, **operation: int) -> VariableAssignment:
    return A(expression=A.Expression(lhs=left, rhs=right, **operation))  # type: ignore[arg-type]  # one of the two


@pytest.fixture
def scope(scope_of: Callable[..., Scope]) -> Scope:
    return scope_of(
        variables={"x": of_int(5), "j": V(json_obj='{"a": {"b": "7"}, "l": [1, 2]}'), "null": NULL, "s": of_str("a😀")},
        outputs={"task": V(json_arr="[3]")},
    )


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        pytest.param(literal(of_int(1)), of_int(1), id="literal"),
        pytest.param(literal(NULL), NULL, id="null-literal"),
        pytest.param(X, of_int(5), id="variable"),
        pytest.param(A(node_output=A.NodeOutputReference(node_name="task")), V(json_arr="[3]"), id="node-output"),
        pytest.param(
            A(node_output=A.NodeOutputReference(node_name="task"), json_path="$[0]"), of_int(3), id="output-path"
        ),
        pytest.param(A(variable_name="j", json_path="$.a.b"), of_str("7"), id="path"),
        pytest.param(A(variable_name="j", json_path="$.a"), V(json_obj='{"b":"7"}'), id="path-to-object"),
        pytest.param(A(variable_name="j", json_path="$.zzz"), NULL, id="path-to-nothing"),
        pytest.param(
            A(variable_name="j", json_path="$.a.b", target_type=primitive(INT)), of_int(7), id="source-path-cast"
        ),
        pytest.param(A(variable_name="x", target_type=primitive(STR)), of_str("5"), id="cast"),
        pytest.param(
            A(format_string=A.FormatString(format=literal(of_str("{0}-{1}")), args=[X, A(variable_name="s")])),
            of_str("5-a😀"),
            id="format",
        ),
        pytest.param(expression(X, literal(of_int(2)), mutation_type=ADD), of_int(7), id="operation"),
        pytest.param(expression(X, literal(of_int(2)), comparator=LESS_THAN), of_bool(False), id="comparison"),
        pytest.param(
            expression(expression(X, X, comparator=EQUALS), literal(of_bool(True)), mutation_type=AND),
            of_bool(True),
            id="nested-expression",
        ),
        pytest.param(A(size_of=A.SizeOf(operand=A(variable_name="s"))), of_int(3), id="size-in-utf-16-units"),
        pytest.param(A(size_of=A.SizeOf(operand=A(variable_name="j", json_path="$.l"))), of_int(2), id="size-of-list"),
    ],
)
def test_what_an_assignment_stands_for(assignment: VariableAssignment, expected: VariableValue, scope: Scope) -> None:
    assert evaluate(assignment, scope) == expected


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        pytest.param(A(), "VariableAssignment passed with missing source", id="no-source"),
        pytest.param(A(variable_name="nope"), "nope", id="unknown-variable"),
        pytest.param(A(node_output=A.NodeOutputReference(node_name="nap")), "nap has no output", id="no-output"),
        pytest.param(A(variable_name="x", json_path="$"), "Cannot jsonpath on INT", id="path-on-int"),
        pytest.param(A(variable_name="null", json_path="$"), "Cannot jsonpath on VALUE_NOT_SET", id="path-on-null"),
        pytest.param(A(variable_name="j", json_path="$."), "Failed accessing path $.", id="malformed-path"),
        pytest.param(
            A(variable_name="s", target_type=primitive(INT)),
            "Failed to cast value to INT: Cannot parse 'a😀' as INT.",
            id="cast",
        ),
        pytest.param(expression(X, literal(of_int(0)), mutation_type=DIVIDE), "Cannot divide by zero", id="operation"),
        pytest.param(expression(X, literal(of_str("5")), comparator=EQUALS), "Failed comparing", id="comparison"),
        pytest.param(expression(X, X), "missing operation", id="no-operation"),
        pytest.param(
            A(format_string=A.FormatString(format=X)), "Format String template isn't a STR but INT", id="template"
        ),
        pytest.param(A(size_of=A.SizeOf(operand=X)), "Cannot resolve size() for var of type INT", id="size-of-int"),
        pytest.param(
            A(size_of=A.SizeOf(operand=A(variable_name="j"))), "size() for var of type JSON_OBJ", id="size-of-object"
        ),
        pytest.param(A(struct_builder=StructBuilder()), "struct_builder", id="struct-builder"),
        pytest.param(A(map_builder=MapBuilder()), "map_builder", id="map-builder"),
        pytest.param(A(variable_name="x", lh_path=LHPath()), "lh_path", id="lh-path"),
    ],
)
def test_what_cannot_be_evaluated(assignment: VariableAssignment, message: str, scope: Scope) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(assignment, scope)
    assert message in str(caught.value)


def test_nothing_is_copied_that_needs_no_computing(scope: Scope) -> None:
    assert evaluate(X, scope) is scope.variable("x")


@pytest.mark.parametrize(("comparator", "holds"), [(EQUALS, True), (LESS_THAN, False)])
def test_both_forms_of_a_condition(comparator: Comparator, holds: bool, scope: Scope) -> None:
    legacy = LegacyEdgeCondition(comparator=comparator, left=X, right=literal(of_int(5)))
    assert condition(legacy, scope) is holds
    assert condition(expression(X, literal(of_int(5)), comparator=comparator), scope) is holds


@pytest.mark.parametrize("value", [NULL, of_str("true"), of_int(1)])
def test_a_condition_must_give_a_bool(value: VariableValue, scope: Scope) -> None:
    with pytest.raises(EvaluationError, match="does not resolve to a BOOL value"):
        condition(literal(value), scope)


def test_a_cast_condition_is_a_condition(scope: Scope) -> None:
    assert condition(A(literal_value=of_str("true"), target_type=primitive(BOOL)), scope)
