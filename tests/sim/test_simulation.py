"""The cluster keeps its promises under faults; `sim_mutants.py` shows that a breach would be noticed."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sim_cluster import run

SECONDS = 6.0


@pytest.mark.parametrize("seed", range(60))
def test_no_promise_is_broken(seed: int) -> None:
    run(seed, SECONDS)


@pytest.mark.parametrize("seed", [5_004_364])
def test_a_disk_that_has_lost_an_entry_is_one_of_those_that_had_it(seed: int) -> None:
    run(seed, 10.0)


@pytest.mark.parametrize("seed", [5_001_683, 5_003_737])
def test_a_disk_may_be_found_damaged_after_the_last_fault(seed: int) -> None:
    run(seed, 10.0)


def test_what_is_rare_in_life_happens_here() -> None:
    counts = Counter[str]()
    for seed in range(1095, 1111):
        counts += run(seed, SECONDS).counts
    for thing in (
        "acknowledged",
        "bits flipped",
        "checkpoints",
        "connections broken",
        "crashes",
        "disks refused",
        "elections",
        "frames delayed",
        "frames stopped",
        "full disks",
        "logs begun anew at start",
        "messages doubled",
        "messages lost",
        "notes heard",
        "reads",
        "records lost",
        "records misplaced",
        "snapshots installed",
        "torn transactions that do not matter",
        "transactions torn",
        "transfers",
    ):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"


def test_the_same_seed_gives_the_same_run_under_another_hash_seed() -> None:
    script = "import sys; from sim_cluster import run; print(run(int(sys.argv[1]), 3.0).world.fingerprint)"
    fingerprints = {
        subprocess.run(
            [sys.executable, "-c", script, "7"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    fingerprints.add(run(7, 3.0).world.fingerprint + "\n")
    assert len(fingerprints) == 1


def test_another_seed_gives_another_run() -> None:
    assert run(7, 1.0).world.fingerprint != run(8, 1.0).world.fingerprint
