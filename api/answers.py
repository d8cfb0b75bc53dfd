"""Results as gRPC has them: a status code, a message, and for a full queue the time after which to try again."""

from collections.abc import Awaitable
from time import perf_counter
from typing import Any, Final, NoReturn

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from konik.api.metrics import CALLS, CANCELLED
from konik.cluster.proposer import QUEUE_FULL
from konik.statemachine.entry import Result, refused
from konik.statemachine.rejection import Code, Rejection

INTERNAL: Final = "An unexpected internal error occurred; the log of the server has the details."

STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}
RETRY_AFTER_MS = 500
DETAILS = "grpc-status-details-bin"

Context = grpc.aio.ServicerContext[Any, Any]

log = structlog.get_logger()


async def observed(method: str, work: Awaitable[Result]) -> Result:
    """What the work comes to, counted and timed. Whatever goes wrong is a refusal: callers never see a trace."""
    began = perf_counter()
    status = CANCELLED
    try:
        result = await _caught(method, work)
        status = result.code.name
        return result
    finally:
        CALLS.observe(method, status, perf_counter() - began)


async def _caught(method: str, work: Awaitable[Result]) -> Result:
    try:
        return await work
    except Rejection as rejection:
        return refused(rejection.code, rejection.message)
    except Exception as error:
        log.error("unexpected error in a call", method=method, exc_info=error)
        return refused(Code.INTERNAL, INTERNAL)


async def abort(context: Context, result: Result, trailers: tuple[tuple[str, str | bytes], ...] = ()) -> NoReturn:
    """Ends the call with the refusal."""
    if result.code is Code.RESOURCE_EXHAUSTED and result.message == QUEUE_FULL:
        trailers = (*trailers, (DETAILS, _retry_details(result)))
    await context.abort(STATUS_CODES[int(result.code)], result.message, trailers)
    raise AssertionError("abort returns")


def _retry_details(result: Result) -> bytes:
    """Published clients wait that long and repeat the call by themselves. Only for what a repetition can cure."""
    retry = RetryInfo()
    retry.retry_delay.FromMilliseconds(RETRY_AFTER_MS)
    packed = AnyMessage()
    packed.Pack(retry)
    status = Status(code=int(result.code), message=result.message, details=[packed])
    return bytes(status.SerializeToString())
