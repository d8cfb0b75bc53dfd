import math

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import (
    EQUALS,
    GREATER_THAN,
    GREATER_THAN_EQ,
    IN,
    LESS_THAN,
    LESS_THAN_EQ,
    NOT_EQUALS,
    NOT_IN,
    Array,
    Comparator,
    VariableValue,
)
from konik.statemachine.values import json_text
from konik.statemachine.values.compare import compare, identical
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.value import NULL, of_bytes, of_double, of_int, of_str

V = VariableValue
BELOW = {LESS_THAN, LESS_THAN_EQ, NOT_EQUALS}
SAME = {EQUALS, LESS_THAN_EQ, GREATER_THAN_EQ}
ABOVE = {GREATER_THAN, GREATER_THAN_EQ, NOT_EQUALS}
ORDERING = [LESS_THAN, LESS_THAN_EQ, GREATER_THAN, GREATER_THAN_EQ]
EQUALITY = [EQUALS, NOT_EQUALS]
RUN = WfRunId(id="c", parent_wf_run_id=WfRunId(id="p"))


def moment(seconds: int, nanos: int = 0) -> VariableValue:
    return V(utc_timestamp=Timestamp(seconds=seconds, nanos=nanos))


@pytest.mark.parametrize(
    ("left", "right", "true"),
    [
        pytest.param(NULL, NULL, SAME, id="null-null"),
        pytest.param(NULL, of_int(-9), BELOW, id="null-first"),
        pytest.param(V(json_obj="{}"), NULL, ABOVE, id="json-after-null"),
        pytest.param(of_bytes(b""), NULL, ABOVE, id="bytes-after-null"),
        pytest.param(of_int(1), of_int(2), BELOW, id="int"),
        pytest.param(of_double(2.5), of_double(-2.5), ABOVE, id="double"),
        pytest.param(of_double(-0.0), of_double(0.0), BELOW, id="negative-zero"),
        pytest.param(of_double(math.nan), of_double(math.nan), SAME, id="nan-equals-itself"),
        pytest.param(of_double(math.nan), of_double(math.inf), ABOVE, id="nan-greatest"),
        pytest.param(of_str("a"), of_str("b"), BELOW, id="str"),
        pytest.param(of_str("\ufffd"), of_str("😀"), ABOVE, id="str-by-utf-16-units"),
        pytest.param(V(bool=False), V(bool=True), BELOW, id="bool"),
        pytest.param(V(wf_run_id=RUN), V(wf_run_id=RUN), SAME, id="wf-run-id"),
        pytest.param(V(wf_run_id=RUN), V(wf_run_id=WfRunId(id="a")), ABOVE, id="wf-run-id-by-text"),
        pytest.param(moment(1, 2), moment(1, 3), BELOW, id="timestamp-by-nanos"),
        pytest.param(moment(2), moment(1, 3), ABOVE, id="timestamp-by-seconds"),
    ],
)
def test_order_within_a_type(left: VariableValue, right: VariableValue, true: set[Comparator]) -> None:
    for comparator in EQUALITY + ORDERING:
        assert compare(comparator, left, right) == (comparator in true), Comparator.Name(comparator)


def test_bytes_are_equal_or_not_and_have_no_order() -> None:
    assert compare(EQUALS, of_bytes(b"a"), of_bytes(b"a"))
    assert compare(NOT_EQUALS, of_bytes(b"a"), of_bytes(b"b"))
    for comparator in ORDERING:
        with pytest.raises(EvaluationError, match="Failed comparing the provided values."):
            compare(comparator, of_bytes(b"a"), of_bytes(b"b"))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(of_int(1), of_double(1.0), id="int-double"),
        pytest.param(of_int(2), of_str("2"), id="int-str"),
        pytest.param(V(bool=False), of_str("false"), id="bool-str"),
        pytest.param(V(json_obj="{}"), V(json_obj="{}"), id="equal-objects"),
        pytest.param(V(json_arr="[]"), V(json_arr="[]"), id="equal-lists"),
        pytest.param(of_str("{}"), V(json_obj="{}"), id="str-json"),
        pytest.param(moment(1), of_int(1), id="timestamp-int"),
        pytest.param(V(array=Array()), V(array=Array()), id="not-built"),
    ],
)
def test_what_cannot_be_compared(left: VariableValue, right: VariableValue) -> None:
    for comparator in EQUALITY + ORDERING:
        with pytest.raises(EvaluationError) as caught:
            compare(comparator, left, right)
        assert str(caught.value) == "Failed comparing the provided values."


