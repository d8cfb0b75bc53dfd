"""Which types operations and comparisons accept, as far as that is known before anything runs.

INT with DOUBLE counts as INT, though it is computed as a DOUBLE: so its result can be stored in an INT variable, which
truncates it, without a cast.
"""

from collections.abc import Iterable
from typing import Final

from konik.api.pb.enums_pb2 import BOOL, BYTES, DOUBLE, INT, JSON_ARR, JSON_OBJ, STR, TIMESTAMP, VariableType
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
from konik.api.pb.values_pb2 import EQUALS, IN, NOT_EQUALS, NOT_IN, Comparator
from konik.statemachine.values.errors import InvalidValue
from konik.statemachine.values.static_type import (
    NULL,
    UNKNOWN,
    Known,
    StaticType,
    bare_text,
    fits,
    is_open,
    known,
    primitive_of,
)
from konik.statemachine.values.types import LEAF, PRIMITIVES
from konik.statemachine.values.value import enum_name

_NUMBERS: Final = (INT, DOUBLE)
_TRUTHS: Final = (BOOL, STR)
_ORDERED: Final = frozenset({INT, DOUBLE, STR, BOOL, TIMESTAMP})


def _giving(result: VariableType, accepted: Iterable[VariableType]) -> dict[VariableType, VariableType]:
    return dict.fromkeys(accepted, result)


_ARITHMETIC: Final = {INT: _giving(INT, _NUMBERS), DOUBLE: _giving(DOUBLE, _NUMBERS)}

_RESULT: Final[dict[VariableMutationType, dict[VariableType, dict[VariableType, VariableType]]]] = {
    ADD: {**_ARITHMETIC, STR: _giving(STR, LEAF), JSON_ARR: _giving(JSON_ARR, PRIMITIVES)},
    SUBTRACT: _ARITHMETIC,
    MULTIPLY: _ARITHMETIC,
    DIVIDE: _ARITHMETIC,
    POW: {INT: {INT: INT, DOUBLE: DOUBLE}, DOUBLE: _giving(DOUBLE, _NUMBERS)},
    EXTEND: {STR: _giving(STR, LEAF), BYTES: _giving(BYTES, [BYTES]), JSON_ARR: _giving(JSON_ARR, [JSON_ARR])},
    REMOVE_IF_PRESENT: {JSON_ARR: _giving(JSON_ARR, LEAF)},
    REMOVE_INDEX: {JSON_ARR: _giving(JSON_ARR, _NUMBERS)},
    REMOVE_KEY: {JSON_OBJ: _giving(JSON_OBJ, LEAF)},
    AND: dict.fromkeys(_TRUTHS, _giving(BOOL, _TRUTHS)),
    OR: dict.fromkeys(_TRUTHS, _giving(BOOL, _TRUTHS)),
}
"""Operation to left type to right type to the type of the result."""

_PHRASE: Final[dict[VariableMutationType, str]] = {
    ADD: "add to",
    SUBTRACT: "subtract from",
    MULTIPLY: "multiply to",
    DIVIDE: "divide to",
    POW: "raise to a power",
    EXTEND: "extend",
    REMOVE_IF_PRESENT: "remove an element from",
    REMOVE_INDEX: "remove an index from",
    REMOVE_KEY: "remove a key from",
    AND: "use AND on",
    OR: "use OR on",
}
assert _PHRASE.keys() == _RESULT.keys()


def result_type(operation: VariableMutationType, left: StaticType, right: StaticType) -> StaticType:
    """The type of `left operation right`. Raises InvalidValue if the operation does not take them."""
    if is_open(left) or is_open(right):
        return UNKNOWN
    if operation == ASSIGN:
        return _assigned(left, right)
    phrase = _PHRASE.get(operation)
    if phrase is None:
        raise InvalidValue(f"Unknown operation {enum_name(VariableMutationType, operation)}")
    of_left, of_right = primitive_of(left), primitive_of(right)
    accepted = _RESULT[operation].get(of_left) if of_left is not None else None
    if accepted is None:
        raise InvalidValue(f"Cannot {phrase} a {bare_text(left)}")
    if right is NULL and of_left == JSON_ARR and operation == ADD:
        return known(JSON_ARR)
    result = accepted.get(of_right) if of_right is not None else None
    if result is None:
        raise InvalidValue(f"Cannot {phrase} a {bare_text(left)} with a {bare_text(right)}")
    return known(result)


def _assigned(left: StaticType, right: StaticType) -> StaticType:
    if not isinstance(left, Known):
        return right
    if not fits(left.type, right):
        raise InvalidValue(f"Cannot use a {bare_text(right)} as a {bare_text(left)}")
    return left


def check_comparison(comparator: Comparator, left: StaticType, right: StaticType) -> None:
    """Raises InvalidValue if the comparator can never be evaluated on values of these types.

    Types that both have an order may be mixed, although run time refuses most mixtures: workflows that are registered
    elsewhere with such a condition must register here.
    """
    if is_open(left) or is_open(right) or right is NULL:
        return
    name = enum_name(Comparator, comparator)
    of_left, of_right = primitive_of(left), primitive_of(right)
    if not _has_capability(comparator, of_left, of_right):
        raise InvalidValue(f"You cannot compare RHS type {bare_text(right)} using Comparator {name}")
    if comparator in (EQUALS, NOT_EQUALS) and not _may_be_equal(left, of_left, of_right):
        with_own = f"You can only compare LHS type {bare_text(left)} with its own type"
        raise InvalidValue(f"{with_own}, but tried to compare it to {bare_text(right)}")
    if comparator in (IN, NOT_IN) and of_right != JSON_ARR and of_left != STR:
        raise InvalidValue(f"You cannot use LHS type {bare_text(left)} with Comparator {name}")


def _has_capability(comparator: Comparator, left: VariableType | None, right: VariableType | None) -> bool:
    if comparator in (EQUALS, NOT_EQUALS):
        return True
    if comparator in (IN, NOT_IN):
        return right in (JSON_ARR, JSON_OBJ) or left == right == STR
    return right in _ORDERED


def _may_be_equal(left: StaticType, of_left: VariableType | None, of_right: VariableType | None) -> bool:
    return left is NULL or of_left == of_right or (of_left in _ORDERED and of_right in _ORDERED)
