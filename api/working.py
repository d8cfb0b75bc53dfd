"""Work: Konik's own stream of a task worker. A message carries many at once: reports of attempts and polls one way,
tasks and what became of the reports the other. gRPC's cost is by the message and the call, not by what is in them.
"""

from collections.abc import AsyncIterator
from functools import partial
from time import perf_counter
from typing import Final

from google.protobuf.message import DecodeError

from konik.api.answers import Context, abort, observed
from konik.api.auth.callers import Caller, caller
from konik.api.metrics import CALLS
from konik.api.pb.task_requests_pb2 import PollTaskRequest, ReportTaskRun
from konik.api.pb.worker_pb2 import DESCRIPTOR, WorkRequest, WorkResponse
from konik.api.streams import REQUESTS_PER_STREAM_MAX, WorkerStream
from konik.api.unary import admit
from konik.cluster.serving import Call, Serving
from konik.statemachine.commands.workers import check_poll
from konik.statemachine.entry import Result
from konik.statemachine.rejection import Code, invalid
from konik.statemachine.tasks.delivery import Delivery

METHOD: Final = "Work"
PATH: Final = f"/{DESCRIPTOR.services_by_name['Worker'].full_name}/{METHOD}"

POLL, REPORT = "PollTask", "ReportTask"
"""The calls that a stream stands for: who may do both may work."""

RESPONSE_BYTES_MAX: Final = 1 << 20
"""A message takes no further task once it has as many."""


class Working:
    """Serves the streams of one node."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """From the opening of the stream to its end."""
        result = await observed(METHOD, self._admitted(requests, context))
        if result.code is not Code.OK:
            await abort(context, result)

    async def _admitted(self, requests: AsyncIterator[bytes], context: Context) -> Result:
        by = caller(context.invocation_metadata() or ())
        for method in (POLL, REPORT):
            refusal = await admit(self._serving, method, by.tenant, by.principal)
            if refusal is not None:
                return refusal
        await context.send_initial_metadata(())  # which is how the worker knows that it has been let in
        return await _Work(self._serving, by, context).hold(requests)


class _Work(WorkerStream):
    def __init__(self, serving: Serving, by: Caller, context: Context) -> None:
        super().__init__(serving, by, context)
        self._serving = serving
        self._call = Call(REPORT, by.tenant, by.principal)
        self._worker: PollTaskRequest | None = None
        self._reports = self._answered = 0
        self._wanted = 0
        """Polls that exceed what a stream may ask for at once."""
        self._outcomes = WorkResponse()

    @property
    def owed(self) -> int:
        return self._reports - self._answered

    @property
    def is_settled(self) -> bool:
        return not self.owed

    def take_in(self, raw: bytes) -> None:
        request = WorkRequest()
        try:
            request.ParseFromString(raw)
        except DecodeError:
            raise invalid(f"a request of {METHOD} cannot be read as WorkRequest") from None
        request.DiscardUnknownFields()
        if len(request.reports) > REQUESTS_PER_STREAM_MAX:
            raise invalid(f"a message has {len(request.reports)} reports; {REQUESTS_PER_STREAM_MAX} at most")
        if request.HasField("worker"):
            if self._worker is not None:
                raise invalid("`worker` stands in the first message of a stream and in no other")
            check_poll(request.worker)
            self._worker = request.worker
        if self._worker is None:
            raise invalid("the first message of a stream must say in `worker` who asks for tasks, and for which")
        for report in request.reports:
            self._report(report)
        self._wanted += request.polls
        self._ask(self._worker)

    def _ask(self, worker: PollTaskRequest) -> None:
        while self._wanted and self.polls.outstanding < REQUESTS_PER_STREAM_MAX:
            self._wanted -= 1
            self.polls.ask(worker)

    def _report(self, report: ReportTaskRun) -> None:
        self._reports += 1
        done = partial(self._answer, self._reports, perf_counter())
        self._serving.submit(self._call, report.SerializeToString(deterministic=True), done)

    def _answer(self, number: int, began: float, result: Result) -> None:
        CALLS.observe(REPORT, result.code.name, perf_counter() - began)
        self._answered += 1
        if result.code is Code.OK:
            self._outcomes.accepted.append(number)
        else:
            self._outcomes.refused.add(number=number, code=int(result.code), message=result.message)
        self.stirred.set()

    async def write_all(self) -> None:
        while True:
            message, deliveries = self._gathered()
            if not message:
                return
            await self.write(message, deliveries)
            if self._wanted and self._worker is not None:
                self._ask(self._worker)

    def _gathered(self) -> tuple[bytes, list[Delivery]]:
        """What has come, as far as one message takes it, and the tasks in it."""
        message, deliveries = bytearray(self._outcomes.SerializeToString()), list[Delivery]()
        self._outcomes.Clear()
        while len(message) < RESPONSE_BYTES_MAX and (delivery := self.polls.take()) is not None:
            deliveries.append(delivery)
            message += delivery.response()  # a PollTaskResponse reads as a WorkResponse with one task
        return bytes(message), deliveries