@pytest.mark.parametrize(
    ("element", "container", "inside"),
    [
        pytest.param(of_int(2), of_str("123"), True, id="text-of-int-in-str"),
        pytest.param(of_str("x"), of_str("abc"), False, id="not-in-str"),
        pytest.param(of_str(""), of_str(""), True, id="empty-in-empty"),
        pytest.param(of_int(1), V(json_arr="[1.0]"), True, id="number-by-size"),
        pytest.param(of_str("1"), V(json_arr="[1]"), False, id="text-is-no-number"),
        pytest.param(V(bool=True), V(json_arr="[1]"), False, id="bool-is-no-number"),
        pytest.param(NULL, V(json_arr="[null]"), True, id="null-in-list"),
        pytest.param(NULL, V(json_arr="[0]"), False, id="null-not-in-list"),
        pytest.param(V(json_arr="[1,2]"), V(json_arr="[[1, 2]]"), True, id="list-in-list"),
        pytest.param(V(json_arr="[2,1]"), V(json_arr="[[1, 2]]"), False, id="list-by-order"),
        pytest.param(V(json_obj='{"a":1}'), V(json_arr='[{"a":1.0}]'), True, id="object-in-list"),
        pytest.param(V(json_obj='{"a":1}'), V(json_arr='[{"a":1,"b":2}]'), False, id="object-with-more"),
        pytest.param(of_str("a"), V(json_obj='{"a":null}'), True, id="key"),
        pytest.param(of_int(1), V(json_obj='{"1":0}'), True, id="key-by-text"),
        pytest.param(V(json_obj='{"a":1}'), V(json_obj='{"a":1}'), False, id="object-in-object"),
        pytest.param(NULL, V(json_obj='{"null":1}'), False, id="null-is-no-key"),
    ],
)
def test_membership(element: VariableValue, container: VariableValue, inside: bool) -> None:
    assert compare(IN, element, container) == inside
    assert compare(NOT_IN, element, container) == (not inside)


@pytest.mark.parametrize(
    ("element", "container"),
    [
        pytest.param(of_int(1), of_int(12), id="int-container"),
        pytest.param(of_int(1), NULL, id="null-container"),
        pytest.param(NULL, of_str("null"), id="null-in-str"),
        pytest.param(of_int(1), of_bytes(b"1"), id="bytes-container"),
    ],
)
def test_what_contains_nothing(element: VariableValue, container: VariableValue) -> None:
    for comparator in (IN, NOT_IN):
        with pytest.raises(EvaluationError, match="Failed evaluating CONTAINS"):
            compare(comparator, element, container)


def test_a_comparator_of_a_newer_client_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="99"):
        compare(99, NULL, NULL)  # type: ignore[arg-type]  # what only a newer client can send


def test_identical_values_have_the_same_type_and_content() -> None:
    assert identical(V(json_obj='{"a":1,"b":2}'), V(json_obj='{"b": 2, "a": 1}'))
    assert not identical(V(json_arr="[1]"), V(json_arr="[1.0]"))
    assert not identical(of_int(1), of_double(1.0))
    assert identical(NULL, V())


_VALUES: list[st.SearchStrategy[VariableValue]] = [
    st.integers(-(2**63), 2**63 - 1).map(of_int),
    st.floats().map(of_double),
    st.text(max_size=4).map(of_str),
    st.booleans().map(lambda truth: V(bool=truth)),
    st.builds(moment, st.integers(0, 3), st.integers(0, 3)),
    st.text(alphabet="ab_", max_size=3).map(lambda text: V(wf_run_id=WfRunId(id=text))),
]


@given(st.one_of([st.tuples(one, one, one) for one in (values | st.just(NULL) for values in _VALUES)]))
def test_within_a_type_and_null_the_order_is_total(three: tuple[VariableValue, VariableValue, VariableValue]) -> None:
    a, b, c = three
    assert compare(EQUALS, a, a)
    assert [compare(LESS_THAN, a, b), compare(EQUALS, a, b), compare(GREATER_THAN, a, b)].count(True) == 1
    assert compare(LESS_THAN, a, b) == compare(GREATER_THAN, b, a)
    if compare(LESS_THAN_EQ, a, b) and compare(LESS_THAN_EQ, b, c):
        assert compare(LESS_THAN_EQ, a, c)


@given(st.lists(st.integers(-2, 2) | st.sampled_from([1.0, "1", None, True]), max_size=4))
def test_every_member_is_in_its_list(members: list[json_text.Json]) -> None:
    container = json_text.to_value(members)
    assert all(compare(IN, json_text.to_value(member), container) for member in members)
