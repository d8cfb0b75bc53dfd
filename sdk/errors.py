"""What can go wrong when talking to a cluster, as a tree: catch `KonikError` for everything, a leaf for one cause.

Every error names the request and says what to do next. Only `from_status` turns a gRPC status into an error, so a
status means the same everywhere in the SDK.
"""

from typing import ClassVar

import grpc


class KonikError(Exception):
    """The root of everything that konik.sdk raises on purpose."""


class WorkflowError(KonikError):
    """A workflow program does something that cannot be compiled into a WfSpec."""


class TaskSignatureError(KonikError):
    """A task function's parameters or result cannot be described to the cluster."""


class ValueConversionError(KonikError):
    """A Python value has no VariableValue, or a VariableValue does not fit the Python type asked for."""


class TaskException(KonikError):
    """Raised by a task function to end its task with a named business exception that a workflow can handle.

    `name` is what `handle_exception` looks for, `content` becomes the handler's INPUT.
    """

    def __init__(self, name: str, message: str = "", content: object = None) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.message = message
        self.content = content


class RequestError(KonikError):
    """A request got no answer or was answered with a status other than OK.

    `request` is the RPC's name, `code` the gRPC status, `message` the cluster's own words, `hint` what to do next.
    """

    hint: ClassVar[str] = "see the message"

    def __init__(self, request: str, code: grpc.StatusCode, message: str) -> None:
        super().__init__(f"{request}: {code.name}: {message or 'no message'} ({self.hint})")
        self.request = request
        self.code = code
        self.message = message


class InvalidArgument(RequestError):
    """The request itself is wrong; it fails in the same way every time."""

    hint = "correct the request as the message says"


class NotFound(RequestError):
    """What the request names does not exist."""

    hint = "check the id and the tenant, or register the definition first"


class AlreadyExists(RequestError):
    """An object with this id exists already and was left as it is."""

    hint = "choose another id, or read the object that is there"


class FailedPrecondition(RequestError):
    """The object is in a state that does not allow this request."""

    hint = "read the object again and decide by its present state"


class Unauthenticated(RequestError):
    """The cluster does not know who is calling."""

    hint = "pass a valid token or client certificate"


class PermissionDenied(RequestError):
    """The caller is known and may not do this."""

    hint = "ask an administrator for an ACL that allows it"


class ResourceExhausted(RequestError):
    """A quota or a size limit stands in the way."""

    hint = "send less or smaller requests; the message names the limit"


class OutcomeUnknown(RequestError):
    """The command may have had its effect or not; the cluster no longer remembers it and refuses to run it again."""

    hint = "read the object to see whether the command had its effect"


class Unimplemented(RequestError):
    """The server does not know this request, or not this part of it."""

    hint = "upgrade the cluster, or leave out what the message names"


class InternalError(RequestError):
    """The server failed on this request; its log file has the trace."""

    hint = "look into the server's log"


class DeadlineExceeded(RequestError):
    """No answer came before the deadline; a command may have had its effect."""

    hint = "raise `timeout`, or read the object to see whether the command had its effect"


class Unavailable(RequestError):
    """No server of the list could be reached, or none found a leader, before the deadline; a command may have run."""

    hint = "check that the servers run and that a majority of them can see each other (`konik status`)"


BY_STATUS: dict[grpc.StatusCode, type[RequestError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.OUT_OF_RANGE: InvalidArgument,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.ABORTED: OutcomeUnknown,
    grpc.StatusCode.UNIMPLEMENTED: Unimplemented,
    grpc.StatusCode.INTERNAL: InternalError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.CANCELLED: Unavailable,
}


def from_status(request: str, code: grpc.StatusCode, message: str) -> RequestError:
    """The error for a status; a status that no class stands for becomes a plain `RequestError`."""
    return BY_STATUS.get(code, RequestError)(request, code, message)
