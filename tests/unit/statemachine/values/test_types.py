import pytest

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
from konik.api.pb.values_pb2 import InlineStructDef, TypeDefinition, VariableValue
from konik.statemachine.values import types
from konik.statemachine.values.errors import InvalidValue
from konik.statemachine.values.value import KIND_OF_CASE, NULL

COLUMNS = (INT, DOUBLE, STR, BOOL, BYTES, WF_RUN_ID, TIMESTAMP, JSON_OBJ, JSON_ARR)
# The rows are the sources. "=" same, "A" by itself, "C" with a cast, "-" never.
MATRIX = {
    INT: "=AA------",
    DOUBLE: "C=A------",
    STR: "CC=CCC---",
    BOOL: "--A=-----",
    BYTES: "--A-=----",
    WF_RUN_ID: "--A--=---",
    TIMESTAMP: "------=--",
    JSON_OBJ: "-------=-",
    JSON_ARR: "--------=",
}
PAIRS = [
    pytest.param(source, target, mark, id=f"{VariableType.Name(source)}-to-{VariableType.Name(target)}")
    for source, row in MATRIX.items()
    for target, mark in zip(COLUMNS, row, strict=True)
]


@pytest.mark.parametrize(("source", "target", "mark"), PAIRS)
def test_what_is_compatible_and_what_needs_a_cast(source: VariableType, target: VariableType, mark: str) -> None:
    target_type, source_type = types.primitive(target), types.primitive(source)
    assert types.compatible(target_type, source_type) == (mark in "=A")
    assert types.castable(target_type, source_type) == (mark in "=AC")


def test_every_primitive_has_a_row() -> None:
    assert set(VariableType.values()) == set(MATRIX) == set(types.PRIMITIVES) == set(KIND_OF_CASE.values())


@pytest.mark.parametrize("of", types.PRIMITIVES)
def test_null_is_compatible_with_everything(of: VariableType) -> None:
    assert types.compatible(types.primitive(of), types.type_of(NULL))
    assert types.compatible(None, types.primitive(of))


def test_compatibility_does_not_see_masking_and_equality_does() -> None:
    clear, masked = types.primitive(INT), TypeDefinition(primitive_type=INT, masked=True)
    assert types.compatible(clear, masked) and types.compatible(masked, clear)
    assert not types.equal(clear, masked)
    assert types.equal(clear, TypeDefinition(primitive_type=INT))


def test_a_type_with_nothing_set_is_a_json_object() -> None:
    assert types.normalise_type(TypeDefinition(masked=True)) == TypeDefinition(primitive_type=JSON_OBJ, masked=True)


def test_an_anonymous_struct_is_refused_as_a_type() -> None:
    with pytest.raises(InvalidValue, match="inline_struct_def"):
        types.normalise_type(TypeDefinition(inline_struct_def=InlineStructDef()))


def test_the_deprecated_type_of_a_variable_wins() -> None:
    given = VariableDef(
        name="v", type=INT, masked_value=True, type_def=TypeDefinition(primitive_type=STR), default_value={"int": 3}
    )
    expected = VariableDef(name="v", type_def=TypeDefinition(primitive_type=INT, masked=True), default_value={"int": 3})
    assert types.normalise(given) == expected


def test_a_variable_without_any_type_is_a_json_object() -> None:
    expected = VariableDef(name="v", type_def=TypeDefinition(primitive_type=JSON_OBJ))
    assert types.normalise(VariableDef(name="v")) == expected


def test_normalising_leaves_the_given_message_alone() -> None:
    given = VariableDef(name="v", type=INT)
    types.normalise(given)
    assert given == VariableDef(name="v", type=INT)


def test_the_text_of_a_type_tells_masking() -> None:
    assert types.text(types.primitive(INT)) == "INT"
    assert types.text(TypeDefinition(primitive_type=WF_RUN_ID, masked=True)) == "WF_RUN_ID MASKED"


def test_a_primitive_type_of_a_newer_client_fits_nothing() -> None:
    newer = TypeDefinition(primitive_type=99)  # type: ignore[arg-type]  # what only a newer client can send
    assert not types.compatible(newer, types.primitive(INT))
    assert types.text(newer) == "99"
    with pytest.raises(InvalidValue, match="99"):
        types.normalise_type(newer)


def test_the_type_of_a_value_is_its_primitive() -> None:
    assert types.type_of(VariableValue(double=1.0)) == TypeDefinition(primitive_type=DOUBLE)
    assert types.type_of(NULL) is None
