import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.enums_pb2 import BOOL, BYTES, DOUBLE, INT, JSON_OBJ, STR, TIMESTAMP, VariableType
from konik.api.pb.expressions_pb2 import (
    ADD,
    AND,
    ASSIGN,
    DIVIDE,
    EXTEND,
    MULTIPLY,
    OR,
    POW,
    REMOVE_IF_PRESENT,
    REMOVE_INDEX,
    REMOVE_KEY,
    SUBTRACT,
    VariableMutationType,
)
from konik.api.pb.values_pb2 import Struct, VariableValue
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.operate import operate
from konik.statemachine.values.types import primitive
from konik.statemachine.values.value import NULL, of_bool, of_bytes, of_double, of_int, of_json_arr, of_json_obj, of_str

INT64 = st.integers(-(2**63), 2**63 - 1)
LEAST = -(2**63)


def arr(text: str) -> VariableValue:
    return of_json_arr(text)


@pytest.mark.parametrize(
    ("operation", "left", "right", "result"),
    [
        pytest.param(ASSIGN, of_int(1), of_double(2.5), of_int(2), id="assign-keeps-the-left-type"),
        pytest.param(ASSIGN, NULL, of_str("a"), of_str("a"), id="assign-over-null"),
        pytest.param(ADD, of_int(1), of_int(2), of_int(3), id="int-add-int"),
        pytest.param(ADD, of_int(1), of_str("2"), of_int(3), id="int-add-parsed-str"),
        pytest.param(ADD, of_int(1), of_double(0.5), of_double(1.5), id="int-add-double-is-promoted"),
        pytest.param(ADD, of_double(0.5), of_int(1), of_double(1.5), id="double-add-int"),
        pytest.param(ADD, of_double(0.5), of_str("1.5"), of_double(2.0), id="double-add-parsed-str"),
        pytest.param(ADD, of_int(2**63 - 1), of_int(1), of_int(LEAST), id="int-add-wraps"),
        pytest.param(ADD, of_str("a"), of_int(1), of_str("a1"), id="str-add"),
        pytest.param(ADD, of_str("a"), arr("[1, 2]"), of_str("a[1, 2]"), id="str-add-json"),
        pytest.param(ADD, arr("[1]"), of_double(2.0), arr("[1,2.0]"), id="list-add"),
        pytest.param(ADD, arr("[1]"), arr("[2]"), arr("[1,[2]]"), id="list-add-list-nests"),
        pytest.param(ADD, arr("[1]"), NULL, arr("[1,null]"), id="list-add-null"),
        pytest.param(SUBTRACT, of_int(LEAST), of_int(1), of_int(2**63 - 1), id="int-subtract-wraps"),
        pytest.param(SUBTRACT, of_double(5.0), of_int(2), of_double(3.0), id="double-subtract"),
        pytest.param(MULTIPLY, of_int(2**62), of_int(2), of_int(LEAST), id="int-multiply-wraps"),
        pytest.param(MULTIPLY, of_double(1e308), of_double(10.0), of_double(math.inf), id="double-overflow"),
        pytest.param(DIVIDE, of_int(5), of_int(2), of_int(2), id="int-divide"),
        pytest.param(DIVIDE, of_int(-7), of_int(2), of_int(-3), id="int-divide-toward-zero"),
        pytest.param(DIVIDE, of_int(LEAST), of_int(-1), of_int(LEAST), id="int-divide-wraps"),
        pytest.param(DIVIDE, of_int(5), of_double(2.0), of_double(2.5), id="int-divide-double-is-promoted"),
        pytest.param(POW, of_int(2), of_int(10), of_int(1024), id="int-pow"),
        pytest.param(POW, of_int(3), of_int(39), of_int(3**39), id="int-pow-exact"),
        pytest.param(POW, of_int(-2), of_int(63), of_int(LEAST), id="int-pow-least"),
        pytest.param(POW, of_int(2), of_int(-1), of_int(0), id="int-pow-negative"),
        pytest.param(POW, of_int(0), of_int(0), of_int(1), id="zero-pow-zero"),
        pytest.param(POW, of_int(0), of_int(10**18), of_int(0), id="zero-pow-huge"),
        pytest.param(POW, of_int(1), of_int(-(10**18)), of_int(1), id="one-pow-huge"),
        pytest.param(POW, of_int(-1), of_int(10**18 + 1), of_int(-1), id="minus-one-pow-huge-odd"),
        pytest.param(POW, of_int(-1), of_int(-3), of_int(-1), id="minus-one-pow-negative-odd"),
        pytest.param(POW, of_double(81.0), of_double(0.5), of_double(9.0), id="double-pow"),
        pytest.param(POW, of_int(2), of_double(0.5), of_double(2**0.5), id="int-pow-double"),
        pytest.param(EXTEND, of_str("a"), of_bool(True), of_str("atrue"), id="str-extend"),
        pytest.param(EXTEND, of_bytes(b"a"), of_bytes(b"\xff"), of_bytes(b"a\xff"), id="bytes-extend"),
        pytest.param(EXTEND, of_bytes(b"a"), of_int(1), of_bytes(b"a1"), id="bytes-extend-text"),
        pytest.param(EXTEND, arr("[1]"), arr("[2,[3]]"), arr("[1,2,[3]]"), id="list-extend"),
        pytest.param(REMOVE_IF_PRESENT, arr("[5,1,5,5.0]"), of_int(5), arr("[1,5.0]"), id="list-remove"),
        pytest.param(REMOVE_IF_PRESENT, arr("[1]"), of_int(5), arr("[1]"), id="list-remove-absent"),
        pytest.param(REMOVE_IF_PRESENT, arr("[null,1]"), NULL, arr("[1]"), id="list-remove-null"),
        pytest.param(REMOVE_INDEX, arr('["a","b"]'), of_int(0), arr('["b"]'), id="list-remove-index"),
        pytest.param(REMOVE_INDEX, arr('["a","b"]'), of_double(1.9), arr('["a"]'), id="list-remove-index-truncated"),
        pytest.param(REMOVE_KEY, of_json_obj('{"a":1,"b":2}'), of_str("a"), of_json_obj('{"b":2}'), id="remove-key"),
        pytest.param(REMOVE_KEY, of_json_obj('{"1":1}'), of_int(1), of_json_obj("{}"), id="remove-key-by-text"),
        pytest.param(REMOVE_KEY, of_json_obj('{"a":1}'), of_str("z"), of_json_obj('{"a":1}'), id="remove-no-key"),
        pytest.param(AND, of_bool(True), of_bool(False), of_bool(False), id="and"),
        pytest.param(AND, of_str("true"), of_bool(True), of_bool(True), id="and-text"),
        pytest.param(OR, of_bool(False), of_str("TRUE"), of_bool(True), id="or"),
    ],
)
def test_what_an_operation_makes(
    operation: VariableMutationType, left: VariableValue, right: VariableValue, result: VariableValue
) -> None:
    before = left.SerializeToString(), right.SerializeToString()
    assert operate(operation, left, right) == result
    assert (left.SerializeToString(), right.SerializeToString()) == before


