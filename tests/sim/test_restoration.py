"""A backup that was taken under faults makes a cluster with all that was acknowledged before it was asked for."""

from collections import Counter
from pathlib import Path

import pytest
from sim_nodes import run
from sim_restoration import Restoration

SECONDS = 4.0


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missing_in_a_backup(seed: int, tmp_path: Path) -> None:
    assert run(seed, SECONDS, tmp_path, kind=Restoration).counts["restored"] == 1


def test_what_is_rare_with_backups_happens_here(tmp_path: Path) -> None:
    counts = Counter[str]()
    for seed in range(2000, 2003):
        counts += run(seed, SECONDS, tmp_path / str(seed), kind=Restoration).counts
    for thing in ("WfRuns restored", "backups", "backups cut short", "restored"):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"


def test_the_same_seed_gives_the_same_backups(tmp_path: Path) -> None:
    first, second = (run(7, SECONDS, tmp_path / name, kind=Restoration) for name in ("first", "second"))
    assert first.world.fingerprint == second.world.fingerprint
