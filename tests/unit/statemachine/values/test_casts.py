import math

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.enums_pb2 import (
    BOOL,
    BYTES,
    DOUBLE,
    INT,
    JSON_ARR,
    JSON_OBJ,
    STR,
    TIMESTAMP,
    WF_RUN_ID,
    VariableType,
)
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import Array, VariableValue
from konik.statemachine.limits import WF_RUN_ID_ANCESTORS_MAX
from konik.statemachine.values.casts import cast, coerce, task_input, to_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.types import PRIMITIVES, castable, compatible, primitive, type_of
from konik.statemachine.values.value import NULL, of_bytes, of_double, of_int, of_str

V = VariableValue
CHILD = WfRunId(id="child", parent_wf_run_id=WfRunId(id="parent"))
MOMENT = Timestamp(seconds=1_700_000_000, nanos=123_456_789)
SAMPLES = {
    INT: of_int(7),
    DOUBLE: of_double(2.5),
    STR: of_str("true"),
    BOOL: V(bool=True),
    BYTES: of_bytes(b"abc"),
    WF_RUN_ID: V(wf_run_id=CHILD),
    TIMESTAMP: V(utc_timestamp=MOMENT),
    JSON_OBJ: V(json_obj='{"a": 1}'),
    JSON_ARR: V(json_arr="[1]"),
}


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        pytest.param(of_int(5), DOUBLE, of_double(5.0), id="INT-DOUBLE"),
        pytest.param(of_int(2**53 + 1), DOUBLE, of_double(2.0**53), id="INT-DOUBLE-nearest"),
        pytest.param(of_double(2.9), INT, of_int(2), id="DOUBLE-INT-truncates"),
        pytest.param(of_double(-2.9), INT, of_int(-2), id="DOUBLE-INT-truncates-toward-zero"),
        pytest.param(of_double(1e300), INT, of_int(2**63 - 1), id="DOUBLE-INT-saturates-above"),
        pytest.param(of_double(-math.inf), INT, of_int(-(2**63)), id="DOUBLE-INT-saturates-below"),
        pytest.param(of_double(math.nan), INT, of_int(0), id="DOUBLE-INT-nan"),
        pytest.param(of_str("05"), INT, of_int(5), id="STR-INT-leading-zero"),
        pytest.param(of_str("+5"), INT, of_int(5), id="STR-INT-plus"),
        pytest.param(of_str(str(-(2**63))), INT, of_int(-(2**63)), id="STR-INT-least"),
        pytest.param(of_str(" 1e3\n"), DOUBLE, of_double(1000.0), id="STR-DOUBLE-exponent-and-blanks"),
        pytest.param(of_str("Infinity"), DOUBLE, of_double(math.inf), id="STR-DOUBLE-infinity"),
        pytest.param(of_str("-.5"), DOUBLE, of_double(-0.5), id="STR-DOUBLE-no-whole"),
        pytest.param(of_str(" TrUe "), BOOL, V(bool=True), id="STR-BOOL-any-case"),
        pytest.param(of_str("false"), BOOL, V(bool=False), id="STR-BOOL-false"),
        pytest.param(of_str("né"), BYTES, of_bytes("né".encode()), id="STR-BYTES"),
        pytest.param(of_str("parent_child"), WF_RUN_ID, V(wf_run_id=CHILD), id="STR-WF_RUN_ID"),
        pytest.param(of_int(-12), STR, of_str("-12"), id="INT-STR"),
        pytest.param(V(bool=True), STR, of_str("true"), id="BOOL-STR"),
        pytest.param(V(wf_run_id=CHILD), STR, of_str("parent_child"), id="WF_RUN_ID-STR"),
        pytest.param(of_bytes("né".encode()), STR, of_str("né"), id="BYTES-STR"),
    ],
)
def test_a_cast_converts(source: VariableValue, target: VariableType, expected: VariableValue) -> None:
    assert cast(source, primitive(target)) == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (100.0, "100.0"),
        (3.14, "3.14"),
        (0.001, "0.001"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (1e-4, "1.0E-4"),
        (0.0009999, "9.999E-4"),
        (123456789.125, "1.23456789125E8"),
        (-1e22, "-1.0E22"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_a_double_is_written_in_the_form_of_the_java_clients(number: float, text: str) -> None:
    assert to_text(of_double(number)) == text


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (text, target)
        for target, texts in (
            (INT, ("5.0", " 5", "", "1_000", "٣", "9223372036854775808", "abc", "0x5")),
            (DOUBLE, ("", "1_0", "inf", "nan", "1,5", "abc", "0x1p3", "1e")),
            (BOOL, ("yes", "1", "")),
        )
        for text in texts
    ],
)
def test_a_text_that_is_no_such_value_cannot_be_cast(source: str, target: VariableType) -> None:
    name = VariableType.Name(target)
    with pytest.raises(EvaluationError) as caught:
        cast(of_str(source), primitive(target))
    assert str(caught.value) == f"Failed to cast value to {name}: Cannot parse '{source}' as {name}."


