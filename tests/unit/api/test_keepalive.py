"""Idle connections: a client that pings often is not cut off; who is gone without a word is noticed."""

import asyncio

import grpc
import pytest

from konik.sdk.client import CHANNEL_OPTIONS
from tests.unit.api.conftest import task_in

pytestmark = pytest.mark.asyncio

IDLE_SECONDS = 10
NOTICED_SECONDS_MAX = 25 + 5
"""After 20 s of silence either side asks whether the other one is there, which has 5 s to answer; the rest is
for a busy machine."""

POLL_TASK = "/littlehorse.LittleHorse/PollTask"


async def test_a_client_that_pings_every_second_survives_ten_idle_seconds(serving, port):
    options = (
        ("grpc.keepalive_time_ms", 1_000),
        ("grpc.keepalive_timeout_ms", 1_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        stream = channel.stream_stream(POLL_TASK)()
        await stream.write(b"")
        read = asyncio.create_task(stream.read())
        # An early end is what this is about: it would finish the read.
        done, _ = await asyncio.wait([read], timeout=IDLE_SECONDS)
        assert not done
        serving.streams[0].bring(b"task")
        assert task_in(await asyncio.wait_for(read, 5)) == "task"
        stream.cancel()


class Cable:
    """A TCP connection to the server that can fall silent: both ends stay open and hear nothing any more."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Cable":
        self._listening = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.cut()
        self._listening.close()
        for writer in self._writers:
            writer.close()

    def cut(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        self._writers += writer, far_writer
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._tasks.append(asyncio.create_task(self._pass_on(source, sink)))

    @staticmethod
    async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            sink.write(data)


async def test_the_stream_of_a_client_that_fell_silent_is_closed_within_half_a_minute(serving, port):
    async with Cable(port) as cable, grpc.aio.insecure_channel(f"127.0.0.1:{cable.port}") as channel:
        call = channel.stream_stream(POLL_TASK)()
        await call.write(b"")
        await asyncio.wait_for(serving.opened.wait(), 5)
        stream = serving.streams[0]
        await stream.until(lambda: len(stream.asked) == 1)
        cable.cut()
        await asyncio.wait_for(stream.closed.wait(), NOTICED_SECONDS_MAX)
        call.cancel()


async def test_the_sdk_notices_within_half_a_minute_that_a_server_fell_silent(serving, port):
    async with Cable(port) as cable, grpc.aio.insecure_channel(f"127.0.0.1:{cable.port}", CHANNEL_OPTIONS) as channel:
        call = channel.stream_stream(POLL_TASK)()
        await call.write(b"")
        await asyncio.wait_for(serving.opened.wait(), 5)
        cable.cut()
        assert await asyncio.wait_for(call.code(), NOTICED_SECONDS_MAX) is grpc.StatusCode.UNAVAILABLE
