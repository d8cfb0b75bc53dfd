"""A JSONPath that has been read: where it leads in a document, and what its function makes of that."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.json_path_steps import MISSING, Missing, Place, Step, Visit, is_number
from konik.statemachine.values.json_text import Json


@dataclass(frozen=True, slots=True)
class Query:
    """Steps from the root, or from the place that a filter looks at, and a function on what they find."""

    steps: tuple[Step, ...]
    function: str | None
    from_root: bool

    @property
    def definite(self) -> bool:
        """Whether it yields a value that may be missing, and not a list that may be empty."""
        return self.function is not None or all(step.definite for step in self.steps)

    def value(self, at: Place, visit: Visit) -> Json | Missing:
        places = follow(self.steps, visit.root if self.from_root else at, visit)
        if places is None:
            return MISSING
        definite = all(step.definite for step in self.steps)
        found = places[0].content if definite else [place.content for place in places]
        return found if self.function is None else FUNCTIONS[self.function](found)


def follow(steps: tuple[Step, ...], start: Place, visit: Visit) -> list[Place] | None:
    """Where the steps lead; None if they miss before the first of them that may select several places."""
    places = [start]
    definite = True
    for step in steps:
        selections = [step.select(place, visit) for place in places]
        if definite and selections[0] is None:
            return None
        definite = definite and step.definite
        places = [place for selection in selections if selection is not None for place in selection]
        visit.look(len(places))
    return places


def _length(found: Json) -> Json:
    return len(found) if isinstance(found, list | dict) else None


def _keys(found: Json) -> Json:
    return list(found) if isinstance(found, dict) else None


def _aggregate(combine: Callable[[list[float]], float]) -> Callable[[Json], Json]:
    def apply(found: Json) -> Json:
        numbers = [float(x) for x in found if is_number(x)] if isinstance(found, list) else []
        if not numbers:
            raise EvaluationError("there are no numbers to aggregate")
        return combine(numbers)

    return apply


def _sum(numbers: list[float]) -> float:
    """Added from left to right: `sum` rounds differently from one version of Python to the next."""
    total = 0.0
    for number in numbers:
        total += number
    return total


FUNCTIONS: Final[dict[str, Callable[[Json], Json]]] = {
    "length": _length,
    "size": _length,
    "keys": _keys,
    "sum": _aggregate(_sum),
    "min": _aggregate(min),
    "max": _aggregate(max),
    "avg": _aggregate(lambda numbers: _sum(numbers) / len(numbers)),
}
