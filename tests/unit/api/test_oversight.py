"""What operators ask of one node."""

import grpc
import pytest

from konik.api.oversight import TRANSFER_PATH
from konik.api.pb.cluster_pb2 import TransferLeadershipRequest

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("to", [None, "n2"])
async def test_the_node_is_told_to_hand_over(serving, client, to):
    body, _ = await client.call(TRANSFER_PATH, TransferLeadershipRequest(node=to).SerializeToString())
    assert body == b""
    assert serving.transfers == [to]


async def test_a_refusal_is_a_precise_status(serving, client):
    refusal = await client.refusal(TRANSFER_PATH, TransferLeadershipRequest(node="nobody").SerializeToString())
    assert refusal.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.details() == "there is no member nobody; members are n1, n2"


async def test_bytes_that_are_no_request_are_refused(serving, client):
    refusal = await client.refusal(TRANSFER_PATH, b"\xff\xff")
    assert refusal.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert serving.transfers == []
