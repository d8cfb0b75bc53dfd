"""A field that is added to a request says since which version there is one: it cannot be forgotten."""

from pathlib import Path

from google.protobuf.descriptor import Descriptor

from konik.statemachine import machine as _registers_the_methods
from konik.statemachine.registry import METHODS, Kind
from konik.statemachine.version import FIELDS, KNOWN

assert _registers_the_methods

FIRST = Path(__file__).parent / "fields_of_the_first_version.txt"
"""A line for each message that a command can hold. Not to be changed once there is a second version."""


def read_from_the_log() -> dict[str, frozenset[str]]:
    """The messages that commands can hold, by their full names, and the names of their fields."""
    found: dict[str, frozenset[str]] = {}

    def visit(message: Descriptor) -> None:
        if message.full_name not in found:
            found[message.full_name] = frozenset(field.name for field in message.fields)
            for field in message.fields:
                if field.message_type is not None:
                    visit(field.message_type)

    for method in METHODS.values():
        if method.kind in (Kind.COMMAND, Kind.INTERNAL):
            visit(method.request.DESCRIPTOR)
    return found


def test_what_the_first_version_does_not_have_is_in_the_table() -> None:
    lines = (line.split() for line in FIRST.read_text().splitlines())
    first = {name: frozenset(fields) for name, *fields in lines}
    late = {
        f"{name}.{field}"
        for name, fields in read_from_the_log().items()
        for field in fields - first.get(name, frozenset())
    }
    assert late == FIELDS.keys()


def test_every_field_in_the_table_is_of_a_version_that_this_release_knows() -> None:
    assert all(1 < since <= KNOWN for since in FIELDS.values())
