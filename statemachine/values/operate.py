"""The operations of expressions and mutations, one entry per operation and type of its left side.

Every operation makes a new value. An operation and a type without an entry is an error that names both.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from konik.api.pb.enums_pb2 import BOOL, BYTES, DOUBLE, INT, JSON_ARR, JSON_OBJ, STR, VariableType
from konik.api.pb.expressions_pb2 import (
    ADD,
    AND,
    ASSIGN,
    DIVIDE,
    EXTEND,
    MULTIPLY,
    OR,
    POW,
    REMOVE_IF_PRESENT,
    REMOVE_INDEX,
    REMOVE_KEY,
    SUBTRACT,
    VariableMutationType,
)
from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.statemachine.limits import VALUE_BYTES_MAX
from konik.statemachine.values import json_text, types
from konik.statemachine.values.casts import coerce, to_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.json_text import Json
from konik.statemachine.values.number_text import INT_MAX, INT_MIN, wrap
from konik.statemachine.values.value import (
    bounded,
    enum_name,
    is_null,
    kind,
    kind_name,
    of_bool,
    of_bytes,
    of_double,
    of_int,
    of_json_arr,
    of_json_obj,
    of_str,
)

_Operation = Callable[[VariableValue, VariableValue], VariableValue]


def operate(
    operation: VariableMutationType, left: VariableValue, right: VariableValue, target: TypeDefinition | None = None
) -> VariableValue:
    """`left operation right`.

    In a mutation `target` is the type of the place that the result is stored in, and the result has it: on a DOUBLE
    everything is computed as DOUBLE, on an INT the result is truncated. In an expression there is no target, and
    INT with DOUBLE makes a DOUBLE. Raises EvaluationError.
    """
    if operation == ASSIGN:
        return coerce(right, types.type_of(left) if target is None else target)
    if target is not None and kind(left) == INT and types.primitive_of(target) == DOUBLE:
        left = coerce(left, target)
    return coerce(_entry(operation, left, right)(left, right), target)


def _entry(operation: VariableMutationType, left: VariableValue, right: VariableValue) -> _Operation:
    row = _OPERATIONS.get(operation)
    if row is None:
        raise EvaluationError(f"Unknown operation {enum_name(VariableMutationType, operation)}")
    of = kind(left)
    entry = row.entries.get(of) if of is not None else None
    if entry is None:
        raise EvaluationError(f"{row.refusal} {kind_name(left)}")
    if is_null(right) and entry not in _TAKES_NULL:
        raise EvaluationError(row.null_refusal)
    return entry


# --- Numbers --------------------------------------------------------------------------------------------------------


def _int(value: VariableValue) -> int:
    return coerce(value, types.primitive(INT)).int if kind(value) in _NUMERIC else _not_a_number(value)


def _double(value: VariableValue) -> float:
    return coerce(value, types.primitive(DOUBLE)).double if kind(value) in _NUMERIC else _not_a_number(value)


def _not_a_number(value: VariableValue) -> int:
    raise EvaluationError(f"{kind_name(value)} is not a number")


_NUMERIC: Final = frozenset({INT, DOUBLE, STR})


def _arithmetic(on_ints: Callable[[int, int], int], on_doubles: Callable[[float, float], float]) -> _Operation:
    def apply(left: VariableValue, right: VariableValue) -> VariableValue:
        if kind(left) == INT and kind(right) != DOUBLE:
            return of_int(wrap(on_ints(left.int, _int(right))))
        return of_double(on_doubles(_double(left), _double(right)))

    return apply


def _quotient(left: int, right: int) -> int:
    """Toward zero, without going through a double."""
    if right == 0:
        raise EvaluationError("Cannot divide by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _ratio(left: float, right: float) -> float:
    if right == 0:
        raise EvaluationError("Cannot divide by zero")
    return left / right


def _power(left: VariableValue, right: VariableValue) -> VariableValue:
    if kind(right) not in (INT, DOUBLE):
        raise EvaluationError(f"Cannot raise to the power of {kind_name(right)}")
    if kind(left) == INT and kind(right) == INT:
        return of_int(_int_power(left.int, right.int))
    return of_double(_double_power(_double(left), _double(right)))


def _int_power(base: int, exponent: int) -> int:
    """Exact; a negative exponent leaves the part of the fraction before the point."""
    if base == 0 and exponent < 0:
        raise EvaluationError(f"The result of {base} ^ {exponent} is not finite")
    if base in (-1, 0, 1):
        return int(base ** abs(exponent))
    if exponent < 0:
        return 0
    power = base**exponent if exponent <= 63 else INT_MAX + 1
    if not INT_MIN <= power <= INT_MAX:
        raise EvaluationError(f"{base} ^ {exponent} is out of range for INT")
    return power


def _double_power(base: float, exponent: float) -> float:
    try:
        power = math.pow(base, exponent)
    except (ValueError, OverflowError):
        power = math.nan
    if not math.isfinite(power):
        raise EvaluationError(f"The result of {base} ^ {exponent} is not finite")
    return power


# --- Truth ----------------------------------------------------------------------------------------------------------


def _truth(value: VariableValue) -> bool:
    if kind(value) not in (BOOL, STR):
        raise EvaluationError(f"{kind_name(value)} is not a BOOL")
    return coerce(value, types.primitive(BOOL)).bool


def _and(left: VariableValue, right: VariableValue) -> VariableValue:
    sides = _truth(left), _truth(right)
    return of_bool(all(sides))


def _or(left: VariableValue, right: VariableValue) -> VariableValue:
    sides = _truth(left), _truth(right)
    return of_bool(any(sides))


# --- Text, bytes, JSON ----------------------------------------------------------------------------------------------


def _append_text(left: VariableValue, right: VariableValue) -> VariableValue:
    return of_str(bounded(left.str + to_text(right)))


def _append_bytes(left: VariableValue, right: VariableValue) -> VariableValue:
    content = left.bytes + coerce(right, types.primitive(BYTES)).bytes
    if len(content) > VALUE_BYTES_MAX:
        raise EvaluationError(f"The result is longer than {VALUE_BYTES_MAX} bytes")
    return of_bytes(content)


def _members(value: VariableValue) -> list[Json]:
    members = json_text.document(value)
    if not isinstance(members, list):
        raise EvaluationError("JSON_ARR does not hold a list")
    return members


def _append_member(left: VariableValue, right: VariableValue) -> VariableValue:
    return of_json_arr(json_text.write([*_members(left), json_text.from_value(right)]))


def _append_members(left: VariableValue, right: VariableValue) -> VariableValue:
    if kind(right) != JSON_ARR:
        raise EvaluationError(f"Cannot extend JSON_ARR with {kind_name(right)}")
    return of_json_arr(json_text.write([*_members(left), *_members(right)]))


def _remove_equal_members(left: VariableValue, right: VariableValue) -> VariableValue:
    unwanted = json_text.from_value(right)
    kept: Json = [member for member in _members(left) if not json_text.identical(member, unwanted)]
    return of_json_arr(json_text.write(kept))


def _remove_member_at(left: VariableValue, right: VariableValue) -> VariableValue:
    members, index = _members(left), _int(right)
    if not 0 <= index < len(members):
        raise EvaluationError(f"Index out of bounds: {index}")
    return of_json_arr(json_text.write([*members[:index], *members[index + 1 :]]))


def _remove_key(left: VariableValue, right: VariableValue) -> VariableValue:
    members = json_text.document(left)
    if not isinstance(members, dict):
        raise EvaluationError("JSON_OBJ does not hold an object")
    members.pop(to_text(right), None)
    return of_json_obj(json_text.write(members))


# --- The table ------------------------------------------------------------------------------------------------------

_add: Final = _arithmetic(lambda left, right: left + right, lambda left, right: left + right)
_subtract: Final = _arithmetic(lambda left, right: left - right, lambda left, right: left - right)
_multiply: Final = _arithmetic(lambda left, right: left * right, lambda left, right: left * right)
_divide: Final = _arithmetic(_quotient, _ratio)


class _Row(NamedTuple):
    entries: dict[VariableType, _Operation]
    """By type of the left side."""
    refusal: str
    """Of any other left side, whose type follows."""
    null_refusal: str
    """Of NULL on the right side."""


_OPERATIONS: Final[dict[VariableMutationType, _Row]] = {
    ADD: _Row(
        {INT: _add, DOUBLE: _add, STR: _append_text, JSON_ARR: _append_member},
        "Cannot add to value of type",
        "Cannot add by null",
    ),
    SUBTRACT: _Row(
        {INT: _subtract, DOUBLE: _subtract},
        "Cannot subtract from value of type",
        "Cannot subtract null",
    ),
    MULTIPLY: _Row(
        {INT: _multiply, DOUBLE: _multiply},
        "Cannot multiply value of type",
        "Cannot multiply by null",
    ),
    DIVIDE: _Row(
        {INT: _divide, DOUBLE: _divide},
        "Cannot divide value of type",
        "Cannot divide by null",
    ),
    POW: _Row(
        {INT: _power, DOUBLE: _power},
        "Cannot raise to a power value of type",
        "Cannot raise to the power of null",
    ),
    EXTEND: _Row(
        {STR: _append_text, BYTES: _append_bytes, JSON_ARR: _append_members},
        "Cannot extend var of type",
        "Cannot extend by null",
    ),
    REMOVE_IF_PRESENT: _Row(
        {JSON_ARR: _remove_equal_members},
        "Cannot remove an element from var of type",
        "Cannot remove null",
    ),
    REMOVE_INDEX: _Row(
        {JSON_ARR: _remove_member_at},
        "Cannot remove an index from var of type",
        "Cannot remove index null",
    ),
    REMOVE_KEY: _Row(
        {JSON_OBJ: _remove_key},
        "Cannot remove a key from var of type",
        "Cannot remove key null",
    ),
    AND: _Row(
        {BOOL: _and, STR: _and},
        "Cannot use AND on value of type",
        "Cannot use AND with null",
    ),
    OR: _Row(
        {BOOL: _or, STR: _or},
        "Cannot use OR on value of type",
        "Cannot use OR with null",
    ),
}

_TAKES_NULL: Final = frozenset({_append_member, _remove_equal_members})
"""NULL is a member of a JSON list like any other."""
