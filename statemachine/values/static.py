"""Types before anything runs: what an assignment will yield, and whether it fits where it stands.

What cannot be known passes, since run time checks again. Every refusal is an InvalidValue that says what is wrong, not
where: the caller knows that. Parts of the contract that are not built must have been refused before.
"""

from collections.abc import Callable
from typing import Final, Protocol

from konik.api.pb.enums_pb2 import BOOL, INT, JSON_ARR, STR
from konik.api.pb.expressions_pb2 import ASSIGN, VariableAssignment, VariableMutation
from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.api.pb.wf_spec_pb2 import LegacyEdgeCondition
from konik.statemachine.values import types
from konik.statemachine.values.errors import EvaluationError, InvalidValue, NotBuilt
from konik.statemachine.values.evaluate import MISSING_SOURCE
from konik.statemachine.values.json_path import compile_path
from konik.statemachine.values.static_operations import check_comparison, result_type
from konik.statemachine.values.static_type import (
    NULL,
    UNKNOWN,
    VOID,
    Known,
    StaticType,
    bare_text,
    fits,
    is_open,
    known,
    primitive_of,
)
from konik.statemachine.values.value import is_null
from konik.statemachine.values.walk import variables_used

__all__ = [
    "NULL",
    "UNKNOWN",
    "VOID",
    "Known",
    "StaticScope",
    "StaticType",
    "can_be",
    "check_assignable",
    "check_condition",
    "check_mutation",
    "type_of_assignment",
    "variables_used",
]


class StaticScope(Protocol):
    """What is declared where an assignment stands."""

    def variable(self, name: str) -> TypeDefinition | None:
        """The declared type; None if no thread declares the variable."""

    def node_output(self, node_name: str) -> StaticType | None:
        """The type of a node's output; None if the thread has no such node."""


def type_of_assignment(assignment: VariableAssignment, scope: StaticScope) -> StaticType:
    """The type of the value after path and cast.

    Raises InvalidValue for unknown variables and nodes, malformed paths, impossible casts and operations.
    """
    before_cast = _type_before_cast(assignment, scope)
    if not assignment.HasField("target_type"):
        return before_cast
    target = assignment.target_type
    if types.primitive_of(target) not in types.PRIMITIVES:
        raise InvalidValue("Only casts to a primitive type are supported")
    if isinstance(before_cast, Known) and not types.castable(target, before_cast.type):
        cast = f"Cannot cast from {bare_text(before_cast)} to {bare_text(target)}"
        raise InvalidValue(f"{cast}. This conversion is not supported.")
    return Known(target)


def check_assignable(assignment: VariableAssignment, declared: TypeDefinition, scope: StaticScope) -> None:
    """For task arguments and ASSIGN: the value needs no further cast to be stored as `declared`."""
    source = type_of_assignment(assignment, scope)
    _check_fits(source, declared, explicit_cast=assignment.HasField("target_type"))


def can_be(assignment: VariableAssignment, wanted: TypeDefinition, scope: StaticScope) -> bool:
    """Whether a node that needs a `wanted` can take the assignment. Raises InvalidValue if the assignment is wrong."""
    return fits(wanted, type_of_assignment(assignment, scope))


def check_condition(condition: VariableAssignment | LegacyEdgeCondition, scope: StaticScope) -> None:
    """For the conditions of edges and of nodes that wait for one."""
    if isinstance(condition, LegacyEdgeCondition):
        left, right = type_of_assignment(condition.left, scope), type_of_assignment(condition.right, scope)
        return check_comparison(condition.comparator, left, right)
    of = type_of_assignment(condition, scope)
    if not is_open(of) and primitive_of(of) != BOOL:
        raise InvalidValue(f"Does not resolve to a BOOL value but to {bare_text(of)}")
    expression = condition.expression
    if expression.HasField("comparator") and condition.WhichOneof("path") is None:
        left, right = type_of_assignment(expression.lhs, scope), type_of_assignment(expression.rhs, scope)
        check_comparison(expression.comparator, left, right)


def check_mutation(mutation: VariableMutation, scope: StaticScope, left_node: str) -> None:
    """For the mutations of an edge out of the node `left_node`. With `lhs_json_path` only names are checked."""
    name = mutation.lhs_name
    declared = _variable(name, scope)
    try:
        right = _right_side(mutation, scope, left_node)
        if mutation.HasField("lhs_json_path"):
            _check_path(mutation.lhs_json_path)
        elif mutation.operation == ASSIGN:
            _check_fits(right, declared, explicit_cast=mutation.rhs_assignment.HasField("target_type"))
        else:
            _check_result(mutation, declared, right)
    except InvalidValue as error:
        raise InvalidValue(f"Mutation of variable {name} invalid: {error}") from error


