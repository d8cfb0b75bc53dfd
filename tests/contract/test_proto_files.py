"""The proto files themselves: the generated code is theirs, and whoever reads them is told what things mean."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).parents[2]
PROTO = ROOT / "api" / "proto"

# Field numbers within descriptor.proto, of which the paths in source info are made.
FILE_MESSAGE, FILE_ENUM, FILE_SERVICE, FILE_SYNTAX = 4, 5, 6, 12
MESSAGE_NESTED, MESSAGE_ENUM = 3, 4
SERVICE_METHOD = 2


def test_the_generated_code_is_what_the_script_makes_of_the_proto_files(tmp_path: Path) -> None:
    environment = os.environ | {"V": str(Path(sys.executable).parent)}
    subprocess.run(["scripts/make_proto.sh", tmp_path], cwd=ROOT, env=environment, check=True, timeout=120)
    made, kept = generated_in(tmp_path), generated_in(ROOT / "api" / "pb")
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []


def generated_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if "_pb2" in path.name and path.is_file()}


@pytest.mark.parametrize("name", sorted(path.relative_to(PROTO).as_posix() for path in PROTO.rglob("*.proto")))
def test_every_file_message_enum_service_and_rpc_has_a_comment(name: str, tmp_path: Path) -> None:
    assert without_comment(parsed(PROTO, name, tmp_path)) == []


def test_a_missing_comment_is_noticed_wherever_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "bare.proto").write_text(
        """
        syntax = "proto3";
        // This one has a comment.
        message Told {
          message Nested { map<string, string> entries_of_maps_need_none = 1; }
          enum Choice { A = 0; }
        }
        message Outer {}
        enum Top { B = 0; }
        service Service { rpc Call(Outer) returns (Outer) {} }
        """
    )
    missing = without_comment(parsed(tmp_path, "bare.proto", tmp_path))
    assert missing == ["bare.proto", "Told.Nested", "Told.Choice", "Outer", "Top", "Service", "Service.Call"]


def parsed(folder: Path, name: str, scratch: Path) -> FileDescriptorProto:
    """The file's descriptor with its comments, which the generated code leaves out."""
    out = scratch / "descriptors"
    # As a program protoc knows where google's own files are; called as a function it has to be told.
    google = str(Path(protoc.__file__).parent / "_proto")
    status = protoc.main(
        ["protoc", f"-I{folder}", f"-I{google}", "--include_source_info", f"--descriptor_set_out={out}", name]
    )
    assert status == 0, f"protoc refuses {name}"
    return FileDescriptorSet.FromString(out.read_bytes()).file[0]


def without_comment(file: FileDescriptorProto) -> list[str]:
    commented = {tuple(place.path) for place in file.source_code_info.location if place.leading_comments.strip()}
    return [name for path, name in places(file) if path not in commented]


def places(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    yield (FILE_SYNTAX,), file.name
    yield from message_places(file.message_type, (FILE_MESSAGE,), "")
    for number, enum in enumerate(file.enum_type):
        yield (FILE_ENUM, number), enum.name
    for number, service in enumerate(file.service):
        yield (FILE_SERVICE, number), service.name
        for index, rpc in enumerate(service.method):
            yield (FILE_SERVICE, number, SERVICE_METHOD, index), f"{service.name}.{rpc.name}"


def message_places(
    messages: Sequence[DescriptorProto], path: tuple[int, ...], outer: str
) -> Iterator[tuple[tuple[int, ...], str]]:
    for number, message in enumerate(messages):
        if message.options.map_entry:
            continue
        here, name = (*path, number), outer + message.name
        yield here, name
        yield from message_places(message.nested_type, (*here, MESSAGE_NESTED), f"{name}.")
        for index, enum in enumerate(message.enum_type):
            yield (*here, MESSAGE_ENUM, index), f"{name}.{enum.name}"
