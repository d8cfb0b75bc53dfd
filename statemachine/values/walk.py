"""Walks through requests: finds what this server does not have, and which variables are used.

It goes by the descriptors of the messages, so no place in which an assignment or a type can stand is forgotten.
"""

from collections.abc import Iterator, Sequence
from typing import Final, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from konik.api.pb.expressions_pb2 import LHPath, MapBuilder, StructBuilder, VariableAssignment, VariableMutation
from konik.api.pb.ids_pb2 import StructDefId
from konik.api.pb.values_pb2 import Array, InlineArrayDef, InlineMapDef, Map, Struct
from konik.statemachine.values.errors import NotBuilt

NOT_BUILT: Final[dict[str, str]] = {
    message.DESCRIPTOR.full_name: what
    for message, what in (
        (Struct, "STRUCT value"),
        (StructDefId, "STRUCT type"),
        (StructBuilder, "struct builder"),
        (Array, "ARRAY value"),
        (InlineArrayDef, "ARRAY type"),
        (Map, "MAP value"),
        (InlineMapDef, "MAP type"),
        (MapBuilder, "map builder"),
        (LHPath, "LHPath"),
    )
}
"""By the full name of the message."""


def require_built(message: Message, where: str) -> None:
    """Raises NotBuilt if anything in the message, at any depth, is not supported; the error says where and what."""
    for place, part in walk(message, where):
        what = NOT_BUILT.get(part.DESCRIPTOR.full_name)
        if what is not None:
            raise NotBuilt(place, what)


def variables_used(message: Message) -> set[str]:
    """Every variable that is read or written anywhere in an assignment, or in a node or edge that holds some.

    A set has no order that replicas agree on: sort it before anything is told of it.
    """
    used = set()
    for _, part in walk(message, ""):
        if isinstance(part, VariableAssignment) and part.HasField("variable_name"):
            used.add(part.variable_name)
        elif isinstance(part, VariableMutation):
            used.add(part.lhs_name)
    return used


def walk(message: Message, place: str) -> Iterator[tuple[str, Message]]:
    """The message and all messages in it, each with its place: `place.field[2].field[key]`. Maps in order of keys."""
    yield place, message
    for field, content in message.ListFields():
        if field.message_type is not None:
            yield from _walk_field(field, content, f"{place}.{field.name}" if place else field.name)


def _walk_field(field: FieldDescriptor, content: object, place: str) -> Iterator[tuple[str, Message]]:
    if isinstance(content, Message):
        yield from walk(content, place)
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        assert hasattr(content, "keys") and hasattr(content, "__getitem__")
        for key in sorted(content.keys()):
            if isinstance(content[key], Message):
                yield from walk(content[key], f"{place}[{key}]")
    else:
        parts = cast("Sequence[Message]", content)  # it has no common type with the interpreter's own sequences
        for index, part in enumerate(parts):
            yield from walk(part, f"{place}[{index}]")
