"""Finding, awaiting and starting the cluster under test, and the command line around it."""

import asyncio
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from konik.bench import cluster as clusters
from konik.bench import commands, machine
from konik.bench.cluster import ClusterNotWhole, attached, started
from konik.bench.report import Report
from konik.sdk import Unavailable


@pytest.mark.asyncio
async def test_a_cluster_is_whole_when_all_members_follow_one_leader(cluster: Any) -> None:
    found = await cluster.whole()
    assert found.leader == "node-1"
    assert set(await cluster.figures()) == {"node-1", "node-2", "node-3"}


@pytest.mark.asyncio
async def test_a_missing_member_is_waited_for(cluster: Any, miniature: Any) -> None:
    await miniature.nodes[2].stop()
    waiting = asyncio.create_task(cluster.whole())
    with pytest.raises(ClusterNotWhole, match="cannot be reached"):
        await cluster.figures()
    assert not waiting.done()
    await miniature.nodes[2].start()
    assert len((await waiting).reachable) == 3


@pytest.mark.asyncio
async def test_a_member_that_stays_away_is_an_error_with_advice(cluster: Any, miniature: Any) -> None:
    await miniature.nodes[2].stop()
    with pytest.raises(ClusterNotWhole, match="konik dev"):
        await cluster.whole(timeout_s=0.1)


@pytest.mark.asyncio
async def test_attaching_learns_every_member_from_one(miniature: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(machine, "file_systems", lambda pids: {"xfs"})
    async with attached(miniature.nodes[1].address) as found:
        assert set(found.client.servers.addresses) == {node.address for node in miniature.nodes}
        assert found.file_system == "xfs"


@pytest.mark.asyncio
async def test_attaching_to_nothing_is_an_error() -> None:
    with pytest.raises(Unavailable):
        async with attached("127.0.0.1:1"):
            raise AssertionError("there is nothing to attach to")


@pytest.mark.asyncio
async def test_a_cluster_that_does_not_start_says_why(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "file_system", lambda path: "ext4")
    base = tmp_path / "not" / "there" / "yet"
    with pytest.raises(ClusterNotWhole, match="ended with exit code"):
        async with started(99, base):
            raise AssertionError("it cannot have started")
    assert list(base.iterdir()) == []


def test_ports_that_are_taken_are_passed_over() -> None:
    first = clusters._free_ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first + 1000))
        assert clusters._free_ports(3) != first


def bench(monkeypatch: Any, report: Any, *arguments: str) -> Any:
    async def measured(*_: Any) -> Any:
        if isinstance(report, Exception):
            raise report
        return report

    monkeypatch.setattr(commands, "_measured", measured)
    return CliRunner().invoke(commands.app, list(arguments))


def test_a_report_is_shown_and_written(monkeypatch: Any, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    result = bench(monkeypatch, Report("latency", {}, next_task_ms={"p50": 1.5}), "latency", "--json", str(target))
    assert result.exit_code == 0
    assert "1.500" in result.stdout
    assert '"p50": 1.5' in target.read_text()


@pytest.mark.parametrize(("lost", "duplicated", "code"), [(0, 0, 0), (1, 0, 1), (0, 1, 1)])
def test_failover_fails_when_something_was_lost_or_doubled(
    monkeypatch: Any, lost: int, duplicated: int, code: int
) -> None:
    assert bench(monkeypatch, Report("failover", {}, lost=lost, duplicated=duplicated), "failover").exit_code == code


def test_what_cannot_be_measured_is_explained(monkeypatch: Any) -> None:
    result = bench(monkeypatch, ClusterNotWhole("no leader"), "throughput")
    assert result.exit_code == 1
    assert "konik bench: no leader" in result.output


def test_a_data_directory_in_memory_is_refused(monkeypatch: Any, tmp_path: Path) -> None:
    mounts = [SimpleNamespace(mountpoint="/", fstype="tmpfs")]
    monkeypatch.setattr(machine.psutil, "disk_partitions", lambda all: mounts)
    result = CliRunner().invoke(commands.app, ["throughput", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "choose a directory on a disk" in result.output
