"""What a server's process asks of Python itself."""

import gc
from collections.abc import Iterator

import pytest

from konik.api.process import collect_in_portions

PORTION_MAX = 10_000
"""Objects. Collecting one takes a few microseconds when the caches are cold."""


@pytest.fixture
def portions() -> Iterator[list[int]]:
    """How many objects each collection has freed, in a process that collects like a server."""
    freed: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            freed.append(info["collected"])

    before = gc.get_threshold()
    collect_in_portions()
    gc.callbacks.append(note)
    yield freed
    gc.callbacks.remove(note)
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_calls_leave_behind_is_collected_in_small_portions(portions: list[int]) -> None:
    for _ in range(10 * PORTION_MAX):
        cycle: list[object] = []
        cycle.append(cycle)
    assert sum(portions) >= 9 * PORTION_MAX
    assert max(portions) <= PORTION_MAX
