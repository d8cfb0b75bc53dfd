"""What callers notice when the leader dies: how long nothing is acknowledged, and whether anything is lost or doubled.

Callers go on sending at their own pace, whatever comes back (an open loop). In each round they use the nodes that will
survive it, then the leader is killed. A caller never repeats a command: an outcome that it does not learn is written
down as unknown. The worker repeats its reports, as published ones do. At the end every run is read back and audited.
"""

import asyncio
import contextlib
import itertools
import os
import secrets
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc
import grpc.aio
from rich.progress import Progress

from konik.api.pb.cluster_pb2 import NodeStatus
from konik.api.pb.enums_pb2 import LHStatus
from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest, PutExternalEventRequest
from konik.api.pb.ids_pb2 import ExternalEventDefId, WfRunId
from konik.api.pb.queries_pb2 import (
    ExternalEventList,
    ListExternalEventsRequest,
    ListNodeRunsRequest,
    ListTaskRunsRequest,
    NodeRunList,
    TaskRunList,
)
from konik.api.pb.task_requests_pb2 import ScheduledTask
from konik.api.pb.values_pb2 import VariableValue
from konik.bench.audit import Attempt, Held, Journal, audit, gap
from konik.bench.cluster import Cluster
from konik.bench.load import TASK, Background, Wire, define, run_of, run_request, success
from konik.bench.report import Report, node_figures
from konik.bench.workers import PollingWorker
from konik.sdk.client import Client
from konik.sdk.errors import AlreadyExists, NotFound
from konik.sdk.workflow import ThreadBuilder, Workflow

WORKFLOW = "bench-fail-over"
EVENT = "bench-event"

TASK_TIMEOUT_S = 10
TASK_RETRIES = 5

# Servers hold a call for up to 15 s while they have no leader; a caller that gives up sooner would never learn.
CALL_MAX_S = 20.0
REPORT_AGAIN_S = 0.1
LOOK_AGAIN_S = 0.1

# Between moving the callers away from the leader and its death, so that none of their calls is still there.
MOVE_S = 1.0
# How long after a kill silence is looked for.
WATCH_S = 5.0
# How long runs may take to complete after the last command: a task lost on the way times out first.
COMPLETE_MAX_S = 3 * TASK_TIMEOUT_S + 15.0
READERS = 16

# Refusals that a dying node explains. Any other status is a defect and is reported as such.
OUTCOME_UNKNOWN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)


@dataclass(frozen=True)
class Settings:
    """`kills` leaders die under `rate` commands per second from `callers`; `graceful` asks them to go instead."""

    kills: int
    rate: float
    callers: int
    graceful: bool
    streams: int = 8


def step_event_step(wf: ThreadBuilder) -> None:
    """A task, an event, another task: every kind of command has an effect that can be read back."""
    wf.declare_str("key").searchable().required()
    number = wf.declare_int("number", 0)
    number.assign(wf.execute(TASK, number, timeout_seconds=TASK_TIMEOUT_S, retries=TASK_RETRIES))
    wf.wait_for_event(EVENT)
    number.assign(wf.execute(TASK, number, timeout_seconds=TASK_TIMEOUT_S, retries=TASK_RETRIES))


def guid_of(run: str) -> str:
    """A run gets one event, whose id follows from the run's."""
    return f"{run}-event"


