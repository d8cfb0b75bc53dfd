"""Lets values in: checks what a client sent and gives it the declared type. Inside, values are trusted."""

from google.protobuf.timestamp_pb2 import Timestamp

from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.statemachine.limits import WF_RUN_ID_ANCESTORS_MAX
from konik.statemachine.values import json_text, types
from konik.statemachine.values.casts import coerce
from konik.statemachine.values.errors import EvaluationError, InvalidValue, MalformedJson
from konik.statemachine.values.value import NULL, kind_name
from konik.statemachine.values.walk import require_built
from konik.statemachine.values.wf_run_ids import ancestors

_FIRST_SECOND = -62_135_596_800
"""0001-01-01T00:00:00Z, the first moment that protobuf allows."""
_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z, the last one."""


def ingest(value: VariableValue, declared: TypeDefinition | None, what: str) -> VariableValue:
    """The value as it is to be stored: converted to the declared type where that needs no cast, otherwise as sent.

    JSON keeps the text it came with; an empty text and `null` are NULL, which every type accepts. Without a declared
    type any value is good. `what` names the value in messages. Raises InvalidValue (MalformedJson for a JSON text that
    is none) and NotBuilt.
    """
    checked = _checked(value, what)
    if declared is None or types.belongs(checked, declared):
        return checked
    given = types.type_of(checked)
    if not types.compatible(declared, given):
        raise InvalidValue(f"{what} should be {types.text(declared)} but is {kind_name(checked)}")
    try:
        return coerce(checked, declared)
    except EvaluationError as error:
        raise InvalidValue(f"{what}: {error}") from error


def _checked(value: VariableValue, what: str) -> VariableValue:
    match value.WhichOneof("value"):
        case "json_obj":
            return _checked_json(value, value.json_obj, dict, what, "Error deserializing JSON Obj")
        case "json_arr":
            return _checked_json(value, value.json_arr, list, what, "Error deserializing JSON Arr")
        case "utc_timestamp":
            _check_timestamp(value.utc_timestamp, what)
        case "wf_run_id":
            if ancestors(value.wf_run_id) > WF_RUN_ID_ANCESTORS_MAX:
                raise InvalidValue(f"{what}: a WfRunId has {WF_RUN_ID_ANCESTORS_MAX} ancestors at most")
        case "struct" | "array" | "map":
            require_built(value, what)
    return value


def _checked_json(
    value: VariableValue, text: str, expected: type[dict[str, object] | list[object]], what: str, summary: str
) -> VariableValue:
    try:
        document = json_text.parse(text)
    except ValueError as error:
        raise MalformedJson(what, summary, str(error)) from error
    if document is None:
        return NULL
    if not isinstance(document, expected):
        raise MalformedJson(what, summary, f"it holds a {_JSON_NAME[type(document)]}")
    return value


def _check_timestamp(moment: Timestamp, what: str) -> None:
    if not (_FIRST_SECOND <= moment.seconds <= _LAST_SECOND and 0 <= moment.nanos < 1_000_000_000):
        raise InvalidValue(f"{what}: a TIMESTAMP lies in the years 1 to 9999")


_JSON_NAME = {dict: "object", list: "list", str: "text", int: "number", float: "number", bool: "truth value"}
