"""Requests as a release would have them that knows more fields."""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message import Message

from konik.statemachine.requests import altered


def with_field(kind: type[Message], of: str, name: str, **how: Any) -> type[Message]:
    """`kind`, whose contract's message `of` has a field more: an optional number, unless `how` says something else."""
    field: dict[str, Any] = {"number": 900, "label": "LABEL_OPTIONAL", "type": "TYPE_INT64", **how}

    def alter(file: FileDescriptorProto) -> None:
        for message in file.message_type:
            if f"{file.package}.{message.name}" == of:
                message.field.append(FieldDescriptorProto(name=name, **field))

    return altered(kind, alter)