class Load:
    """The callers and the worker, and the journal of what they saw."""

    def __init__(self, wire: Wire, settings: Settings, nodes: Sequence[str]) -> None:
        self.journal = Journal()
        self._wire = wire
        self._commands = Background()
        self._reports = Background()
        self._settings = settings
        self._nodes: list[str] = list(nodes)
        self._all = itertools.cycle(nodes)
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count()
        self._outputs = itertools.count(1)
        self._without_event: deque[str] = deque()
        self._sending = True

    async def watch(self, seconds: float) -> None:
        """Lets time pass. Raises what a caller or the worker has failed with."""
        await self._commands.until(self._reports.until(asyncio.sleep(seconds)))

    async def cancel(self) -> None:
        await self._commands.cancel()
        await self._reports.cancel()

    def use(self, nodes: Sequence[str]) -> None:
        """Has the callers send to these nodes from now on."""
        self._nodes = list(nodes)

    def start(self) -> None:
        for number in range(self._settings.callers):
            self._commands.spawn(self._caller(number))

    async def stop(self) -> None:
        """Ends the open loop and waits for every answer."""
        self._sending = False
        await self._commands.settle()

    async def complete(self, client: Client) -> None:
        """Sends, until it is certain, the event of every run that has none or of which that is not known.

        With the same guid: it cannot take effect twice. Without it the run would wait for ever, and look lost.
        """
        for run in self.journal.runs - self.journal.events.keys():
            with contextlib.suppress(AlreadyExists):
                await client.put_external_event(run, EVENT, run, guid=guid_of(run))
            self.journal.events[run] = guid_of(run)

    async def _caller(self, number: int) -> None:
        """Sends a command whenever its time has come, without waiting for the one before."""
        interval = self._settings.callers / self._settings.rate
        due = time.monotonic() + interval * number / self._settings.callers
        for turn in itertools.count(number):
            await asyncio.sleep(due - time.monotonic())
            due += interval
            if not self._sending:
                return
            node = self._nodes[turn % len(self._nodes)]
            if turn % 2 and self._without_event:
                self._commands.spawn(self._put_event(node, self._without_event.popleft()))
            else:
                self._commands.spawn(self._run(node))

    async def _run(self, node: str) -> None:
        run = f"{self._prefix}-{next(self._numbers)}"
        self.journal.asked.add(run)
        if await self._send(node, "RunWf", run_request(WORKFLOW, run, run), run):
            self.journal.runs.add(run)
            self._without_event.append(run)

    async def _put_event(self, node: str, run: str) -> None:
        request = PutExternalEventRequest(
            wf_run_id=WfRunId(id=run),
            external_event_def_id=ExternalEventDefId(name=EVENT),
            guid=guid_of(run),
            content=VariableValue(str=run),
        )
        if await self._send(node, "PutExternalEvent", request.SerializeToString(), run):
            self.journal.events[run] = guid_of(run)

    async def _send(self, node: str, rpc: str, request: bytes, run: str) -> bool:
        """Sends a command once, and writes down what became of it."""
        try:
            await self._wire.call(node, rpc, request, CALL_MAX_S)
        except grpc.aio.AioRpcError as error:
            outcomes = self.journal.unknown if error.code() in OUTCOME_UNKNOWN else self.journal.refused
            outcomes.append(f"{rpc} {run}: {error.code().name}: {error.details()}")
            return False
        self.journal.acknowledged_at.append(time.monotonic())
        return True

    def work(self, task: ScheduledTask, address: str) -> None:
        attempt = Attempt(run_of(task), task.task_run_id.task_guid, task.attempt_number)
        self.journal.executions[attempt] += 1
        self._reports.spawn(self._report(task, attempt, address))

    async def _report(self, task: ScheduledTask, attempt: Attempt, address: str) -> None:
        """Reports to the node that gave the task, and when that fails to all in turn, until one acknowledges."""
        output = next(self._outputs)
        request, node = success(task, output).SerializeToString(), address
        while True:
            try:
                await self._wire.call(node, "ReportTask", request, CALL_MAX_S)
            except grpc.aio.AioRpcError as error:
                if error.code() not in OUTCOME_UNKNOWN:
                    self.journal.refused.append(f"ReportTask {attempt}: {error.code().name}: {error.details()}")
                    return
                node = next(self._all)
                await asyncio.sleep(REPORT_AGAIN_S)
            else:
                break
        self.journal.acknowledged_at.append(time.monotonic())
        self.journal.reports[attempt] = output


