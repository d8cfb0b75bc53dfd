"""What operators ask of one node."""

import asyncio
from collections.abc import Iterator

import grpc
import pytest

from konik.api import backup
from konik.api.oversight import BACKUP_PATH, TRANSFER_PATH
from konik.api.pb.cluster_pb2 import BackupPart, TransferLeadershipRequest

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


MEGABYTE = bytes(1 << 20)

AHEAD_MAX = 16
"""Chunks that a connection holds between the two sides, loosely."""


def endless(given: list[bytes]) -> Iterator[bytes]:
    """Chunks of a copy that is larger than any memory; those that were asked for are noted."""
    while True:
        given.append(MEGABYTE)
        yield MEGABYTE


async def test_a_backup_comes_in_parts_of_which_the_first_says_what_it_is(serving, client):
    serving.has_backup(iter([b"one", b"two"]))
    parts = [BackupPart.FromString(raw) async for raw in client.channel.unary_stream(BACKUP_PATH)(b"")]
    assert [part.data for part in parts] == [b"head", b"one", b"two"]
    assert [part.HasField("description") for part in parts] == [True, False, False]
    assert parts[0].description == serving.backup.description
    assert serving.backup.closed.is_set()


async def test_a_node_that_has_no_backup_to_give_says_why(serving, client):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _ in client.channel.unary_stream(BACKUP_PATH)(b""):
            pass
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "another backup is being taken" in refused.value.details()


async def test_a_backup_is_given_no_faster_than_it_is_taken_and_ends_with_its_caller(serving, client):
    given: list[bytes] = []
    serving.has_backup(endless(given))
    call = client.channel.unary_stream(BACKUP_PATH)(b"")
    for taken in range(1, 65):
        await call.read()
        assert len(given) - taken < AHEAD_MAX
    call.cancel()
    async with asyncio.timeout(5):
        await serving.backup.closed.wait()


async def test_a_caller_that_takes_nothing_for_long_gets_no_more(serving, client, monkeypatch):
    monkeypatch.setattr(backup, "STALL_SECONDS_MAX", 0.2)
    serving.has_backup(endless([]))
    call = client.channel.unary_stream(BACKUP_PATH)(b"")
    await call.read()
    async with asyncio.timeout(5):
        await serving.backup.closed.wait()
