"""Simulate one cluster per seed: `python tests/sim/run.py FIRST_SEED COUNT [SECONDS]`, no longer than so many seconds.

A failure prints its seed and its trace.
"""

import sys
import time
from collections import Counter
from math import inf

from sim_cluster import run

LIFE_SECONDS = 10.0


def main(first: int, count: int, seconds_max: float = inf) -> list[int]:
    """The seeds that failed."""
    began, totals, failed, seed = time.perf_counter(), Counter[str](), list[int](), first
    while seed < first + count and time.perf_counter() - began < seconds_max:
        try:
            cluster = run(seed, LIFE_SECONDS)
            totals.update(cluster.counts)
            totals["events"] += cluster.world.events
        except Exception as error:
            failed.append(seed)
            print(error, flush=True)
        seed += 1
    print(f"{seed - first} seeds, failed: {failed}, {time.perf_counter() - began:.0f} s, {dict(totals)}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])) else 0)