async def measure(cluster: Cluster, settings: Settings, progress: Progress) -> Report:
    """Runs the benchmark. Raises ClusterNotWhole if a killed node does not come back."""
    await cluster.client.put_external_event_def(PutExternalEventDefRequest(name=EVENT))
    await define(cluster.client, Workflow(WORKFLOW, step_event_step))
    wire, members = Wire(), (await cluster.whole()).members
    load = Load(wire, settings, [member.address for member in members])
    worker = PollingWorker(wire, load.work, settings.streams)
    try:
        await worker.start(cluster.client)
        before = await cluster.figures()
        load.start()
        bar = progress.add_task("fail-over", total=settings.kills, now="")
        gaps = []
        for number in range(settings.kills):
            gaps.append(await _round(cluster, settings, load))
            progress.update(bar, completed=number + 1, now=f"last gap {gaps[-1]:.3f} s")
        await cluster.whole()
        await load.stop()
        await load.complete(cluster.client)
        progress.update(bar, now="reading everything back")
        held = await read_back(cluster.client, load.journal)
        return await _report(cluster, settings, load.journal, held, gaps, before)
    finally:
        await worker.stop()
        await load.cancel()
        await wire.close()


async def _round(cluster: Cluster, settings: Settings, load: Load) -> float:
    """Kills the leader under load and returns the gap, when the killed node has come back."""
    found = await cluster.whole()
    leader = found.leader
    load.use([member.address for member in found.members if member.node != leader])
    await load.watch(MOVE_S)
    found = await cluster.whole()
    if found.leader != leader:
        return await _round(cluster, settings, load)
    victim = found.member(leader).answer
    assert victim is not None, "a whole cluster has answers of all members"
    killed_at = time.monotonic()
    os.kill(victim.pid, signal.SIGTERM if settings.graceful else signal.SIGKILL)
    await load.watch(WATCH_S)
    return gap(load.journal.acknowledged_at, killed_at, killed_at + WATCH_S)


async def read_back(client: Client, journal: Journal) -> dict[str, Held]:
    """Reads every run that was asked for; acknowledged ones when they have completed, or had time enough for it."""
    deadline = time.monotonic() + COMPLETE_MAX_S
    waiting = deque(sorted(journal.asked))
    held: dict[str, Held] = {}

    async def reader() -> None:
        while waiting:
            run = waiting.popleft()
            status = await _status(client, run)
            if status == LHStatus.RUNNING and run in journal.runs and time.monotonic() < deadline:
                waiting.append(run)
                await asyncio.sleep(LOOK_AGAIN_S)
            else:
                held[run] = await _held(client, run, status)

    await asyncio.gather(*(reader() for _ in range(READERS)))
    return held


async def _status(client: Client, run: str) -> "LHStatus | None":
    try:
        return (await client.get_wf_run(run)).status
    except NotFound:
        return None


async def _held(client: Client, run: str, status: "LHStatus | None") -> Held:
    id = WfRunId(id=run)
    tasks = await client.call("ListTaskRuns", ListTaskRunsRequest(wf_run_id=id), TaskRunList)
    events = await client.call("ListExternalEvents", ListExternalEventsRequest(wf_run_id=id), ExternalEventList)
    nodes = await client.call("ListNodeRuns", ListNodeRunsRequest(wf_run_id=id), NodeRunList)
    return Held(status, list(tasks.results), list(events.results), list(nodes.results))


async def _report(
    cluster: Cluster,
    settings: Settings,
    journal: Journal,
    held: Mapping[str, Held],
    gaps: list[float],
    before: Mapping[str, NodeStatus],
) -> Report:
    verdict = audit(journal, held)
    return Report(
        "failover",
        vars(settings) | {"task_timeout_s": TASK_TIMEOUT_S, "task_retries": TASK_RETRIES},
        gaps_s=gaps,
        lost=len(verdict.lost),
        duplicated=len(verdict.duplicated),
        unknown=len(journal.unknown),
        acknowledged=journal.acknowledged,
        lost_commands=verdict.lost,
        duplicates=verdict.duplicated,
        unknown_commands=journal.unknown,
        refused_commands=journal.refused,
        superseded=verdict.superseded,
        file_system=cluster.file_system,
        **node_figures(before, await cluster.figures()),
    )
