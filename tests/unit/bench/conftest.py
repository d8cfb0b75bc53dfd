"""A cluster in miniature: nodes on loopback ports that share one engine, which runs the benchmarks' workflows.

It may be told to misbehave, so that a test sees whether a benchmark notices.
"""

import asyncio
import itertools
import os
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest_asyncio
from google.protobuf.message import Message

from konik.api.pb.cluster_pb2 import FOLLOWER, LEADER, Member, NodeStatus
from konik.api.pb.enums_pb2 import LHStatus, TaskStatus
from konik.api.pb.event_requests_pb2 import PutExternalEventRequest
from konik.api.pb.external_event_pb2 import ExternalEvent
from konik.api.pb.ids_pb2 import ExternalEventId, TaskRunId, WfRunId
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.queries_pb2 import ExternalEventList, ListTaskRunsRequest, NodeRunList, TaskRunList
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.task_requests_pb2 import (
    LHHostInfo,
    PollTaskResponse,
    RegisterTaskWorkerResponse,
    ReportTaskRun,
    ScheduledTask,
)
from konik.api.pb.task_run_pb2 import TaskAttempt, TaskRun, VarNameAndVal
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_run_pb2 import WfRun
from konik.api.pb.worker_pb2 import WorkRequest, WorkResponse
from konik.bench import failover, load
from konik.bench.cluster import Cluster
from konik.sdk import Client


class Run:
    """One run: how many steps it takes in all, and after which one it waits for an event (0: never)."""

    def __init__(self, id: str, steps: int, event_after: int) -> None:
        self.id, self.steps, self.event_after = id, steps, event_after
        self.status = LHStatus.RUNNING
        self.tasks: list[TaskRun] = []
        self.events: list[ExternalEvent] = []
        self.node_runs: list[NodeRun] = []


class Engine:
    """What the nodes share. Of each RPC in `forget` one is acknowledged and dropped; those in
    `refuse` are refused on a stream; `twice`: one task comes twice.
    """

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.queue: deque[ScheduledTask] = deque()
        self.wanted = asyncio.Condition()
        self.forget: set[str] = set()
        self.refuse: set[str] = set()
        self.twice = False

    def drops(self, rpc: str) -> bool:
        dropped = rpc in self.forget
        self.forget.discard(rpc)
        return dropped

    async def run_wf(self, request: RunWfRequest) -> None:
        if self.drops("RunWf"):
            return
        shape = {load.WORKFLOW: (load.STEPS, 0), failover.WORKFLOW: (2, 1)}[request.wf_spec_name]
        run = self.runs[request.id] = Run(request.id, *shape)
        await self._schedule(run, 0)

    async def _schedule(self, run: Run, number: int) -> None:
        id = TaskRunId(wf_run_id=WfRunId(id=run.id), task_guid=f"0-{len(run.tasks)}")
        run.tasks.append(TaskRun(id=id, attempts=[TaskAttempt(status=TaskStatus.TASK_RUNNING)]))
        task = ScheduledTask(task_run_id=id, variables=[VarNameAndVal(value=VariableValue(int=number))])
        tasks = [task, task] if self.twice else [task]
        self.twice = False
        await self._offer(*tasks)

    async def time_out(self, task: ScheduledTask) -> None:
        """Ends an attempt that was handed out and not reported, and schedules the next."""
        run = self.runs[task.task_run_id.wf_run_id.id]
        attempts = next(each for each in run.tasks if each.id == task.task_run_id).attempts
        if attempts[task.attempt_number].status == TaskStatus.TASK_RUNNING:
            attempts[task.attempt_number].status = TaskStatus.TASK_TIMEOUT
            attempts.add(status=TaskStatus.TASK_RUNNING)
            again = ScheduledTask()
            again.CopyFrom(task)
            again.attempt_number += 1
            await self._offer(again)

    async def _offer(self, *tasks: ScheduledTask) -> None:
        self.queue.extend(tasks)
        async with self.wanted:
            self.wanted.notify_all()

    async def next_task(self) -> ScheduledTask:
        async with self.wanted:
            await self.wanted.wait_for(lambda: self.queue)
            return self.queue.popleft()

    async def report(self, report: ReportTaskRun) -> None:
        run = self.runs[report.task_run_id.wf_run_id.id]
        task = next(task for task in run.tasks if task.id == report.task_run_id)
        attempt = task.attempts[report.attempt_number]
        if attempt.status != TaskStatus.TASK_RUNNING:
            return
        if self.drops("ReportTask"):
            attempt.status = TaskStatus.TASK_FAILED
            return
        attempt.status = task.status = TaskStatus.TASK_SUCCESS
        attempt.output.CopyFrom(report.output)
        await self._advance(run, report.output.int)

    async def put_event(self, request: PutExternalEventRequest) -> None:
        run = self.runs.get(request.wf_run_id.id)
        if run is None or self.drops("PutExternalEvent"):
            return
        id = ExternalEventId(wf_run_id=request.wf_run_id, guid=request.guid)
        run.events.append(ExternalEvent(id=id, claimed=True))
        node_run = NodeRun()
        node_run.external_event.external_event_id.CopyFrom(id)
        run.node_runs.append(node_run)
        if len(run.tasks) == run.event_after and run.tasks[-1].status == TaskStatus.TASK_SUCCESS:
            await self._advance(run, 0)

    async def _advance(self, run: Run, number: int) -> None:
        if len(run.tasks) == run.steps:
            run.status = LHStatus.COMPLETED
        elif len(run.tasks) != run.event_after or run.events:
            await self._schedule(run, number)


