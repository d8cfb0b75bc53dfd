"""How a request is refused: with a gRPC status and a message that says what was wrong and what would be right."""

from enum import IntEnum


class Code(IntEnum):
    """The gRPC status codes that the state machine answers with."""

    OK = 0
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class Rejection(Exception):
    """The request is refused and has changed nothing; `code` and `message` go to the caller."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def invalid(message: str) -> Rejection:
    return Rejection(Code.INVALID_ARGUMENT, message)


def not_found(message: str) -> Rejection:
    return Rejection(Code.NOT_FOUND, message)


def already_exists(message: str) -> Rejection:
    return Rejection(Code.ALREADY_EXISTS, message)


def failed_precondition(message: str) -> Rejection:
    return Rejection(Code.FAILED_PRECONDITION, message)


def not_built(where: str, what: str) -> Rejection:
    """For what a later version will know: named, so that the user sees which part of the request it is."""
    return Rejection(Code.UNIMPLEMENTED, f"{where}: {what} is not implemented by this server yet")
