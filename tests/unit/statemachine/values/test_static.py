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
    StructBuilder,
    VariableAssignment,
    VariableMutation,
    VariableMutationType,
)
from konik.api.pb.values_pb2 import (
    EQUALS,
    GREATER_THAN,
    IN,
    LESS_THAN,
    NOT_EQUALS,
    NOT_IN,
    Array,
    Comparator,
    TypeDefinition,
    VariableValue,
)
from konik.api.pb.wf_spec_pb2 import LegacyEdgeCondition
from konik.statemachine.values.errors import InvalidValue, NotBuilt
from konik.statemachine.values.static import (
    NULL,
    UNKNOWN,
    VOID,
    Known,
    StaticType,
    can_be,
    check_assignable,
    check_condition,
    check_mutation,
    type_of_assignment,
)
from konik.statemachine.values.static_operations import check_comparison, result_type
from konik.statemachine.values.types import PRIMITIVES, primitive
from konik.statemachine.values.value import of_int, of_json_obj, of_str

A = VariableAssignment
M = VariableMutation
NAME_OF = {of: VariableType.Name(of).lower() for of in PRIMITIVES}
MASKED_INT = TypeDefinition(primitive_type=INT, masked=True)


class Declared:
    """One variable per primitive type, named for it, and nodes with every kind of output."""

    def variable(self, name: str) -> TypeDefinition | None:
        return {**{NAME_OF[of]: primitive(of) for of in PRIMITIVES}, "masked": MASKED_INT}.get(name)

    def node_output(self, node_name: str) -> StaticType | None:
        outputs: dict[str, StaticType] = {"task": Known(primitive(STR)), "event": UNKNOWN, "nop": VOID}
        return outputs.get(node_name)


SCOPE = Declared()


def var(of: VariableType) -> VariableAssignment:
    return A(variable_name=NAME_OF[of])


def output(node: str) -> VariableAssignment:
    return A(node_output=A.NodeOutputReference(node_name=node))


def literal(value: VariableValue) -> VariableAssignment:
    return A(literal_value=value)


def known(of: VariableType) -> Known:
    return Known(primitive(of))


def compared(left: VariableAssignment, comparator: Comparator, right: VariableAssignment) -> VariableAssignment:
    return A(expression=A.Expression(lhs=left, comparator=comparator, rhs=right))


def operated(
    left: VariableAssignment, operation: VariableMutationType, right: VariableAssignment
) -> VariableAssignment:
    return A(expression=A.Expression(lhs=left, mutation_type=operation, rhs=right))


