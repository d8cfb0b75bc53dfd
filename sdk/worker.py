"""A worker: asks every node for tasks, runs them, reports each where it came from.

Per task there is a heartbeat that learns the nodes, a stream to each of them, and the attempts at work. They share
nothing but the slots: a heartbeat that fails stops no stream, and a node that dies takes only its own stream along.
"""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import Any

from konik.api.pb.ids_pb2 import TaskDefId
from konik.api.pb.task_requests_pb2 import PollTaskRequest, RegisterTaskWorkerRequest, ScheduledTask
from konik.sdk.client import Client
from konik.sdk.errors import KonikError
from konik.sdk.ids import task_run_id_text
from konik.sdk.streams import WorkStream
from konik.sdk.tasks import Task

log = logging.getLogger(__name__)

HEARTBEAT_S = 60.0
HEARTBEAT_AFTER_FAILURE_S = 5.0

# A report is worth repeating for as long as the attempt may be alive; the cluster ignores one that comes too late.
REPORT_TIMEOUT_S = 120.0


class Worker:
    """Runs tasks for a cluster until it is stopped.

    At most `concurrency` attempts of each task are at work or asked for at any moment. `grace_s` is how long
    running attempts may go on after `stop`; what is not finished then is cancelled, and its timeout applies.
    """

    def __init__(
        self,
        client: Client,
        tasks: Sequence[Task[..., Any]],
        *,
        worker_id: str | None = None,
        version: str | None = None,
        concurrency: int = 8,
        grace_s: float = 20.0,
    ) -> None:
        self._client = client
        self._grace_s = grace_s
        self._threads = ThreadPoolExecutor(concurrency * len(tasks), thread_name_prefix="konik-task")
        self._stopping = asyncio.Event()
        identity = worker_id or f"worker-{secrets.token_hex(16)}"
        self._lanes = [
            _Lane(
                client,
                task,
                PollTaskRequest(task_def_id=TaskDefId(name=task.name), client_id=identity, task_worker_version=version),
                concurrency,
                self._threads,
            )
            for task in tasks
        ]

    async def register(self) -> None:
        """Registers the TaskDefs. `run` does it too; call it first to register a workflow in between."""
        for lane in self._lanes:
            await self._client.put_task_def(lane.task.definition())

    async def run(self) -> None:
        """Registers, then polls and works until `stop` is called, then drains. Raises if registering fails."""
        await self.register()
        heartbeats = [asyncio.create_task(lane.heartbeats()) for lane in self._lanes]
        try:
            await self._stopping.wait()
            await asyncio.gather(*(lane.drain(self._grace_s) for lane in self._lanes))
        finally:
            for heartbeat in heartbeats:
                heartbeat.cancel()
            for lane in self._lanes:
                lane.cut()
            await asyncio.gather(*heartbeats, return_exceptions=True)
            self._threads.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """Ends `run`: no more polls; what runs is finished and reported within the grace period."""
        self._stopping.set()

    def polled(self) -> dict[str, list[str]]:
        """For each task the nodes that a poll waits at now: with none, no work can come."""
        return {lane.task.name: lane.polled() for lane in self._lanes}


class _Lane:
    """One task of a worker: its streams, and the attempts that they brought."""

    def __init__(
        self,
        client: Client,
        task: Task[..., Any],
        poll: PollTaskRequest,
        concurrency: int,
        threads: ThreadPoolExecutor,
    ) -> None:
        self._client = client
        self.task = task
        self._poll = poll
        self._threads = threads
        self._concurrency = concurrency
        self._working = 0
        self._draining = False
        self._streams: dict[str, WorkStream] = {}
        self._attempts: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def polled(self) -> list[str]:
        return [stream.address for stream in self._streams.values() if stream.polls]

    def _share_slots(self) -> None:
        """Has each free slot ask for a task where fewest are in use; of equals, where fewest ever asked.

        A stream gets no more than its share of the slots, so that the first one to open does not take all; one that is
        broken has no share.
        """
        if self._draining:
            return
        unbroken = [stream for stream in self._streams.values() if not stream.is_broken]
        most = ceil(self._concurrency / max(1, len(unbroken)))
        ready = [stream for stream in unbroken if stream.is_open and stream.load < most]
        for _ in range(self._free()):
            if not ready:
                return
            stream = min(ready, key=lambda stream: (stream.load, stream.polls_ever))
            stream.poll()
            if stream.load == most:
                ready.remove(stream)

    def _free(self) -> int:
        """Slots that neither work nor wait for work. Reports that nobody takes keep them, once they are many."""
        polls = sum(stream.polls for stream in self._streams.values())
        reporting = len(self._attempts) - self._working
        return self._concurrency - polls - self._working - max(0, reporting - self._concurrency)

    async def heartbeats(self) -> None:
        """Tells the cluster that the worker lives, and follows the nodes that it names."""
        request = RegisterTaskWorkerRequest(
            task_worker_id=self._poll.client_id, task_def_id=TaskDefId(name=self.task.name)
        )
        while True:
            try:
                answer = await self._client.register_task_worker(request)
            except KonikError as error:
                log.warning("heartbeat failed, polling goes on: %s", error)
                await self._client.clock.sleep(HEARTBEAT_AFTER_FAILURE_S)
                continue
            self._follow([f"{host.host}:{host.port}" for host in answer.your_hosts])
            await self._client.clock.sleep(HEARTBEAT_S)

    def _follow(self, addresses: list[str]) -> None:
        self._client.servers.add(addresses)
        for gone in self._streams.keys() - set(addresses):
            self._close(self._streams.pop(gone))
        for address in addresses:
            if address not in self._streams:
                stream = WorkStream(self._client, address, self._poll, self._start, self._share_slots)
                self._streams[address] = stream

    def _close(self, stream: WorkStream) -> None:
        closing = asyncio.create_task(stream.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _start(self, scheduled: ScheduledTask, stream: WorkStream) -> None:
        self._working += 1
        stream.attempts += 1
        attempt = asyncio.create_task(self._attempt(scheduled, stream))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._ended)

    def _ended(self, attempt: asyncio.Task[None]) -> None:
        self._attempts.discard(attempt)
        self._share_slots()

    async def _attempt(self, scheduled: ScheduledTask, stream: WorkStream) -> None:
        """Runs one attempt and reports it. Its slot is free as soon as it has run: poll and report leave together."""
        try:
            report = await self.task.run(scheduled, self._threads)
        finally:
            self._working -= 1
            stream.attempts -= 1
            self._share_slots()
        if await stream.report(report):
            return
        try:
            await self._client.report_task(report, first=stream.address, timeout_s=REPORT_TIMEOUT_S)
        except KonikError as error:
            log.error("report of %s is lost, its timeout applies: %s", task_run_id_text(scheduled.task_run_id), error)

    async def drain(self, grace_s: float) -> None:
        """Withdraws the polls, then waits for the attempts at work, for at most `grace_s` seconds in all."""
        self._draining = True
        try:
            async with asyncio.timeout(grace_s):
                await asyncio.gather(*(stream.close() for stream in self._streams.values()))
                while self._attempts:
                    await asyncio.wait(self._attempts)
        except TimeoutError:
            log.warning("%d attempts of %s outlast the grace period", len(self._attempts), self.task.name)

    def cut(self) -> None:
        """Ends everything at once."""
        self._draining = True
        for stream in self._streams.values():
            stream.cancel()
        for attempt in self._attempts:
            attempt.cancel()
