"""PollTask: the stream of a published task worker. Each request asks for one task; each answer carries one."""

from collections.abc import AsyncIterator
from typing import Final

from google.protobuf.message import DecodeError

from konik.api.answers import Context, abort, observed
from konik.api.auth.callers import caller
from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.api.streams import WorkerStream
from konik.api.unary import admit
from konik.cluster.serving import Serving
from konik.statemachine.commands.workers import check_poll
from konik.statemachine.entry import Result
from konik.statemachine.rejection import Code, invalid

METHOD: Final = "PollTask"


class Polling:
    """Serves the streams of one node."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """From the opening of the stream to its end."""
        result = await observed(METHOD, self._admitted(requests, context))
        if result.code is not Code.OK:
            await abort(context, result)

    async def _admitted(self, requests: AsyncIterator[bytes], context: Context) -> Result:
        by = caller(context.invocation_metadata() or ())
        refusal = await admit(self._serving, METHOD, by.tenant, by.principal)
        return refusal or await _Polls(self._serving, by, context).hold(requests)


class _Polls(WorkerStream):
    def take_in(self, raw: bytes) -> None:
        try:
            request = PollTaskRequest.FromString(raw)
        except DecodeError:
            raise invalid(f"a request of {METHOD} cannot be read as PollTaskRequest") from None
        check_poll(request)
        self.polls.ask(request)

    async def write_all(self) -> None:
        while (delivery := self.polls.take()) is not None:
            await self.write(delivery.response(), (delivery,))
