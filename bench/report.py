"""What a benchmark found: one shape for all three, as JSON for programs and as a table for people.

The keys are the same in every report, null where a benchmark does not measure them. Percentiles are of single
measurements, never averages of averages.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from konik.api.pb.cluster_pb2 import NodeStatus
from konik.bench.machine import machine, versions

LISTED_MAX = 20


@dataclass
class Report:
    """Figures and findings. Names end in their unit; counts have none."""

    benchmark: str
    settings: dict[str, object]
    tasks_per_s: float | None = None
    workflows_per_s: float | None = None
    server_cpu_ms_per_task: float | None = None
    server_cpu_ms_per_task_by_node: dict[str, float] | None = None
    next_task_ms: dict[str, float] | None = None
    next_tasks_by_node: dict[str, int] | None = None
    gaps_s: list[float] | None = None
    lost: int | None = None
    duplicated: int | None = None
    unknown: int | None = None
    acknowledged: int | None = None
    lost_commands: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    unknown_commands: list[str] = field(default_factory=list)
    refused_commands: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    measured_s: float | None = None
    file_system: str = ""
    sync_p50_ms: dict[str, float] | None = None
    entries: dict[str, int] | None = None
    syncs: dict[str, int] | None = None
    checkpoints: dict[str, int] | None = None
    log_cuts: dict[str, int] | None = None
    elections: int | None = None
    machine: dict[str, object] = field(default_factory=machine)
    versions: dict[str, str] = field(default_factory=versions)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def show(self, console: Console) -> None:
        """Prints the figures that were measured, then what went wrong."""
        table = Table("figure", "value", title=f"konik bench {self.benchmark}")
        for name, value in asdict(self).items():
            if value not in (None, [], {}, "") and not _is_listing(value) and name != "benchmark":
                table.add_row(name, _text(value))
        console.print(table)
        for title in ("lost_commands", "duplicates", "unknown_commands", "refused_commands", "superseded"):
            _show_listing(console, title, getattr(self, title))


def _is_listing(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(_text(item) for item in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _show_listing(console: Console, title: str, items: list[str]) -> None:
    if items:
        console.print(f"[bold]{title}[/] ({len(items)})")
        for item in items[:LISTED_MAX]:
            console.print(f"  {item}", highlight=False)
        if len(items) > LISTED_MAX:
            console.print(f"  … and {len(items) - LISTED_MAX} more, all in --json")


COUNTED = {"entries": "entries_applied", "syncs": "syncs", "checkpoints": "checkpoints", "log_cuts": "log_cuts"}
"""Counters in a report, and what nodes call them."""


def node_figures(before: Mapping[str, NodeStatus], after: Mapping[str, NodeStatus]) -> dict[str, Any]:
    """What nodes say of themselves, as fields of a report: counters since `before`, or since the process started.

    Elections are those that have raised the term.
    """

    def risen(node: str, answer: NodeStatus, counter: str) -> int:
        same = node in before and before[node].pid == answer.pid
        now: int = getattr(answer, counter)
        return now - getattr(before[node], counter) if same else now

    counted = {
        name: {node: risen(node, answer, counter) for node, answer in after.items()}
        for name, counter in COUNTED.items()
    }
    return {
        "sync_p50_ms": {node: answer.sync_p50_ms for node, answer in after.items()},
        "elections": _term(after) - _term(before),
        **counted,
    }


def _term(nodes: Mapping[str, NodeStatus]) -> int:
    return max(answer.term for answer in nodes.values())


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p99 by nearest rank, in milliseconds."""
    if not seconds:
        raise ValueError("nothing was measured; let the benchmark run for longer")
    ranked = sorted(seconds)
    return {
        f"p{percent}": round(ranked[max(0, -(-len(ranked) * percent // 100) - 1)] * 1000, 3) for percent in (50, 99)
    }


def progress(console: Console) -> Progress:
    """A bar with a line of text beside it that the benchmark keeps up to date."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}"),
        console=console,
    )
