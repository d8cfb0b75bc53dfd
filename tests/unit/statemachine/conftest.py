"""What every test of the state machine stands on: a state in memory, and commands given to it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from google.protobuf.message import Message
from sortedcontainers import SortedDict

import konik.statemachine.machine  # noqa: F401  registers the methods
from konik.statemachine.context import Context, Plans
from konik.statemachine.registry import METHODS, Kind
from konik.statemachine.rejection import Rejection


class MemoryView:
    """A View over a sorted dictionary; `items` is all that it holds, in order."""

    def __init__(self) -> None:
        self._map: SortedDict = SortedDict()

    def get(self, key: bytes) -> bytes | None:
        return self._map.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self._map[key] = value

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.delete(key)
            else:
                self.put(key, value)

    def delete(self, key: bytes) -> None:
        self._map.pop(key, None)

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        for key in list(self._map.irange(start, stop, inclusive=(True, False))):
            yield key, self._map[key]

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        return next(self.scan(start, stop), None)

    def items(self) -> list[tuple[bytes, bytes]]:
        return list(self._map.items())


@pytest.fixture(scope="session")
def memory_view() -> type[MemoryView]:
    """The class: property tests need a fresh one for each example."""
    return MemoryView


@pytest.fixture
def view() -> MemoryView:
    return MemoryView()


@pytest.fixture(scope="session")
def context_for() -> Callable[..., Context]:
    """Makes what a command has in its hands, over a view."""

    def make(view: MemoryView, tenant: str = "default", now_ms: int = 1_000, index: int = 1) -> Context:
        return Context(view, Plans(), tenant, "anonymous", now_ms, index, 0)

    return make


class Commands:
    """Gives commands to one state, each as a transaction of its own and a second after the one before.

    The method is the one that takes this type of request. A refused command must leave the state as it was.
    """

    def __init__(self, view: MemoryView, context_for: Callable[..., Context]) -> None:
        self.view = view
        self.index = 0
        self._context_for = context_for

    def context(self, tenant: str = "default") -> Context:
        return self._context_for(self.view, tenant, now_ms=1_000 * self.index, index=self.index)

    def __call__(self, request: Message, tenant: str = "default") -> Any:
        self.index += 1
        before = self.view.items()
        context = self.context(tenant)
        try:
            response = _BY_REQUEST[type(request)](context, request)
            context.commit()
        except Rejection:
            assert self.view.items() == before
            raise
        return response

    def refusal(self, request: Message) -> Rejection:
        with pytest.raises(Rejection) as refused:
            self(request)
        return refused.value


_BY_REQUEST = {method.request: method.run for method in METHODS.values() if method.kind is Kind.COMMAND}


@pytest.fixture(scope="session")
def commands_for(context_for: Callable[..., Context]) -> Callable[[MemoryView], Commands]:
    return lambda view: Commands(view, context_for)


@pytest.fixture
def commands(view: MemoryView, commands_for: Callable[[MemoryView], Commands]) -> Commands:
    return commands_for(view)