def test_an_error_does_not_repeat_a_long_text() -> None:
    with pytest.raises(EvaluationError) as caught:
        cast(of_str("x" * 1_000_000), primitive(INT))
    assert f"'{'x' * 100}…'" in str(caught.value) and len(str(caught.value)) < 200


def test_a_moment_outside_of_the_calendar_has_no_text() -> None:
    with pytest.raises(EvaluationError, match="TIMESTAMP"):
        to_text(V(utc_timestamp=Timestamp(seconds=2**60)))


def test_bytes_that_are_no_text_cannot_become_one() -> None:
    with pytest.raises(EvaluationError, match="UTF-8"):
        cast(of_bytes(b"\xff"), primitive(STR))


def test_a_wf_run_id_with_too_many_ancestors_is_not_made() -> None:
    deepest = "_".join("a" * (WF_RUN_ID_ANCESTORS_MAX + 1))
    assert to_text(cast(of_str(deepest), primitive(WF_RUN_ID))) == deepest
    with pytest.raises(EvaluationError, match="WF_RUN_ID"):
        cast(of_str(f"{deepest}_a"), primitive(WF_RUN_ID))


@pytest.mark.parametrize("target", PRIMITIVES, ids=VariableType.Name)
@pytest.mark.parametrize("source", PRIMITIVES, ids=VariableType.Name)
def test_a_cast_does_exactly_what_the_matrix_allows(source: VariableType, target: VariableType) -> None:
    value = SAMPLES[source]
    name, source_name = VariableType.Name(target), VariableType.Name(source)
    if source == target:
        assert cast(value, primitive(target)) is value
    elif not castable(primitive(target), primitive(source)):
        with pytest.raises(EvaluationError) as caught:
            cast(value, primitive(target))
        message = f"Failed to cast value to {name}: Casting from {source_name} to {name} is not supported. "
        assert str(caught.value) == message
    elif not (source == STR and target in (INT, DOUBLE)):
        assert type_of(cast(value, primitive(target))) == primitive(target)


