"""Computes what the mutations of an edge make of the variables: all of them, or an error and none."""

from collections.abc import Callable, Iterable

from konik.api.pb.expressions_pb2 import VariableMutation, VariableMutationType
from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.statemachine.values import json_path, json_text, types
from konik.statemachine.values.casts import coerce
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import Scope, evaluate, json_document, read_json_path
from konik.statemachine.values.operate import operate
from konik.statemachine.values.value import enum_name, is_null


def apply_mutations(
    mutations: Iterable[VariableMutation],
    scope: Scope,
    declared: Callable[[str], TypeDefinition | None],
    left_node: str,
) -> dict[str, VariableValue]:
    """The new values of the variables that are mutated, in the order in which they are first written.

    Each mutation sees what those before it have done. `declared` gives the type of a visible variable; `left_node` is
    the node that the thread leaves. Raises EvaluationError with the variable and the operation that failed.
    """
    written = _Written(scope)
    for mutation in mutations:
        name = mutation.lhs_name
        try:
            written.values[name] = _mutated(mutation, written, declared(name), left_node)
        except EvaluationError as error:
            operation = enum_name(VariableMutationType, mutation.operation)
            raise EvaluationError(f"Mutating variable {name} with operation {operation}: {error}") from error
    return written.values


class _Written:
    """A scope in which some variables already have their new values."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.values: dict[str, VariableValue] = {}

    def variable(self, name: str) -> VariableValue:
        written = self.values.get(name)
        return self._scope.variable(name) if written is None else written

    def node_output(self, node_name: str) -> VariableValue:
        return self._scope.node_output(node_name)


def _mutated(
    mutation: VariableMutation, scope: Scope, declared: TypeDefinition | None, left_node: str
) -> VariableValue:
    if mutation.HasField("lhs_lh_path"):
        raise EvaluationError("lhs_lh_path cannot be evaluated")
    left = scope.variable(mutation.lhs_name)
    right = _right_side(mutation, scope, left_node)
    if mutation.HasField("lhs_json_path"):
        return coerce(_mutated_member(mutation, left, right), declared)
    return operate(mutation.operation, left, right, declared)


def _right_side(mutation: VariableMutation, scope: Scope, left_node: str) -> VariableValue:
    match mutation.WhichOneof("rhs_value"):
        case "rhs_assignment":
            return evaluate(mutation.rhs_assignment, scope)
        case "literal_value":
            return mutation.literal_value
        case "node_output":
            return _output_of_left_node(mutation.node_output, scope, left_node)
        case _:
            raise EvaluationError("VariableMutation passed with missing right side")


def _output_of_left_node(source: VariableMutation.NodeOutputSource, scope: Scope, left_node: str) -> VariableValue:
    output = scope.node_output(left_node)
    match source.WhichOneof("path"):
        case None:
            return output
        case "jsonpath":
            return read_json_path(output, source.jsonpath)
        case path:
            raise EvaluationError(f"{path} cannot be evaluated")


def _mutated_member(mutation: VariableMutation, left: VariableValue, right: VariableValue) -> VariableValue:
    """The whole of `left` with one member changed. The member keeps its type; one that is missing or null has none,
    and takes the right side whatever the operation."""
    document = json_document(left)
    old = json_text.to_value(json_path.read(document, mutation.lhs_json_path))
    new = right if is_null(old) else operate(mutation.operation, old, right, types.type_of(old))
    return json_text.to_value(json_path.set_path(document, mutation.lhs_json_path, json_text.from_value(new)))
