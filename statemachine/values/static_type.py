"""What is known of a value's type before anything runs."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from konik.api.pb.enums_pb2 import VariableType
from konik.api.pb.values_pb2 import TypeDefinition
from konik.statemachine.values import types


class Untyped(Enum):
    """Stands where there is no type to tell."""

    NULL = "NULL"
    """A literal without value, which fits every type."""
    UNKNOWN = "UNKNOWN"
    """Only run time will tell: behind a JSONPath, from an untyped event, a dynamic task."""
    VOID = "VOID"
    """The output of a node that has none."""


NULL: Final = Untyped.NULL
UNKNOWN: Final = Untyped.UNKNOWN
VOID: Final = Untyped.VOID


@dataclass(frozen=True, slots=True)
class Known:
    type: TypeDefinition


StaticType = Known | Untyped


def known(of: VariableType) -> Known:
    return Known(types.primitive(of))


def is_open(of: StaticType) -> bool:
    """Whether the checker has to let it pass; a void output is left to run time too, as clients are used to."""
    return of in (UNKNOWN, VOID)


def primitive_of(of: StaticType) -> VariableType | None:
    """The primitive type, masked or not; None where there is none."""
    return types.primitive_of(of.type) if isinstance(of, Known) else None


def fits(target: TypeDefinition, source: StaticType) -> bool:
    """Whether a source may, as far as is known, be put where `target` is declared."""
    return not isinstance(source, Known) or types.compatible(target, source.type)


def text(of: StaticType) -> str:
    return types.text(of.type) if isinstance(of, Known) else of.value


def bare_text(of: StaticType | TypeDefinition) -> str:
    """Without the word MASKED, for messages about what goes together, in which masking plays no part."""
    shown = types.text(of) if isinstance(of, TypeDefinition) else text(of)
    return shown.removesuffix(" MASKED")
