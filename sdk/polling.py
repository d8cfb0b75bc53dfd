"""One poll stream: asks one node for tasks of one kind, for as long as that node exists.

The stream asks for a task only when there is a slot for it, and has one poll out at a time. A stream that breaks is
opened again, at first within milliseconds. Closing is a half-close: what the node has handed out still arrives.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from konik.api.pb.task_requests_pb2 import PollTaskRequest, PollTaskResponse, ScheduledTask
from konik.sdk.client import SERVICE, Client
from konik.sdk.failover import backoffs

log = logging.getLogger(__name__)

# After an answer without a task: the node lost the race for it, and asking again at once would be another.
EMPTY_ANSWER_PAUSE_S = 0.05

# How long a node may take to end a stream that was half-closed, before it is cut.
HALF_CLOSE_MAX_S = 2.0

Handle = Callable[[ScheduledTask, str], None]


class PollStream:
    """Polls `address` and passes each task, with the slot that was taken for it, to `handle`."""

    def __init__(
        self, client: Client, address: str, poll: PollTaskRequest, slots: asyncio.Semaphore, handle: Handle
    ) -> None:
        self.address = address
        self.is_polling = False
        self._client = client
        self._poll = poll
        self._slots = slots
        self._handle = handle
        self._call: grpc.aio.StreamStreamCall[PollTaskRequest, PollTaskResponse] | None = None
        self._closing = False
        self._waits = backoffs(client.chance)
        self._task = asyncio.create_task(self._run(), name=f"poll {poll.task_def_id.name} at {address}")

    async def close(self) -> None:
        """Withdraws the poll; returns when the node has ended the stream, or after HALF_CLOSE_MAX_S."""
        self._closing = True
        if self._call is not None:
            try:
                await self._call.done_writing()
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                pass  # it is broken already, which ends it too
        await asyncio.wait([self._task], timeout=HALF_CLOSE_MAX_S)
        self.cancel()

    def cancel(self) -> None:
        """Cuts the stream."""
        self._task.cancel()

    async def _run(self) -> None:
        while not self._closing:
            try:
                await self._session()
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
                log.info(
                    "poll stream to %s for %s broke: %s", self.address, self._poll.task_def_id.name, _reason(error)
                )
            finally:
                self.is_polling = False
            if not self._closing:
                await self._client.clock.sleep(next(self._waits))

    async def _session(self) -> None:
        """From opening the stream to its end."""
        method: Any = self._client.channel(self.address).stream_stream(
            SERVICE + "PollTask", PollTaskRequest.SerializeToString, PollTaskResponse.FromString
        )
        call = self._call = method(metadata=self._client.metadata)
        try:
            while await self._ask(call):
                pass
        finally:
            self._call = None
            call.cancel()

    async def _ask(self, call: Any) -> bool:
        """Takes a slot and asks for a task to fill it. False when the stream has ended."""
        await self._slots.acquire()
        handed_over = False
        try:
            if self._closing:
                return False
            await call.write(self._poll)
            self.is_polling = True
            answer = await call.read()
            if not isinstance(answer, PollTaskResponse):  # the library's mark for the end of the stream
                return False
            if handed_over := answer.HasField("result"):
                self._waits = backoffs(self._client.chance)
                self._handle(answer.result, self.address)
            else:
                await self._client.clock.sleep(EMPTY_ANSWER_PAUSE_S)
            return True
        finally:
            if not handed_over:
                self._slots.release()


def _reason(error: Exception) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error)
