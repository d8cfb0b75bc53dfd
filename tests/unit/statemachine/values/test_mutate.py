from collections.abc import Callable

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from konik.api.pb.enums_pb2 import DOUBLE, INT, JSON_ARR, JSON_OBJ, STR
from konik.api.pb.expressions_pb2 import (
    ADD,
    ASSIGN,
    DIVIDE,
    EXTEND,
    MULTIPLY,
    LHPath,
    VariableAssignment,
    VariableMutation,
    VariableMutationType,
)
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import Scope
from konik.statemachine.values.mutate import apply_mutations
from konik.statemachine.values.types import primitive
from konik.statemachine.values.value import NULL, of_bytes, of_double, of_int, of_json_arr, of_json_obj, of_str

M = VariableMutation
V = VariableValue
DECLARED = {
    "n": primitive(INT),
    "d": primitive(DOUBLE),
    "s": primitive(STR),
    "j": primitive(JSON_OBJ),
    "l": primitive(JSON_ARR),
    "empty": primitive(JSON_OBJ),
}


@pytest.fixture
def scope(scope_of: Callable[..., Scope]) -> Scope:
    return scope_of(
        variables={
            "n": of_int(5),
            "d": of_double(5.0),
            "s": of_str("a"),
            "j": of_json_obj('{"count": 1, "name": "x", "null": null, "in": {"k": 1}, "list": [1, 2]}'),
            "l": of_json_arr("[1, {}]"),
            "empty": NULL,
        },
        outputs={"left": of_json_obj('{"out": 9}')},
    )


def mutation(name: str, operation: VariableMutationType, value: VariableValue, path: str | None = None) -> M:
    return M(
        lhs_name=name, operation=operation, rhs_assignment=VariableAssignment(literal_value=value), lhs_json_path=path
    )


def apply(scope: Scope, *mutations: M) -> dict[str, VariableValue]:
    return apply_mutations(mutations, scope, DECLARED.get, "left")


def test_mutations_see_what_those_before_them_did(scope: Scope) -> None:
    n = VariableAssignment(variable_name="n")
    written = apply(
        scope,
        mutation("n", ADD, of_int(1)),
        mutation("n", MULTIPLY, of_int(2)),
        M(lhs_name="d", operation=ASSIGN, rhs_assignment=n),
    )
    assert written == {"n": of_int(12), "d": of_double(12.0)}
    assert list(written) == ["n", "d"]
    assert scope.variable("n") == of_int(5)


def test_one_failure_leaves_no_mutation(scope: Scope) -> None:
    with pytest.raises(EvaluationError) as caught:
        apply(scope, mutation("n", ADD, of_int(1)), mutation("d", DIVIDE, of_int(0)))
    assert str(caught.value) == "Mutating variable d with operation DIVIDE: Cannot divide by zero"


@pytest.mark.parametrize(
    ("right_side", "expected"),
    [
        pytest.param({"literal_value": of_int(3)}, of_int(3), id="literal"),
        pytest.param({"node_output": M.NodeOutputSource(jsonpath="$.out")}, of_int(9), id="output-path"),
        pytest.param({"rhs_assignment": {"literal_value": of_str("4")}}, of_int(4), id="assignment"),
    ],
)
def test_every_form_of_the_right_side(right_side: dict[str, object], expected: VariableValue, scope: Scope) -> None:
    assert apply(scope, M(lhs_name="n", operation=ASSIGN, **right_side)) == {"n": expected}  # type: ignore[arg-type]  # one of three


def test_the_output_of_the_node_being_left_as_it_is(scope: Scope) -> None:
    written = apply(scope, M(lhs_name="j", operation=ASSIGN, node_output=M.NodeOutputSource()))
    assert written == {"j": of_json_obj('{"out": 9}')}


@pytest.mark.parametrize(
    ("name", "operation", "value", "expected"),
    [
        pytest.param("n", ADD, of_double(0.9), of_int(5), id="int-is-truncated"),
        pytest.param("d", DIVIDE, of_int(2), of_double(2.5), id="double-stays"),
        pytest.param("s", ASSIGN, of_int(5), of_str("5"), id="str-takes-text"),
        pytest.param("empty", ASSIGN, of_json_obj('{"a": 1}'), of_json_obj('{"a": 1}'), id="text-is-kept"),
        pytest.param("n", ASSIGN, NULL, NULL, id="null-is-stored"),
    ],
)
def test_the_new_value_has_the_declared_type(
    name: str, operation: VariableMutationType, value: VariableValue, expected: VariableValue, scope: Scope
) -> None:
    assert apply(scope, mutation(name, operation, value)) == {name: expected}


