"""Compares two values: order and equality within a type, membership in text and JSON.

There is no conversion: an INT and a DOUBLE cannot be compared. NULL equals itself and comes before everything.
"""

import math
from collections.abc import Callable
from typing import Any, Final

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
from konik.api.pb.values_pb2 import (
    EQUALS,
    GREATER_THAN,
    GREATER_THAN_EQ,
    IN,
    LESS_THAN,
    LESS_THAN_EQ,
    NOT_EQUALS,
    NOT_IN,
    Comparator,
    VariableValue,
)
from konik.statemachine.keys import wf_run_text
from konik.statemachine.values import json_text
from konik.statemachine.values.casts import to_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.value import is_null, kind

NOT_COMPARABLE: Final = "Failed comparing the provided values."
NO_CONTAINER: Final = "Failed evaluating CONTAINS"


def compare(comparator: Comparator, left: VariableValue, right: VariableValue) -> bool:
    """`left comparator right`; for IN and NOT_IN the right side is the container.

    Raises EvaluationError for values of different types, for JSON anywhere but in a container, and for what is no
    container.
    """
    verdict = _VERDICT.get(comparator)
    if verdict is not None:
        if comparator not in (EQUALS, NOT_EQUALS) and kind(left) in _WITHOUT_ORDER and not is_null(right):
            raise EvaluationError(NOT_COMPARABLE)
        return verdict(_order(left, right))
    if comparator in (IN, NOT_IN):
        return contains(right, left) == (comparator == IN)
    raise EvaluationError(f"Unknown Comparator {int(comparator)}")


def _order(left: VariableValue, right: VariableValue) -> int:
    """Below, at or above zero as left comes before, with or after right."""
    of, of_right = kind(left), kind(right)
    if of is None or of_right is None:
        return _order_with_null(left, right)
    key = _ORDER.get(of)
    if key is None or of != of_right:
        raise EvaluationError(NOT_COMPARABLE)
    a, b = key(left), key(right)
    return int(a > b) - int(a < b)


def _order_with_null(left: VariableValue, right: VariableValue) -> int:
    if not is_null(left) and not is_null(right):
        raise EvaluationError(NOT_COMPARABLE)
    return is_null(right) - is_null(left)


def contains(container: VariableValue, element: VariableValue) -> bool:
    """Whether a text has the element's text in it, a JSON object has it as a name, or a JSON list has an equal one.

    Raises EvaluationError for any other container, and for NULL in a text.
    """
    of = kind(container)
    if of == STR and not is_null(element):
        return to_text(element) in container.str
    if of == JSON_OBJ:
        names = json_text.document(container)
        return isinstance(names, dict) and not is_null(element) and to_text(element) in names
    if of == JSON_ARR:
        members = json_text.document(container)
        sought = json_text.from_value(element)
        return isinstance(members, list) and any(json_text.equal(sought, member) for member in members)
    raise EvaluationError(NO_CONTAINER)


def identical(left: VariableValue, right: VariableValue) -> bool:
    """Same type and same content; JSON by what it holds, whatever its blanks and the order of its members."""
    if kind(left) in (JSON_OBJ, JSON_ARR) and kind(left) == kind(right):
        return json_text.identical(json_text.document(left), json_text.document(right))
    return left == right


def _double_key(value: VariableValue) -> tuple[bool, float, float]:
    """A total order: -0.0 before 0.0, NaN equal to itself and after everything."""
    number = value.double
    return (True, 0.0, 0.0) if math.isnan(number) else (False, number, math.copysign(1.0, number))


_ORDER: Final[dict[VariableType, Callable[[VariableValue], Any]]] = {
    INT: lambda value: value.int,
    DOUBLE: _double_key,
    STR: lambda value: value.str.encode("utf-16-be"),
    BOOL: lambda value: value.bool,
    WF_RUN_ID: lambda value: wf_run_text(value.wf_run_id),
    TIMESTAMP: lambda value: (value.utc_timestamp.seconds, value.utc_timestamp.nanos),
    BYTES: lambda value: value.bytes,
}
"""What values of a type are ordered by; texts by UTF-16 units, as the clients' languages do."""

_WITHOUT_ORDER: Final = frozenset({BYTES})
"""Equal or not, and no more."""

_VERDICT: Final[dict[Comparator, Callable[[int], bool]]] = {
    LESS_THAN: lambda order: order < 0,
    LESS_THAN_EQ: lambda order: order <= 0,
    GREATER_THAN: lambda order: order > 0,
    GREATER_THAN_EQ: lambda order: order >= 0,
    EQUALS: lambda order: order == 0,
    NOT_EQUALS: lambda order: order != 0,
}
