"""Entries as bytes: msgpack of version, time, floors and commands.

What comes out of the log was put there by a member, yet it is checked: a replica that cannot read an entry must stop,
not guess. An entry without bytes is the first one of a leader's term and carries nothing.
"""

from typing import Any

import msgpack

from konik.statemachine.entry import ClientId, Command, CommandId, Entry

FORMAT = 1
"""Of these bytes: always the first thing in them. The version of the machine's behaviour is inside.

The replicas that read an entry need not have the release that wrote it. So a later format comes with a later version:
`pack` writes that of `entry.version`, which every member knows, and `unpack` reads all that there have been.
"""


class UnreadableEntry(Exception):
    """The bytes are not an entry that this version knows. The replica must stop."""


def pack(entry: Entry) -> bytes:
    """The bytes that go into the log."""
    packed: bytes = msgpack.packb((FORMAT, *entry))
    return packed


def unpack(raw: bytes) -> Entry:
    """The entry in `raw`.

    Raises:
        UnreadableEntry: it is none, or one of a later format.
    """
    try:
        format, *fields = msgpack.unpackb(raw, use_list=False)
        if format != FORMAT:
            raise UnreadableEntry(
                f"the entry has format {format!r:.20}, this version reads {FORMAT}: install a later one"
            )
        version, time_ms, floors, commands = fields
        return Entry(version, time_ms, tuple(CommandId(*floor) for floor in floors), tuple(map(command, commands)))
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise UnreadableEntry(f"{len(raw)} bytes that are no entry: {error!r:.200}") from error


def command(raw: tuple[Any, ...]) -> Command:
    """A command as it stands in an entry or a forwarding frame."""
    method, tenant, principal, id, client_id, request = raw
    return Command(
        method, tenant, principal, CommandId(*id), None if client_id is None else ClientId(*client_id), request
    )
