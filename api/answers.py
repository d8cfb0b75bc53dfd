"""Results as gRPC has them: a status code, a message, and for a full queue the time after which to try again."""

from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from konik.cluster.proposer import QUEUE_FULL
from konik.statemachine.entry import Result
from konik.statemachine.rejection import Code

STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}
RETRY_AFTER_MS = 500
DETAILS = "grpc-status-details-bin"

Context = grpc.aio.ServicerContext[Any, Any]


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
