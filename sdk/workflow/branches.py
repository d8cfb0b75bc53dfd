"""The `if` of a workflow program, to which alternatives can be chained."""

from collections.abc import Callable
from typing import Generic, Self, TypeVar

from konik.api.pb.expressions_pb2 import VariableAssignment
from konik.sdk.errors import WorkflowError
from konik.sdk.workflow.expressions import Expression
from konik.sdk.workflow.graph import Graph

Builder = TypeVar("Builder")


class IfStatement(Generic[Builder]):
    """An `if` that has been drawn, and may be given alternatives until the next step."""

    def __init__(
        self, graph: Graph, builder: Builder, condition: VariableAssignment, body: Callable[[Builder], object]
    ) -> None:
        self._graph = graph
        self._builder = builder
        self._has_else = False
        self._opening, self._closing = graph.branch(condition, lambda: body(builder))

    def do_else_if(self, condition: Expression, body: Callable[[Builder], object]) -> Self:
        """Runs `body` if no condition so far held and this one does."""
        self._add(condition.assignment(), body)
        return self

    def do_else(self, body: Callable[[Builder], object]) -> None:
        """Runs `body` if no condition held. It is the last alternative."""
        self._add(None, body)
        self._has_else = True

    def _add(self, condition: VariableAssignment | None, body: Callable[[Builder], object]) -> None:
        if self._has_else:
            raise WorkflowError("nothing can follow do_else; put the alternative before it")
        if self._graph.last != self._closing:
            raise WorkflowError("an alternative must directly follow its do_if, before any other step")
        self._graph.alternative(self._opening, self._closing, condition, lambda: body(self._builder))
