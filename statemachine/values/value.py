"""Makes VariableValues and names their kinds; the rest of the folder never spells a oneof by hand."""

from typing import Final

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

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
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.limits import VALUE_BYTES_MAX
from konik.statemachine.values.errors import EvaluationError

NULL: Final = VariableValue()

KIND_OF_CASE: Final[dict[str, VariableType]] = {
    "json_obj": JSON_OBJ,
    "json_arr": JSON_ARR,
    "double": DOUBLE,
    "bool": BOOL,
    "str": STR,
    "int": INT,
    "bytes": BYTES,
    "wf_run_id": WF_RUN_ID,
    "utc_timestamp": TIMESTAMP,
}
"""Field of VariableValue to primitive type. `struct`, `array` and `map` are not primitives and are absent."""


def kind(value: VariableValue) -> VariableType | None:
    """The primitive type of a value; None for NULL and for values that are not primitive."""
    case = value.WhichOneof("value")
    return None if case is None else KIND_OF_CASE.get(case)


def is_null(value: VariableValue) -> bool:
    return value.WhichOneof("value") is None


def kind_name(value: VariableValue) -> str:
    """The kind as error messages write it: `INT`, `STRUCT`, or `VALUE_NOT_SET` for NULL."""
    case = value.WhichOneof("value")
    if case is None:
        return "VALUE_NOT_SET"
    known = KIND_OF_CASE.get(case)
    return case.upper() if known is None else VariableType.Name(known)


def enum_name(enum: EnumTypeWrapper, number: int) -> str:
    """The name of an enum's number; the number itself if a newer client has sent one that is unknown here."""
    return enum.Name(number) if number in enum.values() else str(int(number))


def of_int(number: int) -> VariableValue:
    value = VariableValue()
    value.int = number
    return value


def of_double(number: float) -> VariableValue:
    value = VariableValue()
    value.double = number
    return value


def of_bool(truth: bool) -> VariableValue:
    value = VariableValue()
    value.bool = truth
    return value


def of_str(text: str) -> VariableValue:
    value = VariableValue()
    value.str = text
    return value


def of_bytes(content: bytes) -> VariableValue:
    value = VariableValue()
    value.bytes = content
    return value


def of_json_obj(text: str) -> VariableValue:
    value = VariableValue()
    value.json_obj = text
    return value


def of_json_arr(text: str) -> VariableValue:
    value = VariableValue()
    value.json_arr = text
    return value


def of_wf_run_id(wf_run_id: WfRunId) -> VariableValue:
    value = VariableValue()
    value.wf_run_id.CopyFrom(wf_run_id)
    return value


def bounded(text: str) -> str:
    """The text of a computed value, refused with EvaluationError if no stored object could hold it."""
    if 4 * len(text) > VALUE_BYTES_MAX and len(text.encode("utf-8")) > VALUE_BYTES_MAX:
        raise EvaluationError(f"The result is longer than {VALUE_BYTES_MAX} bytes")
    return text
