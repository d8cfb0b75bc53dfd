"""What the log carries and what comes out when it is applied. Plain data; `cluster` turns it into bytes and back."""

from typing import NamedTuple

from konik.statemachine import limits
from konik.statemachine.rejection import Code
from konik.statemachine.tasks.delivery import Delivery


class CommandId(NamedTuple):
    """Which process of which node received a command, and its number there. The answer goes back by it."""

    node: str
    nonce: bytes
    number: int


class ClientId(NamedTuple):
    """A request id that the client chose itself, with its creation in cluster time (milliseconds)."""

    text: str
    created_ms: int


class Command(NamedTuple):
    """A request as it was received: the method's name, who asks, and the bytes of the request message."""

    method: str
    tenant: str
    principal: str
    id: CommandId
    client_id: ClientId | None
    request: bytes


class Entry(NamedTuple):
    """One batch of commands: one log entry.

    `time_ms` is the leader's time, never before that of an earlier entry. `floors` says, for each process that
    has commands in this batch, the lowest number that it still waits for: results below it may be forgotten.
    """

    version: int
    time_ms: int
    floors: tuple[CommandId, ...]
    commands: tuple[Command, ...]


class Result(NamedTuple):
    """The answer to a command or a query: the bytes of the response message, or a refusal."""

    code: Code
    message: str
    body: bytes


class Process(NamedTuple):
    """One life of a node, from its start to its end."""

    node: str
    nonce: bytes


class Step(NamedTuple):
    """What one step of applying an entry has produced. `id` is None for a timer.

    `lost` names the process whose tickets are void now; if it lives it hands them in again.
    """

    id: CommandId | None
    result: Result | None
    deliveries: tuple[Delivery, ...]
    lost: Process | None = None


def ok(body: bytes = b"") -> Result:
    return Result(Code.OK, "", body)


def refused(code: Code, message: str) -> Result:
    """A message travels in a header, whose size is limited: a long one, say with a long name in it, is cut."""
    return Result(code, message[: limits.MESSAGE_CHARACTERS_MAX], b"")
