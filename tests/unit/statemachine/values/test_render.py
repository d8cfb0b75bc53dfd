import hashlib

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from konik.api.pb.enums_pb2 import INT, STR
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_spec_pb2 import JsonIndex
from konik.statemachine.values.errors import InvalidValue
from konik.statemachine.values.masking import MASK, masked
from konik.statemachine.values.render import index_text, index_texts
from konik.statemachine.values.value import NULL, of_bool, of_bytes, of_double, of_int, of_json_arr, of_json_obj, of_str

V = VariableValue
INDEX = [JsonIndex(field_path="$.a.b", field_type=STR), JsonIndex(field_path="$.c", field_type=INT)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (of_str("text"), "text"),
        (of_str(""), ""),
        (of_str("x" * 64), "x" * 64),
        (of_str("x" * 65), "x" * 64 + hashlib.sha256(b"x" * 65).hexdigest()[:16]),
        (of_int(-5), "-5"),
        (of_double(5.0), "5.0"),
        (of_double(1e7), "1.0E7"),
        (of_bool(True), "true"),
    ],
)
def test_a_scalar_is_found_by_its_text(value: VariableValue, text: str) -> None:
    assert index_text(value) == text
    assert index_texts("v", value, True, []) == [("v", text)]


def test_long_texts_that_begin_alike_are_told_apart() -> None:
    assert index_text(of_str("x" * 100 + "a")) != index_text(of_str("x" * 100 + "b"))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (NULL, "VALUE_NOT_SET"),
        (of_bytes(b""), "BYTES"),
        (of_json_obj("{}"), "JSON_OBJ"),
        (V(wf_run_id=WfRunId()), "WF_RUN_ID"),
    ],
)
def test_other_values_cannot_be_searched_for(value: VariableValue, name: str) -> None:
    with pytest.raises(InvalidValue, match=f"Search for {name} not supported"):
        index_text(value)


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        pytest.param(of_json_obj('{"a":{"b":1}}'), [("v_$.a.b", "1")], id="leaf"),
        pytest.param(of_json_obj('{"a":{"b":[1,1,2.0]}}'), [("v_$.a.b", "1"), ("v_$.a.b", "2.0")], id="list"),
        pytest.param(
            of_json_obj('{"a":[{"b":true},{"b":"x"}]}'), [("v_$.a.b", "true"), ("v_$.a.b", "x")], id="objects"
        ),
        pytest.param(of_json_obj('{"a":{"b":null},"c":[null,3]}'), [("v_$.c", "3")], id="nulls-are-skipped"),
        pytest.param(of_json_obj('{"d":1,"a":{"z":1}}'), [], id="other-paths-are-not-indexed"),
        pytest.param(of_json_arr("[1,1,1.0]"), [("v", "1"), ("v", "1.0")], id="elements-once"),
        pytest.param(of_json_arr("[[1],null,true]"), [("v", "true")], id="nested-lists-and-nulls-are-skipped"),
        pytest.param(of_json_arr('[{"x":{"y":1}},{"z":[2]}]'), [("v_$.x.y", "1"), ("v_$.z", "2")], id="any-member"),
        pytest.param(of_str("s"), [("v", "s")], id="a-scalar-with-json-indexes"),
        pytest.param(NULL, [], id="null"),
        pytest.param(of_bytes(b"x"), [], id="bytes"),
        pytest.param(V(wf_run_id=WfRunId(id="w")), [], id="wf-run-id"),
        pytest.param(V(utc_timestamp=Timestamp()), [], id="timestamp"),
    ],
)
def test_what_a_variable_with_json_indexes_is_found_by(value: VariableValue, entries: list[tuple[str, str]]) -> None:
    assert index_texts("v", value, False, INDEX) == entries


def test_a_searchable_object_without_json_indexes_is_not_found() -> None:
    assert index_texts("v", of_json_obj('{"a":1}'), True, []) == []


def test_what_is_neither_searchable_nor_indexed_is_not_found() -> None:
    assert index_texts("v", of_int(1), False, []) == []


def test_the_input_of_handlers_is_never_found() -> None:
    assert index_texts("INPUT", of_int(1), True, INDEX) == []


@pytest.mark.parametrize("value", [of_int(5), NULL, of_json_obj('{"secret":1}')])
def test_the_mask_hides_value_and_type(value: VariableValue) -> None:
    assert masked(value, hidden=True) == MASK == of_str("*****")
    assert masked(value, hidden=False) is value
