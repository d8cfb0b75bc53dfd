"""What a benchmark's workflows are, and calls that cost as little as Python allows.

Callers share the machine with the servers, so there is no policy here: a call is made once, with ready bytes, and fails
as it fails.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import grpc
import grpc.aio

from konik.api.pb.enums_pb2 import TaskStatus, VariableType
from konik.api.pb.expressions_pb2 import VariableDef
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.task_requests_pb2 import ReportTaskRun, ScheduledTask
from konik.api.pb.values_pb2 import ReturnType, TypeDefinition, VariableValue
from konik.sdk.client import CHANNEL_OPTIONS, SERVICE, Client
from konik.sdk.workflow import ThreadBuilder, Workflow

TASK = "bench-step"
WORKFLOW = "bench-ten-steps"
STEPS = 10

CALL_MAX_S = 30.0


class Wire:
    """Channels to nodes, and the RPCs on them as functions from bytes to bytes."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._unary: dict[tuple[str, str], Any] = {}

    def _channel(self, address: str) -> grpc.aio.Channel:
        if address not in self._channels:
            self._channels[address] = grpc.aio.insecure_channel(address, CHANNEL_OPTIONS)
        return self._channels[address]

    async def call(self, address: str, rpc: str, request: bytes, timeout_s: float = CALL_MAX_S) -> bytes:
        """One attempt of one call. Raises AioRpcError."""
        method = self._unary.get((address, rpc))
        if method is None:
            method = self._unary[address, rpc] = self._channel(address).unary_unary(SERVICE + rpc, None, None)
        answer: bytes = await method(request, timeout=timeout_s)
        return answer

    def stream(self, address: str, path: str) -> Any:
        """Opens a stream of messages as bytes."""
        return self._channel(address).stream_stream(path, None, None)(None)

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close(None)


def ten_steps(wf: ThreadBuilder) -> None:
    """Ten tasks one after the other; each takes the number and gives the next one. Runs can be found by their key."""
    wf.declare_str("key").searchable().required()
    number = wf.declare_int("number", 0)
    for _ in range(STEPS):
        number.assign(wf.execute(TASK, number))


async def define(client: Client, *workflows: Workflow) -> None:
    """Registers the task and the workflows."""
    number = TypeDefinition(primitive_type=VariableType.INT)
    await client.put_task_def(
        PutTaskDefRequest(
            name=TASK,
            input_vars=[VariableDef(name="number", type_def=number)],
            return_type=ReturnType(return_type=number),
        )
    )
    for workflow in workflows:
        await workflow.register(client)


def run_request(workflow: str, id: str, key: str) -> bytes:
    """A RunWf of a run with an id of the caller's own."""
    variables = {"key": VariableValue(str=key)}
    return RunWfRequest(wf_spec_name=workflow, id=id, variables=variables).SerializeToString()


def success(task: ScheduledTask, output: int) -> ReportTaskRun:
    """The report that an attempt succeeded."""
    report = ReportTaskRun(
        task_run_id=task.task_run_id, attempt_number=task.attempt_number, status=TaskStatus.TASK_SUCCESS
    )
    report.time.GetCurrentTime()
    report.output.int = output
    return report


def run_of(task: ScheduledTask) -> str:
    return task.task_run_id.wf_run_id.id


class Background:
    """Tasks that run on by themselves; the first that fails fails the benchmark."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failed.done():
            self._failed.set_exception(error)

    async def until(self, work: Coroutine[Any, Any, None]) -> None:
        """Waits for `work`, or raises what a task in the background has failed with."""
        waiting = asyncio.create_task(work)
        await asyncio.wait([waiting, self._failed], return_when=asyncio.FIRST_COMPLETED)
        if self._failed.done():
            waiting.cancel()
            self._failed.result()
        waiting.result()

    async def settle(self) -> None:
        """Waits until nothing runs any more."""
        while self._running:
            await self.until(_ended(set(self._running)))

    async def cancel(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._failed.done():
            self._failed.exception()


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)
