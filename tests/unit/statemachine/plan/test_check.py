"""The order of the checks, where errors are placed, and what is filled in."""

from typing import Any

import pytest

from konik.api.pb.enums_pb2 import INT, STR
from konik.api.pb.metadata_requests_pb2 import PutWfSpecRequest
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.plan.check import check
from konik.statemachine.plan.compiled import Plan


def test_the_least_wf_spec_is_accepted(draft: Any, definitions: Any) -> None:
    spec = check(draft.request, definitions)
    assert spec.id.name == "wf"
    assert spec.entrypoint_thread_name == "entrypoint"
    assert spec.thread_specs == draft.request.thread_specs


def test_what_is_accepted_can_be_compiled(draft: Any, definitions: Any) -> None:
    assert Plan(check(draft.request, definitions)).entrypoint.entrypoint == "a-start"


def test_the_request_is_left_as_it_was(draft: Any, definitions: Any) -> None:
    draft.thread("entrypoint", it="task { task_def_id { name: 'fire' } }")
    draft.request.thread_specs["entrypoint"].variable_defs.add().var_def.type = INT
    before = PutWfSpecRequest()
    before.CopyFrom(draft.request)
    check(draft.request, definitions)
    assert draft.request == before


@pytest.mark.parametrize("name", ["", "no_name", "-x"])
def test_a_bad_name_is_refused(draft: Any, refusal: Any, name: str) -> None:
    draft.request.name = name
    assert "WfSpecName must be a valid hostname" in refusal(draft.request)


def test_an_entrypoint_thread_that_is_not_there_is_refused(draft: Any, refusal: Any) -> None:
    draft.request.entrypoint_thread_name = "main"
    assert refusal(draft.request) == "unknown entrypoint thread: main"


def test_an_empty_request_is_refused_for_its_name(refusal: Any) -> None:
    assert "WfSpecName" in refusal(PutWfSpecRequest())


def test_a_thread_without_entrypoint_is_refused(draft: Any, refusal: Any) -> None:
    del draft.request.thread_specs["entrypoint"].nodes["a-start"]
    assert refusal(draft.request) == (
        "PutWfSpecRequest is invalid: ThreadSpec entrypoint invalid: missing ENTRYPOINT node!"
    )


def test_a_thread_with_two_entrypoints_is_refused(draft: Any, refusal: Any) -> None:
    draft.node("again").entrypoint.SetInParent()
    assert "Multiple ENTRYPOINT nodes!" in refusal(draft.request)


def test_threads_that_nobody_refers_to_are_checked_too(draft: Any, refusal: Any) -> None:
    draft.request.thread_specs["other"].SetInParent()
    assert "ThreadSpec other invalid: missing ENTRYPOINT node!" in refusal(draft.request)


def test_the_first_error_is_that_of_the_first_thread_and_node_by_name(draft: Any, refusal: Any) -> None:
    for thread in ("z", "a", "m"):
        draft.thread(thread, y="sleep {}", b="sleep {}")
    assert "ThreadSpec a invalid: Node b invalid: " in refusal(draft.request)


def test_variables_are_checked_before_nodes(draft: Any, refusal: Any) -> None:
    draft.thread("entrypoint", it="sleep { raw_seconds { variable_name: 'nope' } }", bad="sleep {}")
    assert refusal(draft.request) == "Thread entrypoint refers to missing var nope"


def test_a_node_is_checked_before_its_output_its_edges_and_its_handlers(draft: Any, refusal: Any) -> None:
    draft.thread("entrypoint", it="task { task_def_id { name: 'nope' } }")
    draft.node("it").outgoing_edges[0].sink_node_name = "it"
    draft.node("it").failure_handlers.add(specific_failure="no_name")
    assert "nonexistent TaskDef nope" in refusal(draft.request)
    draft.node("it").task.task_def_id.name = "fire"
    assert "Self loop" in refusal(draft.request)
    draft.node("it").outgoing_edges[0].sink_node_name = "z-end"
    assert "Invalid names for exception handlers" in refusal(draft.request)


@pytest.mark.parametrize("name", ["", "/", "1-t-{0}-TASK", "a b\n", "ø", "\0", "x" * 10_000])
def test_threads_nodes_and_variables_may_have_any_name(draft: Any, definitions: Any, name: str) -> None:
    draft.thread(name, **{name: "nop {}"})
    draft.variable(name, STR, thread=name)
    check(draft.request, definitions)


def test_an_exit_may_have_edges_and_a_node_may_have_none(draft: Any, definitions: Any) -> None:
    draft.thread("entrypoint", early="exit {}", lost="nop {}")
    draft.node("lost").ClearField("outgoing_edges")
    check(draft.request, definitions)


def test_a_thread_needs_no_exit(draft: Any, definitions: Any) -> None:
    del draft.node("a-start").outgoing_edges[:]
    del draft.request.thread_specs["entrypoint"].nodes["z-end"]
    check(draft.request, definitions)


def test_types_are_written_out(draft: Any, definitions: Any) -> None:
    thread = draft.thread("entrypoint", it="sleep { raw_seconds { literal_value { int: 1 } target_type {} } }")
    del thread.nodes["it"]
    draft.node("a-start").outgoing_edges[0].sink_node_name = "z-end"
    draft.node("z-end").exit.return_content.literal_value.SetInParent()
    draft.node("z-end").exit.return_content.target_type.SetInParent()
    old = thread.variable_defs.add().var_def
    old.name, old.type, old.masked_value = "old", INT, True
    thread.variable_defs.add().var_def.name = "untyped"
    stored = check(draft.request, definitions).thread_specs["entrypoint"]
    assert stored.variable_defs[0].var_def.type_def.primitive_type == INT
    assert stored.variable_defs[0].var_def.type_def.masked
    assert not stored.variable_defs[0].var_def.HasField("type")
    assert stored.variable_defs[1].var_def.type_def.WhichOneof("defined_type") == "primitive_type"
    assert stored.nodes["z-end"].exit.return_content.target_type.WhichOneof("defined_type") == "primitive_type"


def test_json_literals_are_stored_in_one_form(draft: Any, definitions: Any) -> None:
    content = draft.node("z-end").exit.return_content.literal_value
    content.json_obj = ' { "a" : 1.0, "b":[ 1 ] } '
    spec = check(draft.request, definitions)
    stored = spec.thread_specs["entrypoint"].nodes["z-end"].exit.return_content.literal_value
    assert stored == VariableValue(json_obj='{"a":1.0,"b":[1]}')


def test_a_literal_that_is_no_json_is_refused_with_its_place(draft: Any, refusal: Any) -> None:
    draft.node("z-end").exit.return_content.literal_value.json_obj = "{"
    assert "WfSpec wf: ThreadSpec entrypoint: Node z-end: " in refusal(draft.request)
