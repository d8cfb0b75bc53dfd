import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import Map, VariableValue
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.format_string import fill
from konik.statemachine.values.value import NULL, of_bytes, of_double, of_int, of_str

V = VariableValue


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{0} and {1}, {0}", "x and y, x"),
        ("{2}", "{2}"),
        ("{00}", "x"),
        ("It's {0}", "Its {0}"),
        ("It''s {0}", "It's x"),
        ("'{0}' {0}", "{0} x"),
        ("'{'{0}'}'", "{x}"),
        ("'a''b' {0}", "a'b x"),
        ("open '{0}", "open {0}"),
        ("'''{0}", "'{0}"),
        ("a } b", "a } b"),
        ("}{0}", "}x"),
        ("{0}} y", "x} y"),
    ],
)
def test_a_template_is_filled(template: str, filled: str) -> None:
    assert fill(template, [of_str("x"), of_str("y")]) == filled


@pytest.mark.parametrize(
    "template", ["{}", "{abc}", "{ 0 }", "{0 }", "{-1}", "{", "{0", "a {0} {", "{{0}}", "{'0'}", "{0,number,#.##}"]
)
def test_what_is_no_placeholder_is_an_error(template: str) -> None:
    with pytest.raises(EvaluationError, match="Error formatting variable"):
        fill(template, [of_str("x")])


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        pytest.param(of_str("it's {0} {x}"), "it's {0} {x}", id="STR-verbatim"),
        pytest.param(of_int(1234567), "1,234,567", id="INT-grouped"),
        pytest.param(of_int(-1000), "-1,000", id="INT-negative"),
        pytest.param(of_double(3.14159), "3.142", id="DOUBLE-three-decimals"),
        pytest.param(of_double(100.0), "100", id="DOUBLE-whole"),
        pytest.param(of_double(1e10), "10,000,000,000", id="DOUBLE-grouped"),
        pytest.param(of_double(0.00001), "0", id="DOUBLE-tiny"),
        pytest.param(of_double(0.0625), "0.062", id="DOUBLE-half-even"),
        pytest.param(of_double(0.1875), "0.188", id="DOUBLE-half-even-up"),
        pytest.param(of_double(2.0005), "2.001", id="DOUBLE-binary-above-half"),
        pytest.param(of_double(-5000.5), "-5,000.5", id="DOUBLE-negative"),
        pytest.param(of_double(-0.00001), "-0", id="DOUBLE-negative-zero"),
        pytest.param(of_double(1e23), "100,000,000,000,000,000,000,000", id="DOUBLE-shortest-digits"),
        pytest.param(of_double(math.nan), "NaN", id="DOUBLE-nan"),
        pytest.param(of_double(-math.inf), "-∞", id="DOUBLE-infinity"),
        pytest.param(V(bool=True), "true", id="BOOL"),
        pytest.param(NULL, "null", id="NULL"),
        pytest.param(V(wf_run_id=WfRunId(id="c", parent_wf_run_id=WfRunId(id="p"))), "p_c", id="WF_RUN_ID"),
        pytest.param(V(json_obj='{"k": 1}'), '{"k": 1}', id="JSON_OBJ"),
        pytest.param(V(json_arr='[1, "a"]'), '[1, "a"]', id="JSON_ARR"),
        pytest.param(of_bytes(b"abc"), "abc", id="BYTES"),
        pytest.param(V(utc_timestamp={"seconds": 86400}), "1970-01-02T00:00:00Z", id="TIMESTAMP"),
    ],
)
def test_how_an_argument_is_written(argument: VariableValue, text: str) -> None:
    assert fill("{0}", [argument]) == text


def test_an_argument_that_has_no_text_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="MAP"):
        fill("", [V(map=Map())])


def test_a_small_template_does_not_make_an_endless_text() -> None:
    with pytest.raises(EvaluationError, match="longer"):
        fill("{0}" * 100_000, [of_str("x" * 1_000_000)])


@given(st.text(alphabet="{}'01ab, ", max_size=12), st.lists(st.text(max_size=3), max_size=2))
def test_a_template_is_filled_or_an_evaluation_error(template: str, arguments: list[str]) -> None:
    try:
        filled = fill(template, [of_str(argument) for argument in arguments])
    except EvaluationError:
        assert "{" in template
    else:
        assert "{" in template or filled == template.replace("''", "\0").replace("'", "").replace("\0", "'")


@given(st.text(alphabet="{}'0a", max_size=12))
def test_a_quoted_text_is_itself(text: str) -> None:
    assert fill("'x" + text.replace("'", "''") + "'", []) == "x" + text
