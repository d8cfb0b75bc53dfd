"""Values that only the cluster will know, as Python objects with Python's operators.

An `Expression` is computed when the run gets there, never here: it has no truth value, and `bool()` of one says so.
Each knows its VariableAssignment; anything else that a program passes is a literal.
"""

import copy
from collections.abc import Callable
from typing import Self

from konik.api.pb.enums_pb2 import VariableType
from konik.api.pb.expressions_pb2 import LHPath, VariableAssignment, VariableMutationType
from konik.api.pb.values_pb2 import Comparator, TypeDefinition
from konik.sdk.errors import WorkflowError
from konik.sdk.values import to_value

NEGATIONS: dict[Comparator, Comparator] = {
    Comparator.LESS_THAN: Comparator.GREATER_THAN_EQ,
    Comparator.GREATER_THAN_EQ: Comparator.LESS_THAN,
    Comparator.GREATER_THAN: Comparator.LESS_THAN_EQ,
    Comparator.LESS_THAN_EQ: Comparator.GREATER_THAN,
    Comparator.EQUALS: Comparator.NOT_EQUALS,
    Comparator.NOT_EQUALS: Comparator.EQUALS,
    Comparator.IN: Comparator.NOT_IN,
    Comparator.NOT_IN: Comparator.IN,
}


def assignment_of(value: object) -> VariableAssignment:
    """How the cluster is to compute `value`."""
    if isinstance(value, Expression):
        return value.assignment()
    return VariableAssignment(literal_value=to_value(value))


def _operation(kind: VariableMutationType) -> Callable[["Expression", object], "Operation"]:
    def apply(self: "Expression", other: object) -> "Operation":
        return Operation(self, kind, other)

    return apply


def _reflected(kind: VariableMutationType) -> Callable[["Expression", object], "Operation"]:
    def apply(self: "Expression", other: object) -> "Operation":
        return Operation(other, kind, self)

    return apply


def _comparison(comparator: Comparator) -> Callable[["Expression", object], "Comparison"]:
    def apply(self: "Expression", other: object) -> "Comparison":
        return Comparison(self, comparator, other)

    return apply


def _cast(target: VariableType) -> Callable[["Expression"], "Cast"]:
    def apply(self: "Expression") -> "Cast":
        return Cast(self, target)

    return apply


class Expression:
    """Something the cluster computes. Every method and operator gives a new expression."""

    def assignment(self) -> VariableAssignment:
        raise NotImplementedError

    def __bool__(self) -> bool:
        raise WorkflowError(
            "the value is known to the cluster only, so Python cannot branch on it; "
            "use do_if or do_while, and & | instead of `and` `or`"
        )

    add = __add__ = _operation(VariableMutationType.ADD)
    subtract = __sub__ = _operation(VariableMutationType.SUBTRACT)
    multiply = __mul__ = _operation(VariableMutationType.MULTIPLY)
    divide = __truediv__ = _operation(VariableMutationType.DIVIDE)
    pow = __pow__ = _operation(VariableMutationType.POW)
    __radd__ = _reflected(VariableMutationType.ADD)
    __rsub__ = _reflected(VariableMutationType.SUBTRACT)
    __rmul__ = _reflected(VariableMutationType.MULTIPLY)
    __rtruediv__ = _reflected(VariableMutationType.DIVIDE)
    __rpow__ = _reflected(VariableMutationType.POW)
    extend = _operation(VariableMutationType.EXTEND)
    remove_if_present = _operation(VariableMutationType.REMOVE_IF_PRESENT)
    remove_index = _operation(VariableMutationType.REMOVE_INDEX)
    remove_key = _operation(VariableMutationType.REMOVE_KEY)
    do_and = __and__ = _operation(VariableMutationType.AND)
    do_or = __or__ = _operation(VariableMutationType.OR)

    is_less_than = __lt__ = _comparison(Comparator.LESS_THAN)
    is_less_than_eq = __le__ = _comparison(Comparator.LESS_THAN_EQ)
    is_greater_than = __gt__ = _comparison(Comparator.GREATER_THAN)
    is_greater_than_eq = __ge__ = _comparison(Comparator.GREATER_THAN_EQ)
    is_equal_to = _comparison(Comparator.EQUALS)
    is_not_equal_to = _comparison(Comparator.NOT_EQUALS)
    is_in = _comparison(Comparator.IN)
    is_not_in = _comparison(Comparator.NOT_IN)

    # `==` must not fall back to Python's identity: `do_if(x == 3, …)` would compile to a literal `false`.
    # object declares these as returning bool, which an expression of a later value cannot.
    __eq__ = is_equal_to  # type: ignore[assignment]
    __ne__ = is_not_equal_to  # type: ignore[assignment]
    __hash__ = object.__hash__

    def does_contain(self, item: object) -> "Comparison":
        return Comparison(item, Comparator.IN, self)

    def does_not_contain(self, item: object) -> "Comparison":
        return Comparison(item, Comparator.NOT_IN, self)

    def cast_to(self, target: VariableType) -> "Cast":
        return Cast(self, target)

    cast_to_int = _cast(VariableType.INT)
    cast_to_double = _cast(VariableType.DOUBLE)
    cast_to_str = _cast(VariableType.STR)
    cast_to_bool = _cast(VariableType.BOOL)
    cast_to_bytes = _cast(VariableType.BYTES)
    cast_to_wf_run_id = _cast(VariableType.WF_RUN_ID)
    cast_to_timestamp = _cast(VariableType.TIMESTAMP)


