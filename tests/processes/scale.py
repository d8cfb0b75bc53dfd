"""WfRuns by the hundred thousand, all of whose data is kept: memory must not grow with them, nor must a restart.

`python tests/processes/scale.py --wf-runs 200000` starts three nodes and shows what it measured. While the load is on,
one follower is away for a quarter of it and comes back by a copy of the state. At the end a node dies just before a
checkpoint commits: then it has the most to apply again.
"""

import argparse
import asyncio
import itertools
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import crashing_server
import grpc
import grpc.aio
from server_processes import Cluster, Node, eventually

from konik.api.pb.enums_pb2 import LHStatus
from konik.api.pb.queries_pb2 import SearchWfRunRequest, WfRunIdList
from konik.api.pb.task_requests_pb2 import ScheduledTask
from konik.bench.load import TASK, Background, Wire, define, run_request, success
from konik.bench.workers import PollingWorker
from konik.sdk.client import Client
from konik.sdk.workflow import ThreadBuilder, Workflow

MEMORY_BYTES_MAX = 400 << 20
GROWTH_MAX = 0.10
"""Mean memory while the last quarter of the WfRuns runs, above the mean in the second quarter, as a share of that."""
RESTART_SECONDS_MAX = 5.0

IN_FLIGHT = 128
STREAMS_PER_NODE = 4
TASK_EVERY = 20
SAMPLE_SECONDS = 0.25
PAGE = 1_000
END_SECONDS_MAX = 120.0
TASKS_SECONDS_MAX = 30.0
"""For tasks that were under way when a node was killed."""
TRIES_MAX = 5

INSTANT, WITH_TASK = "instant", "with-task"


def instant(wf: ThreadBuilder) -> None:
    """Completes within the call that starts it."""
    wf.declare_str("key").searchable().required()


def with_task(wf: ThreadBuilder) -> None:
    wf.declare_str("key").searchable().required()
    wf.execute(TASK, 1)


@dataclass
class Report:
    """What was measured. Times in seconds, memory in bytes (RssAnon, without the mapped files)."""

    wf_runs: int
    seconds: float = 0.0
    memory_max: dict[str, int] = field(default_factory=dict)
    growth: dict[str, float] = field(default_factory=dict)
    catch_up_seconds: float = 0.0
    applied_again: int = 0
    """Commands that the killed node had to apply again at its start."""
    restart_seconds: float = 0.0
    lost: int = 0


class Load:
    """Keeps WfRuns in flight, each with its number as its id, and sends again what a killed node has not answered."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._wire, self._background = Wire(), Background()
        self._worker = PollingWorker(self._wire, self._work, STREAMS_PER_NODE)
        self._numbers = itertools.count()
        self._places = itertools.count()
        self._addresses: list[str] = []
        self._under_way = 0
        self._going = asyncio.Event()
        self.started = 0
        """WfRuns whose start was acknowledged."""

    async def begin(self) -> None:
        self.route()
        async with Client(self._addresses) as client:
            await define(client, Workflow(INSTANT, instant), Workflow(WITH_TASK, with_task))
            await self._worker.start(client)
        self.go_on()
        for _ in range(IN_FLIGHT):
            self._background.spawn(self._keep_starting())

    async def under(self, story: Coroutine[Any, Any, None]) -> None:
        """Runs the story while the load is on. Raises what a call has failed with."""
        await self._background.until(story)

    async def end(self) -> None:
        await self._worker.stop()
        await self._background.cancel()
        await self._wire.close()

    def route(self) -> None:
        """Calls go to the nodes that run now."""
        self._addresses = self._cluster.addresses

    async def settle(self) -> None:
        """Starts nothing more until `go_on`, and waits until what is under way has been answered."""
        self._going.clear()
        while self._under_way:
            await asyncio.sleep(SAMPLE_SECONDS / 10)

    def go_on(self) -> None:
        self._going.set()

    async def until(self, started: int) -> None:
        """Until so many WfRuns were started."""
        while self.started < started:
            await asyncio.sleep(SAMPLE_SECONDS / 10)

    async def _keep_starting(self) -> None:
        while True:
            await self._going.wait()
            number = next(self._numbers)
            workflow = INSTANT if number % TASK_EVERY else WITH_TASK
            self._under_way += 1
            await self.call("RunWf", run_request(workflow, id_of(number), f"key-{number}"))
            self._under_way -= 1
            self.started += 1

    def _work(self, task: ScheduledTask, address: str) -> None:
        del address  # the node that gave the task may be gone
        self._background.spawn(self._report(task))

    async def _report(self, task: ScheduledTask) -> None:
        await self.call("ReportTask", success(task, 1).SerializeToString())

    async def call(self, rpc: str, request: bytes) -> bytes:
        """Until a node has answered."""
        while True:
            address = self._addresses[next(self._places) % len(self._addresses)]
            try:
                return await self._wire.call(address, rpc, request)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                    return b""  # it was run, only its answer was lost
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise


def id_of(number: int) -> str:
    return f"run-{number}"


@dataclass(frozen=True)
class Sample:
    started: int
    memory: dict[str, int]  # by node


async def keep_sampling(load: Load, cluster: Cluster, samples: list[Sample]) -> None:
    while True:
        samples.append(Sample(load.started, {node.name: anonymous_memory(node) for node in cluster.running}))
        await asyncio.sleep(SAMPLE_SECONDS)


def anonymous_memory(node: Node) -> int:
    """Bytes that the process holds for itself, without the files that it maps."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{node.pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


