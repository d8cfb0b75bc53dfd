"""The client against servers that die, answer late, or refuse."""

import asyncio
import random

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.wf_run_pb2 import WfRun
from konik.sdk import AlreadyExists, Client, NotFound, OutcomeUnknown, RequestError, Unavailable, errors

pytestmark = pytest.mark.asyncio

RUN = WfRun(id=WfRunId(id="r")).SerializeToString()


def answering(*outcomes):
    """An RPC that goes through the outcomes: bytes, or a status to fail with."""
    left = list(outcomes)

    async def answer(request: bytes, context):
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, bytes):
            return outcome
        await context.abort(outcome, "said so")

    return answer


async def test_a_call_goes_to_the_next_server_when_one_is_down(client, nodes) -> None:
    await nodes[0].stop()
    nodes[1].answers["GetWfRun"] = answering(RUN)
    run = await client.get_wf_run("r")
    assert run.id.id == "r"
    assert client.servers.order()[0] == nodes[1].address


async def test_a_command_whose_server_fails_is_repeated_under_the_same_id(client, nodes) -> None:
    for node in nodes[:2]:
        node.answers["RunWf"] = answering(grpc.StatusCode.UNAVAILABLE)
    nodes[2].answers["RunWf"] = answering(RUN)
    await client.run_wf("w", {"x": 1}, id="r")
    sent = [node.named("RunWf")[0] for node in nodes]
    assert len({call[1] for call in sent}) == 1
    assert len({call[2]["konik-request-id"] for call in sent}) == 1
    assert {call[2]["konik-request-time"] for call in sent} == {"1700000000000"}


async def test_calls_go_to_the_leader_once_a_server_has_named_it(client, nodes) -> None:
    nodes[0].leader = nodes[2].address
    for _ in range(2):
        await client.call("GetWfRun", WfRunId(id="r"), WfRun)
    assert [len(node.named("GetWfRun")) for node in nodes] == [1, 0, 1]


async def test_a_leader_out_of_reach_is_not_tried_again_at_every_call(client, nodes, clock) -> None:
    await nodes[2].stop()
    nodes[0].leader = nodes[1].leader = nodes[2].address
    for _ in range(3):
        await client.call("GetWfRun", WfRunId(id="r"), WfRun)
    assert client.servers.order()[0] != nodes[2].address


async def test_a_leader_that_is_not_listed_is_none_of_ours(client, nodes) -> None:
    nodes[0].leader = "inside.the.cluster:2023"
    for _ in range(2):
        await client.call("GetWfRun", WfRunId(id="r"), WfRun)
    assert len(nodes[0].named("GetWfRun")) == 2


async def test_a_server_that_dies_with_the_call_in_flight_is_left(client, nodes) -> None:
    arrived = asyncio.Event()

    async def never(request: bytes, context) -> bytes:
        arrived.set()
        await asyncio.Event().wait()
        return b""

    nodes[0].answers["RunWf"] = never
    nodes[1].answers["RunWf"] = answering(RUN)
    call = asyncio.create_task(client.run_wf("w"))
    await arrived.wait()
    await nodes[0].stop()
    assert (await call).id.id == "r"
    ids = [node.named("RunWf")[0][2]["konik-request-id"] for node in nodes[:2]]
    assert ids[0] == ids[1]


async def test_each_command_has_an_id_of_its_own(client, nodes) -> None:
    nodes[0].answers["RunWf"] = answering(RUN)
    await client.run_wf("w")
    await client.run_wf("w")
    ids = {metadata["konik-request-id"] for _, _, metadata in nodes[0].named("RunWf")}
    assert len(ids) == 2


async def test_the_cluster_time_is_asked_for_before_the_first_command_and_when_it_has_aged(
    client, nodes, clock
) -> None:
    nodes[0].answers["RunWf"] = answering(RUN)
    await client.run_wf("w")
    await client.run_wf("w")
    assert [name for name, _, _ in nodes[0].calls] == ["GetServerVersion", "RunWf", "RunWf"]
    clock.now += 61
    await client.run_wf("w")
    assert [name for name, _, _ in nodes[0].calls[3:]] == ["GetServerVersion", "RunWf"]