@pytest.mark.parametrize(
    ("operation", "left", "right", "message"),
    [
        pytest.param(ADD, of_bool(True), of_int(1), "Cannot add to value of type BOOL", id="bool-add"),
        pytest.param(ADD, NULL, of_int(1), "Cannot add to value of type VALUE_NOT_SET", id="null-add"),
        pytest.param(ADD, of_int(1), NULL, "Cannot add by null", id="add-null"),
        pytest.param(ADD, of_int(1), of_bool(True), "BOOL is not a number", id="int-add-bool"),
        pytest.param(ADD, of_int(1), of_str("2.5"), "Cannot parse '2.5' as INT.", id="int-add-fraction-text"),
        pytest.param(ADD, arr("[]"), of_double(math.nan), "NaN and infinities", id="list-add-nan"),
        pytest.param(SUBTRACT, of_int(1), NULL, "Cannot subtract null", id="subtract-null"),
        pytest.param(MULTIPLY, of_str("a"), of_int(1), "Cannot multiply value of type STR", id="str-multiply"),
        pytest.param(MULTIPLY, of_int(1), NULL, "Cannot multiply by null", id="multiply-null"),
        pytest.param(DIVIDE, of_int(1), NULL, "Cannot divide by null", id="divide-null"),
        pytest.param(DIVIDE, of_int(1), of_int(0), "Cannot divide by zero", id="int-divide-zero"),
        pytest.param(DIVIDE, of_double(1.0), of_double(-0.0), "Cannot divide by zero", id="double-divide-zero"),
        pytest.param(DIVIDE, of_int(1), of_str("0"), "Cannot divide by zero", id="divide-zero-text"),
        pytest.param(POW, of_int(2), of_str("2"), "power of STR", id="pow-does-not-parse"),
        pytest.param(POW, of_int(2), of_int(63), "out of range for INT", id="pow-too-large"),
        pytest.param(POW, of_int(10), of_int(10**18), "out of range for INT", id="pow-huge"),
        pytest.param(POW, of_int(0), of_int(-1), "not finite", id="zero-pow-negative"),
        pytest.param(POW, of_double(0.0), of_int(-1), "not finite", id="double-zero-pow-negative"),
        pytest.param(POW, of_double(-1.0), of_double(0.5), "not finite", id="root-of-negative"),
        pytest.param(POW, of_double(1e300), of_int(2), "not finite", id="double-pow-overflow"),
        pytest.param(POW, of_double(math.nan), of_int(2), "not finite", id="nan-pow"),
        pytest.param(EXTEND, of_int(1), of_int(1), "Cannot extend var of type INT", id="int-extend"),
        pytest.param(EXTEND, of_str("a"), NULL, "Cannot extend by null", id="extend-null"),
        pytest.param(EXTEND, arr("[]"), of_int(1), "Cannot extend JSON_ARR with INT", id="list-extend-int"),
        pytest.param(EXTEND, of_str("a"), of_bytes(b"\xff"), "UTF-8", id="extend-with-no-text"),
        pytest.param(REMOVE_IF_PRESENT, of_str("a"), of_str("a"), "type STR", id="str-remove"),
        pytest.param(REMOVE_INDEX, arr("[1]"), of_int(1), "Index out of bounds: 1", id="index-too-large"),
        pytest.param(REMOVE_INDEX, arr("[1]"), of_int(-1), "Index out of bounds: -1", id="index-negative"),
        pytest.param(ADD, arr(""), of_int(1), "does not hold a list", id="empty-list-text"),
        pytest.param(REMOVE_KEY, of_json_obj(""), of_int(1), "does not hold an object", id="empty-object-text"),
        pytest.param(REMOVE_KEY, arr("[1]"), of_int(1), "type JSON_ARR", id="list-remove-key"),
        pytest.param(AND, of_bool(False), of_int(1), "INT is not a BOOL", id="and-evaluates-both"),
        pytest.param(OR, of_bool(True), of_str("maybe"), "Cannot parse 'maybe' as BOOL.", id="or-evaluates-both"),
        pytest.param(OR, NULL, of_bool(True), "VALUE_NOT_SET", id="null-or"),
        pytest.param(OR, of_bool(True), NULL, "null", id="or-null"),
        pytest.param(ADD, VariableValue(struct=Struct()), of_int(1), "STRUCT", id="struct-add"),
        pytest.param(99, of_int(1), of_int(1), "Unknown operation 99", id="operation-of-a-newer-client"),
    ],
)
def test_what_an_operation_refuses(
    operation: VariableMutationType, left: VariableValue, right: VariableValue, message: str
) -> None:
    with pytest.raises(EvaluationError) as caught:
        operate(operation, left, right)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "target", "left", "right", "result"),
    [
        pytest.param(ASSIGN, INT, of_str("x"), of_double(2.5), of_int(2), id="assign-takes-the-declared-type"),
        pytest.param(ASSIGN, STR, NULL, of_int(5), of_str("5"), id="assign-over-null"),
        pytest.param(ASSIGN, INT, of_int(1), NULL, NULL, id="assign-null"),
        pytest.param(ADD, INT, of_int(5), of_double(0.9), of_int(5), id="int-add-truncates-after"),
        pytest.param(ADD, INT, of_int(-5), of_double(0.9), of_int(-4), id="int-add-computes-as-double"),
        pytest.param(SUBTRACT, INT, of_int(5), of_double(0.9), of_int(4), id="int-subtract"),
        pytest.param(MULTIPLY, INT, of_int(3), of_double(300.9), of_int(902), id="int-multiply"),
        pytest.param(DIVIDE, INT, of_int(24), of_double(13.0), of_int(1), id="int-divide"),
        pytest.param(DIVIDE, DOUBLE, of_int(5), of_int(2), of_double(2.5), id="double-divides-as-double"),
        pytest.param(MULTIPLY, DOUBLE, of_double(3.0), of_double(300.9), of_double(3.0 * 300.9), id="double"),
        pytest.param(POW, INT, of_int(2), of_double(0.5), of_int(1), id="int-pow-double-is-truncated"),
        pytest.param(AND, BOOL, of_bool(True), of_bool(True), of_bool(True), id="and"),
        pytest.param(EXTEND, BYTES, of_bytes(b"a"), of_str("b"), of_bytes(b"ab"), id="bytes"),
        pytest.param(REMOVE_KEY, JSON_OBJ, of_json_obj('{"a":1}'), of_str("a"), of_json_obj("{}"), id="json"),
    ],
)
def test_in_a_mutation_the_result_has_the_declared_type(
    operation: VariableMutationType,
    target: VariableType,
    left: VariableValue,
    right: VariableValue,
    result: VariableValue,
) -> None:
    assert operate(operation, left, right, primitive(target)) == result


