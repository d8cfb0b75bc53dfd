"""The contract is LittleHorse's: every declaration of the published client exists here in the same shape, and no other.

Shapes are taken from descriptors, so a difference that the wire or a typed client could notice is one here as well.
Only the package and the distribution over files are our own.
"""

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import littlehorse.model
import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

import konik.api.pb

PACKAGES = (".konik.v1.", ".littlehorse.")
# Ours beyond the contract.
ADDITIONS = {"cluster_pb2", "internal_pb2", "worker_pb2"}


class Field(NamedTuple):
    number: int
    type: str
    label: str
    optional: bool
    oneof: str | None
    type_name: str
    options: bytes


class Rpc(NamedTuple):
    input: str
    output: str
    client_streaming: bool
    server_streaming: bool
    options: bytes


# By dotted name below the package; what is compared of a declaration is in the value.
Shape = dict[str, tuple[object, ...]]


def files_of(package: ModuleType) -> list[FileDescriptorProto]:
    names = {module.name for module in pkgutil.iter_modules(package.__path__) if module.name.endswith("_pb2")}
    copies = []
    for name in sorted(names - ADDITIONS):
        file = FileDescriptorProto()
        importlib.import_module(f"{package.__name__}.{name}").DESCRIPTOR.CopyToProto(file)
        copies.append(file)
    return copies


def shape_of(files: Iterable[FileDescriptorProto]) -> Shape:
    """Every declaration of the files; a name that is declared twice is an error."""
    shape: Shape = {}
    for file in files:
        for name, declaration in declarations(file):
            assert name not in shape, f"{name} is declared twice"
            shape[name] = declaration
    return shape


def declarations(file: FileDescriptorProto) -> Iterator[tuple[str, tuple[object, ...]]]:
    for message in file.message_type:
        yield from message_declarations(message, "", file.syntax)
    for enum in file.enum_type:
        yield from enum_declarations(enum, "")
    for service in file.service:
        yield service.name, ("service",)
        for rpc in service.method:
            yield (
                f"{service.name}.{rpc.name}",
                Rpc(
                    own_name(rpc.input_type),
                    own_name(rpc.output_type),
                    rpc.client_streaming,
                    rpc.server_streaming,
                    rpc.options.SerializeToString(),
                ),
            )


