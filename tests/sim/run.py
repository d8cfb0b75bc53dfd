"""Simulate one cluster per seed: `python tests/sim/run.py FIRST_SEED COUNT`. A failure prints its seed and its
trace."""

import sys
import time
from collections import Counter

from sim_cluster import run

SECONDS = 10.0


def main(first: int, count: int) -> int:
    began, totals, failed = time.perf_counter(), Counter[str](), 0
    for seed in range(first, first + count):
        try:
            cluster = run(seed, SECONDS)
        except Exception as error:
            failed += 1
            print(error, flush=True)
            continue
        totals.update(cluster.counts)
        totals["events"] += cluster.world.events
    print(f"{count} seeds, {failed} failed, {time.perf_counter() - began:.0f} s, {dict(totals)}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), int(sys.argv[2])) else 0)
