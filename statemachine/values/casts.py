"""Turns values of one type into another.

There is one table of conversions and three doors to it: `cast` for what a workflow asks for, `coerce` for assignments,
which are wider because the static type may be unknown, and `task_input`, which is strict. NULL passes all of them.
"""

from collections.abc import Callable
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
from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.statemachine.keys import wf_run_text
from konik.statemachine.timestamps import milliseconds
from konik.statemachine.values import types
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.number_text import double_text, parse_double, parse_int, truncate
from konik.statemachine.values.value import (
    is_null,
    kind,
    kind_name,
    of_bool,
    of_bytes,
    of_double,
    of_int,
    of_str,
    of_wf_run_id,
)
from konik.statemachine.values.wf_run_ids import parse_wf_run_id

_TRUTH: Final = {"true": True, "false": False}
_BLANKS: Final = "".join(map(chr, range(0x21)))
_SHOWN_CHARACTERS: Final = 100
"""Of a text that an error message quotes: messages are stored."""


def to_text(value: VariableValue) -> str:
    """The value as STR: JSON as it stands, moments in RFC 3339, bytes as UTF-8.

    Raises EvaluationError for NULL, for bytes that are no text, and for values that are not primitive.
    """
    of = kind(value)
    if of is None:
        raise EvaluationError(f"{kind_name(value)} has no text")
    return _TEXT[of](value)


def cast(value: VariableValue, target: TypeDefinition) -> VariableValue:
    """What an explicit cast makes of the value. Raises EvaluationError for pairs without a cast and unreadable text."""
    of, wanted = kind(value), types.primitive_of(target)
    if is_null(value) or (of is not None and of == wanted):
        return value
    name = types.text(target)
    if of is None or wanted is None or not types.castable(target, types.primitive(of)):
        unsupported = f"Casting from {kind_name(value)} to {name} is not supported. "
        raise EvaluationError(f"Failed to cast value to {name}: {unsupported}")
    try:
        return _CONVERSION[wanted][of](value)
    except EvaluationError as error:
        raise EvaluationError(f"Failed to cast value to {name}: {error}") from error


def coerce(value: VariableValue, target: TypeDefinition | None) -> VariableValue:
    """The value as an assignment to a place of type `target` stores it; None stands for the type of NULL.

    Raises EvaluationError if the types do not go together or a text cannot be read as the target type.
    """
    if target is None or types.belongs(value, target) or is_null(value):
        return value
    of, wanted = kind(value), types.primitive_of(target)
    conversion = _CONVERSION.get(wanted, {}).get(of) if of is not None and wanted is not None else None
    if conversion is None:
        raise EvaluationError(f"Coercing from {kind_name(value)} to {types.text(target)} not supported")
    return conversion(value)


def task_input(value: VariableValue, declared: TypeDefinition) -> VariableValue:
    """The value as a task receives it for a parameter: only what needs no cast is converted.

    Raises EvaluationError naming both types if the value does not fit.
    """
    if types.belongs(value, declared):
        return value
    if kind(value) is None and not is_null(value) or not types.compatible(declared, types.type_of(value)):
        raise EvaluationError(f"Cannot assign {kind_name(value)} to {types.text(declared)}")
    return coerce(value, declared)


def _bytes_text(value: VariableValue) -> str:
    try:
        return value.bytes.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EvaluationError("BYTES that are not UTF-8 have no text") from error


def _timestamp_text(value: VariableValue) -> str:
    try:
        return value.utc_timestamp.ToJsonString()
    except ValueError as error:
        raise EvaluationError("TIMESTAMP outside of the years 1 to 9999 has no text") from error


def _unreadable(value: VariableValue, as_type: VariableType) -> EvaluationError:
    text = to_text(value)
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return EvaluationError(f"Cannot parse '{shown}' as {VariableType.Name(as_type)}.")


def _str_to_int(value: VariableValue) -> VariableValue:
    number = parse_int(value.str)
    if number is None:
        raise _unreadable(value, INT)
    return of_int(number)


def _str_to_double(value: VariableValue) -> VariableValue:
    number = parse_double(value.str)
    if number is None:
        raise _unreadable(value, DOUBLE)
    return of_double(number)


def _str_to_bool(value: VariableValue) -> VariableValue:
    truth = _TRUTH.get(value.str.strip(_BLANKS).lower())
    if truth is None:
        raise _unreadable(value, BOOL)
    return of_bool(truth)


def _text_to_wf_run_id(value: VariableValue) -> VariableValue:
    wf_run_id = parse_wf_run_id(to_text(value))
    if wf_run_id is None:
        raise _unreadable(value, WF_RUN_ID)
    return of_wf_run_id(wf_run_id)


def _text_to_bytes(value: VariableValue) -> VariableValue:
    return of_bytes(to_text(value).encode("utf-8"))


def _text_to_str(value: VariableValue) -> VariableValue:
    return of_str(to_text(value))


_Conversion = Callable[[VariableValue], VariableValue]

_TEXT: Final[dict[VariableType, Callable[[VariableValue], str]]] = {
    INT: lambda value: str(value.int),
    DOUBLE: lambda value: double_text(value.double),
    STR: lambda value: value.str,
    BOOL: lambda value: "true" if value.bool else "false",
    BYTES: _bytes_text,
    WF_RUN_ID: lambda value: wf_run_text(value.wf_run_id),
    TIMESTAMP: _timestamp_text,
    JSON_OBJ: lambda value: value.json_obj,
    JSON_ARR: lambda value: value.json_arr,
}

_CONVERSION: Final[dict[VariableType, dict[VariableType, _Conversion]]] = {
    INT: {
        DOUBLE: lambda value: of_int(truncate(value.double)),
        STR: _str_to_int,
        TIMESTAMP: lambda value: of_int(milliseconds(value.utc_timestamp)),
    },
    DOUBLE: {INT: lambda value: of_double(float(value.int)), STR: _str_to_double},
    BOOL: {STR: _str_to_bool},
    STR: dict.fromkeys(types.PRIMITIVES, _text_to_str),
    BYTES: dict.fromkeys(types.PRIMITIVES, _text_to_bytes),
    WF_RUN_ID: dict.fromkeys((STR, INT, DOUBLE), _text_to_wf_run_id),
}
"""Target to source to conversion. Wider than casts: `types.CAST_ONLY` says which of these a cast may use."""

assert all(
    source in _CONVERSION[target]
    for table in (types.ASSIGNABLE, types.CAST_ONLY)
    for target, sources in table.items()
    for source in sources - {target}
)
