"""Server reflection: lets grpcurl, Postman and the like discover the API without having its proto files.

Reflection must speak of what is on the wire, `littlehorse.LittleHorse` under `/littlehorse.LittleHorse/*`, while the
generated code registers the same declarations as `konik.v1` in the process-wide descriptor pool. Declaring them there
a second time, under the package `littlehorse`, would take the names that the published client registers, and the two
could no longer live in one process. So the renamed copies live in a private pool, which only the reflection service
reads. This module must never add anything to the default pool.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import grpc.aio
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from konik.api.pb import cluster_pb2, service_pb2

# The contract's package in our proto files, and the one that clients write into their method paths.
OWN_PACKAGE: Final = "konik.v1"
WIRE_PACKAGE: Final = "littlehorse"

# Published beside the contract, under the names that they have.
ADDITIONS: Final = (cluster_pb2.DESCRIPTOR, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR)


def enable_reflection(server: grpc.aio.Server) -> None:
    """Add the reflection service to a server that has not been started.

    It lists LittleHorse, gRPC health, Konik's Cluster and itself. That the server really serves them is up to whoever
    builds the server. The version is v1alpha: newer tools fall back to it, older ones know no other.
    """
    pool, service_names = published_api()
    reflection.enable_server_reflection(service_names, server, pool)


def published_api() -> tuple[DescriptorPool, list[str]]:
    """A new pool of all files that describe the published services, and the full names of these services."""
    contract = {name: _on_the_wire(file) for name, file in _closure(service_pb2.DESCRIPTOR).items()}
    beside = {name: _copy(file) for name, file in _closure(*ADDITIONS).items()}
    # One file cannot be in the pool under both packages: an addition that imports the contract would need another way.
    assert all(beside[name] == contract[name] for name in beside.keys() & contract.keys())

    pool = DescriptorPool()
    files = contract | beside
    for file in files.values():
        pool.Add(file)
    return pool, sorted(f"{file.package}.{service.name}" for file in files.values() for service in file.service)


def _closure(*roots: FileDescriptor) -> dict[str, FileDescriptor]:
    """The files and all that they import, by name; a file comes after what it imports."""
    files: dict[str, FileDescriptor] = {}
    for root in roots:
        files |= _closure(*root.dependencies)
        files[root.name] = root
    return files


def _copy(file: FileDescriptor) -> FileDescriptorProto:
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    return proto


def _on_the_wire(file: FileDescriptor) -> FileDescriptorProto:
    """A copy of the file in which the contract's declarations, and references to them, are in the wire package."""
    proto = _copy(file)
    if proto.package != OWN_PACKAGE:
        return proto
    proto.package = WIRE_PACKAGE
    for message in _with_nested(proto.message_type):
        for field in message.field:
            # A scalar field has no type name; assigning even the empty one would make it present.
            if field.type_name:
                field.type_name = _wire_name(field.type_name)
    for service in proto.service:
        for method in service.method:
            method.input_type = _wire_name(method.input_type)
            method.output_type = _wire_name(method.output_type)
    return proto


def _with_nested(messages: Iterable[DescriptorProto]) -> Iterator[DescriptorProto]:
    for message in messages:
        yield message
        yield from _with_nested(message.nested_type)


def _wire_name(type_name: str) -> str:
    """Descriptors refer to types by full name with a leading dot."""
    own = f".{OWN_PACKAGE}."
    return f".{WIRE_PACKAGE}.{type_name.removeprefix(own)}" if type_name.startswith(own) else type_name
