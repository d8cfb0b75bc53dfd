"""Simulate whole nodes: `python tests/sim/run_nodes.py FIRST_SEED COUNT`. A failure prints its seed and its trace."""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sim_nodes import run

SECONDS = 10.0


def main(first: int, count: int) -> int:
    began, totals, failed = time.perf_counter(), Counter[str](), []
    for seed in range(first, first + count):
        try:
            with tempfile.TemporaryDirectory() as directory:
                cluster = run(seed, SECONDS, Path(directory))
        except Exception as error:
            failed.append(seed)
            print(error, flush=True)
            continue
        totals.update(cluster.counts)
        totals["events"] += cluster.world.events
    print(f"{count} seeds, failed: {failed}, {time.perf_counter() - began:.0f} s, {dict(totals)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), int(sys.argv[2])) else 0)
