"""SearchWfRun: every combination of criteria has an answer, and the filters on variables."""

from itertools import product
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from konik.api.pb.enums_pb2 import COMPLETED, RUNNING
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import SearchWfRunRequest
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import WfRun
from konik.api.pb.wf_spec_pb2 import ThreadSpec
from konik.statemachine import keys, tables
from konik.statemachine.rejection import Code, Rejection


def id_of(text: str) -> WfRunId:
    parts = text.split("_")
    made = WfRunId(id=parts[0])
    for part in parts[1:]:
        made = WfRunId(id=part, parent_wf_run_id=made)
    return made


def add(state: Any, text: str, spec: str = "spec", version: tuple[int, int] = (0, 0), status: int = RUNNING) -> WfRun:
    run = WfRun(id=id_of(text), status=status)  # type: ignore[arg-type]
    run.wf_spec_id.name = spec
    run.wf_spec_id.major_version, run.wf_spec_id.revision = version
    state.save(tables.WF_RUNS, tables.wf_run_key("default", run.id), run)
    return run


def add_variable(
    state: Any, run: WfRun, name: str, value: dict[str, Any], masked: bool = False, thread: int = 0
) -> None:
    variable = Variable(masked=masked, value=ParseDict(value, VariableValue()), wf_spec_id=run.wf_spec_id)
    variable.id.wf_run_id.CopyFrom(run.id)
    variable.id.name, variable.id.thread_run_number = name, thread
    state.save(tables.VARIABLES, tables.variable_key("default", variable.id), variable)


def found(state: Any, **criteria: Any) -> list[str]:
    request = SearchWfRunRequest(limit=2, **criteria)
    return [keys.wf_run_text(id) for id in state.all_pages("SearchWfRun", request)]


def refusal(state: Any, **criteria: Any) -> str:
    with pytest.raises(Rejection) as refused:
        state.ask("SearchWfRun", SearchWfRunRequest(**criteria))
    assert refused.value.code is Code.INVALID_ARGUMENT
    return refused.value.message


@pytest.fixture
def runs(state: Any) -> list[WfRun]:
    for spec, version in (("spec", (0, 0)), ("spec", (0, 1)), ("spec", (1, 0)), ("other", (0, 0))):
        state.add_wf_spec(spec, *version)
    return [
        add(state, "a"),
        add(state, "b", version=(0, 1), status=COMPLETED),
        add(state, "c", version=(1, 0)),
        add(state, "d", spec="other"),
        add(state, "a_x", version=(0, 1)),
        add(state, "a_y", spec="other", status=COMPLETED),
        add(state, "a_x_z", version=(1, 0)),
        add(state, "ab"),
    ]


VERSIONS = ((None, None), (0, None), (0, 1), (1, 0))


@pytest.mark.parametrize(
    ("name", "version", "status", "parent"),
    [
        (name, version, status, parent)
        for name, version, status, parent in product(
            (None, "spec", "other"), VERSIONS, (None, RUNNING, COMPLETED), (None, "a")
        )
        if version == (None, None) or name == "spec"
    ],
)
def test_all_criteria_that_are_given_hold(
    state: Any, runs: list[WfRun], name: str | None, version: tuple[Any, Any], status: int | None, parent: str | None
) -> None:
    wanted = [
        keys.wf_run_text(run.id)
        for run in runs
        if name in (None, run.wf_spec_id.name)
        and version[0] in (None, run.wf_spec_id.major_version)
        and version[1] in (None, run.wf_spec_id.revision)
        and status in (None, run.status)
        and (parent is None or (run.id.HasField("parent_wf_run_id") and run.id.parent_wf_run_id == id_of(parent)))
    ]
    criteria = {
        "wf_spec_name": name,
        "wf_spec_major_version": version[0],
        "wf_spec_revision": version[1],
        "status": status,
        "parent_wf_run_id": None if parent is None else id_of(parent),
    }
    assert found(state, **criteria) == sorted(wanted)


def test_the_full_tree_has_all_descendants_and_only_those(state: Any, runs: list[WfRun]) -> None:
    assert found(state, parent_wf_run_id=id_of("a"), show_full_tree=True) == ["a_x", "a_x_z", "a_y"]
    assert found(state, parent_wf_run_id=id_of("a"), show_full_tree=True, status=COMPLETED) == ["a_y"]