def message_declarations(message: DescriptorProto, outer: str, syntax: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    name = outer + message.name
    # The syntax decides what an unset field means; the options hold what makes a nested message a map's entry.
    yield name, ("message", syntax, message.options.SerializeToString())
    for field in message.field:
        yield (
            f"{name}.{field.name}",
            Field(
                field.number,
                FieldDescriptorProto.Type.Name(field.type),
                FieldDescriptorProto.Label.Name(field.label),
                field.proto3_optional,
                message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None,
                own_name(field.type_name),
                field.options.SerializeToString(),
            ),
        )
    for nested in message.nested_type:
        yield from message_declarations(nested, f"{name}.", syntax)
    for enum in message.enum_type:
        yield from enum_declarations(enum, f"{name}.")


def enum_declarations(enum: EnumDescriptorProto, outer: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    name = outer + enum.name
    yield name, ("enum", enum.options.SerializeToString())
    for value in enum.value:
        yield f"{name}.{value.name}", (value.number,)


def own_name(type_name: str) -> str:
    """`Foo.Bar` for a type of either package; others, google's, keep their full name."""
    for package in PACKAGES:
        if type_name.startswith(package):
            return type_name.removeprefix(package)
    return type_name


def differences(ours: Shape, published: Shape) -> dict[str, str]:
    return {
        name: f"ours {ours.get(name)}, published {published.get(name)}"
        for name in ours.keys() | published.keys()
        if ours.get(name) != published.get(name)
    }


@pytest.fixture
def ours() -> list[FileDescriptorProto]:
    return files_of(konik.api.pb)


@pytest.fixture(scope="module")
def published() -> Shape:
    return shape_of(files_of(littlehorse.model))


def test_every_declaration_is_the_published_one_and_none_is_missing(
    ours: list[FileDescriptorProto], published: Shape
) -> None:
    assert differences(shape_of(ours), published) == {}


def test_there_are_108_rpcs_in_one_service(ours: list[FileDescriptorProto]) -> None:
    services = {service.name: len(service.method) for file in ours for service in file.service}
    assert services == {"LittleHorse": 108}


# How a list of declarations is called in each kind of descriptor.
CHILDREN = ("message_type", "enum_type", "service", "field", "nested_type", "value", "method")

# Spoils our descriptors.
Plant = Callable[[list[FileDescriptorProto]], None]


def located(files: Sequence[Any], name: str) -> tuple[Any, Any]:
    """A declaration by its dotted name, behind the list that holds it."""
    siblings, found = None, None
    for part in name.split("."):
        owners = files if found is None else [found]
        lists = [getattr(owner, children) for owner in owners for children in CHILDREN if hasattr(owner, children)]
        siblings, found = next((each, child) for each in lists for child in each if child.name == part)
    return siblings, found


def changed(name: str, /, **values: object) -> Plant:
    def plant(files: list[FileDescriptorProto]) -> None:
        _, declaration = located(files, name)
        for key, value in values.items():
            setattr(declaration, key, value)

    return plant


def cleared(name: str, attribute: str) -> Plant:
    return lambda files: located(files, name)[1].ClearField(attribute)


def dropped(name: str) -> Plant:
    def plant(files: list[FileDescriptorProto]) -> None:
        siblings, declaration = located(files, name)
        siblings.remove(declaration)

    return plant


def added(beside: str) -> Plant:
    return lambda files: located(files, beside)[0].add(name="Extra")


def deprecated(name: str) -> Plant:
    return lambda files: setattr(located(files, name)[1].options, "deprecated", True)


def made_proto2(files: list[FileDescriptorProto]) -> None:
    next(file for file in files if file.name == "konik/v1/wf_run.proto").syntax = "proto2"


INT64, SINGLE = FieldDescriptorProto.TYPE_INT64, FieldDescriptorProto.LABEL_OPTIONAL

PLANTED: dict[str, tuple[Plant, str]] = {
    "field renumbered": (changed("WfRun.status", number=99), "WfRun.status"),
    "field renamed": (changed("WfRun.status", name="state"), "WfRun.state"),
    "field of another type": (changed("NodeRunId.position", type=INT64), "NodeRunId.position"),
    "list made single": (changed("WfRun.thread_runs", label=SINGLE), "WfRun.thread_runs"),
    "presence lost": (cleared("RunWfRequest.id", "proto3_optional"), "RunWfRequest.id"),
    "field outside its oneof": (cleared("Node.exit", "oneof_index"), "Node.exit"),
    "field in another oneof": (changed("VariableAssignment.json_path", oneof_index=1), "VariableAssignment.json_path"),
    "field of another message": (changed("WfRun.id", type_name=".konik.v1.NodeRunId"), "WfRun.id"),
    "field deprecated": (deprecated("WfRun.id"), "WfRun.id"),
    "field dropped": (dropped("WfRun.status"), "WfRun.status"),
    "field added": (added("WfRun.status"), "WfRun.Extra"),
    "map made a list": (cleared("WfSpec.ThreadSpecsEntry", "options"), "WfSpec.ThreadSpecsEntry"),
    "message dropped": (dropped("WfRunId"), "WfRunId"),
    "message added": (added("WfRunId"), "Extra"),
    "nested message dropped": (dropped("Map.Entry"), "Map.Entry"),
    "nested enum dropped": (dropped("UTActionTrigger.UTHook"), "UTActionTrigger.UTHook.ON_ARRIVAL"),
    "fields with presence of proto2": (made_proto2, "WfRun"),
    "enum value renumbered": (changed("LHStatus.ERROR", number=9), "LHStatus.ERROR"),
    "enum value dropped": (dropped("LHStatus.ERROR"), "LHStatus.ERROR"),
    "RPC dropped": (dropped("LittleHorse.RunWf"), "LittleHorse.RunWf"),
    "RPC added": (added("LittleHorse.RunWf"), "LittleHorse.Extra"),
    "RPC with another request": (changed("LittleHorse.RunWf", input_type=".konik.v1.WfRunId"), "LittleHorse.RunWf"),
    "RPC with another answer": (changed("LittleHorse.RunWf", output_type=".konik.v1.WfSpec"), "LittleHorse.RunWf"),
    "requests streamed": (changed("LittleHorse.RunWf", client_streaming=True), "LittleHorse.RunWf"),
    "answers not streamed": (changed("LittleHorse.PollTask", server_streaming=False), "LittleHorse.PollTask"),
}


@pytest.mark.parametrize(("plant", "where"), PLANTED.values(), ids=PLANTED)
def test_the_comparison_notices_a_planted_difference(
    plant: Plant, where: str, ours: list[FileDescriptorProto], published: Shape
) -> None:
    assert where not in differences(shape_of(ours), published)
    plant(ours)
    assert where in differences(shape_of(ours), published)


IMPORT_OURS = "from konik.api.pb import service_pb2, ids_pb2"
IMPORT_PUBLISHED = "import littlehorse, littlehorse.model"


@pytest.mark.parametrize("imports", [(IMPORT_OURS, IMPORT_PUBLISHED), (IMPORT_PUBLISHED, IMPORT_OURS)])
def test_both_packages_live_in_one_process_and_meet_by_bytes(imports: tuple[str, str]) -> None:
    program = "\n".join(
        [
            *imports,
            "sent = littlehorse.model.WfRunId(id='child', parent_wf_run_id=littlehorse.model.WfRunId(id='parent'))",
            "received = ids_pb2.WfRunId.FromString(sent.SerializeToString())",
            "assert received.parent_wf_run_id.id == 'parent', received",
            "assert received.SerializeToString() == sent.SerializeToString()",
        ]
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
