"""Breaks one rule after the other, looks who notices, and writes the tables of docs/reliability.md.

usage: PYTHONPATH=.:tests/sim python scripts/mutations.py

Three lists: those that a simulation sees, with the number of seeds that it took; those of Raft's core that a scenario
tells; those of the parts around it that a test tells. Exit code 1 if one is not noticed.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from sim_mutants import MUTANTS as SIMULATED
from structlog.testing import capture_logs

from tests.mutants import test_mutants as parts
from tests.mutants.mutants import MUTANTS as PARTS
from tests.scenarios.mutants import MUTANTS as RULES
from tests.scenarios.planting import planted

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- written by make mutations -->", "<!-- to here -->"
SEEDS_MAX = 4000

Rows = Iterator[tuple[str, str, bool]]
"""The rule, who noticed, and whether anybody did."""


def simulated() -> Rows:
    for mutant in SIMULATED:
        with capture_logs():
            began, seen = time.perf_counter(), mutant.seen(0, SEEDS_MAX)
        seeds, took = seen.seeds if seen else f"over {SEEDS_MAX}", time.perf_counter() - began
        yield mutant.rule, f"{mutant.live.__name__} | {seeds} | {took:.1f} s", seen is not None


def scenarios() -> Rows:
    for mutant in RULES:
        told = (ROOT / "tests" / "scenarios" / f"{mutant.scenario}.txt").read_text()
        with planted(mutant) as script:
            yield mutant.rule, f"`{mutant.scenario}`", script.play(told) != told


def tests() -> Rows:
    for number, mutant in enumerate(PARTS):
        code, _ = parts.outcome(number, mutant.test)
        yield mutant.rule, f"`{mutant.test.replace('::', '` `')}`", code == 1


TABLES: tuple[tuple[str, tuple[str, ...], Callable[[], Rows], int], ...] = (
    ("Seen by a simulation", ("rule that is broken", "lives of", "seeds", "time"), simulated, len(SIMULATED)),
    ("Rules of Raft's core, seen by a scenario", ("rule that is broken", "scenario"), scenarios, len(RULES)),
    ("Rules of the parts around it, seen by a test", ("rule that is broken", "test"), tests, len(PARTS)),
)


def main() -> int:
    console, text, unnoticed = Console(), [BEGIN], []
    for title, heads, rows, count in TABLES:
        lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        for rule, who, noticed in track(rows(), title, total=count, console=console):
            lines.append(f"| {rule} | {who} |")
            if not noticed:
                unnoticed.append(rule)
        text += [f"### {title}\n", *lines, ""]
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    DOCUMENT.write_text(before + "\n".join(text) + END + rest.partition(END)[2])
    console.print(f"not noticed: {unnoticed or 'none'}")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
