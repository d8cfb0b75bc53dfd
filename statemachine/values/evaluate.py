"""Computes what a VariableAssignment stands for: first its source, then its path, then its cast."""

from collections.abc import Callable
from typing import Final, Protocol

from konik.api.pb.enums_pb2 import JSON_ARR, JSON_OBJ, STR
from konik.api.pb.expressions_pb2 import VariableAssignment
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_spec_pb2 import LegacyEdgeCondition
from konik.statemachine.values import json_path, json_text
from konik.statemachine.values.casts import cast
from konik.statemachine.values.compare import compare
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.format_string import fill
from konik.statemachine.values.operate import operate
from konik.statemachine.values.value import kind, kind_name, of_bool, of_int, of_str

MISSING_SOURCE: Final = "VariableAssignment passed with missing source"


class Scope(Protocol):
    """What a thread can see. Both raise EvaluationError for what is not there."""

    def variable(self, name: str) -> VariableValue:
        """The current value of a variable of the thread or of one above it."""

    def node_output(self, node_name: str) -> VariableValue:
        """The output of the latest completed run of a node of the same thread."""


def evaluate(assignment: VariableAssignment, scope: Scope) -> VariableValue:
    """The value, shared with the assignment or the scope where nothing had to be computed. Raises EvaluationError."""
    source = assignment.WhichOneof("source")
    if source is None:
        raise EvaluationError(MISSING_SOURCE)
    value = _SOURCE[source](assignment, scope)
    path = assignment.WhichOneof("path")
    if path == "json_path":
        value = read_json_path(value, assignment.json_path)
    elif path is not None:
        raise EvaluationError(f"{path} cannot be evaluated")
    return cast(value, assignment.target_type) if assignment.HasField("target_type") else value


def condition(of: VariableAssignment | LegacyEdgeCondition, scope: Scope) -> bool:
    """Whether a condition holds. Raises EvaluationError if it cannot be evaluated or does not give a BOOL."""
    if isinstance(of, LegacyEdgeCondition):
        left, right = evaluate(of.left, scope), evaluate(of.right, scope)
        return compare(of.comparator, left, right)
    value = evaluate(of, scope)
    if not value.HasField("bool"):
        raise EvaluationError(f"The condition does not resolve to a BOOL value but to {kind_name(value)}")
    return value.bool


def read_json_path(value: VariableValue, path: str) -> VariableValue:
    """What a JSONPath leads to in a JSON value. Raises EvaluationError for other values and malformed paths."""
    return json_text.to_value(json_path.read(json_document(value), path))


def json_document(value: VariableValue) -> json_text.Json:
    """What a JSON value holds, for a path to be followed in it; EvaluationError for any other value."""
    if kind(value) not in (JSON_OBJ, JSON_ARR):
        raise EvaluationError(f"Cannot jsonpath on {kind_name(value)}")
    return json_text.document(value)


def _format(assignment: VariableAssignment, scope: Scope) -> VariableValue:
    parts = assignment.format_string
    template = evaluate(parts.format, scope)
    if kind(template) != STR:
        raise EvaluationError(f"Format String template isn't a STR but {kind_name(template)}")
    return of_str(fill(template.str, [evaluate(argument, scope) for argument in parts.args]))


def _expression(assignment: VariableAssignment, scope: Scope) -> VariableValue:
    expression = assignment.expression
    left, right = evaluate(expression.lhs, scope), evaluate(expression.rhs, scope)
    match expression.WhichOneof("operation"):
        case "comparator":
            return of_bool(compare(expression.comparator, left, right))
        case "mutation_type":
            return operate(expression.mutation_type, left, right)
        case _:
            raise EvaluationError("Expression passed with missing operation")


def _size(assignment: VariableAssignment, scope: Scope) -> VariableValue:
    operand = evaluate(assignment.size_of.operand, scope)
    if kind(operand) == STR:
        return of_int(len(operand.str.encode("utf-16-le")) // 2)
    elements = json_text.document(operand) if kind(operand) == JSON_ARR else None
    if not isinstance(elements, list):
        raise EvaluationError(f"Cannot resolve size() for var of type {kind_name(operand)}")
    return of_int(len(elements))


def _not_built(assignment: VariableAssignment, scope: Scope) -> VariableValue:
    """Registration refuses these; a WfSpec that holds one comes from another version of the server."""
    raise EvaluationError(f"{assignment.WhichOneof('source')} cannot be evaluated")


_SOURCE: Final[dict[str, Callable[[VariableAssignment, Scope], VariableValue]]] = {
    "variable_name": lambda assignment, scope: scope.variable(assignment.variable_name),
    "literal_value": lambda assignment, scope: assignment.literal_value,
    "node_output": lambda assignment, scope: scope.node_output(assignment.node_output.node_name),
    "format_string": _format,
    "expression": _expression,
    "size_of": _size,
    "struct_builder": _not_built,
    "map_builder": _not_built,
}
