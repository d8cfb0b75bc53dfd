"""SearchVariable: what is found by value, and what is refused."""

from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from konik.api.pb.enums_pb2 import BOOL, BYTES, DOUBLE, INT, JSON_ARR, JSON_OBJ, STR
from konik.api.pb.queries_pb2 import SearchVariableRequest
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_spec_pb2 import ThreadSpec
from konik.statemachine import tables
from konik.statemachine.rejection import Code, Rejection

DECLARED = {
    "s": STR,
    "i": INT,
    "d": DOUBLE,
    "b": BOOL,
    "object": JSON_OBJ,
    "list": JSON_ARR,
    "raw": BYTES,
    "plain": INT,
}


@pytest.fixture(autouse=True)
def spec(state: Any) -> None:
    thread = ThreadSpec()
    for name, primitive in DECLARED.items():
        variable = thread.variable_defs.add(searchable=name not in ("plain", "object"))
        variable.var_def.name = name
        variable.var_def.type_def.primitive_type = primitive
        if name in ("object", "list"):
            variable.json_indexes.add(field_path="$.a.b")
    for version in ((0, 0), (0, 1), (1, 0)):
        state.add_wf_spec("spec", *version, entrypoint=thread)


def put(state: Any, name: str, value: VariableValue, run: str = "run", version: tuple[int, int] = (0, 0)) -> None:
    variable = Variable(value=value)
    variable.id.wf_run_id.id, variable.id.name = run, name
    variable.wf_spec_id.name = "spec"
    variable.wf_spec_id.major_version, variable.wf_spec_id.revision = version
    state.save(tables.VARIABLES, tables.variable_key("default", variable.id), variable)


def found(state: Any, name: str, value: VariableValue, **version: int) -> list[str]:
    request = SearchVariableRequest(wf_spec_name="spec", var_name=name, value=value, **version)
    return [id.wf_run_id.id for id in state.all_pages("SearchVariable", request)]


@pytest.mark.parametrize(
    ("name", "stored", "asked"),
    (
        ("s", {"str": "x"}, {"str": "x"}),
        ("s", {"str": "x" * 5000}, {"str": "x" * 5000}),
        ("s", {"str": ""}, {"str": ""}),
        ("s", {"str": "5"}, {"int": "5"}),
        ("i", {"int": "-5"}, {"int": "-5"}),
        ("d", {"double": 5.0}, {"double": 5.0}),
        ("d", {"double": 5.0}, {"int": "5"}),
        ("b", {"bool": True}, {"bool": True}),
        ("object_$.a.b", {"jsonObj": '{"a":[{"b":1},{"b":2}]}'}, {"int": "2"}),
        ("list", {"jsonArr": '["x","x",3]'}, {"str": "x"}),
        ("list_$.a.b", {"jsonArr": '[{"a":{"b":true}}]'}, {"bool": True}),
    ),
)
def test_a_variable_is_found_once_by_its_value(
    state: Any, name: str, stored: dict[str, Any], asked: dict[str, Any]
) -> None:
    put(state, name.partition("_$")[0], ParseDict(stored, VariableValue()))
    assert found(state, name, ParseDict(asked, VariableValue())) == ["run"]


def test_a_variable_is_found_by_its_present_value_only(state: Any) -> None:
    put(state, "i", VariableValue(int=1))
    put(state, "i", VariableValue(int=2))
    assert found(state, "i", VariableValue(int=1)) == []
    assert found(state, "i", VariableValue(int=2)) == ["run"]
    put(state, "i", VariableValue())
    assert found(state, "i", VariableValue(int=2)) == []


def test_the_version_narrows_the_search(state: Any) -> None:
    for run, version in (("a", (0, 0)), ("b", (0, 1)), ("c", (1, 0))):
        put(state, "i", VariableValue(int=1), run, version)
    one = VariableValue(int=1)
    assert found(state, "i", one) == ["a", "b", "c"]
    assert found(state, "i", one, wf_spec_major_version=0) == ["a", "b"]
    assert found(state, "i", one, wf_spec_major_version=0, wf_spec_revision=1) == ["b"]
    assert found(state, "i", one, wf_spec_revision=1) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "value", "criteria", "says"),
    (
        ("i", {}, {}, "Search for VALUE_NOT_SET not supported"),
        ("i", {"jsonObj": "{}"}, {}, "Search for JSON_OBJ not supported"),
        ("raw", {"bytes": "AAAA"}, {}, "Search for BYTES not supported"),
        ("i", {"int": "1"}, {"wf_spec_name": "unknown"}, "unknown"),
        ("i", {"int": "1"}, {"wf_spec_major_version": 0, "wf_spec_revision": 9}, "spec 0.9"),
        ("x", {"int": "1"}, {}, "x"),
        ("plain", {"int": "1"}, {}, "Provided variable has no index"),
        ("i", {"str": "1"}, {}, "INT"),
        ("object_$.c", {"int": "1"}, {}, "$.a.b"),
        ("x_$.a", {"int": "1"}, {}, "x"),
        ("i_$.a", {"int": "1"}, {}, "none"),
    ),
)
def test_what_is_not_indexed_is_refused(
    state: Any, name: str, value: dict[str, Any], criteria: dict[str, Any], says: str
) -> None:
    request = SearchVariableRequest(
        **{"wf_spec_name": "spec", "var_name": name, "value": ParseDict(value, VariableValue()), **criteria}
    )
    with pytest.raises(Rejection) as refused:
        state.ask("SearchVariable", request)
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert says in refused.value.message