def test_a_result_that_the_declared_type_cannot_take_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="Coercing from BOOL to INT not supported"):
        operate(AND, of_bool(True), of_bool(True), primitive(INT))
    with pytest.raises(EvaluationError, match="Coercing from INT to TIMESTAMP not supported"):
        operate(ASSIGN, NULL, of_int(1), primitive(TIMESTAMP))


@pytest.mark.parametrize(
    ("operation", "left", "right"),
    [
        (ADD, of_str("x" * 700_000), of_str("y" * 700_000)),
        (EXTEND, of_bytes(b"x" * 700_000), of_bytes(b"y" * 700_000)),
        (ADD, arr('["' + "x" * 700_000 + '"]'), of_str("y" * 700_000)),
    ],
)
def test_a_result_that_no_object_could_hold_is_an_error(
    operation: VariableMutationType, left: VariableValue, right: VariableValue
) -> None:
    with pytest.raises(EvaluationError, match="longer than"):
        operate(operation, left, right)


def test_a_list_that_is_added_to_itself_stays_readable() -> None:
    nested = arr("[]")
    with pytest.raises(EvaluationError, match="deep"):
        for _ in range(1000):
            nested = operate(ADD, arr("[]"), nested)
    assert nested.json_arr.count("[") == 100
    assert operate(EXTEND, nested, arr("[1]")).json_arr.endswith(",1]")