NULL_LITERAL = literal(VariableValue())
ANYTHING = A(variable_name="json_obj", json_path="$.a")


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        pytest.param(var(INT), known(INT), id="variable"),
        pytest.param(A(variable_name="masked"), Known(MASKED_INT), id="masked-variable"),
        pytest.param(literal(of_int(1)), known(INT), id="literal"),
        pytest.param(NULL_LITERAL, NULL, id="null"),
        pytest.param(output("task"), known(STR), id="output"),
        pytest.param(output("event"), UNKNOWN, id="unknown-output"),
        pytest.param(output("nop"), UNKNOWN, id="void-output"),
        pytest.param(ANYTHING, UNKNOWN, id="path"),
        pytest.param(A(variable_name="int", json_path="$"), UNKNOWN, id="path-on-int-is-left-to-run-time"),
        pytest.param(
            A(variable_name="json_obj", json_path="$.a", target_type=primitive(INT)), known(INT), id="path-with-cast"
        ),
        pytest.param(A(variable_name="str", target_type=primitive(INT)), known(INT), id="cast"),
        pytest.param(A(literal_value=VariableValue(), target_type=primitive(INT)), known(INT), id="null-with-cast"),
        pytest.param(A(format_string=A.FormatString(format=var(STR), args=[var(INT)])), known(STR), id="format"),
        pytest.param(compared(var(INT), IN, var(STR)), known(BOOL), id="comparison-is-not-checked-inside"),
        pytest.param(operated(var(INT), MULTIPLY, var(DOUBLE)), known(INT), id="int-times-double"),
        pytest.param(operated(ANYTHING, MULTIPLY, var(DOUBLE)), UNKNOWN, id="unknown-operand"),
        pytest.param(operated(output("nop"), AND, var(BOOL)), UNKNOWN, id="void-operand"),
        pytest.param(A(size_of=A.SizeOf(operand=var(STR))), known(INT), id="size-of-str"),
        pytest.param(A(size_of=A.SizeOf(operand=var(JSON_ARR))), known(INT), id="size-of-list"),
        pytest.param(A(size_of=A.SizeOf(operand=ANYTHING)), known(INT), id="size-of-unknown"),
    ],
)
def test_the_type_of_an_assignment(assignment: VariableAssignment, expected: StaticType) -> None:
    assert type_of_assignment(assignment, SCOPE) == expected


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        pytest.param(A(), "VariableAssignment passed with missing source", id="no-source"),
        pytest.param(A(variable_name="nope"), "missing var nope", id="unknown-variable"),
        pytest.param(A(variable_name="nope", json_path="$"), "missing var nope", id="unknown-variable-with-path"),
        pytest.param(output("nope"), "Node nope not present in threadspec", id="unknown-node"),
        pytest.param(A(variable_name="json_obj", json_path="$."), "Failed accessing path $.", id="malformed-path"),
        pytest.param(
            A(variable_name="double", target_type=primitive(BOOL)),
            "Cannot cast from DOUBLE to BOOL. This conversion is not supported.",
            id="no-such-cast",
        ),
        pytest.param(
            A(variable_name="masked", target_type=primitive(BOOL)),
            "Cannot cast from INT to BOOL. This conversion is not supported.",
            id="no-such-cast-of-masked",
        ),
        pytest.param(A(variable_name="str", target_type=TypeDefinition()), "primitive", id="cast-to-no-primitive"),
        pytest.param(operated(var(STR), MULTIPLY, var(INT)), "Cannot multiply to a STR", id="operation"),
        pytest.param(compared(A(variable_name="nope"), EQUALS, var(INT)), "missing var nope", id="inside-comparison"),
        pytest.param(A(expression=A.Expression(lhs=var(INT), rhs=var(INT))), "missing operation", id="no-operation"),
        pytest.param(A(format_string=A.FormatString(format=var(INT))), "isn't a STR but INT", id="template"),
        pytest.param(
            A(format_string=A.FormatString(format=var(STR), args=[A(variable_name="nope")])),
            "missing var nope",
            id="inside-format",
        ),
        pytest.param(
            A(size_of=A.SizeOf(operand=var(JSON_OBJ))),
            "size() only supports STR, ARRAY or JSON_ARR operands",
            id="size-of-object",
        ),
        pytest.param(A(size_of=A.SizeOf(operand=A(variable_name="nope"))), "missing var nope", id="inside-size-of"),
    ],
)
def test_an_assignment_that_can_never_be_evaluated_is_refused(assignment: VariableAssignment, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        type_of_assignment(assignment, SCOPE)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "assignment", [A(struct_builder=StructBuilder()), literal(VariableValue(array=Array()))], ids=["builder", "array"]
)
def test_what_is_not_built_has_no_type(assignment: VariableAssignment) -> None:
    with pytest.raises(NotBuilt):
        type_of_assignment(assignment, SCOPE)


# --- Operations: the rows of the table, "-" for what is refused -------------------------------------------------------

