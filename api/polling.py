"""PollTask: the stream of a task worker. Each request asks for one task; each answer carries one.

A stream that the worker has not half-closed never ends with OK, since workers take that for good and poll no more.
After a half-close it does: what has come for it is written, and the rest of its requests are void.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import grpc
from google.protobuf.message import DecodeError

from konik.api.answers import Context, abort, observed
from konik.api.auth.callers import caller
from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.api.unary import admit
from konik.cluster.polls import PollStream
from konik.cluster.serving import Serving
from konik.statemachine.commands.workers import check_poll
from konik.statemachine.entry import Result, ok, refused
from konik.statemachine.rejection import Code, invalid

METHOD: Final = "PollTask"

REQUESTS_PER_STREAM_MAX: Final = 1_000
"""Requests of one stream without an answer; further ones are left unread until there is room."""

SHUTTING_DOWN: Final = "Server is shutting down, no new requests are being accepted"


class Polling:
    """Holds the streams of one node."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """From the opening of the stream to its end."""
        result = await observed(METHOD, self._admitted(requests, context))
        if result.code is not Code.OK:
            await abort(context, result)

    async def _admitted(self, requests: AsyncIterator[bytes], context: Context) -> Result:
        """OK once the worker has half-closed and got what there was for it, otherwise how the stream is to end."""
        by = caller(context.invocation_metadata() or ())
        refusal = await admit(self._serving, METHOD, by.tenant, by.principal)
        return refusal or await self._hold(by.tenant, requests, context)

    async def _hold(self, tenant: str, requests: AsyncIterator[bytes], context: Context) -> Result:
        stirred = asyncio.Event()
        stream = self._serving.polls.open(tenant, stirred.set)
        room = asyncio.Event()
        reading = asyncio.create_task(_read(stream, requests, room), name="requests of a poll stream")
        reading.add_done_callback(lambda _: stirred.set())
        try:
            while True:
                stirred.clear()
                await _write_all(stream, context)
                room.set()
                if reading.done():
                    await reading
                    return ok()
                if stream.ended:
                    return refused(Code.UNAVAILABLE, SHUTTING_DOWN)
                await stirred.wait()
        finally:
            reading.cancel()
            stream.close()


async def _read(stream: PollStream, requests: AsyncIterator[bytes], room: asyncio.Event) -> None:
    """Passes on the worker's requests until it half-closes. Raises Rejection for one that makes no sense."""
    async for raw in requests:
        try:
            request = PollTaskRequest.FromString(raw)
        except DecodeError:
            raise invalid(f"a request of {METHOD} cannot be read as PollTaskRequest") from None
        check_poll(request)
        stream.ask(request)
        while stream.outstanding >= REQUESTS_PER_STREAM_MAX:
            room.clear()
            await room.wait()


async def _write_all(stream: PollStream, context: Context) -> None:
    """Writes the tasks that have come.

    A write that fails may have reached the worker, so its task counts as written; one that was never begun is given
    back.
    """
    while (delivery := stream.take()) is not None:
        if context.cancelled() or context.done():
            stream.give_back(delivery)
            raise asyncio.CancelledError
        try:
            await context.write(delivery.response())
        except (grpc.RpcError, asyncio.InvalidStateError) as error:
            raise asyncio.CancelledError from error
        finally:
            stream.written(delivery)