@pytest.mark.parametrize(
    ("path", "operation", "value", "member"),
    [
        pytest.param("$.count", ADD, of_int(2), '"count":3', id="member"),
        pytest.param("$.count", ASSIGN, of_double(2.5), '"count":2', id="member-keeps-its-type"),
        pytest.param("$.name", ASSIGN, of_json_obj('{"a":1}'), '"name":"{\\"a\\":1}"', id="text-stays-text"),
        pytest.param("$.zzz", ADD, of_int(7), '"zzz":7', id="missing-ignores-the-operation"),
        pytest.param("$.null", MULTIPLY, of_str("a"), '"null":"a"', id="null-ignores-the-operation"),
        pytest.param("$.in.new", ASSIGN, NULL, '"new":null', id="null-is-stored"),
        pytest.param("$.list[0]", ADD, of_int(9), '"list":[10,2]', id="element"),
        pytest.param("$.list", EXTEND, of_json_arr("[3]"), '"list":[1,2,3]', id="list"),
        pytest.param("$.new", ASSIGN, of_bytes(b"\xff"), '"new":"/w=="', id="bytes-in-base64"),
        pytest.param(
            "$.new", ASSIGN, V(utc_timestamp=Timestamp(seconds=0)), '"new":"1970-01-01T00:00:00Z"', id="timestamp"
        ),
        pytest.param("$.new", ASSIGN, V(wf_run_id=WfRunId(id="w")), '"new":"w"', id="wf-run-id"),
    ],
)
def test_one_member_is_mutated(
    path: str, operation: VariableMutationType, value: VariableValue, member: str, scope: Scope
) -> None:
    written = apply(scope, mutation("j", operation, value, path))
    assert member in written["j"].json_obj
    assert written["j"].json_obj.startswith('{"count":')


@pytest.mark.parametrize(
    ("name", "path", "value", "message"),
    [
        pytest.param("j", "$.count", of_str("x"), "Cannot parse 'x' as INT.", id="text-over-int"),
        pytest.param("j", "$.zzz.y", of_int(1), "Missing property", id="missing-parent"),
        pytest.param("j", "$.count.y", of_int(1), "no such member", id="scalar-parent"),
        pytest.param("j", "$.list[2]", of_int(1), "no such member", id="index-at-the-end"),
        pytest.param("j", "$.list[*]", of_int(1), "Coercing from INT to JSON_ARR", id="scalar-over-several"),
        pytest.param("j", "$", of_json_obj("{}"), "can be set", id="root"),
        pytest.param("j", "$.", of_int(1), "Failed accessing path", id="malformed"),
        pytest.param("empty", "$.a", of_int(1), "Cannot jsonpath on VALUE_NOT_SET", id="null-variable"),
        pytest.param("n", "$.a", of_int(1), "Cannot jsonpath on INT", id="int-variable"),
        pytest.param("j", "$.new", of_double(float("nan")), "NaN", id="nan"),
    ],
)
def test_what_cannot_be_set_in_a_member(name: str, path: str, value: VariableValue, message: str, scope: Scope) -> None:
    with pytest.raises(EvaluationError) as caught:
        apply(scope, mutation(name, ASSIGN, value, path))
    assert str(caught.value).startswith(f"Mutating variable {name} with operation ASSIGN: ")
    assert message in str(caught.value)


def test_a_variable_out_of_scope_cannot_be_mutated(scope: Scope) -> None:
    with pytest.raises(EvaluationError, match="Mutating variable other with operation ASSIGN: other is not in scope"):
        apply(scope, mutation("other", ASSIGN, of_int(1)))


def test_an_operation_of_a_newer_client_is_an_error(scope: Scope) -> None:
    with pytest.raises(EvaluationError, match="with operation 99: Unknown operation 99"):
        apply(scope, mutation("n", 99, of_int(1)))  # type: ignore[arg-type]  # what only a newer client can send


@pytest.mark.parametrize(
    "malformed",
    [
        M(lhs_name="n"),
        M(lhs_name="n", lhs_lh_path=LHPath(), literal_value=of_int(1)),
        M(lhs_name="n", node_output=M.NodeOutputSource(lh_path=LHPath())),
    ],
)
def test_what_registration_refuses_is_an_error_at_run_time(malformed: M, scope: Scope) -> None:
    with pytest.raises(EvaluationError, match="missing right side|lh_path"):
        apply(scope, malformed)


def test_a_variable_without_a_declared_type_takes_what_its_value_takes(scope: Scope) -> None:
    undeclared: Callable[[str], TypeDefinition | None] = lambda name: None  # noqa: E731
    written = apply_mutations([mutation("n", ASSIGN, of_str("12"))], scope, undeclared, "left")
    assert written == {"n": of_int(12)}
