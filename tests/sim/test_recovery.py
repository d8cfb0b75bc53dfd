"""A cluster that has lost all disks but one goes on with what is on that, and loses nothing else."""

from collections import Counter
from pathlib import Path

import pytest
from sim_nodes import run
from sim_recovery import Recovery

SECONDS = 6.0


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_that_the_node_had_received(seed: int, tmp_path: Path) -> None:
    run(seed, SECONDS, tmp_path, kind=Recovery)


def test_what_is_rare_in_a_recovery_happens_here(tmp_path: Path) -> None:
    counts = Counter[str]()
    for seed in range(2000, 2004):
        counts += run(seed, SECONDS, tmp_path / str(seed), kind=Recovery).counts
    for thing in (
        "WfRuns kept",
        "WfRuns lost",
        "copies installed",
        "ledger calls",
        "recoveries",
        "recoveries interrupted",
        "recoveries refused",
        "reports of what was lost",
    ):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"


def test_the_same_seed_gives_the_same_recovery(tmp_path: Path) -> None:
    first, second = (run(7, SECONDS, tmp_path / name, kind=Recovery) for name in ("first", "second"))
    assert first.counts["recoveries"] > 0
    assert first.world.fingerprint == second.world.fingerprint
