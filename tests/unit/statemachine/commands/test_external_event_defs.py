"""ExternalEventDefs are replaced by every Put."""

from typing import Any

import pytest
from google.protobuf import text_format

from konik.api.pb.enums_pb2 import INT
from konik.api.pb.event_requests_pb2 import DeleteExternalEventDefRequest, PutExternalEventDefRequest
from konik.api.pb.security_pb2 import ACL_EXTERNAL_EVENT, WRITE_METADATA
from konik.statemachine.registry import METHODS, Kind
from konik.statemachine.rejection import Code
from konik.statemachine.tables import EXTERNAL_EVENT_DEFS, external_event_def_key


def put(text: str = "", name: str = "go") -> PutExternalEventDefRequest:
    return text_format.Parse(text, PutExternalEventDefRequest(name=name))


def delete(name: str) -> DeleteExternalEventDefRequest:
    request = DeleteExternalEventDefRequest()
    request.id.name = name
    return request


@pytest.mark.parametrize("method", ["PutExternalEventDef", "DeleteExternalEventDef"])
def test_writing_external_event_defs_needs_the_permission_for_it(method: str) -> None:
    assert METHODS[method].kind is Kind.COMMAND
    assert METHODS[method].permission == (ACL_EXTERNAL_EVENT, WRITE_METADATA)


def test_a_bare_event_is_untyped_kept_and_not_correlated(commands: Any) -> None:
    made = commands(put())
    assert made.id.name == "go"
    assert made.created_at.seconds == 1
    assert not made.HasField("type_information")
    assert not made.HasField("correlated_event_config")
    assert made.HasField("retention_policy")
    assert made.retention_policy.WhichOneof("ext_evt_gc_policy") is None
    assert commands.context().load(EXTERNAL_EVENT_DEFS, external_event_def_key("default", "go")) == made


def test_everything_that_is_given_is_stored(commands: Any) -> None:
    made = commands(
        put(
            "content_type { return_type { primitive_type: INT } } retention_policy { seconds_after_put: -1 }"
            " correlated_event_config { ttl_seconds: 0 delete_after_first_correlation: true }"
        )
    )
    assert made.type_information.return_type.primitive_type == INT
    assert made.retention_policy.seconds_after_put == -1
    assert made.correlated_event_config.HasField("ttl_seconds")
    assert made.correlated_event_config.delete_after_first_correlation


def test_an_empty_content_type_stays_one_that_carries_nothing(commands: Any) -> None:
    made = commands(put("content_type {}"))
    assert made.HasField("type_information")
    assert not made.type_information.HasField("return_type")


@pytest.mark.parametrize(
    "before, after",
    [
        pytest.param("content_type { return_type { primitive_type: INT } }", "", id="the type is erased"),
        pytest.param("", "content_type { return_type { primitive_type: INT } }", id="a type is added"),
        pytest.param("correlated_event_config {}", "", id="correlation is taken away"),
        pytest.param("", "retention_policy { seconds_after_put: 5 }", id="events are forgotten"),
    ],
)
def test_a_put_replaces_whatever_was_there(commands: Any, before: str, after: str) -> None:
    first, second = commands(put(before)), commands(put(after))
    assert second != first
    assert second.created_at.seconds == 2
    assert commands.context().load(EXTERNAL_EVENT_DEFS, external_event_def_key("default", "go")) == second


def test_an_equal_put_changes_nothing(commands: Any) -> None:
    first = commands(put("correlated_event_config {}"))
    before = commands.view.items()
    assert commands(put("correlated_event_config {}")) == first
    assert commands.view.items() == before


def test_a_bad_name_is_refused(commands: Any) -> None:
    refused = commands.refusal(put(name="no_name"))
    assert refused.code == Code.INVALID_ARGUMENT
    assert "ExternalEventDefName must be a valid hostname" in refused.message


def test_a_list_is_not_built(commands: Any) -> None:
    refused = commands.refusal(put("content_type { return_type { inline_array_def {} } }"))
    assert refused.code == Code.UNIMPLEMENTED
    assert refused.message.startswith("ExternalEventDef go: ARRAY type")


def test_a_deleted_event_is_gone(commands: Any) -> None:
    commands(put())
    commands(delete("go"))
    assert commands.view.items() == []


def test_an_unknown_event_cannot_be_deleted(commands: Any) -> None:
    refused = commands.refusal(delete("go"))
    assert refused.code == Code.NOT_FOUND
    assert refused.message.startswith("Couldn't find provided ")
