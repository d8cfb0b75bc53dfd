"""How types relate: which is equal to which, and what may stand where another is declared.

Two relations that must not be mixed up: *equality* is strict, masking included; *compatibility* asks whether a value
may be put somewhere without a cast, and does not see masking.
"""

from typing import Final

from konik.api.pb.enums_pb2 import (
    BOOL,
    BYTES,
    DOUBLE,
    INT,
    JSON_ARR,
    JSON_OBJ,
    STR,
    TIMESTAMP,
    WF_RUN_ID,
    VariableType,
)
from konik.api.pb.expressions_pb2 import VariableDef
from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.statemachine.values.errors import InvalidValue
from konik.statemachine.values.value import enum_name, kind

PRIMITIVES: Final = (INT, DOUBLE, STR, BOOL, BYTES, WF_RUN_ID, TIMESTAMP, JSON_OBJ, JSON_ARR)
CASTABLE: Final = frozenset({STR, INT, DOUBLE, BOOL, BYTES, WF_RUN_ID})
"""What turns into a STR by itself."""
LEAF: Final = frozenset({STR, INT, DOUBLE, BOOL, WF_RUN_ID, TIMESTAMP})
"""What may be added to a text, looked for in a list, or be the key of something."""

ASSIGNABLE: Final[dict[VariableType, frozenset[VariableType]]] = {
    **{target: frozenset({target}) for target in PRIMITIVES},
    DOUBLE: frozenset({DOUBLE, INT}),
    STR: CASTABLE,
}
"""Target to the sources that need no cast."""

CAST_ONLY: Final[dict[VariableType, frozenset[VariableType]]] = {
    **{target: frozenset() for target in PRIMITIVES},
    INT: frozenset({DOUBLE, STR}),
    DOUBLE: frozenset({STR}),
    BOOL: frozenset({STR}),
    BYTES: frozenset({STR}),
    WF_RUN_ID: frozenset({STR}),
}
"""Target to the further sources that an explicit cast allows."""


def primitive(of: VariableType) -> TypeDefinition:
    """The unmasked type; shared by all who ask."""
    return _PRIMITIVE[of]


def _make(of: VariableType) -> TypeDefinition:
    made = TypeDefinition()
    made.primitive_type = of
    return made


_PRIMITIVE: Final[dict[VariableType, TypeDefinition]] = {of: _make(of) for of in PRIMITIVES}


def normalise_type(given: TypeDefinition) -> TypeDefinition:
    """A copy in which the type is spelled out: nothing set means JSON_OBJ.

    Raises InvalidValue for an anonymous struct, which has no name to be registered or compared under, and for a
    primitive type that this version does not know.
    """
    made = TypeDefinition()
    made.CopyFrom(given)
    which = given.WhichOneof("defined_type")
    if which is None:
        made.primitive_type = JSON_OBJ
    elif which == "inline_struct_def":
        raise InvalidValue("An inline_struct_def cannot be used as a type; register a StructDef and name it")
    elif which == "primitive_type" and given.primitive_type not in _PRIMITIVE:
        raise InvalidValue(f"Unknown VariableType {int(given.primitive_type)}")
    return made


def normalise(given: VariableDef) -> VariableDef:
    """A copy that says its type in `type_def` alone; the deprecated `type` and `masked_value` win if `type` is set."""
    made = VariableDef()
    made.CopyFrom(given)
    if given.HasField("type"):
        made.type_def.Clear()
        made.type_def.primitive_type = given.type
        made.type_def.masked = given.masked_value
    made.type_def.CopyFrom(normalise_type(made.type_def))
    made.ClearField("type")
    made.ClearField("masked_value")
    return made


def type_of(value: VariableValue) -> TypeDefinition | None:
    """The type of a primitive value; None for NULL, which belongs to every type. The answer is shared."""
    of = kind(value)
    return None if of is None else _PRIMITIVE[of]


def primitive_of(declared: TypeDefinition) -> VariableType | None:
    """The primitive that a type is; None if it is not one."""
    return declared.primitive_type if declared.HasField("primitive_type") else None


def belongs(value: VariableValue, declared: TypeDefinition) -> bool:
    """Whether a value is of just that primitive type: the usual case, in which nothing has to be converted."""
    of = kind(value)
    return of is not None and of == primitive_of(declared)


def equal(a: TypeDefinition, b: TypeDefinition) -> bool:
    """Whether two normalised types are the same, masking included."""
    return a == b


def compatible(target: TypeDefinition | None, source: TypeDefinition | None) -> bool:
    """Whether a value of `source` may be put where `target` is declared, without a cast. None is the type of NULL."""
    if target is None or source is None:
        return True
    wanted, given = primitive_of(target), primitive_of(source)
    return wanted is not None and given is not None and given in ASSIGNABLE.get(wanted, ())


def castable(target: TypeDefinition, source: TypeDefinition | None) -> bool:
    """Whether an explicit cast may turn `source` into `target`."""
    if source is None or compatible(target, source):
        return True
    wanted, given = primitive_of(target), primitive_of(source)
    return wanted is not None and given is not None and given in CAST_ONLY.get(wanted, ())


def text(of: TypeDefinition) -> str:
    """The type as error messages write it, for instance `INT` or `STR MASKED`."""
    name = primitive_of(of)
    shown = enum_name(VariableType, JSON_OBJ if name is None else name)
    return f"{shown} MASKED" if of.masked else shown
