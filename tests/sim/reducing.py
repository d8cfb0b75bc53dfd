"""From a run that fails to the few causes that it takes: delta debugging (Zeller and Hildebrandt, "Simplifying and
isolating failure-inducing input", 2002)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Cause = TypeVar("Cause")


def reduced(causes: Sequence[Cause], fails: Callable[[Sequence[Cause]], bool]) -> list[Cause]:
    """Of `causes`, all together of which make it fail, some that still do and none of which can be left out alone.

    One cause that suffices is looked for first, since that is what most failures take.
    """
    for cause in causes:
        if fails([cause]):
            return [] if fails([]) else [cause]
    left, parts = list(causes), 2
    while left:
        size = -(-len(left) // parts)
        chunks = [left[start : start + size] for start in range(0, len(left), size)]
        smaller = next(
            (rest for chunk in chunks if fails(rest := [cause for cause in left if cause not in chunk])), None
        )
        if smaller is not None:
            left, parts = smaller, max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(2 * parts, len(left))
    return left
