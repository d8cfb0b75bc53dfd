import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.enums_pb2 import BOOL, DOUBLE, INT, JSON_ARR, JSON_OBJ, STR, VariableType
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import Array, Map, Struct, TypeDefinition, VariableValue
from konik.statemachine.limits import WF_RUN_ID_ANCESTORS_MAX
from konik.statemachine.values.errors import InvalidValue, MalformedJson, NotBuilt
from konik.statemachine.values.ingest import ingest
from konik.statemachine.values.types import primitive
from konik.statemachine.values.value import NULL, of_bytes, of_double, of_int, of_str

V = VariableValue


@pytest.mark.parametrize(
    ("value", "declared", "stored"),
    [
        pytest.param(of_int(5), INT, of_int(5), id="same-type"),
        pytest.param(of_int(5), DOUBLE, of_double(5.0), id="int-for-double"),
        pytest.param(of_int(5), STR, of_str("5"), id="int-for-str"),
        pytest.param(of_double(1e7), STR, of_str("1.0E7"), id="double-for-str"),
        pytest.param(V(bool=True), STR, of_str("true"), id="bool-for-str"),
        pytest.param(of_bytes(b"ab"), STR, of_str("ab"), id="bytes-for-str"),
        pytest.param(NULL, INT, NULL, id="null"),
        pytest.param(V(json_obj=""), JSON_OBJ, NULL, id="empty-json"),
        pytest.param(V(json_arr=" null"), JSON_ARR, NULL, id="json-null"),
        pytest.param(V(json_obj="null"), INT, NULL, id="json-null-for-int"),
        pytest.param(
            V(json_obj='{ "b": 1.10, "a": [] }'), JSON_OBJ, V(json_obj='{ "b": 1.10, "a": [] }'), id="json-as-sent"
        ),
    ],
)
def test_a_value_is_stored_as_declared(value: VariableValue, declared: VariableType, stored: VariableValue) -> None:
    assert ingest(value, primitive(declared), "v") == stored


@pytest.mark.parametrize(
    ("value", "declared", "given"),
    [
        (of_double(1.0), INT, "DOUBLE"),
        (of_str("5"), INT, "STR"),
        (of_str("true"), BOOL, "STR"),
        (V(json_obj="{}"), STR, "JSON_OBJ"),
        (V(json_arr="[]"), JSON_OBJ, "JSON_ARR"),
        (V(utc_timestamp=Timestamp()), STR, "TIMESTAMP"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(value: VariableValue, declared: VariableType, given: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        ingest(value, primitive(declared), "Variable my-var")
    assert str(caught.value) == f"Variable my-var should be {VariableType.Name(declared)} but is {given}"


@pytest.mark.parametrize(
    ("value", "summary"),
    [
        (V(json_obj="{"), "Error deserializing JSON Obj"),
        (V(json_obj="[1]"), "Error deserializing JSON Obj"),
        (V(json_obj='"text"'), "Error deserializing JSON Obj"),
        (V(json_obj='{"a":1,"a":2}'), "Error deserializing JSON Obj"),
        (V(json_arr="{}"), "Error deserializing JSON Arr"),
        (V(json_arr="[1] 2"), "Error deserializing JSON Arr"),
        (V(json_arr="true"), "Error deserializing JSON Arr"),
    ],
)
@pytest.mark.parametrize("declared", [None, primitive(JSON_OBJ), primitive(INT)])
def test_malformed_json_is_found_whatever_is_declared(
    value: VariableValue, summary: str, declared: TypeDefinition | None
) -> None:
    with pytest.raises(MalformedJson) as caught:
        ingest(value, declared, "v")
    assert caught.value.summary == summary
    assert str(caught.value).startswith(f"v: {summary}: ")


def test_without_a_declared_type_any_value_is_stored_as_sent() -> None:
    for value in (of_int(1), of_bytes(b"\xff"), V(json_arr="[ 1 ]"), NULL):
        assert ingest(value, None, "v") is value


def test_bytes_that_are_no_text_are_refused_for_a_text() -> None:
    with pytest.raises(InvalidValue, match="v: BYTES that are not UTF-8"):
        ingest(of_bytes(b"\xff"), primitive(STR), "v")


@pytest.mark.parametrize(
    "moment",
    [
        Timestamp(seconds=253_402_300_800),
        Timestamp(seconds=-62_135_596_801),
        Timestamp(nanos=-1),
        Timestamp(nanos=1_000_000_000),
    ],
)
def test_a_moment_that_has_no_text_is_refused(moment: Timestamp) -> None:
    with pytest.raises(InvalidValue, match="TIMESTAMP"):
        ingest(V(utc_timestamp=moment), None, "v")


def test_a_wf_run_id_with_too_many_ancestors_is_refused() -> None:
    wf_run_id = WfRunId(id="0")
    for _ in range(WF_RUN_ID_ANCESTORS_MAX):
        wf_run_id = WfRunId(id="0", parent_wf_run_id=wf_run_id)
    value = V(wf_run_id=wf_run_id)
    assert ingest(value, None, "v") is value
    with pytest.raises(InvalidValue, match="ancestors"):
        ingest(V(wf_run_id=WfRunId(id="0", parent_wf_run_id=wf_run_id)), None, "v")


@pytest.mark.parametrize(
    ("value", "what"),
    [(V(struct=Struct()), "STRUCT value"), (V(array=Array()), "ARRAY value"), (V(map=Map()), "MAP value")],
)
def test_what_is_not_built_is_named(value: VariableValue, what: str) -> None:
    with pytest.raises(NotBuilt) as caught:
        ingest(value, primitive(INT), "Variable v")
    assert (caught.value.where, caught.value.what) == (f"Variable v.{value.WhichOneof('value')}", what)


@given(st.text(max_size=20))
def test_a_json_text_is_kept_as_sent_or_refused(text: str) -> None:
    try:
        stored = ingest(V(json_arr=text), primitive(JSON_ARR), "v")
    except MalformedJson:
        return
    assert stored == NULL or stored.json_arr == text
