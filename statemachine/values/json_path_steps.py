"""The steps of a JSONPath: what each selects below one place of a document, to be read or to be set.

A step never raises for a document that it does not fit; it answers None, and the path decides what that means.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeGuard

from konik.statemachine.limits import JSON_PATH_VISITS_MAX
from konik.statemachine.values import json_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.json_text import Json


class Place(NamedTuple):
    """A member of an object or an element of a list. The document itself is the only element of a list of its own."""

    holder: Any  # with a key of the kind it takes: mypy cannot tie the two together
    key: int | str

    @property
    def content(self) -> Json:
        content: Json = self.holder[self.key]
        return content

    def put(self, content: Json) -> None:
        self.holder[self.key] = content


class Visit:
    """One evaluation of a path: the document's root, and how much of the document may still be looked at."""

    def __init__(self, root: Place) -> None:
        self.root = root
        self._left = JSON_PATH_VISITS_MAX

    def look(self, places: int) -> None:
        """Raises EvaluationError once an evaluation has looked at more places than any honest one needs."""
        self._left -= places
        if self._left < 0:
            raise EvaluationError(f"the path looks at more than {JSON_PATH_VISITS_MAX} places")


class Step(ABC):
    definite = False
    """Whether it selects one place at most, so that a path of such steps yields a value and not a list."""

    @abstractmethod
    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        """The places that exist; None if the step does not fit what is here."""

    def targets(self, at: Place, visit: Visit) -> list[Place] | None:
        """The places that a write through this last step sets; unless a step says otherwise, those that exist."""
        return self.select(at, visit)


@dataclass(frozen=True, slots=True)
class Member(Step):
    """`.name`, `['name']`"""

    name: str
    definite = True

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        content = at.content
        return [Place(content, self.name)] if isinstance(content, dict) and self.name in content else None

    def targets(self, at: Place, visit: Visit) -> list[Place] | None:
        content = at.content
        return [Place(content, self.name)] if isinstance(content, dict) else None


@dataclass(frozen=True, slots=True)
class Members(Step):
    """`['a','b']`: at the end of a path one object of these members, before it each of them in turn."""

    names: tuple[str, ...]
    definite: bool

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        content = at.content
        if not isinstance(content, dict):
            return None
        if self.definite:
            return [Place([{name: content[name] for name in self.names if name in content}], 0)]
        return [Place(content, name) for name in self.names if name in content]

    def targets(self, at: Place, visit: Visit) -> list[Place] | None:
        content = at.content
        return [Place(content, name) for name in self.names] if isinstance(content, dict) else None


@dataclass(frozen=True, slots=True)
class Element(Step):
    """`[0]`, `[-1]`"""

    index: int
    definite = True

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        content = at.content
        if not isinstance(content, list) or not -len(content) <= self.index < len(content):
            return None
        return [Place(content, self.index)]

    def targets(self, at: Place, visit: Visit) -> list[Place] | None:
        return None if self.index < 0 else self.select(at, visit)


@dataclass(frozen=True, slots=True)
class Elements(Step):
    """`[0,2]`; those that exist."""

    indexes: tuple[int, ...]

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        content = at.content
        if not isinstance(content, list):
            return None
        return [Place(content, index) for index in self.indexes if -len(content) <= index < len(content)]


@dataclass(frozen=True, slots=True)
class Slice(Step):
    """`[1:3]`, `[:2]`, `[-2:]`"""

    start: int | None
    stop: int | None

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        content = at.content
        if not isinstance(content, list):
            return None
        selected = range(len(content))[self.start : self.stop]
        visit.look(len(selected))
        return [Place(content, index) for index in selected]


@dataclass(frozen=True, slots=True)
class Everything(Step):
    """`.*`, `[*]`; nothing, but no miss, below a scalar."""

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        return list(children(at, visit))


class Condition(Protocol):
    def holds(self, at: Place, visit: Visit) -> bool: ...


@dataclass(frozen=True, slots=True)
class Filter(Step):
    """`[?(…)]`: the elements of a list, or an object itself, for which the condition holds."""

    condition: Condition

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        match at.content:
            case list():
                return [place for place in children(at, visit) if self.condition.holds(place, visit)]
            case dict():
                return [at] if self.condition.holds(at, visit) else []
            case _:
                return None