COLUMNS = (INT, DOUBLE, STR, BOOL, BYTES, WF_RUN_ID, TIMESTAMP, JSON_OBJ, JSON_ARR)
LETTER = {"I": INT, "D": DOUBLE, "S": STR, "B": BOOL, "Y": BYTES, "O": JSON_OBJ, "A": JSON_ARR}
TABLE = {
    (INT, ADD): "II-------",
    (INT, SUBTRACT): "II-------",
    (INT, MULTIPLY): "II-------",
    (INT, DIVIDE): "II-------",
    (INT, POW): "ID-------",
    (DOUBLE, ADD): "DD-------",
    (DOUBLE, SUBTRACT): "DD-------",
    (DOUBLE, MULTIPLY): "DD-------",
    (DOUBLE, DIVIDE): "DD-------",
    (DOUBLE, POW): "DD-------",
    (STR, ADD): "SSSS-SS--",
    (STR, EXTEND): "SSSS-SS--",
    (STR, AND): "--BB-----",
    (STR, OR): "--BB-----",
    (BOOL, AND): "--BB-----",
    (BOOL, OR): "--BB-----",
    (BYTES, EXTEND): "----Y----",
    (JSON_ARR, ADD): "AAAAAAAAA",
    (JSON_ARR, EXTEND): "--------A",
    (JSON_ARR, REMOVE_IF_PRESENT): "AAAA-AA--",
    (JSON_ARR, REMOVE_INDEX): "AA-------",
    (JSON_OBJ, REMOVE_KEY): "OOOO-OO--",
}
OPERATIONS = [of for of in VariableMutationType.values() if of != ASSIGN]


@pytest.mark.parametrize("operation", OPERATIONS, ids=VariableMutationType.Name)
@pytest.mark.parametrize("left", COLUMNS, ids=VariableType.Name)
def test_the_result_type_of_an_operation(left: VariableType, operation: VariableMutationType) -> None:
    row = TABLE.get((left, operation), "---------")
    for right, letter in zip(COLUMNS, row, strict=True):
        if letter == "-":
            with pytest.raises(InvalidValue, match=f"^Cannot .* a {VariableType.Name(left)}"):
                result_type(operation, known(left), known(right))
        else:
            assert result_type(operation, known(left), known(right)) == known(LETTER[letter])


@pytest.mark.parametrize("operation", OPERATIONS, ids=VariableMutationType.Name)
def test_null_is_an_operand_only_where_it_is_appended_to_a_list(operation: VariableMutationType) -> None:
    lefts: list[StaticType] = [*map(known, COLUMNS), NULL]
    for left in lefts:
        if left == known(JSON_ARR) and operation == ADD:
            assert result_type(operation, left, NULL) == known(JSON_ARR)
        else:
            with pytest.raises(InvalidValue):
                result_type(operation, left, NULL)


def test_an_assignment_inside_an_expression_has_the_left_type() -> None:
    assert result_type(ASSIGN, known(DOUBLE), known(INT)) == known(DOUBLE)
    assert result_type(ASSIGN, NULL, known(INT)) == known(INT)
    assert result_type(ASSIGN, known(DOUBLE), NULL) == known(DOUBLE)
    with pytest.raises(InvalidValue, match="Cannot use a STR as a INT"):
        result_type(ASSIGN, known(INT), known(STR))


def test_an_operation_of_a_newer_client_has_no_type() -> None:
    with pytest.raises(InvalidValue, match="Unknown operation 99"):
        result_type(99, known(INT), known(INT))  # type: ignore[arg-type]  # what only a newer client can send


# --- Comparisons ----------------------------------------------------------------------------------------------------

ORDERED = {INT, DOUBLE, STR, BOOL, TIMESTAMP}


@pytest.mark.parametrize("right", COLUMNS, ids=VariableType.Name)
@pytest.mark.parametrize("left", COLUMNS, ids=VariableType.Name)
def test_which_types_can_be_compared(left: VariableType, right: VariableType) -> None:
    same = left == right or {left, right} <= ORDERED
    member = right == JSON_ARR or (left == STR and right in (JSON_OBJ, STR))
    for comparator, accepted in (
        (EQUALS, same),
        (NOT_EQUALS, same),
        (LESS_THAN, right in ORDERED),
        (GREATER_THAN, right in ORDERED),
        (IN, member),
        (NOT_IN, member),
    ):
        if accepted:
            check_comparison(comparator, known(left), known(right))
        else:
            with pytest.raises(InvalidValue, match="^You can"):
                check_comparison(comparator, known(left), known(right))


