"""JSON texts and what they hold.

A JSON value that is not changed keeps the text it came with; a computed one is written here, always in the same form.
Integers and fractions stay apart, in memory (int, float) and in the text: 1 and 1.0 are different values. Messages
of the standard library never leave this file, since another version of it words them otherwise.
"""

import json
import math
import re
from base64 import b64encode
from itertools import accumulate
from typing import Any, Final

from konik.api.pb.enums_pb2 import BYTES, DOUBLE, JSON_ARR, JSON_OBJ
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.limits import JSON_DEPTH_MAX
from konik.statemachine.values.casts import to_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.number_text import INT_MAX, INT_MIN
from konik.statemachine.values.value import (
    NULL,
    bounded,
    is_null,
    kind,
    of_bool,
    of_double,
    of_int,
    of_json_arr,
    of_json_obj,
    of_str,
)

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_BETWEEN_BRACKETS: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^\[\]{}"]+', re.DOTALL)
_DEPTH_CHANGE: Final = {"{": 1, "[": 1, "}": -1, "]": -1}
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str) -> Json:
    """What a JSON text holds; None also for the empty text.

    An integer beyond 64 bits becomes a float. Raises ValueError, with the reason, for anything that is not strict
    JSON: repeated members, numbers too large for a double, halves of surrogate pairs, text after the end, NaN.
    """
    if not text:
        return None
    if _depth(text) > JSON_DEPTH_MAX:
        raise ValueError(f"nested more than {JSON_DEPTH_MAX} deep")
    try:
        document: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError("not strict JSON") from error
    if _SURROGATE_ESCAPE.search(text):
        _refuse_lone_surrogates(document)
    return document


def write(document: Json) -> str:
    """The text of a computed document: no blanks, members in order, floats with a fraction or an exponent.

    Raises EvaluationError for NaN and infinities, and for a document too deep or too large to be read again.
    """
    try:
        text = bounded(_ENCODER.encode(document))
    except ValueError as error:
        raise EvaluationError("NaN and infinities cannot be written as JSON") from error
    if _depth(text) > JSON_DEPTH_MAX:
        raise EvaluationError(f"JSON nested more than {JSON_DEPTH_MAX} deep")
    return text


def document(value: VariableValue) -> Json:
    """What a JSON_OBJ or JSON_ARR holds; a new object at each call, for the caller to change as it likes."""
    try:
        return parse(value.json_obj if value.HasField("json_obj") else value.json_arr)
    except ValueError as error:
        raise EvaluationError(f"Malformed JSON: {error}") from error


def from_value(value: VariableValue) -> Json:
    """A value as a member of a JSON document: bytes in Base64, moments and WfRunIds as text.

    Raises EvaluationError for values that JSON has no form for.
    """
    of = kind(value)
    if is_null(value):
        return None
    if of in (JSON_OBJ, JSON_ARR):
        return document(value)
    if of == BYTES:
        return b64encode(value.bytes).decode("ascii")
    if of == DOUBLE and not math.isfinite(value.double):
        raise EvaluationError("NaN and infinities cannot be written as JSON")
    which = value.WhichOneof("value")
    plain: Json = getattr(value, which) if which in ("int", "double", "str", "bool") else to_text(value)
    return plain


def to_value(document: Json) -> VariableValue:
    """A member of a JSON document as a value."""
    match document:
        case None:
            return NULL
        case bool():
            return of_bool(document)
        case int():
            return of_int(document)
        case float():
            return of_double(document)
        case str():
            return of_str(document)
        case list():
            return of_json_arr(write(document))
        case dict():
            return of_json_obj(write(document))


def equal(a: Json, b: Json) -> bool:
    """Deep equality that compares numbers by their size: 1 equals 1.0. Order counts in lists, not in objects."""
    return _same(a, b, exact=False)


def identical(a: Json, b: Json) -> bool:
    """Deep equality that keeps integers and fractions apart."""
    return _same(a, b, exact=True)


def _same(a: Json, b: Json, exact: bool) -> bool:
    match a, b:
        case (bool(), _) | (_, bool()):
            return a is b
        case (int() | float(), int() | float()):
            return a == b and (not exact or type(a) is type(b))
        case (list(), list()):
            return len(a) == len(b) and all(_same(x, y, exact) for x, y in zip(a, b, strict=True))
        case (dict(), dict()):
            return a.keys() == b.keys() and all(_same(x, b[key], exact) for key, x in a.items())
        case _:
            return type(a) is type(b) and a == b


def _depth(text: str) -> int:
    """How deep objects and lists are nested in a text that may be malformed, up to its first error at least."""
    if text.count("{") + text.count("[") <= JSON_DEPTH_MAX:
        return 0
    return max(accumulate(map(_DEPTH_CHANGE.__getitem__, _BETWEEN_BRACKETS.sub("", text))), default=0)


def _integer(digits: str) -> int | float:
    if len(digits) <= len(str(INT_MIN)) and INT_MIN <= (number := int(digits)) <= INT_MAX:
        return number
    return _fraction(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large for a double")
    return number


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _refuse_lone_surrogates(document: Json) -> None:
    try:
        _ENCODER.encode(document).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("half of a surrogate pair is not text") from error


_DECODER: Final = json.JSONDecoder(
    parse_int=_integer, parse_float=_fraction, parse_constant=_refuse_constant, object_pairs_hook=_members
)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
