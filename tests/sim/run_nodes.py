"""Simulate whole nodes: `PYTHONPATH=. python tests/sim/run_nodes.py FIRST_SEED COUNT [SECONDS [STEPS]]`.

For no longer than so many seconds of the wall's clock. Each life has faults until so many things have happened in it;
by default, for ten of its own seconds.

A failure prints its seed, the few faults that it takes, and the trace of a life with nothing but these. To live it
again under a debugger, call `lived(seed, faults)`, for an upgrade with `kind=Upgrade`, and so on.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from math import inf
from pathlib import Path

from reducing import reduced
from sim_faults import WEATHER, Cause
from sim_nodes import Failure, Nodes, run
from sim_recovery import Recovery
from sim_restoration import Restoration
from sim_upgrade import Upgrade

LIFE_SECONDS = 10.0
OTHERS: dict[int, type[Nodes]] = {0: Upgrade, 1: Recovery, 2: Restoration}
OTHERS_EVERY = 5
"""Each of the others is lived with every so manieth seed, too, that of its remainder."""


class AllBut:
    """Holds everything but `kept`."""

    def __init__(self, kept: Collection[Cause]) -> None:
        self._kept = kept

    def __contains__(self, cause: object) -> bool:
        return cause not in self._kept


def lived(
    seed: int, causes: Collection[Cause] | None = None, steps: float | None = None, kind: type[Nodes] = Nodes
) -> Nodes:
    """One life with all that the seed brings, or with these causes alone. Raises Failure."""
    left_out = () if causes is None else AllBut(causes)
    with tempfile.TemporaryDirectory() as directory:
        if steps is None:
            return run(seed, LIFE_SECONDS, Path(directory), left_out, kind=kind)
        return run(seed, inf, Path(directory), left_out, steps, kind)


def kinds(seed: int) -> Iterator[type[Nodes]]:
    """The lives that there are of a seed."""
    yield Nodes
    if (other := OTHERS.get(seed % OTHERS_EVERY)) is not None:
        yield other


def explained(failure: Failure, seed: int, steps: float | None = None) -> Iterator[str]:
    """What it takes to fail like that. Any failure of the same seed counts: what is seen of a defect varies."""
    kind = type(failure.cluster)
    yield f"{kind.__name__}, {failure}"
    last = failure

    def fails(causes: Collection[Cause]) -> bool:
        nonlocal last
        try:
            lived(seed, causes, steps, kind)
        except Failure as again:
            last = again
            return True
        return False

    causes: list[Cause] = [*WEATHER, *range(1, failure.cluster.faults.number + 1)]
    assert fails(causes), "the same seed and the same faults gave another life"
    causes = reduced(causes, fails)
    fails(causes)
    yield f"it takes {causes or 'no fault at all'}: {last}"
    yield from map(str, last.cluster.world.trace)
    yield from map(str, last.cluster.faults.happened)


def main(first: int, count: int, seconds_max: float = inf, steps: float | None = None) -> list[int]:
    """The seeds that failed."""
    began, totals, failed, seed = time.perf_counter(), Counter[str](), list[int](), first
    while seed < first + count and time.perf_counter() - began < seconds_max:
        for kind in kinds(seed):
            try:
                cluster = lived(seed, steps=steps, kind=kind)
                totals.update(cluster.counts)
                totals["events"] += cluster.world.events
            except Failure as failure:
                failed.append(seed)
                for line in explained(failure, seed, steps):
                    print(line, flush=True)
        seed += 1
    print(f"{seed - first} seeds, failed: {failed}, {time.perf_counter() - began:.0f} s, {dict(totals)}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])) else 0)
