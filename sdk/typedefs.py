"""Python annotations to TypeDefinition: what a parameter, result or event payload is called on the cluster's side."""

import dataclasses
import enum
import types
import typing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Union
from uuid import UUID

from konik.api.pb.enums_pb2 import VariableType
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import TypeDefinition
from konik.sdk.errors import TaskSignatureError

# In this order, since bool is an int; subclasses count as their base.
PRIMITIVES: tuple[tuple[type, VariableType], ...] = (
    (enum.Enum, VariableType.STR),
    (UUID, VariableType.STR),
    (Decimal, VariableType.STR),
    (bool, VariableType.BOOL),
    (int, VariableType.INT),
    (float, VariableType.DOUBLE),
    (str, VariableType.STR),
    (bytes, VariableType.BYTES),
    (datetime, VariableType.TIMESTAMP),
    (WfRunId, VariableType.WF_RUN_ID),
    (dict, VariableType.JSON_OBJ),
    (list, VariableType.JSON_ARR),
    (tuple, VariableType.JSON_ARR),
)


@dataclass(frozen=True)
class Var:
    """Says more about a parameter or result: `Annotated[str, Var(masked=True)]`, or another `name` on the cluster."""

    name: str | None = None
    masked: bool = False


def remarks(annotation: Any) -> Var:
    """The `Var` in an annotation; one without remarks if there is none."""
    for note in getattr(annotation, "__metadata__", ()):
        if isinstance(note, Var):
            return note
    return Var()


def type_definition(annotation: Any) -> TypeDefinition:
    """The TypeDefinition of an annotation. Raises TaskSignatureError if there is none."""
    return TypeDefinition(primitive_type=_primitive(annotation), masked=remarks(annotation).masked)


def _primitive(annotation: Any) -> VariableType:
    origin: Any = typing.get_origin(annotation)
    if origin is Annotated:
        return _primitive(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _only_member(annotation)
    kind = origin or annotation
    if isinstance(kind, type):
        if dataclasses.is_dataclass(kind):
            return VariableType.JSON_OBJ
        for base, primitive in PRIMITIVES:
            if issubclass(kind, base):
                return primitive
    raise TaskSignatureError(f"no VariableType for {annotation!r}; use a plain type, dict, list or a dataclass")


def _only_member(union: Any) -> VariableType:
    """`T | None` is a T that may be NULL; other unions are fine if their members travel alike."""
    members = {_primitive(member) for member in typing.get_args(union) if member is not types.NoneType}
    if len(members) != 1:
        raise TaskSignatureError(f"{union!r} has no single VariableType; choose one of its types")
    return members.pop()