@dataclass(frozen=True, slots=True)
class DeepFilter(Step):
    """`..[?(…)]`, for one of the containers on the way: objects speak for themselves, so lists add nothing."""

    condition: Condition

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        return [at] if isinstance(at.content, dict) and self.condition.holds(at, visit) else None


@dataclass(frozen=True, slots=True)
class Descend(Step):
    """`..`: the next step, wherever it fits in this place and below, outer places first."""

    step: Step

    def select(self, at: Place, visit: Visit) -> list[Place] | None:
        return [found for place in containers(at, visit) for found in self.step.select(place, visit) or ()]


def children(at: Place, visit: Visit) -> Iterator[Place]:
    content = at.content
    if isinstance(content, dict):
        visit.look(len(content))
        return (Place(content, name) for name in content)
    if isinstance(content, list):
        visit.look(len(content))
        return (Place(content, index) for index in range(len(content)))
    return iter(())


def containers(at: Place, visit: Visit) -> Iterator[Place]:
    """The objects and lists at and below a place, each before what it holds, in the document's order."""
    stack = [at]
    while stack:
        place = stack.pop()
        if isinstance(place.content, dict | list):
            yield place
            stack.extend(reversed(list(children(place, visit))))


# --- Conditions of filters ------------------------------------------------------------------------------------------


class Missing:
    """The answer of a path that leads nowhere, where that is not the same as null."""


MISSING: Final = Missing()


class Operand(Protocol):
    def value(self, at: Place, visit: Visit) -> Json | Missing: ...


@dataclass(frozen=True, slots=True)
class Literal:
    literal: Json

    def value(self, at: Place, visit: Visit) -> Json | Missing:
        return self.literal


@dataclass(frozen=True, slots=True)
class Exists:
    """A path for a condition: it leads somewhere, and if it may lead to several places, to one at least."""

    operand: Operand
    definite: bool

    def holds(self, at: Place, visit: Visit) -> bool:
        found = self.operand.value(at, visit)
        return not isinstance(found, Missing) and (self.definite or found != [])


@dataclass(frozen=True, slots=True)
class Constant:
    truth: bool

    def holds(self, at: Place, visit: Visit) -> bool:
        return self.truth


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Operand
    operator: str
    right: Operand

    def holds(self, at: Place, visit: Visit) -> bool:
        left, right = self.left.value(at, visit), self.right.value(at, visit)
        visit.look(_weight(left))
        return COMPARISONS[self.operator](left, right)


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition

    def holds(self, at: Place, visit: Visit) -> bool:
        return not self.condition.holds(at, visit)


@dataclass(frozen=True, slots=True)
class And:
    conditions: tuple[Condition, ...]

    def holds(self, at: Place, visit: Visit) -> bool:
        return all(condition.holds(at, visit) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Or:
    conditions: tuple[Condition, ...]

    def holds(self, at: Place, visit: Visit) -> bool:
        return any(condition.holds(at, visit) for condition in self.conditions)


def _weight(content: Json | Missing) -> int:
    """What comparing costs, in places: the same two members can be compared once for each element of a list."""
    match content:
        case str():
            return 1 + len(content) // 1000
        case list():
            return 1 + sum(map(_weight, content))
        case dict():
            return 1 + sum(map(_weight, content.values()))
        case _:
            return 1


def _equal(left: Json | Missing, right: Json | Missing) -> bool:
    return not isinstance(left, Missing) and not isinstance(right, Missing) and json_text.equal(left, right)


def _less(left: Json | Missing, right: Json | Missing) -> bool:
    """Numbers among themselves and texts among themselves; anything else has no order."""
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    return is_number(left) and is_number(right) and left < right


def is_number(content: object) -> TypeGuard[int | float]:
    return isinstance(content, int | float) and not isinstance(content, bool)


COMPARISONS: Final[dict[str, Callable[[Json | Missing, Json | Missing], bool]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _less,
    ">": lambda left, right: _less(right, left),
    "<=": lambda left, right: _less(left, right) or _equal(left, right),
    ">=": lambda left, right: _less(right, left) or _equal(left, right),
}
