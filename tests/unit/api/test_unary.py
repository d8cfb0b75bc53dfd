"""Calls with one answer: what reaches the node, what reaches the caller, and what never does."""

import asyncio

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from konik.api.methods import RPCS
from konik.api.pb.cluster_pb2 import NodeStatus
from konik.api.pb.ids_pb2 import TaskDefId
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.cluster.proposer import QUEUE_FULL
from konik.statemachine.entry import ClientId, ok, refused
from konik.statemachine.registry import Kind
from konik.statemachine.rejection import Code

pytestmark = pytest.mark.asyncio

UNARY = sorted((rpc.name, rpc.kind, rpc.request) for rpc in RPCS.values() if rpc.name != "PollTask" and rpc.kind)
UNBUILT = sorted(rpc.name for rpc in RPCS.values() if rpc.kind is None)
MALFORMED = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("name", "kind", "request_type"), [(n, k, r) for n, k, r in UNARY], ids=[n for n, _, _ in UNARY]
)
async def test_a_method_goes_to_the_node_as_what_it_is_registered_for(serving, client, name, kind, request_type):
    serving.answer = lambda: ok(b"answer")
    body, trailers = await client.call(name, request_type().SerializeToString())
    assert body == b"answer"
    assert trailers["konik-time"] == "1234"
    [(called, call, _, _)] = serving.calls
    assert called == ("command" if kind is Kind.COMMAND else "query")
    assert (call.method, call.tenant, call.principal, call.client_id, call.stale) == (
        name,
        "default",
        "anonymous",
        None,
        False,
    )


@pytest.mark.parametrize("name", [name for name, _, _ in UNARY])
async def test_malformed_bytes_never_reach_the_node(serving, client, name):
    error = await client.refusal(name, MALFORMED)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert name in error.details()
    assert serving.calls == []


@pytest.mark.parametrize("name", UNBUILT)
async def test_what_is_not_built_says_so_by_name(serving, client, name):
    error = await client.refusal(name)
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert name in error.details()
    assert serving.calls == []


async def test_a_method_that_the_contract_does_not_have_is_unimplemented(client):
    assert (await client.refusal("NoSuchMethod")).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_commands_of_nodes_cannot_be_called(client):
    for name in ("konik.OfferTickets", "konik.ForgetNode"):
        assert (await client.refusal(name)).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_unknown_fields_are_discarded_before_the_request_is_proposed(serving, client):
    known = RunWfRequest(wf_spec_name="spec")
    await client.call("RunWf", known.SerializeToString() + b"\xfa\x3f\x03new")
    assert serving.calls[0][2] == known.SerializeToString(deterministic=True)


async def test_equal_requests_reach_the_node_as_equal_bytes(serving, client):
    one, other = RunWfRequest(), RunWfRequest()
    for request, order in ((one, "abc"), (other, "cba")):
        for name in order:
            request.variables[name].int = ord(name)
        await client.call("RunWf", request.SerializeToString())
    assert serving.calls[0][2] == serving.calls[1][2]


async def test_the_last_tenant_counts_and_blanks_around_it_do_not(serving, client):
    await client.call("Whoami", metadata=(("tenantid", "first"), ("tenantid", " second ")))
    assert serving.calls[0][1].tenant == "second"


async def test_an_empty_tenant_is_not_the_default_one(serving, client):
    await client.call("Whoami", metadata=(("tenantid", ""),))
    assert serving.calls[0][1].tenant == ""


async def test_a_request_id_travels_with_its_time(serving, client):
    await client.call("RunWf", metadata=(("konik-request-id", "abc"), ("konik-request-time", "99")))
    assert serving.calls[0][1].client_id == ClientId("abc", 99)


@pytest.mark.parametrize(
    "metadata",
    (
        (("konik-request-id", "abc"),),
        (("konik-request-id", ""), ("konik-request-time", "99")),
        (("konik-request-id", "x" * 129), ("konik-request-time", "99")),
        (("konik-request-id", "abc"), ("konik-request-time", "soon")),
        (("konik-request-id", "abc"), ("konik-request-time", "-1")),
        (("konik-request-id", "abc"), ("konik-request-time", "9" * 30)),
    ),
)
async def test_a_request_id_that_cannot_be_one_is_refused(serving, client, metadata):
    error = await client.refusal("RunWf", metadata=metadata)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "konik-request-" in error.details()
    assert serving.calls == []


