"""Python values to VariableValue and back.

`to_value` looks at the value alone. `from_value` looks at the type that is asked for, so that what went out as JSON
text comes back as the dataclass, enum or tuple that the annotation names. Time is always aware: a naive datetime has
no meaning on another machine and is refused.
"""

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Union
from uuid import UUID

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import Map, VariableValue
from konik.sdk.errors import ValueConversionError
from konik.sdk.ids import wf_run_id, wf_run_id_text

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

# Any type may be asked for: `type` alone would exclude unions and generics.
Wanted = Any


def to_value(value: object) -> VariableValue:
    """The VariableValue of a Python value; None is the empty one. Raises ValueConversionError."""
    match value:
        case None:
            return VariableValue()
        case VariableValue():
            return value
        case enum.Enum() | UUID() | Decimal():
            return VariableValue(str=_text(value))
        case bool():
            return VariableValue(bool=value)
        case int():
            if not INT64_MIN <= value <= INT64_MAX:
                raise ValueConversionError(f"{value} does not fit into INT, which has 64 bits")
            return VariableValue(int=value)
        case float():
            return VariableValue(double=value)
        case str():
            return VariableValue(str=value)
        case bytes():
            return VariableValue(bytes=value)
        case datetime():
            answer = VariableValue()
            answer.utc_timestamp.FromDatetime(_aware(value))
            return answer
        case WfRunId():
            return VariableValue(wf_run_id=value)
        case list() | tuple():
            return VariableValue(json_arr=_json_text(value))
        case dict():
            return VariableValue(json_obj=_json_text(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return VariableValue(json_obj=_json_text(_fields(value)))
    raise ValueConversionError(_no_value(value))


def from_value(value: VariableValue, wanted: Wanted = object) -> Any:
    """The Python value of a VariableValue, converted to the `wanted` type. Raises ValueConversionError."""
    return fit(_natural(value), wanted)


def fit(value: object, wanted: Wanted) -> Any:
    """Converts what JSON or the wire can carry into what an annotation asks for. Raises ValueConversionError."""
    origin: Wanted = typing.get_origin(wanted)
    arguments = typing.get_args(wanted)
    if origin is Annotated:
        return fit(value, arguments[0])
    if wanted in (object, Any):
        return value
    if origin in (Union, types.UnionType):
        return _fit_union(value, arguments)
    if origin in (list, tuple, dict):
        return _fit_generic(value, origin, arguments)
    if wanted is None or wanted is types.NoneType:
        return _expect(value, types.NoneType, wanted)
    return _fit_class(value, wanted)


def _fit_union(value: object, members: tuple[Wanted, ...]) -> Any:
    if value is None and types.NoneType in members:
        return None
    refusals = []
    for member in members:
        try:
            return fit(value, member)
        except ValueConversionError as refusal:
            refusals.append(str(refusal))
    raise ValueConversionError("; ".join(refusals))


def _fit_generic(value: object, origin: type, arguments: tuple[Wanted, ...]) -> Any:
    if origin is dict:
        key_type, item_type = arguments
        return {fit(k, key_type): fit(v, item_type) for k, v in _expect(value, dict, dict).items()}
    items = _expect(value, (list, tuple), origin)
    if origin is list:
        return [fit(item, arguments[0]) for item in items]
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(fit(item, arguments[0]) for item in items)
    if len(items) != len(arguments):
        raise ValueConversionError(f"a tuple of {len(arguments)} is expected, not one of {len(items)}")
    return tuple(fit(item, argument) for item, argument in zip(items, arguments, strict=True))


def _fit_class(value: object, wanted: type) -> Any:
    if dataclasses.is_dataclass(wanted):
        return _fit_dataclass(_expect(value, (dict, wanted), wanted), wanted)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is int and isinstance(value, bool):
        raise ValueConversionError(f"{value!r} is a bool, not an int")
    if wanted is tuple and isinstance(value, list):
        return tuple(value)
    if isinstance(value, wanted):
        return value
    parse = _parser(wanted)
    if parse is None or not isinstance(value, str | int | float):
        raise ValueConversionError(f"{_named(wanted)} is expected, not {value!r}")
    try:
        return parse(str(value))
    except (ValueError, KeyError, InvalidOperation) as error:
        raise ValueConversionError(f"{value!r} is not a {_named(wanted)}") from error


# Types that travel as text, and how they are read back.
PARSERS: dict[type, Callable[[str], Any]] = {
    UUID: UUID,
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    WfRunId: wf_run_id,
}


def _parser(wanted: type) -> Callable[[str], Any] | None:
    if issubclass(wanted, enum.Enum):
        return {str(member.value): member for member in wanted}.__getitem__
    return PARSERS.get(wanted)


def _fit_dataclass(value: object, wanted: type) -> Any:
    if not isinstance(value, Mapping):
        return value
    hints = typing.get_type_hints(wanted, include_extras=True)
    known = {field.name for field in dataclasses.fields(wanted)}
    if unknown := sorted(value.keys() - known):
        raise ValueConversionError(f"{_named(wanted)} has no field {', '.join(map(repr, unknown))}")
    try:
        return wanted(**{name: fit(item, hints[name]) for name, item in value.items()})
    except TypeError as error:
        raise ValueConversionError(f"{_named(wanted)} cannot be made from {sorted(value)}: {error}") from error


def _expect(value: object, kinds: type | tuple[type, ...], wanted: Wanted) -> Any:
    if not isinstance(value, kinds):
        raise ValueConversionError(f"{_named(wanted)} is expected, not {value!r}")
    return value


def _named(wanted: Wanted) -> str:
    return getattr(wanted, "__name__", str(wanted))


def _natural(value: VariableValue) -> Any:
    """The plain Python value of each case of VariableValue."""
    case = value.WhichOneof("value")
    if case is None:
        return None
    if case in ("json_obj", "json_arr"):
        return _parsed(getattr(value, case))
    if case == "utc_timestamp":
        return value.utc_timestamp.ToDatetime(tzinfo=UTC)
    if case == "struct":
        return {name: _natural(field.value) for name, field in value.struct.struct.fields.items()}
    if case == "array":
        return [_natural(item) for item in value.array.items]
    if case == "map":
        return _natural_map(value.map)
    return getattr(value, case)


def _natural_map(value: Map) -> dict[Any, Any]:
    return {_natural(entry.key): _natural(entry.value) for entry in value.entries}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueConversionError(f"not JSON: {text[:100]!r}") from error


def _json_text(value: object) -> str:
    try:
        return json.dumps(value, default=_for_json, allow_nan=False)
    except ValueConversionError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueConversionError(f"not expressible in JSON: {error}") from error


def _for_json(value: object) -> object:
    match value:
        case enum.Enum() | UUID() | Decimal():
            return _text(value)
        case datetime():
            return _aware(value).isoformat()
        case WfRunId():
            return wf_run_id_text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    raise ValueConversionError(_no_value(value))


def _fields(value: Any) -> dict[str, object]:
    """One level only: what lies inside is converted when JSON reaches it."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _text(value: enum.Enum | UUID | Decimal) -> str:
    return str(value.value) if isinstance(value, enum.Enum) else str(value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueConversionError(f"{value!r} has no time zone; write datetime(…, tzinfo=UTC) or .astimezone()")
    return value


def _no_value(value: object) -> str:
    kind = type(value)
    return f"no VariableValue for {kind.__module__}.{kind.__qualname__}; use a dict, a dataclass or a plain value"