@given(INT64, INT64)
def test_integer_arithmetic_wraps_like_two_complement(a: int, b: int) -> None:
    for operation, exact in ((ADD, a + b), (SUBTRACT, a - b), (MULTIPLY, a * b)):
        result = operate(operation, of_int(a), of_int(b)).int
        assert -(2**63) <= result < 2**63
        assert (result - exact) % 2**64 == 0


@given(INT64, INT64.filter(bool))
def test_integer_division_leaves_a_remainder_with_the_sign_of_the_dividend(a: int, b: int) -> None:
    quotient = operate(DIVIDE, of_int(a), of_int(b)).int
    if (a, b) == (LEAST, -1):
        assert quotient == LEAST
        return
    remainder = a - quotient * b
    assert abs(remainder) < abs(b) and (remainder == 0 or (remainder < 0) == (a < 0))


@given(st.floats(), st.floats())
def test_double_arithmetic_gives_a_double_or_an_evaluation_error(a: float, b: float) -> None:
    for operation in (ADD, SUBTRACT, MULTIPLY, DIVIDE, POW):
        try:
            assert operate(operation, of_double(a), of_double(b)).HasField("double")
        except EvaluationError:
            assert operation == POW or (operation == DIVIDE and b == 0)


@given(st.integers(-12, 12), st.integers(-3, 20))
def test_integer_powers_are_exact(base: int, exponent: int) -> None:
    try:
        power = operate(POW, of_int(base), of_int(exponent)).int
    except EvaluationError:
        assert (base == 0 and exponent < 0) or abs(base**exponent) >= 2**63
    else:
        assert power == (base**exponent if exponent >= 0 else int(float(base) ** exponent))