class Operation(Expression):
    """`left operation right`: arithmetic, changes of lists and objects, AND and OR."""

    def __init__(self, left: object, operation: VariableMutationType, right: object) -> None:
        self._left, self._operation, self._right = left, operation, right

    def assignment(self) -> VariableAssignment:
        return VariableAssignment(
            expression=VariableAssignment.Expression(
                lhs=assignment_of(self._left), mutation_type=self._operation, rhs=assignment_of(self._right)
            )
        )


class Comparison(Expression):
    """`left comparator right`, a BOOL."""

    def __init__(self, left: object, comparator: Comparator, right: object) -> None:
        self._left, self._comparator, self._right = left, comparator, right

    def negate(self) -> "Comparison":
        return Comparison(self._left, NEGATIONS[self._comparator], self._right)

    __invert__ = negate

    def assignment(self) -> VariableAssignment:
        return VariableAssignment(
            expression=VariableAssignment.Expression(
                lhs=assignment_of(self._left), comparator=self._comparator, rhs=assignment_of(self._right)
            )
        )


class Cast(Expression):
    """An expression converted to a primitive type."""

    def __init__(self, source: Expression, target: VariableType) -> None:
        self._source, self._target = source, target

    def assignment(self) -> VariableAssignment:
        answer = self._source.assignment()
        answer.target_type.CopyFrom(TypeDefinition(primitive_type=self._target))
        return answer


class FormatString(Expression):
    """Text with `{0}`, `{1}` … filled in by the cluster."""

    def __init__(self, text: str, *arguments: object) -> None:
        self.text = text
        self._arguments = arguments

    def assignment(self) -> VariableAssignment:
        return VariableAssignment(
            format_string=VariableAssignment.FormatString(
                format=assignment_of(self.text), args=[assignment_of(argument) for argument in self._arguments]
            )
        )


class PathExpression(Expression):
    """An expression that one can look into, by a JSONPath (`$.a.b`) or step by step with `get`."""

    _json_path: str | None = None
    _selectors: tuple[LHPath.Selector, ...] = ()

    def with_json_path(self, path: str) -> Self:
        """The part of a JSON value that the JSONPath names. At most one path per expression."""
        if not path.startswith("$."):
            raise WorkflowError(f"{path!r} is not a JSONPath from the root; begin it with '$.'")
        if self._json_path is not None or self._selectors:
            raise WorkflowError(f"{path!r} cannot be added to an expression that has a path already")
        part = copy.copy(self)
        part._json_path = path
        return part

    def get(self, step: str | int) -> Self:
        """The field, map key (str) or array element (int) of a struct, map or array; can be chained."""
        if self._json_path is not None:
            raise WorkflowError(f"get({step!r}) cannot follow the JSONPath {self._json_path!r}; extend that one")
        selector = LHPath.Selector(key=step) if isinstance(step, str) else LHPath.Selector(index=step)
        part = copy.copy(self)
        part._selectors = (*self._selectors, selector)
        return part

    def _with_path(self, source: VariableAssignment) -> VariableAssignment:
        if self._json_path is not None:
            source.json_path = self._json_path
        if self._selectors:
            source.lh_path.path.extend(self._selectors)
        return source


class NodeOutput(PathExpression):
    """What a node gave when it completed."""

    def __init__(self, node_name: str) -> None:
        self.node_name = node_name

    def assignment(self) -> VariableAssignment:
        source = VariableAssignment(node_output=VariableAssignment.NodeOutputReference(node_name=self.node_name))
        return self._with_path(source)
