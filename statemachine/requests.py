"""Requests as the version in force has them.

A later release may know more fields of a request than an earlier one beside it, and both must make the same of the same
bytes. So all read them alike: as a release does that has the fields of the version in force and no others. What else
the bytes hold is dropped and reaches neither behaviour nor state.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, TypeVar

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from konik.statemachine import version
from konik.statemachine.registry import Method
from konik.statemachine.rejection import invalid
from konik.statemachine.view import Readable

M = TypeVar("M", bound=Message)


class Requests:
    """Reads the requests that a release knows."""

    def __init__(self, fields: Mapping[str, int]) -> None:
        """`fields` as `version.FIELDS`."""
        self._complete = max(fields.values(), default=version.FIRST)
        """From this version on all fields count."""
        self._fields = fields
        self._made: dict[tuple[str, int], type[Message]] = {}

    def read(self, method: Method, raw: bytes, state: Readable) -> Message:
        """Raises INVALID_ARGUMENT if the bytes are no request of that method."""
        try:
            if self._complete > version.FIRST and self._complete > (now := version.in_force(state)):
                raw = _known(self._earlier(method.request, now), raw).SerializeToString()
            return _known(method.request, raw)
        except DecodeError:
            raise invalid(f"the request of {method.name} is no {method.request.DESCRIPTOR.name}") from None

    def _earlier(self, kind: type[Message], at: int) -> type[Message]:
        """The message as it was at that version; made once."""
        key = kind.DESCRIPTOR.full_name, at
        if key not in self._made:
            later = {name for name, since in self._fields.items() if since > at}
            self._made[key] = altered(kind, lambda file: _drop(file.message_type, file.package, later))
        return self._made[key]


def _known(kind: type[M], raw: bytes) -> M:
    message = kind.FromString(raw)
    message.DiscardUnknownFields()
    return message


def altered(kind: type[Message], alter: Callable[[FileDescriptorProto], None]) -> type[Message]:
    """The same message in a contract of its own, each file of which was altered."""
    pool, done = DescriptorPool(), set[str]()

    def add(file: Any) -> None:
        if file.name in done:
            return
        done.add(file.name)
        for needed in file.dependencies:
            add(needed)
        copy = FileDescriptorProto()
        file.CopyToProto(copy)
        alter(copy)
        pool.Add(copy)

    add(kind.DESCRIPTOR.file)
    return GetMessageClass(pool.FindMessageTypeByName(kind.DESCRIPTOR.full_name))


def _drop(messages: Iterable[DescriptorProto], scope: str, names: Container[str]) -> None:
    """Takes the fields of those full names out of the messages."""
    for message in messages:
        name = f"{scope}.{message.name}"
        kept = [field for field in message.field if f"{name}.{field.name}" not in names]
        if len(kept) < len(message.field):
            _keep(message, kept)
        _drop(message.nested_type, name, names)


def _keep(message: DescriptorProto, fields: list[FieldDescriptorProto]) -> None:
    """A oneof without fields would be refused: it goes, too."""
    used = sorted({field.oneof_index for field in fields if field.HasField("oneof_index")})
    for field in fields:
        if field.HasField("oneof_index"):
            field.oneof_index = used.index(field.oneof_index)
    oneofs = [message.oneof_decl[place] for place in used]
    del message.field[:], message.oneof_decl[:]
    message.field.extend(fields)
    message.oneof_decl.extend(oneofs)
