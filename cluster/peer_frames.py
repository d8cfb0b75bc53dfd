"""What nodes say to each other beside Raft's own messages: one constructor and one row of the wire's table for each.

What is asked may be answered only when the process that asked is over and another of the same node has taken its place,
which counts from the same number on. So questions and answers name the process.
"""

from konik.cluster.wire import Field, data, identifier, many, name, number, optional, record, text
from konik.statemachine.entry import Command, CommandId

COMMANDS = "commands"
BUSY = "busy"
READ_INDEX = "read-index"
READ_INDEX_ANSWER = "read-index-answer"
MARK = "mark"
CLOCK = "clock"

_METHOD_LETTERS_MAX = 100
REQUEST_BYTES_MAX = 12 << 20
"""Of one command. More than clients can send, since a request may grow a little when it is written anew."""
_TEXT_LETTERS_MAX = 4096

_COMMAND_ID = record(name, identifier, number)
_CLIENT_ID = optional(record(text(_TEXT_LETTERS_MAX), number))
_COMMAND = record(
    text(_METHOD_LETTERS_MAX),
    text(_TEXT_LETTERS_MAX),
    text(_TEXT_LETTERS_MAX),
    _COMMAND_ID,
    _CLIENT_ID,
    data(REQUEST_BYTES_MAX),
)

FIELDS: dict[str, tuple[Field, ...]] = {
    COMMANDS: (_COMMAND_ID, many(_COMMAND)),
    BUSY: (identifier, many(number)),
    READ_INDEX: (identifier, number),
    READ_INDEX_ANSWER: (identifier, number, optional(number)),
    MARK: (number, data(16, 16), text(_TEXT_LETTERS_MAX)),
    CLOCK: (number,),
}


def commands(floor: CommandId, forwarded: list[Command]) -> tuple[object, ...]:
    """A follower passes on what it was asked, with the lowest number that it still waits for."""
    return COMMANDS, floor, tuple(forwarded)


def busy(nonce: bytes, numbers: list[int]) -> tuple[object, ...]:
    """The leader has not taken these commands of the peer's process `nonce`: send them again later."""
    return BUSY, nonce, tuple(numbers)


def read_index(nonce: bytes, number: int) -> tuple[object, ...]:
    """Which index must be applied for a read to be linearisable? `number` tells the questions of a process apart."""
    return READ_INDEX, nonce, number


def read_index_answer(nonce: bytes, number: int, index: int | None) -> tuple[object, ...]:
    """That index, for the process that asked; None: ask anew, the one asked does not lead."""
    return READ_INDEX_ANSWER, nonce, number, index


def mark(index: int, sum: int, fingerprint: str) -> tuple[object, ...]:
    """The leader's hash of the state after entry `index`, and what decides its bytes beside the log."""
    return MARK, index, sum.to_bytes(16, "big"), fingerprint


def clock(wall_ms: int) -> tuple[object, ...]:
    """The sender's wall clock shows this many milliseconds since 1970."""
    return CLOCK, wall_ms
