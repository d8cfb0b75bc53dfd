"""The form of a report, which programs depend on."""

import json
import os
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from konik.api.pb.cluster_pb2 import NodeStatus
from konik.bench import machine
from konik.bench.report import LISTED_MAX, Report, node_figures, percentiles_ms


def test_every_report_has_every_key(tmp_path: Path) -> None:
    Report("latency", {"runs": 3}).write(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written.keys() >= {
        "tasks_per_s",
        "workflows_per_s",
        "server_cpu_ms_per_task",
        "server_cpu_ms_per_task_by_node",
        "next_task_ms",
        "gaps_s",
        "lost",
        "duplicated",
        "unknown",
        "acknowledged",
        "superseded",
        "machine",
        "versions",
        "settings",
        "file_system",
        "sync_p50_ms",
        "entries",
        "syncs",
        "checkpoints",
    }
    assert written["tasks_per_s"] is None
    assert written["settings"] == {"runs": 3}
    assert written["versions"].keys() >= {"python", "konik", "grpcio", "lmdb"}
    assert written["machine"]["cores"] >= 1


def test_counters_of_nodes_are_those_since_the_beginning_or_since_the_process_started() -> None:
    def status(pid: int, entries: int, term: int) -> NodeStatus:
        return NodeStatus(
            pid=pid, entries_applied=entries, syncs=entries // 2, checkpoints=1, sync_p50_ms=1.5, term=term
        )

    before = {"a": status(1, 100, 4), "b": status(2, 100, 4)}
    figures = node_figures(before, {"a": status(1, 150, 5), "b": status(3, 30, 6)})
    assert figures["entries"] == {"a": 50, "b": 30}
    assert figures["syncs"] == {"a": 25, "b": 15}
    assert figures["checkpoints"] == {"a": 0, "b": 1}
    assert figures["sync_p50_ms"] == {"a": 1.5, "b": 1.5}
    assert figures["elections"] == 2


def test_a_report_shows_what_was_measured_and_what_went_wrong() -> None:
    lost = [f"RunWf r{number}: RUNNING" for number in range(LISTED_MAX + 5)]
    console = Console(record=True, width=100, file=StringIO())
    Report("failover", {}, gaps_s=[0.25], lost=len(lost), lost_commands=lost).show(console)
    shown = console.export_text()
    assert "gaps_s" in shown and "0.250" in shown
    assert "tasks_per_s" not in shown
    assert "RunWf r0: RUNNING" in shown and "and 5 more" in shown


@pytest.mark.parametrize(
    ("seconds", "p50", "p99"),
    [([0.001], 1.0, 1.0), ([0.002, 0.001], 1.0, 2.0), ([n / 1000 for n in range(1, 101)], 50.0, 99.0)],
)
def test_percentiles_are_single_measurements(seconds: list[float], p50: float, p99: float) -> None:
    assert percentiles_ms(seconds) == {"p50": p50, "p99": p99}


def test_percentiles_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        percentiles_ms([])


def mounted(monkeypatch: Any, **kinds: str) -> None:
    mounts = [SimpleNamespace(mountpoint=place, fstype=kind) for place, kind in kinds.items()]
    monkeypatch.setattr(machine.psutil, "disk_partitions", lambda all: mounts)


def test_the_file_system_is_that_of_the_nearest_mount(monkeypatch: Any, tmp_path: Path) -> None:
    mounted(monkeypatch, **{"/": "tmpfs", str(tmp_path): "ext4", str(tmp_path / "deeper"): "xfs"})
    assert machine.file_system(tmp_path) == "ext4"
    assert machine.file_system(tmp_path / "deeper" / "still") == "xfs"


def test_a_directory_in_memory_is_refused(monkeypatch: Any, tmp_path: Path) -> None:
    mounted(monkeypatch, **{"/": "ext4", str(tmp_path): "tmpfs"})
    with pytest.raises(machine.UnsuitableDirectory, match="tmpfs"):
        machine.file_system(tmp_path / "data")


def test_cpu_time_only_grows() -> None:
    before = machine.cpu_s(os.getpid())
    sum(range(10**6))
    assert machine.cpu_s(os.getpid()) >= before > 0
