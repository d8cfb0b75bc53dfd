"""TaskDefs never change; putting one again is answered with what is stored."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import text_format

from konik.api.pb.enums_pb2 import INT, JSON_OBJ, STR
from konik.api.pb.metadata_requests_pb2 import DeleteTaskDefRequest, PutTaskDefRequest
from konik.api.pb.security_pb2 import ACL_TASK, WRITE_METADATA
from konik.api.pb.task_requests_pb2 import TaskWorkerGroup
from konik.statemachine.registry import METHODS, Kind
from konik.statemachine.rejection import Code
from konik.statemachine.tables import TASK_DEFS, TASK_WORKER_GROUPS, task_def_key, task_worker_group_key

GREET = """
    name: 'greet'
    input_vars { name: 'who' type_def { primitive_type: STR } }
    input_vars { name: 'times' type_def { primitive_type: INT masked: true } default_value { int: 1 } }
    return_type { return_type { primitive_type: STR } }
    description: 'says hello'
"""


@pytest.fixture
def greet() -> PutTaskDefRequest:
    return text_format.Parse(GREET, PutTaskDefRequest())


def delete(name: str) -> DeleteTaskDefRequest:
    request = DeleteTaskDefRequest()
    request.id.name = name
    return request


@pytest.mark.parametrize("method", ["PutTaskDef", "DeleteTaskDef"])
def test_writing_task_defs_needs_the_permission_for_it(method: str) -> None:
    assert METHODS[method].kind is Kind.COMMAND
    assert METHODS[method].permission == (ACL_TASK, WRITE_METADATA)


def test_a_task_def_is_stored_with_its_time_and_returned(commands: Any, greet: PutTaskDefRequest) -> None:
    made = commands(greet)
    assert made.id.name == "greet"
    assert made.created_at.seconds == 1
    assert made.input_vars == greet.input_vars
    assert made.return_type == greet.return_type
    assert made.description == "says hello"
    assert commands.context().load(TASK_DEFS, task_def_key("default", "greet")) == made


def test_the_same_task_def_again_is_answered_with_the_stored_one(commands: Any, greet: PutTaskDefRequest) -> None:
    first = commands(greet)
    before = commands.view.items()
    assert commands(greet) == first
    assert commands.view.items() == before


CHANGES: dict[str, Callable[[PutTaskDefRequest], object]] = {
    "description": lambda r: setattr(r, "description", "says goodbye"),
    "no description": lambda r: r.ClearField("description"),
    "empty description": lambda r: setattr(r, "description", ""),
    "another input name": lambda r: setattr(r.input_vars[0], "name", "whom"),
    "another input type": lambda r: setattr(r.input_vars[0].type_def, "primitive_type", INT),
    "another masking": lambda r: setattr(r.input_vars[0].type_def, "masked", True),
    "another default": lambda r: setattr(r.input_vars[1].default_value, "int", 2),
    "no default": lambda r: r.input_vars[1].ClearField("default_value"),
    "another order": lambda r: r.input_vars.reverse(),
    "an input less": lambda r: r.input_vars.pop(),
    "an input more": lambda r: r.input_vars.add(name="more"),
    "another return type": lambda r: setattr(r.return_type.return_type, "primitive_type", INT),
    "no return type": lambda r: r.ClearField("return_type"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_different_task_def_of_the_same_name_is_refused(
    commands: Any, greet: PutTaskDefRequest, change: Callable[[PutTaskDefRequest], object]
) -> None:
    commands(greet)
    change(greet)
    refused = commands.refusal(greet)
    assert refused.code == Code.ALREADY_EXISTS
    assert refused.message == "TaskDef [greet] already exists and is immutable."


def test_no_return_type_is_stored_as_one_that_returns_nothing(commands: Any) -> None:
    made = commands(PutTaskDefRequest(name="fire"))
    assert made.HasField("return_type")
    assert not made.return_type.HasField("return_type")
    assert not made.HasField("description")


def test_a_return_type_without_type_is_json(commands: Any) -> None:
    request = PutTaskDefRequest(name="fetch")
    request.return_type.return_type.SetInParent()
    assert commands(request).return_type.return_type.primitive_type == JSON_OBJ


def test_old_and_new_ways_to_write_a_type_are_the_same(commands: Any) -> None:
    old = PutTaskDefRequest(name="greet")
    old.input_vars.add(name="who", type=STR, masked_value=True)
    new = PutTaskDefRequest(name="greet")
    new.input_vars.add(name="who").type_def.primitive_type = STR
    new.input_vars[0].type_def.masked = True
    assert commands(old) == commands(new)


def test_a_default_of_nan_does_not_make_a_task_def_differ_from_itself(commands: Any) -> None:
    request = PutTaskDefRequest(name="count")
    request.input_vars.add().default_value.double = float("nan")
    assert commands(request).created_at == commands(request).created_at


def test_input_names_are_free(commands: Any) -> None:
    request = PutTaskDefRequest(name="greet")
    for name in ("", "", "a/b", "a/b"):
        request.input_vars.add(name=name)
    assert len(commands(request).input_vars) == 4


def test_a_bad_name_is_refused(commands: Any) -> None:
    refused = commands.refusal(PutTaskDefRequest(name="no_name"))
    assert refused.code == Code.INVALID_ARGUMENT
    assert "TaskDefName must be a valid hostname" in refused.message


def test_a_struct_is_not_built(commands: Any) -> None:
    request = PutTaskDefRequest(name="greet")
    request.input_vars.add(name="who").type_def.struct_def_id.name = "person"
    refused = commands.refusal(request)
    assert refused.code == Code.UNIMPLEMENTED
    assert refused.message.startswith("TaskDef greet: Input variable who: STRUCT type")


def test_tenants_have_task_defs_of_their_own(commands: Any, greet: PutTaskDefRequest) -> None:
    commands(greet)
    assert commands(PutTaskDefRequest(name="greet"), tenant="other").id.name == "greet"


def test_a_deleted_task_def_is_gone_with_its_workers(commands: Any, greet: PutTaskDefRequest) -> None:
    commands(greet)
    context = commands.context()
    context.save(TASK_WORKER_GROUPS, task_worker_group_key("default", "greet"), TaskWorkerGroup())
    context.commit()
    commands(delete("greet"))
    assert commands.view.items() == []


def test_a_deleted_task_def_can_be_put_anew(commands: Any, greet: PutTaskDefRequest) -> None:
    commands(greet)
    commands(delete("greet"))
    assert not commands(PutTaskDefRequest(name="greet")).input_vars


@pytest.mark.parametrize("name", ["nope", ""])
def test_an_unknown_task_def_cannot_be_deleted(commands: Any, name: str) -> None:
    refused = commands.refusal(delete(name))
    assert refused.code == Code.NOT_FOUND
    assert refused.message.startswith("Couldn't find provided ")
