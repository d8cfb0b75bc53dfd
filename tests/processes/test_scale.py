"""`scale.py` in small: so many WfRuns that every kind of checkpoint, cut and copy has happened several times."""

import asyncio
from pathlib import Path

from scale import findings, measure
from server_processes import Cluster

WF_RUNS = 20_000
CHECKPOINT_COMMANDS = 4_000
TOLERANCE = 2.0
"""Tests share their machine, and after so few WfRuns memory is still settling."""


def test_memory_and_restarts_do_not_grow_with_the_data(tmp_path: Path) -> None:
    with Cluster(tmp_path, checkpoint_commands=CHECKPOINT_COMMANDS, log_tail_entries=0) as cluster:
        cluster.bootstrap()
        report = asyncio.run(measure(cluster, WF_RUNS))
    assert findings(report, TOLERANCE) == [], report
    assert report.applied_again >= CHECKPOINT_COMMANDS, "it did not die at the worst moment"
