"""WfSpecs get versions as they change; a deleted version is kept for the WfRuns that it started."""

from typing import Any

import pytest

from konik.api.pb.enums_pb2 import ACTIVE, INT
from konik.api.pb.metadata_requests_pb2 import (
    MINOR_REVISION_UPDATES,
    NO_UPDATES,
    DeleteTaskDefRequest,
    DeleteWfSpecRequest,
    PutTaskDefRequest,
    PutWfSpecRequest,
)
from konik.api.pb.security_pb2 import ACL_WORKFLOW, WRITE_METADATA
from konik.api.pb.wf_spec_pb2 import PRIVATE_VAR, WfSpec
from konik.statemachine import keys
from konik.statemachine.plan.versions import latest_key
from konik.statemachine.registry import METHODS, Kind
from konik.statemachine.rejection import Code
from konik.statemachine.tables import WF_SPECS, wf_spec_key


def put(*private: str, name: str = "wf", required: str = "", task: str = "", allowed: Any = 0) -> PutWfSpecRequest:
    """Private variables make revisions, required ones major versions."""
    request = PutWfSpecRequest(name=name, entrypoint_thread_name="main", allowed_updates=allowed)
    thread = request.thread_specs["main"]
    thread.nodes["start"].entrypoint.SetInParent()
    thread.nodes["end"].exit.SetInParent()
    thread.nodes["start"].outgoing_edges.add(sink_node_name="end")
    if task:
        thread.nodes["task"].task.task_def_id.name = task
    for variable in (*private, *required.split()):
        declared = thread.variable_defs.add(access_level=PRIVATE_VAR, required=variable in required)
        declared.var_def.name = variable
        declared.var_def.type_def.primitive_type = INT
    return request


def delete(major: int = 0, revision: int = 0, name: str = "wf") -> DeleteWfSpecRequest:
    request = DeleteWfSpecRequest()
    request.id.name, request.id.major_version, request.id.revision = name, major, revision
    return request


def number(spec: WfSpec) -> tuple[int, int]:
    return spec.id.major_version, spec.id.revision


def latest(commands: Any, *versions: int, name: str = "wf") -> tuple[int, int] | None:
    context = commands.context()
    key = latest_key(context, name, *versions)
    return None if key is None else number(context.load(WF_SPECS, key))


def stored(commands: Any, spec: WfSpec) -> WfSpec | None:
    found: WfSpec | None = commands.context().load(WF_SPECS, wf_spec_key("default", spec.id))
    return found


def planned(commands: Any, spec: WfSpec) -> WfSpec:
    """What a WfRun of this version runs."""
    plan = commands.context().plan(wf_spec_key("default", spec.id))
    assert plan is not None
    found: WfSpec = plan.spec
    return found


@pytest.mark.parametrize("method", ["PutWfSpec", "DeleteWfSpec"])
def test_writing_wf_specs_needs_the_permission_for_it(method: str) -> None:
    assert METHODS[method].kind is Kind.COMMAND
    assert METHODS[method].permission == (ACL_WORKFLOW, WRITE_METADATA)


def test_the_first_version_is_stored_and_returned(commands: Any) -> None:
    spec = commands(put())
    assert (spec.id.name, *number(spec)) == ("wf", 0, 0)
    assert spec.created_at.seconds == 1
    assert spec.status == ACTIVE
    assert stored(commands, spec) == spec


def test_the_same_wf_spec_again_is_answered_with_the_stored_one(commands: Any) -> None:
    first = commands(put())
    before = commands.view.items()
    assert commands(put(allowed=NO_UPDATES)) == first
    assert commands.view.items() == before


def test_each_change_is_a_version_and_the_old_ones_stay(commands: Any) -> None:
    versions = [commands(put()), commands(put("a")), commands(put(required="r")), commands(put("a", required="r"))]
    assert [number(spec) for spec in versions] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [spec.created_at.seconds for spec in versions] == [1, 2, 3, 4]
    assert [stored(commands, spec) for spec in versions] == versions


def test_an_old_version_put_again_is_a_new_one(commands: Any) -> None:
    commands(put())
    commands(put("a"))
    assert number(commands(put())) == (0, 2)


def test_versions_count_on_beyond_what_sorts_as_text(commands: Any) -> None:
    for revision in range(12):
        assert number(commands(put(*"ab"[: revision % 2 + 1]))) == (0, revision)
    assert latest(commands) == (0, 11)


@pytest.mark.parametrize(
    "allowed, code", [(NO_UPDATES, Code.ALREADY_EXISTS), (MINOR_REVISION_UPDATES, Code.FAILED_PRECONDITION)]
)
def test_an_update_that_the_caller_does_not_allow_stores_nothing(commands: Any, allowed: Any, code: Code) -> None:
    commands(put())
    assert commands.refusal(put(required="r", allowed=allowed)).code == code
    assert latest(commands) == (0, 0)


