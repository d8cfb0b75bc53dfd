"""Server reflection: lets grpcurl, Postman and the like discover the API without having its proto files.

Reflection must speak of what is on the wire, `littlehorse.LittleHorse` under `/littlehorse.LittleHorse/*`, while the
generated code registers the same declarations as `konik.v1` in the process-wide descriptor pool. Declaring them there
a second time, under the package `littlehorse`, would take the names that the published client registers, and the two
could no longer live in one process. So the renamed copies live in a private pool, which only the reflection service
reads. This module must never add anything to the default pool.
"""

from collections.abc import Container, Iterable, Iterator
from typing import Final

import grpc.aio
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from konik.api.pb import cluster_pb2, service_pb2, worker_pb2

# The contract's package in our proto files, and the one that clients write into their method paths.
OWN_PACKAGE: Final = "konik.v1"
WIRE_PACKAGE: Final = "littlehorse"

# Published beside the contract, under the names that they have.
ADDITIONS: Final = (cluster_pb2.DESCRIPTOR, worker_pb2.DESCRIPTOR, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR)


def enable_reflection(server: grpc.aio.Server) -> None:
    """Add the reflection service to a server that has not been started.

    It lists LittleHorse, gRPC health, Konik's Cluster and Worker, and itself. That the server really serves them is up
    to whoever builds the server. The version is v1alpha: newer tools fall back to it, older ones know no other.
    """
    pool, service_names = published_api()
    reflection.enable_server_reflection(service_names, server, pool)


def published_api() -> tuple[DescriptorPool, list[str]]:
    """A new pool of all files that describe the published services, and the full names of these services."""
    contract = _closure(service_pb2.DESCRIPTOR)
    declared = {type for file in contract.values() for type in _declared(file)}
    files = {
        name: _on_the_wire(file, WIRE_PACKAGE if name in contract and file.package == OWN_PACKAGE else None, declared)
        for name, file in (contract | _closure(*ADDITIONS)).items()
    }
    pool = DescriptorPool()
    for file in files.values():
        pool.Add(file)
    return pool, sorted(f"{file.package}.{service.name}" for file in files.values() for service in file.service)


def _declared(file: FileDescriptor) -> list[str]:
    """The names of what the contract declares on the outermost level of a file."""
    if file.package != OWN_PACKAGE:
        return []
    return [*file.message_types_by_name, *file.enum_types_by_name]


def _closure(*roots: FileDescriptor) -> dict[str, FileDescriptor]:
    """The files and all that they import, by name; a file comes after what it imports."""
    files: dict[str, FileDescriptor] = {}
    for root in roots:
        files |= _closure(*root.dependencies)
        files[root.name] = root
    return files


def _on_the_wire(file: FileDescriptor, package: str | None, contract: Container[str]) -> FileDescriptorProto:
    """A copy of the file, in `package` if one is given, whose references to the contract lead to the wire package."""
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    proto.package = package or proto.package
    for message in _with_nested(proto.message_type):
        for field in message.field:
            # A scalar field has no type name; assigning even the empty one would make it present.
            if field.type_name:
                field.type_name = _wire_name(field.type_name, contract)
    for service in proto.service:
        for method in service.method:
            method.input_type = _wire_name(method.input_type, contract)
            method.output_type = _wire_name(method.output_type, contract)
    return proto


def _with_nested(messages: Iterable[DescriptorProto]) -> Iterator[DescriptorProto]:
    for message in messages:
        yield message
        yield from _with_nested(message.nested_type)


def _wire_name(type_name: str, contract: Container[str]) -> str:
    """Descriptors refer to types by full name with a leading dot; `contract` has the names of the outermost ones."""
    own = f".{OWN_PACKAGE}."
    within = type_name.removeprefix(own)
    if within == type_name or within.partition(".")[0] not in contract:
        return type_name
    return f".{WIRE_PACKAGE}.{within}"
