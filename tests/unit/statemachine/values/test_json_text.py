import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import Array, VariableValue
from konik.statemachine.limits import JSON_DEPTH_MAX
from konik.statemachine.values import json_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.json_text import Json
from konik.statemachine.values.value import NULL, of_bytes, of_double, of_int, of_str

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ('{ "b" : 1 , "a" : [ ] }', '{"b":1,"a":[]}'),
        ("[5,-0]", "[5,0]"),
        ("[1.0,1e3,1.10]", "[1.0,1000.0,1.1]"),
        ("[9223372036854775807]", "[9223372036854775807]"),
        ("[12345678901234567890]", "[1.2345678901234567e+19]"),
        ('{"a":null}', '{"a":null}'),
        ('["<&é\\u00e9\\ud83d\\ude00"]', '["<&éé😀"]'),
    ],
)
def test_a_computed_text_has_one_form(text: str, normalised: str) -> None:
    assert json_text.write(json_text.parse(text)) == normalised


@pytest.mark.parametrize("text", ["", "null", " null "])
def test_an_empty_text_and_null_hold_nothing(text: str) -> None:
    assert json_text.parse(text) is None


def test_integers_and_fractions_stay_apart() -> None:
    assert [type(x) for x in json_text.parse("[1,1.0,1e0,12345678901234567890]")] == [int, float, float, float]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":1,"a":2}', "twice"),
        ("[1]x", "strict"),
        ("{a:1}", "strict"),
        ("{'a':1}", "strict"),
        ("[1,]", "strict"),
        ('{"a"=1}', "strict"),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("[1e400]", "too large"),
        ("[" + "9" * 400 + "]", "too large"),
        ('["\\ud800"]', "surrogate"),
        ('["a\nb"]', "strict"),
        ("[01]", "strict"),
        ('["', "strict"),
        ("[" * (JSON_DEPTH_MAX + 1) + "]" * (JSON_DEPTH_MAX + 1), "deep"),
        ("[" * 100_000, "deep"),
    ],
)
def test_what_is_not_strict_json_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        json_text.parse(text)


def test_brackets_in_texts_do_not_count_as_depth() -> None:
    text = json.dumps(["[" * 500, '\\"[{' * 500, "}"])
    assert json_text.parse(text) == json.loads(text)


def test_the_deepest_document_can_be_read_and_written() -> None:
    text = "[" * JSON_DEPTH_MAX + "]" * JSON_DEPTH_MAX
    assert json_text.write(json_text.parse(text)) == text


def test_a_text_of_many_open_quotes_is_refused_quickly() -> None:
    with pytest.raises(ValueError):
        json_text.parse("[" * 101 + '"' + '\\"' * 200_000)


def test_a_document_too_deep_is_not_written() -> None:
    document: Json = []
    for _ in range(JSON_DEPTH_MAX):
        document = [document]
    with pytest.raises(EvaluationError, match="deep"):
        json_text.write(document)


def test_a_document_too_large_is_not_written() -> None:
    with pytest.raises(EvaluationError, match="longer"):
        json_text.write(["x" * 1_000_000, "y" * 1_000_000])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_json_number_is_not_written(number: float) -> None:
    with pytest.raises(EvaluationError, match="NaN"):
        json_text.write([number])
    with pytest.raises(EvaluationError, match="NaN"):
        json_text.from_value(of_double(number))


@pytest.mark.parametrize(
    ("value", "member"),
    [
        (NULL, None),
        (of_int(1), 1),
        (of_double(1.0), 1.0),
        (VariableValue(bool=False), False),
        (of_str("a"), "a"),
        (VariableValue(json_obj='{"a": [1]}'), {"a": [1]}),
        (VariableValue(json_arr="[1, 2.0]"), [1, 2.0]),
        (of_bytes(b"\x00\xff"), "AP8="),
        (VariableValue(wf_run_id=WfRunId(id="c", parent_wf_run_id=WfRunId(id="p"))), "p_c"),
        (VariableValue(utc_timestamp={"seconds": 0}), "1970-01-01T00:00:00Z"),
    ],
)
def test_a_value_becomes_a_member(value: VariableValue, member: Json) -> None:
    assert json_text.identical(json_text.from_value(value), member)


def test_a_value_that_is_not_primitive_becomes_no_member() -> None:
    with pytest.raises(EvaluationError, match="ARRAY"):
        json_text.from_value(VariableValue(array=Array()))


def test_malformed_json_inside_the_machine_is_an_evaluation_error() -> None:
    with pytest.raises(EvaluationError, match="Malformed"):
        json_text.document(VariableValue(json_obj="{"))


@pytest.mark.parametrize(
    ("a", "b", "equal", "identical"),
    [
        (1, 1.0, True, False),
        (1, True, False, False),
        (0, False, False, False),
        (0, None, False, False),
        ([1, 2], [2, 1], False, False),
        ([1], [1, 2], False, False),
        ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1}, True, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, True),
        ({"a": 1}, {"a": 1, "b": 2}, False, False),
        ("1", 1, False, False),
        (2**53 + 1, 2.0**53, False, False),
    ],
)
def test_deep_equality(a: Json, b: Json, equal: bool, identical: bool) -> None:
    assert json_text.equal(a, b) == json_text.equal(b, a) == equal
    assert json_text.identical(a, b) == json_text.identical(b, a) == identical


@given(DOCUMENTS)
def test_a_document_survives_its_text(document: Json) -> None:
    assert json_text.identical(json_text.parse(json_text.write(document)), document)


@given(DOCUMENTS)
def test_a_document_survives_as_a_value(document: Json) -> None:
    assert json_text.identical(json_text.from_value(json_text.to_value(document)), document)


@given(st.text(alphabet='{}[]",:\\u0129.eE-+ntrfalsuNd8 \n', max_size=40))
def test_a_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    try:
        document = json_text.parse(text)
    except ValueError:
        return
    assert not text or json_text.identical(document, json.loads(text, parse_int=_int64))


def _int64(digits: str) -> int | float:
    return int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)
