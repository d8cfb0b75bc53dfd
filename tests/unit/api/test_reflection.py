"""A client that has no proto files asks a running server what it serves."""

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2_grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from konik.api.pb import service_pb2, values_pb2
from konik.api.reflection import enable_reflection

SERVICES = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
    "konik.v1.Cluster",
    "konik.v1.Worker",
    "littlehorse.LittleHorse",
]


class ReflectionClient:
    """One question at a time over the reflection stub."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = reflection_pb2_grpc.ServerReflectionStub(channel)

    async def ask(self, **question: str) -> ServerReflectionResponse:
        call = self._stub.ServerReflectionInfo(iter([ServerReflectionRequest(**question)]))
        return await anext(aiter(call))

    async def pool_for(self, symbol: str) -> DescriptorPool:
        """What grpcurl does: build a pool from nothing but the files of the answer."""
        answer = await self.ask(file_containing_symbol=symbol)
        assert answer.WhichOneof("message_response") == "file_descriptor_response", answer
        files = [FileDescriptorProto.FromString(b) for b in answer.file_descriptor_response.file_descriptor_proto]
        pool, waiting = DescriptorPool(), {file.name: file for file in files}
        while ready := [f for f in waiting.values() if not waiting.keys() & set(f.dependency)]:
            for file in ready:
                pool.Add(waiting.pop(file.name))
        assert not waiting, f"files whose imports are missing: {sorted(waiting)}"
        return pool


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ReflectionClient]:
    server = grpc.aio.server()
    enable_reflection(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield ReflectionClient(channel)
    await server.stop(None)


def method_shapes(service: ServiceDescriptor, package: str) -> dict[str, tuple[str, str, bool, bool]]:
    return {
        method.name: (
            method.input_type.full_name.removeprefix(package + "."),
            method.output_type.full_name.removeprefix(package + "."),
            method.client_streaming,
            method.server_streaming,
        )
        for method in service.methods
    }


@pytest.mark.asyncio
async def test_the_services_are_listed_under_their_wire_names(client: ReflectionClient) -> None:
    answer = await client.ask(list_services="")
    assert [service.name for service in answer.list_services_response.service] == SERVICES


@pytest.mark.asyncio
async def test_littlehorse_is_described_with_every_rpc_of_the_contract(client: ReflectionClient) -> None:
    pool = await client.pool_for("littlehorse.LittleHorse")
    described = pool.FindServiceByName("littlehorse.LittleHorse")
    ours = service_pb2.DESCRIPTOR.services_by_name["LittleHorse"]
    assert method_shapes(described, "littlehorse") == method_shapes(ours, "konik.v1")
    assert described.methods_by_name["PollTask"].client_streaming


@pytest.mark.asyncio
@pytest.mark.parametrize("service", SERVICES)
async def test_the_answer_about_a_service_is_complete_by_itself(client: ReflectionClient, service: str) -> None:
    pool = await client.pool_for(service)
    assert pool.FindServiceByName(service).full_name == service


@pytest.mark.asyncio
async def test_a_message_built_from_reflection_alone_has_the_bytes_of_ours(client: ReflectionClient) -> None:
    pool = await client.pool_for("littlehorse.VariableValue")
    reflected: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("littlehorse.VariableValue"))
    value = values_pb2.VariableValue(array=values_pb2.Array(items=[values_pb2.VariableValue(int=-7)]))
    assert reflected.FromString(value.SerializeToString()).array.items[0].int == -7


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["konik.v1.LittleHorse", "konik.v1.WfRun", "konik.v1.Ticket"])
async def test_what_is_not_on_the_wire_is_not_found(client: ReflectionClient, name: str) -> None:
    answer = await client.ask(file_containing_symbol=name)
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_the_published_client_can_be_imported_after_the_wire_names_were_published() -> None:
    """In a process of its own, since another test may have imported the client before."""
    program = "from konik.api.reflection import published_api; published_api(); import littlehorse.model"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
