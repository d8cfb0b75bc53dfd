"""One call with one answer: from bytes on the wire to a command or query of the node, and back.

Whatever comes in, a status goes out; a caller never sees a trace, and bytes that are no request never reach the log.
"""

import asyncio
from typing import Final

from google.protobuf.message import DecodeError

from konik.api.answers import Context, abort, observed
from konik.api.auth.callers import LEADER, TIME, caller
from konik.api.methods import Rpc
from konik.cluster.serving import Call, Serving
from konik.statemachine.entry import Result, refused
from konik.statemachine.registry import Kind
from konik.statemachine.rejection import Code, invalid

START_SECONDS_MAX: Final = 15.0
START_POLL_SECONDS: Final = 0.05
"""While a new cluster has not written its first entry nobody may do anything; callers are held that long."""

STOPPING: Final = "this node is stopping; call another one"

SERVED_TO_THE_LAST: Final = frozenset(("ReportTask",))
"""By a node that stops. Published workers repeat a report at the node they got the task from, and some give up soon."""


class Unary:
    """Answers the calls of one RPC."""

    def __init__(self, rpc: Rpc, serving: Serving) -> None:
        self._rpc, self._serving = rpc, serving

    async def serve(self, request: bytes, context: Context) -> bytes:
        """The response, or the call is aborted with a status."""
        result = await observed(self._rpc.name, self._run(request, context))
        trailers = self._trailers()
        if result.code is not Code.OK:
            await abort(context, result, trailers)
        context.set_trailing_metadata(trailers)
        return result.body

    def _trailers(self) -> tuple[tuple[str, str], ...]:
        now_ms, leader = self._serving.now_ms, self._serving.leader_elsewhere
        time = ((TIME, str(now_ms)),) if now_ms else ()  # a node that has just joined does not know it yet
        return time if leader is None else (*time, (LEADER, leader))

    async def _run(self, request: bytes, context: Context) -> Result:
        rpc, serving = self._rpc, self._serving
        if rpc.kind is None:
            return refused(Code.UNIMPLEMENTED, f"{rpc.name} is not implemented by this server yet")
        if serving.draining and rpc.name not in SERVED_TO_THE_LAST:
            return refused(Code.UNAVAILABLE, STOPPING)
        by = caller(context.invocation_metadata() or ())
        refusal = await admit(serving, rpc.name, by.tenant, by.principal)
        if refusal is not None:
            return refusal
        call = Call(rpc.name, by.tenant, by.principal, by.client_id, by.stale)
        checked, deadline_s = canonical_request(rpc, request), context.time_remaining()
        if rpc.kind is Kind.COMMAND:
            return await serving.command(call, checked, deadline_s)
        return await serving.query(call, checked, deadline_s)


async def admit(serving: Serving, method: str, tenant: str, principal: str) -> Result | None:
    """A refusal, or None if the caller may do this."""
    tries = int(START_SECONDS_MAX / START_POLL_SECONDS)
    while (refusal := serving.authorise(method, tenant, principal)) is not None:
        tries -= 1
        if refusal.code is not Code.UNAVAILABLE or tries < 0:
            return refusal
        await asyncio.sleep(START_POLL_SECONDS)
    return None


def canonical_request(rpc: Rpc, raw: bytes) -> bytes:
    """The request as it goes into the log: without fields that this version does not know, and in one form.

    Raises:
        Rejection: INVALID_ARGUMENT: the bytes are no such message.
    """
    message = rpc.request()
    try:
        message.ParseFromString(raw)
    except DecodeError:
        raise invalid(f"the request of {rpc.name} cannot be read as {rpc.request.DESCRIPTOR.name}") from None
    message.DiscardUnknownFields()
    return message.SerializeToString(deterministic=True)
