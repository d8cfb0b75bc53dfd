"""How often a cluster that nothing disturbs but its own load takes its leader for lost, by how long it waits.

usage: PYTHONPATH=.:tests/processes python tests/chaos/steady.py --minutes 30 [--shorter MINUTES] [--write]

Three nodes share the machine with a load that keeps it busy. The timeouts that nodes have unless they are told
otherwise are tried for `--minutes`, shorter ones for `--shorter`, to see what they would cost. Exit code 1 if there was
an election with the former.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from unittest.mock import patch

import figures
from rich.console import Console

from konik.bench import throughput
from konik.bench.cluster import Cluster, started
from konik.bench.report import Report, progress
from konik.bench.workers import Protocol
from konik.cluster.config import Config

ROOT = Path(__file__).parents[2]
LOAD = throughput.Settings(Protocol.KONIK, in_flight=256, polls=128, seconds=0.0, seconds_max=0.0)
CHECKPOINT_SECONDS_MAX = 300.0
IDLE_SECONDS = 20.0


@dataclass(frozen=True)
class Timing:
    """When a node takes the leader for lost, and how often a leader lets it hear something; in seconds."""

    min_election_timeout_s: float
    max_election_timeout_s: float
    heartbeat_s: float

    def __str__(self) -> str:
        return f"{self.min_election_timeout_s:g}-{self.max_election_timeout_s:g} s | {self.heartbeat_s:g} s"


USUAL = Timing(*(Config.model_fields[field.name].default for field in fields(Timing)))
SHORTER = (Timing(0.15, 0.3, 0.05), Timing(0.05, 0.1, 0.02))


@dataclass(frozen=True)
class Found:
    """`idle_cpu` is what three nodes that have nothing to do take of a core; the report is of a full load."""

    timing: Timing
    idle_cpu: float
    report: Report

    def __str__(self) -> str:
        assert self.report.measured_s is not None
        return (
            f"| {self.timing} | {self.idle_cpu:.1%} | {self.report.measured_s / 60:.1f} min "
            f"| {self.report.tasks_per_s:.0f} | {self.report.server_cpu_ms_per_task:.2f} ms | {self.report.elections} |"
        )


HEAD = (
    "| election timeout | heartbeat | idle: CPU of three nodes | full load for | tasks per second | CPU per task "
    "| elections |",
    "|---|---|---|---|---|---|---|",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--shorter", type=float, default=5.0, metavar="MINUTES")
    parser.add_argument("--write", action="store_true", help="the table goes into docs/reliability.md")
    given = parser.parse_args()
    plan = [(USUAL, 60.0 * given.minutes), *((timing, 60.0 * given.shorter) for timing in SHORTER)]
    found = asyncio.run(_tried(plan))
    rows = [*HEAD, *map(str, found)]
    print("\n".join(rows))
    if given.write:
        figures.write("make steady", rows)
    return 1 if found[0].report.elections else 0


async def _tried(plan: Sequence[tuple[Timing, float]]) -> list[Found]:
    return [await tried(timing, seconds, IDLE_SECONDS) for timing, seconds in plan]


async def tried(timing: Timing, seconds: float, idle_seconds: float) -> Found:
    """What a new cluster does with that timing while it is idle, and then busy, for so long."""
    settings = replace(LOAD, seconds=seconds, seconds_max=seconds + CHECKPOINT_SECONDS_MAX)
    async with _cluster(timing) as cluster:
        idle_cpu = await _idle_cpu(cluster, idle_seconds)
        with progress(Console()) as bars:
            return Found(timing, idle_cpu, await throughput.measure(cluster, settings, bars))


@asynccontextmanager
async def _cluster(timing: Timing) -> AsyncIterator[Cluster]:
    """Nodes read what they are not told from the environment."""
    told = {f"KONIK_{name.upper()}": str(value) for name, value in vars(timing).items()}
    with patch.dict(os.environ, told), tempfile.TemporaryDirectory(dir=ROOT, prefix=".steady-") as directory:
        async with started(3, Path(directory)) as cluster:
            yield cluster


async def _idle_cpu(cluster: Cluster, seconds: float) -> float:
    before = await throughput.moment(cluster)
    await asyncio.sleep(seconds)
    after = await throughput.moment(cluster)
    return (sum(after.cpu_s.values()) - sum(before.cpu_s.values())) / (after.at - before.at)


if __name__ == "__main__":
    sys.exit(main())