@pytest.mark.parametrize("target", PRIMITIVES, ids=VariableType.Name)
def test_null_passes_every_conversion(target: VariableType) -> None:
    for convert in (cast, coerce, task_input):
        assert convert(NULL, primitive(target)) is NULL


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        pytest.param(INT, of_double(2.5), of_int(2), id="INT-from-DOUBLE"),
        pytest.param(INT, of_str("12"), of_int(12), id="INT-from-STR"),
        pytest.param(INT, V(utc_timestamp=MOMENT), of_int(1_700_000_000_123), id="INT-from-TIMESTAMP-in-millis"),
        pytest.param(DOUBLE, of_int(2), of_double(2.0), id="DOUBLE-from-INT"),
        pytest.param(DOUBLE, of_str("1.5"), of_double(1.5), id="DOUBLE-from-STR"),
        pytest.param(BOOL, of_str("true"), V(bool=True), id="BOOL-from-STR"),
        pytest.param(STR, V(json_obj='{"a": 1}'), of_str('{"a": 1}'), id="STR-from-JSON_OBJ"),
        pytest.param(STR, V(json_arr="[1]"), of_str("[1]"), id="STR-from-JSON_ARR"),
        pytest.param(STR, V(utc_timestamp=MOMENT), of_str("2023-11-14T22:13:20.123456789Z"), id="STR-from-TIMESTAMP"),
        pytest.param(STR, of_double(1e7), of_str("1.0E7"), id="STR-from-DOUBLE"),
        pytest.param(BYTES, V(json_arr="[1]"), of_bytes(b"[1]"), id="BYTES-from-JSON"),
        pytest.param(BYTES, of_int(5), of_bytes(b"5"), id="BYTES-from-INT"),
        pytest.param(WF_RUN_ID, of_int(5), V(wf_run_id=WfRunId(id="5")), id="WF_RUN_ID-from-INT"),
        pytest.param(WF_RUN_ID, of_double(1.5), V(wf_run_id=WfRunId(id="1.5")), id="WF_RUN_ID-from-DOUBLE"),
        pytest.param(WF_RUN_ID, of_str("parent_child"), V(wf_run_id=CHILD), id="WF_RUN_ID-from-STR"),
    ],
)
def test_an_assignment_converts_more_than_a_cast(
    target: VariableType, value: VariableValue, expected: VariableValue
) -> None:
    assert coerce(value, primitive(target)) == expected


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (INT, BOOL),
        (INT, JSON_OBJ),
        (DOUBLE, BOOL),
        (DOUBLE, TIMESTAMP),
        (BOOL, INT),
        (WF_RUN_ID, BOOL),
        (TIMESTAMP, INT),
        (TIMESTAMP, STR),
        (JSON_OBJ, STR),
        (JSON_OBJ, JSON_ARR),
        (JSON_ARR, JSON_OBJ),
    ],
)
def test_an_assignment_refuses_what_has_no_conversion(target: VariableType, source: VariableType) -> None:
    message = f"Coercing from {VariableType.Name(source)} to {VariableType.Name(target)} not supported"
    with pytest.raises(EvaluationError, match=message):
        coerce(SAMPLES[source], primitive(target))


def test_an_assignment_without_a_type_keeps_the_value() -> None:
    value = of_int(1)
    assert coerce(value, None) is value


@pytest.mark.parametrize("target", PRIMITIVES, ids=VariableType.Name)
@pytest.mark.parametrize("source", PRIMITIVES, ids=VariableType.Name)
def test_a_task_input_takes_what_needs_no_cast(source: VariableType, target: VariableType) -> None:
    value = SAMPLES[source]
    if compatible(primitive(target), primitive(source)):
        assert type_of(task_input(value, primitive(target))) == primitive(target)
    else:
        with pytest.raises(EvaluationError) as caught:
            task_input(value, primitive(target))
        assert VariableType.Name(source) in str(caught.value) and VariableType.Name(target) in str(caught.value)


def test_values_that_are_not_primitive_have_no_conversion() -> None:
    array = V(array=Array())
    for convert in (lambda: cast(array, primitive(STR)), lambda: coerce(array, primitive(STR)), lambda: to_text(array)):
        with pytest.raises(EvaluationError, match="ARRAY"):
            convert()
    with pytest.raises(EvaluationError, match="ARRAY"):
        task_input(array, primitive(STR))


@given(st.floats(allow_nan=False))
def test_a_double_survives_its_text(number: float) -> None:
    back = cast(cast(of_double(number), primitive(STR)), primitive(DOUBLE)).double
    assert back == number and math.copysign(1, back) == math.copysign(1, number)


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_an_int_survives_its_text(number: int) -> None:
    assert cast(cast(of_int(number), primitive(STR)), primitive(INT)) == of_int(number)


@given(st.text())
def test_a_text_survives_its_bytes(text: str) -> None:
    assert cast(cast(of_str(text), primitive(BYTES)), primitive(STR)) == of_str(text)


@given(st.lists(st.text(alphabet="ab-", min_size=1), min_size=1, max_size=5))
def test_a_wf_run_id_survives_its_text(parts: list[str]) -> None:
    text = "_".join(parts)
    wf_run_id = cast(of_str(text), primitive(WF_RUN_ID))
    assert wf_run_id.wf_run_id.id == parts[-1]
    assert to_text(wf_run_id) == text
