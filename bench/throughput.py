"""How much work a cluster does, and what a task costs it.

Workflows of ten sequential tasks, many in flight: as soon as one has completed the next is started. After a warm-up
the window lasts until every node has written a checkpoint and cut its log, so that their cost is in the figure.
"""

import asyncio
import itertools
import secrets
import time
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
    run_of,
    run_request,
    success,
    ten_steps,
)
from konik.bench.machine import cpu_s
from konik.bench.report import Report, node_figures, percentiles_ms
from konik.bench.workers import Protocol, reporting_worker
from konik.sdk.errors import KonikError
from konik.sdk.workflow import Workflow

WARM_UP_S = 5.0
LOOK_EVERY_S = 1.0


class NoCheckpoint(KonikError):
    """A window without a checkpoint on every node shows less than the whole cost."""


@dataclass(frozen=True)
class Settings:
    """`in_flight` workflows at once, `polls` at each node; the window lasts from `seconds` to `seconds_max`."""

    protocol: Protocol
    in_flight: int
    polls: int
    seconds: float
    seconds_max: float


class Load:
    """Keeps the workflows in flight, and counts."""

    def __init__(self, wire: Wire, background: Background, hosts: list[str]) -> None:
        self._wire = wire
        self._background = background
        self._hosts = itertools.cycle(hosts)
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count()
        self._reported: dict[str, float] = {}
        self.tasks = 0
        self.workflows = 0
        self.next_task_s: list[float] = []

    def start_run(self) -> None:
        self._background.spawn(self._run())

    async def _run(self) -> None:
        id = f"{self._prefix}-{next(self._numbers)}"
        await self._wire.call(next(self._hosts), "RunWf", run_request(WORKFLOW, id, id))

    def do(self, task: ScheduledTask, _: str) -> ReportTaskRun:
        """Does the task; the report is to be made at once."""
        reported_at, output = self._reported.pop(run_of(task), None), task.variables[0].value.int + 1
        if reported_at is not None:
            self.next_task_s.append(time.monotonic() - reported_at)
        if output < STEPS:
            self._reported[run_of(task)] = time.monotonic()
        return success(task, output)

    def stored(self, report: ReportTaskRun) -> None:
        """The report is stored for good."""
        self.tasks += 1
        if report.output.int == STEPS:
            self.workflows += 1
            self.start_run()

    def forget(self) -> None:
        """Begins to count anew; what is in flight stays in flight."""
        self.tasks = self.workflows = 0
        self.next_task_s.clear()


@dataclass(frozen=True)
class Moment:
    """The servers at one moment."""

    at: float
    cpu_s: dict[str, float]
    nodes: dict[str, NodeStatus]


async def moment(cluster: Cluster) -> Moment:
    nodes = await cluster.figures()
    return Moment(time.monotonic(), {node: cpu_s(answer.pid) for node, answer in nodes.items()}, nodes)


async def measure(cluster: Cluster, settings: Settings, progress: Progress) -> Report:
    """Runs the benchmark. Raises NoCheckpoint, or what a command failed with."""
    await define(cluster.client, Workflow(WORKFLOW, ten_steps))
    wire, background = Wire(), Background()
    addresses = [member.address for member in (await cluster.status()).members]
    load = Load(wire, background, addresses)
    worker = reporting_worker(settings.protocol, wire, background, load.do, load.stored, settings.polls)
    try:
        await worker.start(cluster.client)
        for _ in range(settings.in_flight):
            load.start_run()
        return await _window(cluster, settings, progress, load, background)
    finally:
        await worker.stop()
        await background.cancel()
        await wire.close()


async def _window(
    cluster: Cluster, settings: Settings, progress: Progress, load: Load, background: Background
) -> Report:
    bar = progress.add_task("throughput", total=settings.seconds, now="warming up")
    await background.until(asyncio.sleep(WARM_UP_S))
    before = await moment(cluster)
    load.forget()
    while True:
        await background.until(asyncio.sleep(LOOK_EVERY_S))
        after = await moment(cluster)
        tasks, passed = load.tasks, after.at - before.at
        expected = max(settings.seconds, passed + LOOK_EVERY_S)
        progress.update(bar, completed=passed, total=expected, now=f"{tasks / passed:.0f} tasks/s")
        if passed >= settings.seconds and _has_checkpoints(before, after):
            return _report(cluster, settings, load, before, after)
        if passed >= settings.seconds_max:
            raise NoCheckpoint(
                f"not every node wrote a checkpoint and cut its log within {passed:.0f} s; raise --seconds-max"
            )


def _has_checkpoints(before: Moment, after: Moment) -> bool:
    return all(
        answer.checkpoints > before.nodes[node].checkpoints and answer.log_cuts > before.nodes[node].log_cuts
        for node, answer in after.nodes.items()
    )


def _report(cluster: Cluster, settings: Settings, load: Load, before: Moment, after: Moment) -> Report:
    passed = after.at - before.at
    by_node = {node: (after.cpu_s[node] - before.cpu_s[node]) * 1000 / load.tasks for node in after.cpu_s}
    return Report(
        "throughput",
        vars(settings) | {"steps_per_workflow": STEPS},
        tasks_per_s=load.tasks / passed,
        workflows_per_s=load.workflows / passed,
        server_cpu_ms_per_task=sum(by_node.values()),
        server_cpu_ms_per_task_by_node=by_node,
        next_task_ms=percentiles_ms(load.next_task_s),
        acknowledged=load.tasks,
        measured_s=passed,
        file_system=cluster.file_system,
        **node_figures(before.nodes, after.nodes),
    )
