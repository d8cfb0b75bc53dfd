"""A client that pings often on an idle connection is not cut off."""

import asyncio

import grpc
import pytest

from tests.unit.api.conftest import task_in

IDLE_SECONDS = 10


@pytest.mark.asyncio
async def test_a_client_that_pings_every_second_survives_ten_idle_seconds(serving, port):
    options = (
        ("grpc.keepalive_time_ms", 1_000),
        ("grpc.keepalive_timeout_ms", 1_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        stream = channel.stream_stream("/littlehorse.LittleHorse/PollTask")()
        await stream.write(b"")
        read = asyncio.create_task(stream.read())
        # An early end is what this is about: it would finish the read.
        done, _ = await asyncio.wait([read], timeout=IDLE_SECONDS)
        assert not done
        serving.streams[0].bring(b"task")
        assert task_in(await asyncio.wait_for(read, 5)) == "task"
        stream.cancel()