async def measure(cluster: Cluster, wf_runs: int) -> Report:
    """Runs everything on a cluster that serves and has done nothing yet."""
    report, load, samples = Report(wf_runs), Load(cluster), list[Sample]()

    async def story() -> None:
        began, away = time.monotonic(), cluster.followers()[0]
        await leave_and_come_back(cluster, load, away, report)
        await load.until(wf_runs)
        report.seconds = time.monotonic() - began
        weigh(samples, report)
        await die_at_the_worst_moment(cluster, load, report)
        report.lost = await missing(load)

    sampling = asyncio.create_task(keep_sampling(load, cluster, samples))
    try:
        await load.begin()
        await load.under(story())
    finally:
        sampling.cancel()
        await load.end()
    return report


async def leave_and_come_back(cluster: Cluster, load: Load, away: Node, report: Report) -> None:
    """The follower misses a quarter of the WfRuns, and gets a copy of the state while the others go on."""
    await load.until(report.wf_runs // 2)
    away.kill()
    load.route()
    await load.until(report.wf_runs * 3 // 4)
    began, behind = time.monotonic(), cluster.leader().figures.commit_index
    away.start()
    await becomes(lambda: away.logged("state installed"), "a copy of the state is installed")
    await becomes(lambda: has_applied(away, behind), "the follower has caught up")
    report.catch_up_seconds = time.monotonic() - began
    load.route()


def weigh(samples: list[Sample], report: Report) -> None:
    """The most that each node held, and how its usual memory has grown; a node that is away holds nothing."""

    def usual(node: str, first: float, last: float) -> float:
        span = range(int(first * report.wf_runs), int(last * report.wf_runs))
        return mean(sample.memory[node] for sample in samples if sample.started in span and node in sample.memory)

    for node in sorted(samples[0].memory):
        report.memory_max[node] = max(sample.memory.get(node, 0) for sample in samples)
        report.growth[node] = usual(node, 0.75, 1.0) / usual(node, 0.25, 0.5) - 1.0


async def die_at_the_worst_moment(cluster: Cluster, load: Load, report: Report) -> None:
    """A node dies just before its checkpoint commits: it never has more to apply again. Where the others have cut their
    logs in the meantime it gets a copy of the state instead, and the moment was missed."""
    for _ in range(TRIES_MAX):
        victim = await dead_before_a_checkpoint(cluster, load)
        await load.settle()
        await come_back(cluster, victim, report)
        load.route()
        if not victim.logged_since_start("state installed"):
            return
        load.go_on()
    raise AssertionError(f"the moment was missed {TRIES_MAX} times")


async def dead_before_a_checkpoint(cluster: Cluster, load: Load) -> Node:
    """The leader is killed, and comes back as a process that dies by itself before its next checkpoint commits."""
    victim = cluster.leader()
    victim.kill()
    load.route()
    victim.start(command=(*crashing_server.COMMAND, "before-a-checkpoint-commits"))
    await becomes(lambda: not victim.is_running, "a checkpoint is about to commit")
    return victim


async def come_back(cluster: Cluster, victim: Node, report: Report) -> None:
    began, behind = time.monotonic(), cluster.leader().figures.commit_index
    victim.start()
    await becomes(lambda: has_applied(victim, behind), "the killed node serves again")
    report.restart_seconds = time.monotonic() - began
    report.applied_again = victim.figures.commands_applied


def has_applied(node: Node, index: int) -> bool:
    status = node.status()
    return status is not None and status.leader != "" and status.applied_index >= index


async def becomes(look: Callable[[], bool], expected: str) -> None:
    """Waits without holding up the load."""
    await asyncio.to_thread(eventually, look, expected, END_SECONDS_MAX)


async def missing(load: Load) -> int:
    """How many WfRuns were acknowledged and are not there as completed, or are there and nobody asked for them."""
    await load.settle()
    expected = {id_of(number) for number in range(load.started)}
    deadline = time.monotonic() + TASKS_SECONDS_MAX
    while (differing := len(expected ^ await completed(load))) and time.monotonic() < deadline:
        await asyncio.sleep(SAMPLE_SECONDS)
    return differing


async def completed(load: Load) -> set[str]:
    found: set[str] = set()
    for workflow in (INSTANT, WITH_TASK):
        request = SearchWfRunRequest(wf_spec_name=workflow, status=LHStatus.COMPLETED, limit=PAGE)
        while True:
            page = WfRunIdList.FromString(await load.call("SearchWfRun", request.SerializeToString()))
            found.update(id.id for id in page.results)
            if not page.HasField("bookmark"):
                break
            request.bookmark = page.bookmark
    return found


def findings(report: Report, tolerance: float = 1.0) -> list[str]:
    """What is worse than promised; time and growth may be worse by the factor `tolerance`."""
    found = [f"{node} held {held} bytes" for node, held in report.memory_max.items() if held > MEMORY_BYTES_MAX]
    growths = report.growth.items()
    found += [f"{node} has grown by {growth:.0%}" for node, growth in growths if growth > tolerance * GROWTH_MAX]
    if report.restart_seconds > tolerance * RESTART_SECONDS_MAX:
        found.append(f"a restart took {report.restart_seconds:.1f} s")
    if report.lost:
        found.append(f"{report.lost} WfRuns are lost")
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--wf-runs", type=int, default=200_000)
    arguments.add_argument("--data-dir", type=Path, default=Path("."), help="on a disk; what is made there is removed")
    given = arguments.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="konik-scale-", dir=given.data_dir) as directory,
        Cluster(Path(directory), log_tail_entries=0) as cluster,
    ):
        cluster.bootstrap()
        report = asyncio.run(measure(cluster, given.wf_runs))
    print(json.dumps(asdict(report), indent=2))
    found = findings(report)
    print("\n".join(found) or "all as promised")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
