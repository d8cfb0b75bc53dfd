"""How long the cluster takes from a report to the next task in the worker's hands, with nothing else going on.

One workflow is in flight at a time. Polls wait at every node, so most deliveries are by followers, as in real life.
"""

import asyncio
import itertools
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rich.progress import Progress

from konik.api.pb.cluster_pb2 import NodeStatus
from konik.api.pb.task_requests_pb2 import ReportTaskRun, ScheduledTask
from konik.bench.cluster import Cluster
from konik.bench.load import (
    STEPS,
    WORKFLOW,
    Background,
    Wire,
    define,
    run_request,
    success,
    ten_steps,
)
from konik.bench.report import Report, node_figures, percentiles_ms
from konik.bench.workers import Protocol, reporting_worker
from konik.sdk.workflow import Workflow

# The first runs open connections and fill caches.
WARM_UP_RUNS = 5


@dataclass(frozen=True)
class Settings:
    """`runs` workflows are measured, one after the other; `polls` wait at each node."""

    protocol: Protocol
    runs: int
    polls: int = 1


class Load:
    """One workflow after the other."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._reported_at: float | None = None
        self._completed = asyncio.Event()
        self.next_task_s: list[float] = []
        self.delivered_by: Counter[str] = Counter()

    async def run(self, id: str, address: str) -> None:
        """One workflow, from its start to its last report."""
        self._reported_at = None
        self._completed.clear()
        await self._wire.call(address, "RunWf", run_request(WORKFLOW, id, id))
        await self._completed.wait()

    def do(self, task: ScheduledTask, address: str) -> ReportTaskRun:
        if self._reported_at is not None:
            self.next_task_s.append(time.monotonic() - self._reported_at)
            self.delivered_by[address] += 1
        self._reported_at = time.monotonic()
        return success(task, task.variables[0].value.int + 1)

    def stored(self, report: ReportTaskRun) -> None:
        if report.output.int == STEPS:
            self._completed.set()

    def forget(self) -> None:
        self.next_task_s.clear()
        self.delivered_by.clear()


async def measure(cluster: Cluster, settings: Settings, progress: Progress) -> Report:
    """Runs the benchmark. Raises what a command failed with."""
    await define(cluster.client, Workflow(WORKFLOW, ten_steps))
    wire, background = Wire(), Background()
    load = Load(wire)
    worker = reporting_worker(settings.protocol, wire, background, load.do, load.stored, settings.polls)
    try:
        await worker.start(cluster.client)
        bar = progress.add_task("latency", total=settings.runs, now="")
        addresses, prefix = itertools.cycle(worker.hosts), secrets.token_hex(4)
        for number in range(WARM_UP_RUNS + settings.runs):
            if number == WARM_UP_RUNS:
                load.forget()
                before = await cluster.figures()
            await background.until(load.run(f"{prefix}-{number}", next(addresses)))
            progress.update(bar, completed=number - WARM_UP_RUNS + 1)
        return await _report(cluster, settings, load, before)
    finally:
        await worker.stop()
        await background.cancel()
        await wire.close()


async def _report(cluster: Cluster, settings: Settings, load: Load, before: Mapping[str, NodeStatus]) -> Report:
    names = {member.address: member.node for member in (await cluster.status()).members}
    return Report(
        "latency",
        vars(settings) | {"steps_per_workflow": STEPS},
        next_task_ms=percentiles_ms(load.next_task_s),
        next_tasks_by_node={names.get(address, address): count for address, count in load.delivered_by.items()},
        acknowledged=settings.runs * STEPS,
        file_system=cluster.file_system,
        **node_figures(before, await cluster.figures()),
    )