async def test_reads_carry_no_id(client, nodes) -> None:
    await client.get_wf_run("r")
    assert "konik-request-id" not in nodes[0].named("GetWfRun")[0][2]


async def test_without_a_cluster_time_a_command_goes_without_id_and_is_not_repeated(client, nodes, monkeypatch) -> None:
    monkeypatch.setattr("konik.sdk.client.CLUSTER_TIME", "some-other-trailer")
    nodes[0].answers["RunWf"] = answering(grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(Unavailable):
        await client.run_wf("w")
    assert "konik-request-id" not in nodes[0].named("RunWf")[0][2]
    assert not nodes[1].named("RunWf")


async def test_a_quota_is_waited_for_as_long_as_it_says(client, nodes, clock) -> None:
    async def throttled(request: bytes, context) -> bytes:
        if len(nodes[0].named("RunWf")) > 1:
            return RUN
        info, status = RetryInfo(), Status(code=8, message="slow down")
        info.retry_delay.nanos = 500_000_000
        status.details.add().Pack(info)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down")
        raise AssertionError

    nodes[0].answers["RunWf"] = throttled
    assert (await client.run_wf("w")).id.id == "r"
    assert clock.slept == [0.5]
    assert len(nodes[0].named("RunWf")) == 2


async def test_when_no_server_answers_the_error_says_so_after_the_deadline(client, nodes, clock) -> None:
    for node in nodes:
        await node.stop()
    started = clock.now
    with pytest.raises(Unavailable) as raised:
        await client.get_wf_run("r")
    assert raised.value.request == "GetWfRun"
    assert "konik status" in str(raised.value)
    assert clock.now - started > 25


async def test_a_client_works_again_as_soon_as_a_server_is_back(nodes) -> None:
    await nodes[0].stop()
    async with Client(nodes[0].address, timeout_s=20) as client:
        call = asyncio.create_task(client.get_wf_run("r"))
        await asyncio.sleep(0)
        nodes[0].answers["GetWfRun"] = answering(RUN)
        await nodes[0].start()
        assert (await call).id.id == "r"


async def test_the_caller_is_named_on_every_call(nodes) -> None:
    async with Client(nodes[0].address, tenant="acme", token="secret") as client:
        await client.get_wf_run("r")
    metadata = nodes[0].named("GetWfRun")[0][2]
    assert (metadata["tenantid"], metadata["authorization"]) == ("acme", "Bearer secret")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.NOT_FOUND, NotFound),
        (grpc.StatusCode.ALREADY_EXISTS, AlreadyExists),
        (grpc.StatusCode.ABORTED, OutcomeUnknown),
        (grpc.StatusCode.DATA_LOSS, RequestError),
    ],
)
async def test_a_refusal_becomes_the_error_of_its_status(client, nodes, code, expected) -> None:
    nodes[0].answers["RunWf"] = answering(code)
    with pytest.raises(expected, match="RunWf.*said so") as raised:
        await client.call("RunWf", RunWfRequest(), Empty)
    assert type(raised.value) is expected
    assert raised.value.code is code


async def test_every_error_class_has_one_line_of_explanation() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(classes) > 15
    for kind in classes:
        assert kind.__doc__ and kind.__doc__.strip().splitlines()[0].endswith((".", "again.", "run."))
        assert issubclass(kind, errors.KonikError)


async def test_ids_come_from_the_injected_chance(nodes, clock) -> None:
    seen = []
    for _ in range(2):
        nodes[0].calls.clear()
        async with Client(nodes[0].address, clock=clock, chance=random.Random(5)) as client:
            await client.run_wf("w")
        seen.append(nodes[0].named("RunWf")[0][2]["konik-request-id"])
    assert seen[0] == seen[1]
