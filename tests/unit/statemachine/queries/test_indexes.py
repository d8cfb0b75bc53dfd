"""The index holds exactly the entries of the objects that there are, whatever happened to them before."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from konik.api.pb.enums_pb2 import INT, JSON_ARR, JSON_OBJ, STR, TASK_PENDING, TASK_RUNNING, TASK_SCHEDULED
from konik.api.pb.external_event_pb2 import CorrelatedEvent, ExternalEvent
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import WfRun
from konik.api.pb.wf_spec_pb2 import ThreadSpec, WfSpec
from konik.statemachine import indexes, keys, tables

TENANT = "default"
Change = tuple[Any, bytes, Message]


def entrypoint() -> ThreadSpec:
    thread = ThreadSpec()
    for name, primitive, searchable, path in (
        ("text", STR, True, ""),
        ("hidden", INT, False, ""),
        ("object", JSON_OBJ, False, "$.a.b"),
        ("list", JSON_ARR, True, ""),
    ):
        variable = thread.variable_defs.add(searchable=searchable)
        variable.var_def.name = name
        variable.var_def.type_def.primitive_type = primitive
        if path:
            variable.json_indexes.add(field_path=path)
    return thread


@st.composite
def wf_run(draw: Callable[..., Any]) -> Change:
    made = WfRun(status=draw(st.integers(0, 6)))
    made.id.id = draw(st.sampled_from("abc"))
    if draw(st.booleans()):
        made.id.parent_wf_run_id.id = draw(st.sampled_from("xy"))
    made.wf_spec_id.name = "spec"
    made.wf_spec_id.revision = draw(st.integers(0, 1))
    made.start_time.seconds = len(made.id.id)
    return tables.WF_RUNS, tables.wf_run_key(TENANT, made.id), made


@st.composite
def task_run(draw: Callable[..., Any]) -> Change:
    made = TaskRun(status=draw(st.integers(0, 6)))
    made.id.wf_run_id.id = "run"
    made.id.task_guid = draw(st.sampled_from("ab"))
    made.task_def_id.name = "task"
    made.total_attempts = draw(st.integers(0, 2))
    return tables.TASK_RUNS, tables.task_run_key(TENANT, made.id), made


@st.composite
def node_run(draw: Callable[..., Any]) -> Change:
    made = NodeRun(status=draw(st.integers(0, 6)))
    made.id.wf_run_id.id = "run"
    made.id.position = draw(st.integers(0, 2))
    if made.id.position == 0:
        made.entrypoint.SetInParent()
    else:
        made.external_event.external_event_def_id.name = "event"
    return tables.NODE_RUNS, tables.node_run_key(TENANT, made.id), made


@st.composite
def variable(draw: Callable[..., Any]) -> Change:
    made = Variable()
    made.id.wf_run_id.id = "run"
    made.id.name = draw(st.sampled_from(("text", "hidden", "object", "list", "unknown")))
    made.wf_spec_id.name = "spec"
    case, value = draw(
        {
            "text": st.tuples(st.just("str"), st.text(max_size=300)),
            "object": st.tuples(
                st.just("json_obj"), st.sampled_from(('{"a":{"b":1}}', '{"a":[{"b":2},{"b":"x"}]}', "{}"))
            ),
            "list": st.tuples(st.just("json_arr"), st.sampled_from(("[1,1,2]", '[{"k":true},null,[3]]', "[]"))),
        }.get(made.id.name, st.tuples(st.just("int"), st.integers(-5, 5)))
    )
    if draw(st.booleans()):
        setattr(made.value, case, value)
    return tables.VARIABLES, tables.variable_key(TENANT, made.id), made


@st.composite
def event(draw: Callable[..., Any]) -> Change:
    made = ExternalEvent(claimed=draw(st.booleans()))
    made.id.wf_run_id.id = "run"
    made.id.external_event_def_id.name = "event"
    made.id.guid = draw(st.sampled_from(("a", "b", "g" * 400)))
    return tables.EXTERNAL_EVENTS, tables.external_event_key(TENANT, made.id), made


@st.composite
def correlated_event(draw: Callable[..., Any]) -> Change:
    made = CorrelatedEvent()
    made.id.key = draw(st.sampled_from("ab"))
    made.id.external_event_def_id.name = "event"
    for _ in range(draw(st.integers(0, 2))):
        made.external_events.add()
    return tables.CORRELATED_EVENTS, tables.correlated_event_key(TENANT, made.id), made


changes = st.lists(
    st.tuples(st.booleans(), st.one_of(wf_run(), task_run(), node_run(), variable(), event(), correlated_event())),
    max_size=30,
)


def index_of(state: Any) -> dict[bytes, bytes]:
    return {key: value for key, value in state.view.items() if key.startswith(keys.INDEX)}


@settings(max_examples=150, deadline=None)
@given(changes=changes)
def test_the_index_is_what_the_objects_that_are_left_make_it(
    new_state: Any, changes: list[tuple[bool, Change]]
) -> None:
    state = new_state()
    spec = state.add_wf_spec("spec", entrypoint=entrypoint())
    state.add_wf_spec("spec", 0, 1, entrypoint=entrypoint())
    left: dict[bytes, tuple[Any, Message]] = {}
    for kept, (table, key, message) in changes:
        if kept:
            state.save(table, key, message)
            left[key] = table, message
        else:
            state.remove(table, key)
            left.pop(key, None)
    context = state.context()
    expected = dict(index_of(_only_specs(new_state, spec)))
    for table, message in left.values():
        expected |= indexes.entries(context, table, message)
    assert index_of(state) == expected


def _only_specs(new_state: Any, spec: WfSpec) -> Any:
    state = new_state()
    for revision in (0, 1):
        state.add_wf_spec(spec.id.name, 0, revision, entrypoint=entrypoint())
    return state


def test_an_object_whose_facts_stay_the_same_writes_no_index_entry(state: Any) -> None:
    run = TaskRun()
    run.id.task_guid = "0-1"
    key = tables.task_run_key(TENANT, run.id)
    state.save(tables.TASK_RUNS, key, run)
    run.total_attempts = 2
    context = state.context()
    context.save(tables.TASK_RUNS, key, run)
    context.flush()
    assert list(context.txn._writes) == [key]


def test_an_object_that_was_loaded_and_changed_is_found_by_what_it_is_now(state: Any) -> None:
    run = TaskRun(status=TASK_SCHEDULED)
    run.id.task_guid = "0-1"
    run.task_def_id.name = "task"
    key = tables.task_run_key(TENANT, run.id)
    state.save(tables.TASK_RUNS, key, run)
    context = state.context()
    loaded = context.load(tables.TASK_RUNS, key)
    for status in (TASK_RUNNING, TASK_PENDING, TASK_RUNNING):
        loaded.status = status
        context.save(tables.TASK_RUNS, key, loaded)
        context.flush()
    context.commit()
    assert index_of(state) == indexes.entries(state.context(), tables.TASK_RUNS, loaded)


def test_the_longest_texts_make_keys_that_the_store_takes(state: Any) -> None:
    name = "ö" * 500
    thread = ThreadSpec()
    declared = thread.variable_defs.add(searchable=True)
    declared.var_def.name = name
    state.add_wf_spec("s" * 80, entrypoint=thread)
    variable = Variable()
    variable.id.wf_run_id.id = "r" * 600
    variable.id.name = name
    variable.wf_spec_id.name = "s" * 80
    variable.value.str = "€" * 1000
    made = indexes.entries(state.context(), tables.VARIABLES, variable)
    assert len(made) == 3
    assert max(map(len, made)) <= 511


@pytest.mark.parametrize("length", (63, 64, 65, 1000))
def test_texts_that_differ_at_their_end_alone_have_entries_of_their_own(length: int) -> None:
    one, other = (indexes.task_runs(TENANT, "t" * length + end) for end in "ab")
    assert one != other
    assert not one.startswith(other)
