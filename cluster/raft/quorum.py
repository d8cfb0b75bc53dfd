"""What a majority is. Nothing else counts replicas."""

from collections.abc import Iterable
from typing import TypeVar

Number = TypeVar("Number", int, float)


def needed(members: int) -> int:
    """How many of so many members are a majority: any two majorities share one."""
    return members // 2 + 1


def reached(values: Iterable[Number]) -> Number:
    """The highest value that a majority has reached; `values` has one for each member."""
    ordered = sorted(values)
    return ordered[len(ordered) - needed(len(ordered))]