async def test_a_caller_may_ask_for_what_this_node_has(serving, client):
    await client.call("Whoami", metadata=(("konik-read", "stale"),))
    assert serving.calls[0][1].stale


async def test_the_callers_deadline_reaches_the_node(serving, client):
    await client.call("Whoami", timeout=7)
    # gRPC sends a deadline in coarse units, rounded up.
    assert 5 < serving.calls[0][3] < 7.2


async def test_a_call_whose_deadline_passes_is_cancelled_at_the_node(serving, client):
    cancelled = asyncio.Event()

    async def never():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    serving.answer = never
    error = await client.refusal("RunWf", timeout=0.2)
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(cancelled.wait(), 5)


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
async def test_a_refusal_arrives_with_its_status_its_text_and_the_time(serving, client, code):
    serving.answer = lambda: refused(code, "why: ä")
    error = await client.refusal("RunWf")
    assert error.code().value[0] == code
    assert error.details() == "why: ä"
    assert dict(list(error.trailing_metadata()))["konik-time"] == "1234"


async def test_a_full_queue_says_when_to_come_again(serving, client):
    serving.answer = lambda: refused(Code.RESOURCE_EXHAUSTED, QUEUE_FULL)
    error = await client.refusal("RunWf")
    packed = Status.FromString(dict(list(error.trailing_metadata()))["grpc-status-details-bin"])
    retry = RetryInfo()
    assert packed.code == Code.RESOURCE_EXHAUSTED
    assert packed.details[0].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 500


async def test_what_is_too_large_for_ever_says_nothing_of_coming_again(serving, client):
    serving.answer = lambda: refused(Code.RESOURCE_EXHAUSTED, "the WfRun would be too large")
    error = await client.refusal("RunWf")
    assert "grpc-status-details-bin" not in dict(list(error.trailing_metadata()))


async def test_a_request_above_the_size_limit_is_refused_without_details(serving, client):
    error = await client.refusal("RunWf", b"\x0a" + b"x" * (9 << 20))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "grpc-status-details-bin" not in dict(list(error.trailing_metadata()))
    assert serving.calls == []


async def test_a_follower_names_the_leader_and_a_leader_nobody(serving, client):
    _, trailers = await client.call("RunWf")
    assert "konik-leader" not in trailers
    serving.leader_elsewhere = "other:2023"
    _, trailers = await client.call("RunWf")
    assert trailers["konik-leader"] == "other:2023"


async def test_a_node_that_stops_begins_nothing_new(serving, client):
    serving.draining = True
    error = await client.refusal("RunWf")
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "call another one" in error.details()
    assert serving.calls == []


async def test_a_node_that_stops_takes_reports_to_the_last(serving, client):
    serving.draining = True
    await client.call("ReportTask")
    assert [call.method for _, call, _, _ in serving.calls] == ["ReportTask"]


async def test_an_unexpected_error_shows_nothing_of_itself(serving, client):
    def fail():
        raise RuntimeError("secret detail")

    serving.answer = fail
    error = await client.refusal("RunWf")
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    assert "Traceback" not in error.details()


async def test_who_may_not_call_is_refused_before_anything_runs(serving, client):
    serving.refusals.append(refused(Code.PERMISSION_DENIED, "Tenant not allowed"))
    error = await client.refusal("RunWf")
    assert (error.code(), error.details()) == (grpc.StatusCode.PERMISSION_DENIED, "Tenant not allowed")
    assert serving.calls == []


async def test_callers_are_held_until_a_new_cluster_has_begun(serving, client):
    serving.refusals.extend([refused(Code.UNAVAILABLE, "Server Initializing")] * 2)
    await client.call("GetTaskDef", TaskDefId(name="x").SerializeToString())
    assert len(serving.calls) == 1


async def test_a_cluster_that_never_begins_lets_its_callers_go(serving, client, monkeypatch):
    monkeypatch.setattr("konik.api.unary.START_SECONDS_MAX", 0.1)
    serving.refusals.extend([refused(Code.UNAVAILABLE, "Server Initializing")] * 10)
    error = await client.refusal("Whoami", Empty().SerializeToString())
    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_the_node_says_how_it_is(client):
    body, _ = await client.call("/konik.v1.Cluster/Status")
    assert NodeStatus.FromString(body).node == "n1"
