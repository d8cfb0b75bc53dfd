"""Could a history of concurrent calls have come from one call after the other, each at a moment while it was under way?

The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993) with Lowe's memory of what was tried
("Testing for linearizability", 2017), in the form that Porcupine has given it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Generic, Protocol, TypeVar

STEPS_MAX = 1_000_000
"""Moments tried before a history is given up: a bound in time that is the same on every machine."""

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: who made it, when, and what came of it. One whose outcome nobody knows never returned."""

    who: str
    called: float
    returned: float
    input: Hashable
    output: Hashable

    @property
    def is_known(self) -> bool:
        return self.returned < inf


class Model(Protocol[State]):
    """What one call after the other would give: the object without concurrency."""

    @property
    def initial(self) -> State: ...

    def step(self, state: State, input: Hashable) -> tuple[Hashable, State]:
        """The output, and the state behind it."""


class Outcome(Enum):
    LINEARISABLE = "linearisable"
    VIOLATED = "violated"
    UNDECIDED = "not decided within the bound"


@dataclass(frozen=True)
class Verdict(Generic[State]):
    """What was found.

    `order` explains the history, or is the longest beginning of an order that was found, with `state` behind it;
    `unexplained` are then the calls of which one had to be next, and none could.
    """

    outcome: Outcome
    order: tuple[Operation, ...]
    state: State
    unexplained: tuple[Operation, ...]

    def __str__(self) -> str:
        lines = [f"{self.outcome.value}; in this order the calls make sense:"]
        lines += [f"  {_line(operation)}" for operation in self.order]
        lines += [f"then the state is {self.state!r}, and none of these can be next:"]
        lines += [f"  {_line(operation)}" for operation in self.unexplained]
        return "\n".join(lines)


def check(model: Model[State], history: Sequence[Operation], steps_max: int = STEPS_MAX) -> Verdict[State]:
    """Looks for an order. Of a call that never returned any output will do, or that it has never happened."""
    return _Search(model, history).run(steps_max)


class _Search(Generic[State]):
    """The calls and returns that are left, as a linked list in the order of time; lifting a call takes out both."""

    def __init__(self, model: Model[State], history: Sequence[Operation]) -> None:
        self._model, self._history = model, history
        # At the same time calls come before returns: such operations are concurrent.
        moments = sorted(
            [(operation.called, 0, number) for number, operation in enumerate(history)]
            + [(operation.returned, 1, number) for number, operation in enumerate(history)]
        )
        self._number = [-1, *(number for _, _, number in moments), -1]
        self._is_call = [False, *(kind == 0 for _, kind, _ in moments), False]
        self._end = len(moments) + 1
        self._next = [*range(1, self._end + 1), self._end]
        self._previous = [0, *range(self._end)]
        self._return_of = {number: place for place, (_, kind, number) in enumerate(moments, 1) if kind == 1}
        self._left = sum(operation.is_known for operation in history)

    def run(self, steps_max: int) -> Verdict[State]:
        state, done, tried = self._model.initial, 0, set[tuple[int, State]]()
        taken: list[tuple[int, State]] = []
        best = self._verdict(Outcome.VIOLATED, taken, state)
        place = self._next[0]
        while self._left:
            if self._is_call[place]:
                number = self._number[place]
                operation = self._history[number]
                output, after = self._model.step(state, operation.input)
                fits = (output == operation.output or not operation.is_known) and (
                    done | 1 << number,
                    after,
                ) not in tried
                if fits:
                    steps_max -= 1
                    if steps_max < 0:
                        return self._verdict(Outcome.UNDECIDED, taken, state)
                    taken.append((place, state))
                    state, done = after, done | 1 << number
                    tried.add((done, state))
                    self._lift(place)
                    place = self._next[0]
                    if len(taken) > len(best.order):
                        best = self._verdict(Outcome.VIOLATED, taken, state)
                else:
                    place = self._next[place]
            elif taken:
                place, state = taken.pop()
                done &= ~(1 << self._number[place])
                self._unlift(place)
                place = self._next[place]
            else:
                return best
        return self._verdict(Outcome.LINEARISABLE, taken, state)

    def _lift(self, call: int) -> None:
        for place in (call, self._return_of[self._number[call]]):
            self._next[self._previous[place]], self._previous[self._next[place]] = (
                self._next[place],
                self._previous[place],
            )
        self._left -= self._history[self._number[call]].is_known

    def _unlift(self, call: int) -> None:
        for place in (self._return_of[self._number[call]], call):
            self._next[self._previous[place]] = self._previous[self._next[place]] = place
        self._left += self._history[self._number[call]].is_known

    def _verdict(self, outcome: Outcome, taken: list[tuple[int, State]], state: State) -> Verdict[State]:
        order = tuple(self._history[self._number[place]] for place, _ in taken)
        unexplained, place = [], self._next[0]
        while self._is_call[place]:
            unexplained.append(self._history[self._number[place]])
            place = self._next[place]
        return Verdict(outcome, order, state, tuple(unexplained))


def _line(operation: Operation) -> str:
    until = f"{operation.returned:.3f}" if operation.is_known else "…"
    output = operation.output if operation.is_known else "unknown"
    return f"{operation.called:.3f}-{until} {operation.who}: {operation.input} -> {output}"