def test_a_wf_spec_that_is_wrong_stores_nothing(commands: Any) -> None:
    refused = commands.refusal(put(task="greet"))
    assert refused.code == Code.INVALID_ARGUMENT
    assert "Refers to nonexistent TaskDef greet" in refused.message


def test_task_defs_count_from_the_moment_they_are_put_to_that_of_their_deletion(commands: Any) -> None:
    commands(PutTaskDefRequest(name="greet"))
    commands(put(task="greet"))
    gone = DeleteTaskDefRequest()
    gone.id.name = "greet"
    commands(gone)
    assert commands.refusal(put(task="greet")).code == Code.INVALID_ARGUMENT


def test_the_task_defs_of_another_tenant_do_not_count(commands: Any) -> None:
    commands(PutTaskDefRequest(name="greet"), tenant="other")
    assert commands.refusal(put(task="greet")).code == Code.INVALID_ARGUMENT


def test_a_wf_spec_that_is_too_large_to_be_stored_is_refused(commands: Any) -> None:
    request = put()
    request.thread_specs["main"].nodes["end"].exit.return_content.literal_value.str = "x" * 1_047_000
    assert commands.refusal(request).code == Code.RESOURCE_EXHAUSTED


# --- Which is the latest --------------------------------------------------------------------------------------------


def test_the_latest_version_is_found_among_all_or_in_a_major_version(commands: Any) -> None:
    for request in (put(), put("a"), put(required="r"), put("a", required="r"), put()):
        commands(request)
    assert latest(commands) == (2, 0)
    assert latest(commands, 0) == (0, 1)
    assert latest(commands, 1) == (1, 1)
    assert latest(commands, 1, 0) == (1, 0)


@pytest.mark.parametrize("versions", [(1,), (0, 1), (-1,), (0, -1)], ids=str)
def test_a_version_that_does_not_exist_is_not_found(commands: Any, versions: tuple[int, ...]) -> None:
    commands(put())
    assert latest(commands, *versions) is None


def test_wf_specs_whose_names_begin_alike_are_not_mixed_up(commands: Any) -> None:
    commands(put(name="wf-2"))
    commands(put(name="wf"))
    commands(put("a", name="wf-2"))
    assert latest(commands, name="wf") == (0, 0)
    assert latest(commands, name="w") is None


# --- Deletion -------------------------------------------------------------------------------------------------------


def test_a_deleted_version_is_gone_and_the_one_before_is_the_latest(commands: Any) -> None:
    commands(put())
    second = commands(put("a"))
    commands(delete(0, 1))
    assert stored(commands, second) is None
    assert latest(commands) == (0, 0)


def test_nothing_but_the_hidden_version_is_left_of_a_deleted_wf_spec(commands: Any) -> None:
    commands(put())
    commands(delete())
    assert [key[:1] for key, _ in commands.view.items()] == [keys.DELETED_WF_SPEC]


def test_the_number_of_the_deleted_latest_version_is_free_again(commands: Any) -> None:
    commands(put())
    commands(put("a"))
    commands(delete(0, 1))
    assert number(commands(put("b"))) == (0, 1)


def test_numbers_begin_anew_when_all_versions_are_deleted(commands: Any) -> None:
    commands(put(required="r"))
    commands(put())
    commands(delete(0, 0))
    commands(delete(1, 0))
    assert number(commands(put("a"))) == (0, 0)


def test_a_version_in_the_middle_can_be_deleted(commands: Any) -> None:
    for private in ((), ("a",), ("b",)):
        commands(put(*private))
    commands(delete(0, 1))
    assert number(commands(put("c"))) == (0, 3)


@pytest.mark.parametrize(
    "request_",
    [delete(0, 1), delete(1, 0), delete(-1, 0), delete(0, -1), delete(name="w"), delete(name="")],
    ids=lambda r: f"{r.id.name} {r.id.major_version}.{r.id.revision}",
)
def test_a_version_that_does_not_exist_cannot_be_deleted(commands: Any, request_: DeleteWfSpecRequest) -> None:
    commands(put())
    refused = commands.refusal(request_)
    assert refused.code == Code.NOT_FOUND
    assert refused.message.startswith("Couldn't find provided ")


def test_a_version_cannot_be_deleted_twice(commands: Any) -> None:
    commands(put())
    commands(delete())
    assert commands.refusal(delete()).code == Code.NOT_FOUND


def test_a_deleted_version_still_serves_the_wf_runs_that_it_started(commands: Any) -> None:
    spec = commands(put())
    commands(delete())
    assert planned(commands, spec) == spec


def test_a_new_version_takes_over_from_a_deleted_one_of_its_number(commands: Any) -> None:
    commands(put())
    commands(delete())
    anew = commands(put("a"))
    assert number(anew) == (0, 0)
    assert planned(commands, anew) == anew
    commands(delete())
    assert planned(commands, anew) == anew


def test_what_never_existed_has_no_plan(commands: Any) -> None:
    spec = commands(put())
    spec.id.revision = 1
    assert commands.context().plan(wf_spec_key("default", spec.id)) is None
