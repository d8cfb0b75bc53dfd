"""Every measure against a hazard outside of the protocol's core is watched: without it the test named for it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.mutants import MUTANTS

ROOT = Path(__file__).parents[2]


def outcome(number: int, test: str) -> tuple[int, str]:
    """Of pytest's run of the test with that mutant planted: its exit code and what it says."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent),
        "KONIK_MUTANT": str(number),
        "KONIK_TEST_SECONDS_MAX": "3",  # what a mutant keeps from happening is not waited for any longer
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "planting", f"tests/{test}"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    return run.returncode, run.stdout + run.stderr


@pytest.mark.parametrize("number", range(len(MUTANTS)), ids=[mutant.rule for mutant in MUTANTS])
def test_a_broken_rule_is_noticed(number: int) -> None:
    code, said = outcome(number, MUTANTS[number].test)
    assert code == pytest.ExitCode.TESTS_FAILED, said
    assert "LookupError" not in said and "SyntaxError" not in said, said


def test_the_tests_pass_without_a_mutant() -> None:
    tests = {mutant.test for mutant in MUTANTS}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *(f"tests/{test}" for test in sorted(tests)),
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout
