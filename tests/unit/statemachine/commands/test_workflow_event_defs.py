"""WorkflowEventDefs keep their type."""

from typing import Any

import pytest
from google.protobuf import text_format

from konik.api.pb.event_requests_pb2 import DeleteWorkflowEventDefRequest, PutWorkflowEventDefRequest
from konik.api.pb.security_pb2 import ACL_WORKFLOW_EVENT, WRITE_METADATA
from konik.statemachine.registry import METHODS, Kind
from konik.statemachine.rejection import Code
from konik.statemachine.tables import WORKFLOW_EVENT_DEFS, workflow_event_def_key

NUMBER = "content_type { return_type { primitive_type: INT } }"


def put(text: str = "", name: str = "paid") -> PutWorkflowEventDefRequest:
    return text_format.Parse(text, PutWorkflowEventDefRequest(name=name))


def delete(name: str) -> DeleteWorkflowEventDefRequest:
    request = DeleteWorkflowEventDefRequest()
    request.id.name = name
    return request


@pytest.mark.parametrize("method", ["PutWorkflowEventDef", "DeleteWorkflowEventDef"])
def test_writing_workflow_event_defs_needs_the_permission_for_it(method: str) -> None:
    assert METHODS[method].kind is Kind.COMMAND
    assert METHODS[method].permission == (ACL_WORKFLOW_EVENT, WRITE_METADATA)


def test_an_event_is_stored_with_its_time_and_returned(commands: Any) -> None:
    made = commands(put(NUMBER))
    assert made.id.name == "paid"
    assert made.created_at.seconds == 1
    assert made.content_type == put(NUMBER).content_type
    assert commands.context().load(WORKFLOW_EVENT_DEFS, workflow_event_def_key("default", "paid")) == made


def test_no_type_means_no_content(commands: Any) -> None:
    made = commands(put())
    assert made.HasField("content_type")
    assert not made.content_type.HasField("return_type")


@pytest.mark.parametrize("first, again", [(NUMBER, NUMBER), ("", "content_type {}"), ("content_type {}", "")])
def test_the_same_event_again_is_answered_with_the_stored_one(commands: Any, first: str, again: str) -> None:
    made = commands(put(first))
    before = commands.view.items()
    assert commands(put(again)) == made
    assert commands.view.items() == before


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("", id="no content"),
        pytest.param("content_type { return_type { primitive_type: STR } }", id="another type"),
        pytest.param("content_type { return_type { primitive_type: INT masked: true } }", id="masked"),
    ],
)
def test_another_type_is_refused(commands: Any, other: str) -> None:
    commands(put(NUMBER))
    refused = commands.refusal(put(other))
    assert refused.code == Code.ALREADY_EXISTS
    assert refused.message == "WorkflowEventDef with name paid already exists with different type!"


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_name_that_clients_could_not_write_is_refused(commands: Any, name: str) -> None:
    assert commands.refusal(put(name=name)).code == Code.INVALID_ARGUMENT


def test_other_names_are_free(commands: Any) -> None:
    assert commands(put(name="paid_in full.")).id.name == "paid_in full."


def test_a_map_is_not_built(commands: Any) -> None:
    refused = commands.refusal(put("content_type { return_type { inline_map_def {} } }"))
    assert refused.code == Code.UNIMPLEMENTED
    assert refused.message.startswith("WorkflowEventDef paid: MAP type")


def test_a_deleted_event_is_gone_and_its_name_is_free(commands: Any) -> None:
    commands(put(NUMBER))
    commands(delete("paid"))
    assert commands.view.items() == []
    assert not commands(put()).content_type.HasField("return_type")


def test_an_unknown_event_cannot_be_deleted(commands: Any) -> None:
    refused = commands.refusal(delete("paid"))
    assert refused.code == Code.NOT_FOUND
    assert refused.message.startswith("Couldn't find provided ")
