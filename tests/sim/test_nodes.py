"""Whole nodes keep their promises under faults; and the simulation would notice if they did not."""

from pathlib import Path

import pytest
from sim_nodes import run

SECONDS = 6.0
MUTANT_SEEDS = range(30)


@pytest.mark.parametrize("seed", range(40))
def test_no_promise_is_broken(seed: int, tmp_path: Path) -> None:
    run(seed, SECONDS, tmp_path)