class Node(grpc.GenericRpcHandler):
    """A node of the miniature: every RPC that the benchmarks use."""

    def __init__(self, name: str, cluster: "Miniature") -> None:
        self.name, self.cluster = name, cluster
        self.address, self.looks = "", itertools.count()
        self.delivered: list[ScheduledTask] = []
        self._server: Any = None

    async def start(self) -> None:
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((self,))
        port = self._server.add_insecure_port(self.address or "127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop(None)

    def service(self, details: Any) -> Any:
        rpc = details.method.rsplit("/", 1)[1]
        if streams := {"PollTask": self._poll, "Work": self._work}.get(rpc):
            self.cluster.streams.add(rpc)
            return grpc.stream_stream_rpc_method_handler(streams)

        async def answer(request: bytes, context: Any) -> bytes:
            context.set_trailing_metadata((("konik-time", "1700000000000"),))
            message = await self._answer(rpc, request, context)
            return b"" if message is None else message.SerializeToString()

        return grpc.unary_unary_rpc_method_handler(answer)

    async def _poll(self, requests: Any, context: Any) -> Any:
        async for _ in requests:
            task = await self.cluster.engine.next_task()
            self.delivered.append(task)
            yield PollTaskResponse(result=task).SerializeToString()

    async def _work(self, requests: Any, context: Any) -> None:
        """Every poll waits by itself, so that reports are heard meanwhile."""
        waiting, numbers = set[asyncio.Task[None]](), itertools.count(1)
        try:
            async for raw in requests:
                request, answer = WorkRequest.FromString(raw), WorkResponse()
                for report, number in zip(request.reports, numbers, strict=False):
                    if "ReportTask" in self.cluster.engine.refuse:
                        answer.refused.add(number=number, code=9, message="refused on purpose")
                        continue
                    await self.cluster.engine.report(report)
                    answer.accepted.append(number)
                await context.write(answer.SerializeToString())
                waiting.update(asyncio.create_task(self._give(context)) for _ in range(request.polls))
        finally:
            for poll in waiting:
                poll.cancel()

    async def _give(self, context: Any) -> None:
        task = await self.cluster.engine.next_task()
        self.delivered.append(task)
        await context.write(WorkResponse(tasks=[task]).SerializeToString())

    async def _answer(self, rpc: str, request: bytes, context: Any) -> Message | None:
        engine = self.cluster.engine
        if rpc == "RunWf":
            await engine.run_wf(RunWfRequest.FromString(request))
        elif rpc == "ReportTask":
            await engine.report(ReportTaskRun.FromString(request))
        elif rpc == "PutExternalEvent":
            await engine.put_event(PutExternalEventRequest.FromString(request))
        elif rpc == "Status":
            return self.cluster.status(self)
        elif rpc == "RegisterTaskWorker":
            ports = [int(node.address.split(":")[1]) for node in self.cluster.nodes]
            return RegisterTaskWorkerResponse(your_hosts=[LHHostInfo(host="127.0.0.1", port=port) for port in ports])
        elif rpc == "GetWfRun":
            run = engine.runs.get(WfRunId.FromString(request).id)
            if run is None:
                await context.abort(grpc.StatusCode.NOT_FOUND, "no such run")
                raise AssertionError
            return WfRun(status=run.status)
        elif rpc.startswith("List"):
            run = engine.runs.get(ListTaskRunsRequest.FromString(request).wf_run_id.id) or Run("", 0, 0)
            return {
                "ListTaskRuns": TaskRunList(results=run.tasks),
                "ListExternalEvents": ExternalEventList(results=run.events),
                "ListNodeRuns": NodeRunList(results=run.node_runs),
            }[rpc]
        return None


class Miniature:
    """Three nodes, the first of which leads until it is killed. A killed node comes back at once."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.nodes = [Node(f"node-{number}", self) for number in (1, 2, 3)]
        self.leader = self.nodes[0]
        self.term = 1
        self.killed: list[str] = []
        self.streams: set[str] = set()
        """The kinds that workers have opened."""

    def status(self, node: Node) -> NodeStatus:
        look = next(node.looks)  # every look finds another checkpoint
        return NodeStatus(
            node=node.name,
            role=LEADER if node is self.leader else FOLLOWER,
            leader=self.leader.name,
            term=self.term,
            commit_index=5,
            applied_index=5,
            pid=os.getpid(),
            members=[Member(node=each.name, address=each.address) for each in self.nodes],
            checkpoints=look,
            log_cuts=look,
            sync_p50_ms=0.5,
        )

    async def kill_leader(self) -> None:
        victim = self.leader
        self.killed.append(victim.name)
        await victim.stop()
        self.leader = next(node for node in self.nodes if node is not victim)
        self.term += 1
        for task in victim.delivered:
            await self.engine.time_out(task)
        victim.delivered.clear()
        await victim.start()


@pytest_asyncio.fixture
async def miniature() -> AsyncIterator[Miniature]:
    made = Miniature()
    for node in made.nodes:
        await node.start()
    yield made
    for node in made.nodes:
        await node.stop()


@pytest_asyncio.fixture
async def cluster(miniature: Miniature) -> AsyncIterator[Cluster]:
    async with Client([node.address for node in miniature.nodes]) as client:
        yield Cluster(client, "ext4")
