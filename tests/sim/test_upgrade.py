"""A cluster is upgraded under faults: old and new replicas apply alike, and change their behaviour at one entry."""

from collections import Counter
from pathlib import Path

import pytest
from sim_nodes import run
from sim_upgrade import Upgrade

SECONDS = 6.0


@pytest.mark.parametrize("seed", range(40))
def test_no_promise_is_broken_by_an_upgrade(seed: int, tmp_path: Path) -> None:
    run(seed, SECONDS, tmp_path, kind=Upgrade)


def test_what_is_rare_in_an_upgrade_happens_here(tmp_path: Path) -> None:
    counts = Counter[str]()
    for seed in range(2000, 2010):
        counts += run(seed, SECONDS, tmp_path / str(seed), kind=Upgrade).counts
    for thing in (
        "WfRuns that the later release has counted",
        "copies installed",
        "nodes taken back",
        "old releases refused",
        "risen under faults",
    ):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"


def test_the_same_seed_gives_the_same_upgrade(tmp_path: Path) -> None:
    first, second = (run(7, SECONDS, tmp_path / name, kind=Upgrade) for name in ("first", "second"))
    assert first.world.fingerprint == second.world.fingerprint
