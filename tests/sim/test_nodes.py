"""Whole nodes keep their promises under faults; `sim_mutants.py` shows that a breach would be noticed."""

import os
import subprocess
import sys
from collections import Counter
from math import inf
from pathlib import Path

import pytest
from sim_nodes import Nodes, run
from sim_recovery import Recovery
from sim_restoration import Restoration
from sim_upgrade import Upgrade

HERE = Path(__file__).parent
SECONDS = 6.0

FOUND = (
    (Nodes, 20_000_448),  # a worker asked just before the end
    (Nodes, 20_003_792),  # a node heard of its leader just before the end, and still had to ask for a read
    (Nodes, 20_001_112),  # a command that was not answered by the end was carried out
    (Upgrade, 21_003_050),  # a node was taken back when who lacked the later release was no member any more
    (Recovery, 12_000_456),  # a request got another id while it was on its way under the first
    (Restoration, 11_000_517),  # an answer came to a later process than the one that had asked
)


@pytest.mark.parametrize("seed", range(200))
def test_no_promise_is_broken(seed: int, tmp_path: Path) -> None:
    run(seed, SECONDS, tmp_path)


@pytest.mark.parametrize(("kind", "seed"), FOUND)
def test_a_life_in_which_something_went_wrong_goes_well_now(kind: type[Nodes], seed: int, tmp_path: Path) -> None:
    run(seed, inf, tmp_path, steps=6000, kind=kind)


def test_what_is_rare_in_life_happens_here(tmp_path: Path) -> None:
    counts = Counter[str]()
    for seed in range(2000, 2020):
        counts += run(seed, SECONDS, tmp_path / str(seed)).counts
    for thing in (
        "answers",
        "checkpoints",
        "connections broken",
        "copies installed",
        "crashes",
        "disks refused",
        "frames delayed",
        "frames stopped",
        "ledger calls",
        "reads",
        "reports lost",
        "slow tasks",
        "states spoiled",
        "streams closed",
        "tasks given back",
        "this node was out of reach; its workers' requests are handed in again",
        "transfers",
    ):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"


def test_the_same_seed_gives_the_same_run_under_another_hash_seed(tmp_path: Path) -> None:
    script = "import sys; from sim_nodes import *; print(run(7, 3.0, Path(sys.argv[1])).world.fingerprint)"
    fingerprints = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / hash_seed)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1]}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(fingerprints) == 1
