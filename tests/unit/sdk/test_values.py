"""Python values and VariableValues, there and back."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.ids_pb2 import StructDefId, WfRunId
from konik.api.pb.values_pb2 import Array, InlineStruct, Map, Struct, StructField, VariableValue
from konik.sdk import ValueConversionError, from_value, to_value


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass
class Address:
    city: str
    zip: int | None = None


@dataclass
class Person:
    name: str
    homes: list[Address] = field(default_factory=list)
    colour: Colour = Colour.RED


MOMENT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
UUID_1 = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, VariableValue()),
        (True, VariableValue(bool=True)),
        (-5, VariableValue(int=-5)),
        (2.5, VariableValue(double=2.5)),
        ("x", VariableValue(str="x")),
        (b"\x00", VariableValue(bytes=b"\x00")),
        (WfRunId(id="a"), VariableValue(wf_run_id=WfRunId(id="a"))),
        ({"a": 1}, VariableValue(json_obj='{"a": 1}')),
        ([1, None], VariableValue(json_arr="[1, null]")),
        ((1, 2), VariableValue(json_arr="[1, 2]")),
        (Colour.RED, VariableValue(str="red")),
        (Level.HIGH, VariableValue(str="3")),
        (UUID_1, VariableValue(str=str(UUID_1))),
        (Decimal("1.10"), VariableValue(str="1.10")),
        (Address("Rome"), VariableValue(json_obj='{"city": "Rome", "zip": null}')),
        (VariableValue(int=1), VariableValue(int=1)),
    ],
    ids=repr,
)
def test_a_python_value_becomes_its_variable_value(value: object, expected: VariableValue) -> None:
    assert to_value(value) == expected


def test_json_may_hold_what_a_value_may_be() -> None:
    deep = {"at": MOMENT, "who": Person("Ada", [Address("Rome")]), "id": UUID_1, "run": WfRunId(id="a")}
    assert json.loads(to_value(deep).json_obj) == {
        "at": "2024-05-06T07:08:09.123456+00:00",
        "who": {"name": "Ada", "homes": [{"city": "Rome", "zip": None}], "colour": "red"},
        "id": str(UUID_1),
        "run": "a",
    }


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({1, 2}, "builtins.set"),
        (object(), "builtins.object"),
        (datetime(2024, 1, 1), "time zone"),  # noqa: DTZ001
        ({"at": datetime(2024, 1, 1)}, "time zone"),  # noqa: DTZ001
        ([{1}], "builtins.set"),
        ([float("nan")], "JSON"),
        (2**63, "64 bits"),
        (Address, "builtins.type"),
    ],
    ids=["set", "object", "naive time", "naive time inside", "set inside", "nan", "too large", "class"],
)
def test_what_has_no_variable_value_is_refused_with_a_reason(value: object, part: str) -> None:
    with pytest.raises(ValueConversionError, match=part):
        to_value(value)


def test_times_come_back_aware_and_in_utc() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=5)))
    back = from_value(to_value(elsewhere))
    assert back == MOMENT
    assert back.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Person("Ada", [Address("Rome", 5)]), Person),
        ([Address("Rome")], list[Address]),
        ({"x": MOMENT}, dict[str, datetime]),
        ((1, "a"), tuple[int, str]),
        ((1, 2, 3), tuple[int, ...]),
        ((1, 2), tuple),
        (Colour.RED, Colour),
        (Level.HIGH, Level),
        (UUID_1, UUID),
        (Decimal("1.5"), Decimal),
        (None, int | None),
        (5, int | None),
        (5, Annotated[int, "note"]),
        (None, None),
        ({"any": [1]}, Any),
        (WfRunId(id="c", parent_wf_run_id=WfRunId(id="p")), WfRunId),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_the_type_that_is_asked_for(value: object, wanted: Any) -> None:
    assert from_value(to_value(value), wanted) == value


def test_an_int_is_a_float_where_one_is_asked_for() -> None:
    assert isinstance(from_value(to_value(3), float), float)


@pytest.mark.parametrize(
    ("value", "wanted", "part"),
    [
        ("x", int, "int is expected, not 'x'"),
        (True, int, "bool"),
        (None, str, "str is expected"),
        ("green", Colour, "Colour"),
        ({"town": "Rome"}, Address, "no field 'town'"),
        ({}, Address, "Address cannot be made"),
        ({"city": 5}, Address, "str is expected"),
        ([1], tuple[int, str], "tuple of 2"),
        ([1, "x"], list[int], "int is expected"),
        ({}, list[int], "list is expected"),
        ("x", int | float, "int is expected.*float is expected"),
        ("not-a-uuid", UUID, "UUID"),
        (1, None, "is expected"),
    ],
    ids=repr,
)
def test_a_value_of_another_type_is_refused_with_a_reason(value: object, wanted: Any, part: str) -> None:
    with pytest.raises(ValueConversionError, match=part):
        from_value(to_value(value), wanted)


def test_broken_json_is_refused() -> None:
    with pytest.raises(ValueConversionError, match="not JSON"):
        from_value(VariableValue(json_obj="{"))


def test_structs_arrays_and_maps_are_read() -> None:
    inner = VariableValue(array=Array(items=[VariableValue(int=1), VariableValue()]))
    struct = VariableValue(
        struct=Struct(
            struct_def_id=StructDefId(name="s"),
            struct=InlineStruct(fields={"city": StructField(value=VariableValue(str="Rome"))}),
        )
    )
    entry = Map.Entry(key=VariableValue(int=1), value=inner)
    assert from_value(VariableValue(map=Map(entries=[entry]))) == {1: [1, None]}
    assert from_value(struct, Address) == Address("Rome")


plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(plain.filter(lambda value: "Infinity" not in json.dumps(value)))
def test_plain_data_survives_the_round_trip(value: object) -> None:
    assert from_value(to_value(value)) == value