@pytest.mark.parametrize(
    ("left", "comparator", "right", "message"),
    [
        (known(INT), LESS_THAN, known(JSON_OBJ), "You cannot compare RHS type JSON_OBJ using Comparator LESS_THAN"),
        (known(INT), IN, known(INT), "You cannot compare RHS type INT using Comparator IN"),
        (
            known(BOOL),
            EQUALS,
            known(JSON_OBJ),
            "You can only compare LHS type BOOL with its own type, but tried to compare it to JSON_OBJ",
        ),
        (known(INT), NOT_IN, known(JSON_OBJ), "You cannot use LHS type INT with Comparator NOT_IN"),
    ],
)
def test_how_a_comparison_is_refused(left: StaticType, comparator: Comparator, right: StaticType, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_comparison(comparator, left, right)
    assert str(caught.value) == message


@pytest.mark.parametrize("comparator", Comparator.values(), ids=Comparator.Name)
def test_null_on_the_right_and_unknown_types_can_be_compared(comparator: Comparator) -> None:
    for left, right in ((known(BYTES), NULL), (NULL, NULL), (UNKNOWN, known(BYTES)), (known(INT), VOID)):
        check_comparison(comparator, left, right)


def test_masking_plays_no_part_in_a_comparison() -> None:
    masked = Known(TypeDefinition(primitive_type=JSON_OBJ, masked=True))
    check_comparison(EQUALS, masked, known(JSON_OBJ))


# --- Places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(compared(var(INT), LESS_THAN, var(DOUBLE)), id="comparison"),
        pytest.param(operated(compared(var(INT), EQUALS, var(INT)), OR, ANYTHING), id="or"),
        pytest.param(var(BOOL), id="bool"),
        pytest.param(ANYTHING, id="unknown"),
        pytest.param(A(variable_name="str", target_type=primitive(BOOL)), id="cast"),
        pytest.param(LegacyEdgeCondition(left=var(INT), comparator=EQUALS, right=NULL_LITERAL), id="legacy"),
    ],
)
def test_a_condition_passes(condition: VariableAssignment | LegacyEdgeCondition) -> None:
    check_condition(condition, SCOPE)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        pytest.param(var(STR), "Does not resolve to a BOOL value", id="str"),
        pytest.param(NULL_LITERAL, "Does not resolve to a BOOL value", id="null"),
        pytest.param(operated(var(INT), ADD, var(INT)), "Does not resolve to a BOOL value", id="sum"),
        pytest.param(operated(var(INT), AND, var(BOOL)), "Cannot use AND on a INT", id="and-on-int"),
        pytest.param(compared(var(BOOL), EQUALS, var(JSON_OBJ)), "You can only compare LHS type BOOL", id="mixed"),
        pytest.param(
            LegacyEdgeCondition(left=var(INT), comparator=IN, right=var(INT)), "You cannot compare RHS", id="legacy"
        ),
        pytest.param(A(variable_name="nope"), "missing var nope", id="unknown-variable"),
    ],
)
def test_a_condition_is_refused(condition: VariableAssignment | LegacyEdgeCondition, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_condition(condition, SCOPE)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("assignment", "declared", "message"),
    [
        (var(STR), INT, "Cannot assign STR to INT without explicit casting."),
        (var(STR), DOUBLE, "Cannot assign STR to DOUBLE without explicit casting."),
        (var(JSON_OBJ), STR, "Cannot assign JSON_OBJ to STR without explicit casting."),
        (A(variable_name="str", target_type=primitive(DOUBLE)), INT, "Cannot assign DOUBLE to INT."),
        (A(variable_name="int", target_type=primitive(BOOL)), BOOL, "Cannot cast from INT to BOOL. This conversion"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused(
    assignment: VariableAssignment, declared: VariableType, message: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_assignable(assignment, primitive(declared), SCOPE)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("assignment", "declared"),
    [
        (var(DOUBLE), STR),
        (var(INT), DOUBLE),
        (A(variable_name="masked"), INT),
        (A(variable_name="str", target_type=primitive(INT)), DOUBLE),
        (ANYTHING, INT),
        (NULL_LITERAL, INT),
        (output("nop"), INT),
    ],
)
def test_an_argument_fits(assignment: VariableAssignment, declared: VariableType) -> None:
    check_assignable(assignment, primitive(declared), SCOPE)
    assert can_be(assignment, primitive(declared), SCOPE)


def test_a_text_cannot_be_a_number() -> None:
    assert not can_be(var(STR), primitive(INT), SCOPE)


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(M(lhs_name="int", operation=ASSIGN, rhs_assignment=var(INT)), id="assign"),
        pytest.param(M(lhs_name="int", operation=ASSIGN, rhs_assignment=NULL_LITERAL), id="assign-null"),
        pytest.param(M(lhs_name="int", operation=MULTIPLY, rhs_assignment=var(DOUBLE)), id="int-by-double"),
        pytest.param(
            M(lhs_name="int", operation=ASSIGN, rhs_assignment=operated(var(INT), MULTIPLY, var(DOUBLE))),
            id="int-times-double",
        ),
        pytest.param(M(lhs_name="int", operation=POW, rhs_assignment=ANYTHING), id="unknown"),
        pytest.param(M(lhs_name="json_arr", operation=ADD, literal_value=of_json_obj("{}")), id="literal"),
        pytest.param(M(lhs_name="str", operation=ASSIGN, node_output=M.NodeOutputSource()), id="output"),
        pytest.param(M(lhs_name="int", node_output=M.NodeOutputSource(jsonpath="$.a")), id="output-path"),
        pytest.param(M(lhs_name="json_obj", lhs_json_path="$.a", rhs_assignment=var(BYTES)), id="path"),
    ],
)
def test_a_mutation_passes(mutation: VariableMutation) -> None:
    check_mutation(mutation, SCOPE, "task")


@pytest.mark.parametrize(
    ("mutation", "message"),
    [
        pytest.param(
            M(lhs_name="int", operation=ASSIGN, rhs_assignment=var(STR)),
            "Mutation of variable int invalid: Cannot assign STR to INT without explicit casting.",
            id="assign",
        ),
        pytest.param(
            M(lhs_name="bool", rhs_assignment=A(variable_name="double", target_type=primitive(BOOL))),
            "Cannot cast from DOUBLE to BOOL. This conversion is not supported.",
            id="cast",
        ),
        pytest.param(
            M(lhs_name="int", rhs_assignment=A(variable_name="str", target_type=primitive(DOUBLE))),
            "Cannot assign DOUBLE to INT.",
            id="assign-after-cast",
        ),
        pytest.param(
            M(lhs_name="int", operation=POW, rhs_assignment=var(DOUBLE)),
            "Cannot mutate a INT by assigning it a value of type DOUBLE",
            id="result-does-not-fit",
        ),
        pytest.param(
            M(lhs_name="str", operation=MULTIPLY, literal_value=of_int(2)), "Cannot multiply to a STR", id="operation"
        ),
        pytest.param(
            M(lhs_name="int", operation=ADD, literal_value=of_str("2")), "Cannot add to a INT with a STR", id="operand"
        ),
        pytest.param(M(lhs_name="int", node_output=M.NodeOutputSource()), "Cannot assign STR to INT", id="output"),
        pytest.param(
            M(lhs_name="int", node_output=M.NodeOutputSource(jsonpath="$.")), "Failed accessing path", id="output-path"
        ),
        pytest.param(
            M(lhs_name="json_obj", lhs_json_path="$[", rhs_assignment=var(INT)), "Failed accessing path", id="path"
        ),
        pytest.param(
            M(lhs_name="json_obj", lhs_json_path="$.a", rhs_assignment=A(variable_name="nope")),
            "missing var nope",
            id="names-behind-a-path",
        ),
        pytest.param(M(lhs_name="nope", literal_value=of_int(1)), "missing var nope", id="unknown-variable"),
        pytest.param(M(lhs_name="int"), "missing right side", id="no-right-side"),
    ],
)
def test_a_mutation_is_refused(mutation: VariableMutation, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        check_mutation(mutation, SCOPE, "task")
    assert message in str(caught.value)