def _check_fits(source: StaticType, declared: TypeDefinition, explicit_cast: bool) -> None:
    if not fits(declared, source):
        refusal = f"Cannot assign {bare_text(source)} to {bare_text(declared)}"
        raise InvalidValue(f"{refusal}." if explicit_cast else f"{refusal} without explicit casting.")


def _check_result(mutation: VariableMutation, declared: TypeDefinition, right: StaticType) -> None:
    result = result_type(mutation.operation, Known(declared), right)
    if not fits(declared, result):
        mutated = f"Cannot mutate a {bare_text(declared)}"
        raise InvalidValue(f"{mutated} by assigning it a value of type {bare_text(result)}")


def _check_path(path: str) -> None:
    try:
        compile_path(path)
    except EvaluationError as error:
        raise InvalidValue(str(error)) from error


def _right_side(mutation: VariableMutation, scope: StaticScope, left_node: str) -> StaticType:
    match mutation.WhichOneof("rhs_value"):
        case "rhs_assignment":
            return type_of_assignment(mutation.rhs_assignment, scope)
        case "literal_value":
            return _literal(mutation.literal_value)
        case "node_output":
            output = _node_output(left_node, scope)
            if mutation.node_output.HasField("jsonpath"):
                _check_path(mutation.node_output.jsonpath)
                return UNKNOWN
            return output
        case _:
            raise InvalidValue("VariableMutation passed with missing right side")


def _type_before_cast(assignment: VariableAssignment, scope: StaticScope) -> StaticType:
    source = assignment.WhichOneof("source")
    if source is None:
        raise InvalidValue(MISSING_SOURCE)
    of = _SOURCE[source](assignment, scope)
    if assignment.HasField("json_path"):
        _check_path(assignment.json_path)
        return UNKNOWN
    return of


# --- Sources --------------------------------------------------------------------------------------------------------


def _variable(name: str, scope: StaticScope) -> TypeDefinition:
    declared = scope.variable(name)
    if declared is None:
        raise InvalidValue(f"Refers to missing var {name}")
    return declared


def _node_output(node_name: str, scope: StaticScope) -> StaticType:
    output = scope.node_output(node_name)
    if output is None:
        raise InvalidValue(f"Node {node_name} not present in threadspec")
    return UNKNOWN if output is VOID else output


def _literal(value: VariableValue) -> StaticType:
    if is_null(value):
        return NULL
    of = types.type_of(value)
    if of is None:
        raise NotBuilt("literal_value", f"{value.WhichOneof('value')} value")
    return Known(of)


def _format(assignment: VariableAssignment, scope: StaticScope) -> StaticType:
    template = type_of_assignment(assignment.format_string.format, scope)
    if not is_open(template) and primitive_of(template) != STR:
        raise InvalidValue(f"Format String template isn't a STR but {bare_text(template)}")
    for argument in assignment.format_string.args:
        type_of_assignment(argument, scope)
    return known(STR)


def _expression(assignment: VariableAssignment, scope: StaticScope) -> StaticType:
    expression = assignment.expression
    left, right = type_of_assignment(expression.lhs, scope), type_of_assignment(expression.rhs, scope)
    match expression.WhichOneof("operation"):
        case "comparator":
            return known(BOOL)
        case "mutation_type":
            return result_type(expression.mutation_type, left, right)
        case _:
            raise InvalidValue("Expression passed with missing operation")


def _size(assignment: VariableAssignment, scope: StaticScope) -> StaticType:
    operand = type_of_assignment(assignment.size_of.operand, scope)
    if not is_open(operand) and primitive_of(operand) not in (STR, JSON_ARR):
        raise InvalidValue("size() only supports STR, ARRAY or JSON_ARR operands")
    return known(INT)


def _not_built(assignment: VariableAssignment, scope: StaticScope) -> StaticType:
    raise NotBuilt("VariableAssignment", str(assignment.WhichOneof("source")))


_SOURCE: Final[dict[str, Callable[[VariableAssignment, StaticScope], StaticType]]] = {
    "variable_name": lambda assignment, scope: Known(_variable(assignment.variable_name, scope)),
    "literal_value": lambda assignment, scope: _literal(assignment.literal_value),
    "node_output": lambda assignment, scope: _node_output(assignment.node_output.node_name, scope),
    "format_string": _format,
    "expression": _expression,
    "size_of": _size,
    "struct_builder": _not_built,
    "map_builder": _not_built,
}
