"""What the streams of task workers have in common: reading beside writing, and how they end.

A stream that the worker has not half-closed never ends with OK, since published workers take that for good and poll no
more. After a half-close it does: what has come for it is written, and the rest of what it asked for is void.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Final

import grpc

from konik.api.answers import Context
from konik.api.auth.callers import Caller
from konik.cluster.serving import Serving
from konik.statemachine.entry import Result, ok, refused
from konik.statemachine.rejection import Code
from konik.statemachine.tasks.delivery import Delivery

REQUESTS_PER_STREAM_MAX: Final = 1_000
"""Requests of one stream without an answer; further ones wait until there is room."""

SHUTTING_DOWN: Final = "Server is shutting down, no new requests are being accepted"


class WorkerStream(ABC):
    """One stream of one worker, from its opening to its end."""

    def __init__(self, serving: Serving, by: Caller, context: Context) -> None:
        self._context = context
        self.stirred, self._room = asyncio.Event(), asyncio.Event()
        self.polls = serving.polls.open(by.tenant, self.stirred.set)

    @abstractmethod
    def take_in(self, raw: bytes) -> None:
        """A message of the worker. Raises Rejection for one that makes no sense, which ends the stream."""

    @abstractmethod
    async def write_all(self) -> None:
        """Writes what has come for the worker."""

    @property
    def owed(self) -> int:
        """Answers that are to be given before more is read."""
        return self.polls.outstanding

    @property
    def is_settled(self) -> bool:
        """Whether a half-closed stream may end."""
        return True

    async def hold(self, requests: AsyncIterator[bytes]) -> Result:
        """OK once the worker has half-closed and got what there was for it, otherwise how the stream is to end."""
        reading = asyncio.create_task(self._read(requests), name="requests of a worker's stream")
        reading.add_done_callback(lambda _: self.stirred.set())
        try:
            while True:
                self.stirred.clear()
                await self.write_all()
                self._room.set()
                if reading.done():
                    await reading
                    self.polls.close()
                    if self.is_settled:
                        return ok()
                elif self.polls.ended:
                    return refused(Code.UNAVAILABLE, SHUTTING_DOWN)
                await self.stirred.wait()
        finally:
            reading.cancel()
            self.polls.close()

    async def _read(self, requests: AsyncIterator[bytes]) -> None:
        async for raw in requests:
            self.take_in(raw)
            while self.owed >= REQUESTS_PER_STREAM_MAX:
                self._room.clear()
                await self._room.wait()

    async def write(self, message: bytes, deliveries: Sequence[Delivery]) -> None:
        """Writes a message that hands over `deliveries`.

        A write that fails may have reached the worker, so its tasks count as written; those of one that was never begun
        are given back.
        """
        if self._context.cancelled() or self._context.done():
            for delivery in deliveries:
                self.polls.give_back(delivery)
            raise asyncio.CancelledError
        try:
            await self._context.write(message)
        except (grpc.RpcError, asyncio.InvalidStateError) as error:
            raise asyncio.CancelledError from error
        finally:
            for delivery in deliveries:
                self.polls.written(delivery)
