"""Measures what the project promises, compares it with the bars, and writes docs/performance.md.

usage: python scripts/bars.py [--quick]

Each figure comes from a command that anybody can run; the commands stand in the document. Exit code 1 if a bar is
missed. --quick is for tests: it measures for a shorter time, allows times to be twice the bar, since tests share their
machine, and writes nothing.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
KONIK = ROOT / ".venv" / "bin" / "konik"
DOCUMENT = ROOT / "docs" / "performance.md"

Figures = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One promise: what it is, how it reads from a report, and what it may be at most."""

    what: str
    read: Callable[[Figures], float]
    at_most: float
    unit: str = ""
    """Of a time; counts have none."""


@dataclass(frozen=True)
class Measurement:
    """One command with the bars that its report has to keep."""

    title: str
    arguments: tuple[str, ...]
    quick: tuple[str, ...]
    bars: tuple[Bar, ...]


NO_ERRORS = (
    Bar("lost", lambda r: r["lost"], 0),
    Bar("duplicated", lambda r: r["duplicated"], 0),
    Bar("refused", lambda r: len(r["refused_commands"]), 0),
)

MEASUREMENTS = (
    Measurement(
        "Throughput: workflows of ten tasks, many in flight, with a worker that speaks as Konik's SDK does",
        ("throughput", "--nodes", "3"),
        ("--seconds", "10"),
        (Bar("server CPU per task, summed over three nodes", lambda r: r["server_cpu_ms_per_task"], 1.5, "ms"),),
    ),
    Measurement(
        "The same with a worker that speaks LittleHorse's protocol, against what LittleHorse says of its servers",
        ("throughput", "--nodes", "3", "--protocol", "littlehorse"),
        ("--seconds", "10"),
        (Bar("server CPU per task, summed over three nodes", lambda r: r["server_cpu_ms_per_task"], 3.2, "ms"),),
    ),
    Measurement(
        "Latency: from a report to the next task in the worker's hands",
        ("latency", "--nodes", "3"),
        ("--runs", "20"),
        (
            Bar("p50", lambda r: r["next_task_ms"]["p50"], 4.0, "ms"),
            Bar("p99", lambda r: r["next_task_ms"]["p99"], 15.0, "ms"),
        ),
    ),
    Measurement(
        "Fail-over: the leader killed under load",
        ("failover", "--nodes", "3", "--kills", "20"),
        ("--kills", "3"),
        (
            Bar("gap, median", lambda r: median(r["gaps_s"]), 0.25, "s"),
            Bar("gap, worst", lambda r: max(r["gaps_s"]), 1.0, "s"),
            *NO_ERRORS,
        ),
    ),
    Measurement(
        "Graceful stop: SIGTERM of the leader under load",
        ("failover", "--nodes", "3", "--kills", "5", "--graceful"),
        ("--kills", "2"),
        (
            Bar("gap, worst", lambda r: max(r["gaps_s"]), 0.2, "s"),
            *NO_ERRORS,
        ),
    ),
)


def measure(measurement: Measurement, quick: bool) -> Figures:
    """Runs the command and returns its report."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bars-") as directory:
        report = Path(directory) / "report.json"
        arguments = [*measurement.arguments, *(measurement.quick if quick else ())]
        print(f"konik bench {' '.join(arguments)}", flush=True)
        command = [KONIK, "bench", *arguments, "--data-dir", directory, "--json", str(report)]
        subprocess.run(command, check=True)
        figures: Figures = json.loads(report.read_text())
        return figures


def row(bar: Bar, figures: Figures, quick: bool) -> tuple[str, bool]:
    value = bar.read(figures)
    at_most = 2 * bar.at_most if quick and bar.unit else bar.at_most
    kept = value <= at_most
    unit = f" {bar.unit}" if bar.unit else ""
    return f"| {bar.what} | {value:.3g}{unit} | {at_most:g}{unit} | {'yes' if kept else '**no**'} |", kept


def section(measurement: Measurement, figures: Figures, quick: bool) -> tuple[str, bool]:
    rows = [row(bar, figures, quick) for bar in measurement.bars]
    table = "\n".join(text for text, _ in rows)
    more = "\n".join(f"* {key}: {value}" for key, value in details(figures).items())
    text = (
        f"## {measurement.title}\n\n```sh\nkonik bench {' '.join(measurement.arguments)}\n```\n\n"
        f"| figure | measured | bar | kept |\n|---|---|---|---|\n{table}\n\n{more}\n"
    )
    return text, all(kept for _, kept in rows)


SHOWN = (
    "tasks_per_s",
    "workflows_per_s",
    "server_cpu_ms_per_task_by_node",
    "next_tasks_by_node",
    "gaps_s",
    "acknowledged",
    "unknown",
    "settings",
    "sync_p50_ms",
    "entries",
    "syncs",
    "checkpoints",
    "elections",
    "file_system",
)


def details(figures: Figures) -> dict[str, str]:
    shown = {key: figures[key] for key in SHOWN if figures.get(key) is not None}
    shown["superseded"] = len(figures.get("superseded") or ())
    return {key.replace("_", " "): brief(value) for key, value in shown.items()}


def brief(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {brief(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(brief(inner) for inner in value)
    return str(value)


def main() -> int:
    quick = "--quick" in sys.argv
    sections, all_kept, machine = [], True, ""
    for measurement in MEASUREMENTS:
        figures = measure(measurement, quick)
        text, kept = section(measurement, figures, quick)
        sections.append(text)
        all_kept &= kept
        machine = f"{brief(figures['machine'])}; {brief(figures['versions'])}"
        print(text)
    if not quick:
        date = datetime.now(UTC).date()
        head = (
            "# Performance\n\nMeasured, not promised: `make bars` runs the commands below and writes this page.\n\n"
            f"On {date}, all processes (three nodes, client, worker) sharing one machine: {machine}.\n"
        )
        DOCUMENT.write_text(head + "\n" + "\n".join(sections))
    return 0 if all_kept else 1


if __name__ == "__main__":
    sys.exit(main())