def test_a_grandchild_is_found_by_a_parent_whose_id_is_long(state: Any) -> None:
    parent = "_".join(letter * 32 for letter in "abcd")
    add(state, f"{parent}_e")
    assert found(state, parent_wf_run_id=id_of(parent)) == [f"{parent}_e"]


def test_a_status_that_nobody_knows_finds_nothing(state: Any, runs: list[WfRun]) -> None:
    assert found(state, wf_spec_name="spec", status=-7) == []
    assert found(state, wf_spec_name="spec", status=77) == []


@pytest.mark.parametrize(
    "criteria",
    (
        {"wf_spec_major_version": 0},
        {"wf_spec_revision": 0},
        {"wf_spec_name": "spec", "wf_spec_revision": 0},
        {"variable_filters": [{"var_name": "x"}]},
        {"wf_spec_name": "unknown"},
        {"wf_spec_name": "spec", "wf_spec_major_version": 7},
        {"wf_spec_name": "spec", "wf_spec_major_version": 0, "wf_spec_revision": 7},
        {"wf_spec_name": "spec", "wf_spec_major_version": -1},
    ),
)
def test_criteria_that_do_not_go_together_or_name_nothing_are_refused(
    state: Any, runs: list[WfRun], criteria: dict[str, Any]
) -> None:
    refusal(state, **criteria)


def with_variables(state: Any) -> None:
    thread = ThreadSpec()
    for name in ("n", "m"):
        thread.variable_defs.add().var_def.name = name
    state.add_wf_spec("spec", entrypoint=thread)


def test_a_filter_compares_without_converting(state: Any) -> None:
    with_variables(state)
    for id, value in (("i", {"int": "5"}), ("f", {"double": 5.0}), ("s", {"str": "5"}), ("z", {})):
        add_variable(state, add(state, id), "n", value)
    add(state, "without")
    for id, value in (("i", {"int": "5"}), ("f", {"double": 5.0}), ("s", {"str": "5"}), ("z", {})):
        wanted = {"var_name": "n", "value": ParseDict(value, VariableValue())}
        assert found(state, wf_spec_name="spec", variable_filters=[wanted]) == [id]


def test_a_filter_without_a_value_finds_null(state: Any) -> None:
    with_variables(state)
    add_variable(state, add(state, "z"), "n", {})
    assert found(state, wf_spec_name="spec", variable_filters=[{"var_name": "n"}]) == ["z"]


def test_json_values_are_compared_by_what_they_say(state: Any) -> None:
    with_variables(state)
    add_variable(state, add(state, "a"), "n", {"jsonObj": '{"x": 1, "y": [true]}'})
    add_variable(state, add(state, "b"), "n", {"jsonObj": '{"x": 1.0, "y": [true]}'})
    wanted = {"var_name": "n", "value": VariableValue(json_obj='{"y":[true],"x":1}')}
    assert found(state, wf_spec_name="spec", variable_filters=[wanted]) == ["a"]


def test_all_filters_must_hold_and_only_the_entrypoint_thread_counts(state: Any) -> None:
    with_variables(state)
    both, half, deeper = (add(state, id) for id in ("both", "half", "deeper"))
    add_variable(state, both, "n", {"int": "1"})
    add_variable(state, both, "m", {"int": "2"})
    add_variable(state, half, "n", {"int": "1"})
    add_variable(state, deeper, "n", {"int": "1"})
    add_variable(state, deeper, "m", {"int": "2"}, thread=1)
    filters = [
        {"var_name": "n", "value": VariableValue(int=1)},
        {"var_name": "m", "value": VariableValue(int=2)},
    ]
    assert found(state, wf_spec_name="spec", variable_filters=filters) == ["both"]


def test_a_masked_value_is_not_found_by_what_it_is(state: Any) -> None:
    with_variables(state)
    add_variable(state, add(state, "a"), "n", {"int": "5"}, masked=True)
    for value, result in ((VariableValue(int=5), []), (VariableValue(str="*****"), ["a"])):
        assert found(state, wf_spec_name="spec", variable_filters=[{"var_name": "n", "value": value}]) == result


@pytest.mark.parametrize(
    ("wanted", "says"),
    (
        ({"var_name": "unknown"}, "m, n"),
        ({"var_name": "n", "value": {"json_obj": "{"}}, "n"),
    ),
)
def test_a_filter_that_cannot_match_is_refused(state: Any, wanted: dict[str, Any], says: str) -> None:
    with_variables(state)
    assert says in refusal(state, wf_spec_name="spec", variable_filters=[wanted])
