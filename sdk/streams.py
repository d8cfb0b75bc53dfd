"""One Work stream: asks one node for tasks of one kind and reports there, for as long as that node exists.

What gathers while a message is being written leaves with the next one, so that a busy worker sends few messages. A
stream that breaks is opened again, at first within milliseconds. Closing is a half-close: what the node has handed out
still arrives, and what was reported is still answered.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from konik.api.pb.task_requests_pb2 import PollTaskRequest, ReportTaskRun, ScheduledTask
from konik.api.pb.worker_pb2 import DESCRIPTOR, WorkRequest, WorkResponse
from konik.sdk.client import Client
from konik.sdk.failover import backoffs

log = logging.getLogger(__name__)

WORK = f"/{DESCRIPTOR.services_by_name['Worker'].full_name}/Work"

# What one message takes of reports. A larger report is no matter for a stream that others wait for.
REPORTS_BYTES_MAX = 1 << 20
REPORTS_MAX = 500

# How long a node may take to end a stream that was half-closed, before it is cut.
HALF_CLOSE_MAX_S = 2.0


class WorkStream:
    """Asks `address` for as many tasks as `poll` is called, and passes each to `handle`.

    `changed` is called whenever the stream opens or breaks; a stream that breaks has no polls any more.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        worker: PollTaskRequest,
        handle: "Callable[[ScheduledTask, WorkStream], None]",
        changed: Callable[[], None],
    ) -> None:
        self.address = address
        self.is_open = self.is_broken = False
        self.polls = self.polls_ever = 0
        """How many tasks the node has been asked for and has not given, and how many in all."""
        self.attempts = 0
        """Those at work that came from here; the owner counts them."""
        self._client, self._worker, self._handle, self._changed = client, worker, handle, changed
        self._closing = False
        self._stirred = asyncio.Event()
        self._asked = 0
        self._unsent: deque[tuple[ReportTaskRun, asyncio.Future[bool]]] = deque()
        self._sent: dict[int, asyncio.Future[bool]] = {}
        self._waits = backoffs(client.chance)
        self._task = asyncio.create_task(self._run(), name=f"work on {worker.task_def_id.name} at {address}")

    @property
    def load(self) -> int:
        """Slots of the worker that are in use here."""
        return self.polls + self.attempts

    def poll(self) -> None:
        """Asks for one more task; only while the stream is open."""
        assert self.is_open, "a stream was asked for a task before it was open"
        self.polls += 1
        self.polls_ever += 1
        self._asked += 1
        self._stirred.set()

    async def report(self, report: ReportTaskRun) -> bool:
        """Hands in a report. False: it is not known to be stored, and is to be reported in another way."""
        if not self.is_open or self._closing or report.ByteSize() > REPORTS_BYTES_MAX:
            return False
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._unsent.append((report, stored))
        self._stirred.set()
        return await stored

    async def close(self) -> None:
        """Withdraws the polls; returns when the node has ended the stream, or after HALF_CLOSE_MAX_S."""
        self._closing = True
        self._stirred.set()
        if not self.is_open:
            self.cancel()
        await asyncio.wait([self._task], timeout=HALF_CLOSE_MAX_S)
        self.cancel()

    def cancel(self) -> None:
        """Cuts the stream."""
        self._task.cancel()

    async def _run(self) -> None:
        while not self._closing:
            try:
                await self._session()
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
                log.info(
                    "work stream to %s for %s broke: %s", self.address, self._worker.task_def_id.name, _reason(error)
                )
            if not self._closing:
                await self._client.clock.sleep(next(self._waits))

    async def _session(self) -> None:
        """From opening the stream to its end."""
        method: Any = self._client.channel(self.address).stream_stream(
            WORK, WorkRequest.SerializeToString, WorkResponse.FromString
        )
        call = method(metadata=self._client.metadata)
        writing: asyncio.Task[None] | None = None
        try:
            await call.initial_metadata()  # the node has let the worker in
            if not call.done():
                self.is_open, self.is_broken = True, False
                writing = asyncio.create_task(self._write(call))
                self._changed()
            while isinstance(answer := await call.read(), WorkResponse):  # else the mark for the end of the stream
                self._waits = backoffs(self._client.chance)
                self._hear(answer)
        finally:
            if writing is not None:
                writing.cancel()
            call.cancel()
            self._break()

    def _break(self) -> None:
        self.is_open, self.is_broken = False, True
        self.polls = self._asked = 0
        self._stirred.clear()
        unanswered = [*self._sent.values(), *(stored for _, stored in self._unsent)]
        self._sent.clear()
        self._unsent.clear()
        for stored in unanswered:
            _settle(stored, False)
        self._changed()

    async def _write(self, call: Any) -> None:
        """Writes what has gathered, again and again, until the stream is to be closed or breaks."""
        number, request = 0, WorkRequest(worker=self._worker)
        try:
            while True:
                request.polls, self._asked, size = self._asked, 0, 0
                while self._unsent and len(request.reports) < REPORTS_MAX and size < REPORTS_BYTES_MAX:
                    report, stored = self._unsent.popleft()
                    request.reports.append(report)
                    size += report.ByteSize()
                    number += 1
                    self._sent[number] = stored
                if request.ByteSize():
                    await call.write(request)
                    request = WorkRequest()
                elif self._closing:
                    await call.done_writing()
                    return
                else:
                    self._stirred.clear()
                    await self._stirred.wait()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # whoever reads hears of it, too

    def _hear(self, answer: WorkResponse) -> None:
        for number in answer.accepted:
            _settle(self._sent.pop(number), True)
        for refused in answer.refused:
            log.info("report refused at %s: %s", self.address, refused.message)
            _settle(self._sent.pop(refused.number), False)
        for task in answer.tasks:
            self.polls -= 1
            self._handle(task, self)


def _settle(stored: asyncio.Future[bool], outcome: bool) -> None:
    if not stored.done():  # else its attempt was cancelled
        stored.set_result(outcome)


def _reason(error: Exception) -> str:
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name}: {error.details()}"
    return str(error)
