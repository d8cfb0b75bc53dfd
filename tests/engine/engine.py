"""A state machine with a clock and a worker in one's hand, for tests of the engine."""

import bisect
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from konik.api.pb.enums_pb2 import TASK_FAILED, TASK_SUCCESS
from konik.api.pb.internal_pb2 import OfferTickets
from konik.api.pb.task_requests_pb2 import PollTaskResponse, ReportTaskRun, ScheduledTask
from konik.statemachine import term
from konik.statemachine.entry import ClientId, Command, CommandId, Entry, Result
from konik.statemachine.machine import Machine
from konik.statemachine.rejection import Code
from konik.statemachine.tasks.delivery import Delivery
from konik.statemachine.version import KNOWN, THIS, Release

NODE, NONCE = "node-1", b"n" * 16


class MemoryView:
    """An ordered map in memory."""

    def __init__(self) -> None:
        self.pairs: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        return self.pairs.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        if key not in self.pairs:
            bisect.insort(self._keys, key)
        self.pairs[key] = value

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.delete(key)
            else:
                self.put(key, value)

    def delete(self, key: bytes) -> None:
        if self.pairs.pop(key, None) is not None:
            del self._keys[bisect.bisect_left(self._keys, key)]

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        low, high = bisect.bisect_left(self._keys, start), bisect.bisect_left(self._keys, stop)
        yield from [(key, self.pairs[key]) for key in self._keys[low:high]]

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        return next(self.scan(start, stop), None)


class Refused(Exception):
    def __init__(self, result: Result) -> None:
        super().__init__(result.code.name, result.message)
        self.code, self.message = result.code, result.message


class Engine:
    """Each call is an entry of its own. Time stands still unless `wait` is called."""

    def __init__(self, release: Release = THIS) -> None:
        self.view = MemoryView()
        self.unexpected: list[Exception] = []
        self.machine = Machine(self.view, lambda _, error: self.unexpected.append(error), release=release)
        self.index = 0
        self.now_ms = 1_000_000
        self.number = 0
        self.tickets = 0
        self.deliveries: list[Delivery] = []
        self.begin_term(1)

    def begin_term(self, raft_term: int) -> None:
        self.index += 1
        self.machine.begin_term(raft_term)

    def apply(self, *commands: Command, floors: tuple[CommandId, ...] = ()) -> list[Result]:
        self.index += 1
        results = []
        for step in self.machine.apply(self.index, Entry(KNOWN, self.now_ms, floors, commands)):
            self.deliveries += step.deliveries
            if step.result is not None:
                results.append(step.result)
        return results

    def command(self, method: str, request: Message, client_id: ClientId | None = None, **at: Any) -> Command:
        self.number += 1
        id = CommandId(at.get("node", NODE), at.get("nonce", NONCE), at.get("number", self.number))
        return Command(
            method,
            at.get("tenant", "default"),
            "anonymous",
            id,
            client_id,
            request.SerializeToString(deterministic=True),
        )

    def answer(self, method: str, request: Message, client_id: ClientId | None = None, **at: Any) -> Result:
        """The result of a command that is alone in its entry; `at` may say node, nonce, number and tenant."""
        (result,) = self.apply(self.command(method, request, client_id, **at))
        return result

    def call(self, method: str, request: Message, response: type[Message] | None = None) -> Any:
        (result,) = self.apply(self.command(method, request))
        if self.unexpected:
            raise self.unexpected.pop()
        if result.code is not Code.OK:
            raise Refused(result)
        return response.FromString(result.body) if response else None

    def get(self, method: str, id: Message, response: type[Message]) -> Any:
        result = self.machine.query(method, "default", "anonymous", id.SerializeToString())
        if result.code is not Code.OK:
            raise Refused(result)
        return response.FromString(result.body)

    def wait(self, seconds: float) -> None:
        """Time goes on; timers that are due fire."""
        self.now_ms += int(seconds * 1000)
        self.apply()
        if self.unexpected:
            raise self.unexpected.pop()

    def poll(self, task_def: str, worker: str = "worker", stream: int = 1) -> ScheduledTask | None:
        """A worker asks for a task: what it is given at once, or None."""
        before = len(self.deliveries)
        self.offer(task_def, worker=worker, stream=stream)
        return self.delivered(before)

    def offer(self, *task_defs: str, raft_term: int | None = None, **more: Any) -> None:
        """A node hands in tickets, one for each name; `more` may say node, nonce, worker, stream and version."""
        offer = OfferTickets(node=more.get("node", NODE), nonce=more.get("nonce", NONCE))
        offer.term = term.current(self.view) if raft_term is None else raft_term
        for task_def in task_defs:
            self.tickets += 1
            offer.tickets.add(
                tenant="default",
                task_def=task_def,
                worker_id=more.get("worker", "worker"),
                worker_version=more.get("version"),
                stream=more.get("stream", 1),
                number=self.tickets,
            )
        self.call("konik.OfferTickets", offer)

    def delivered(self, since: int) -> ScheduledTask | None:
        new = self.deliveries[since:]
        return PollTaskResponse.FromString(new[0].response()).result if new else None

    def report(self, task: ScheduledTask, **result: Any) -> None:
        report = ReportTaskRun(task_run_id=task.task_run_id, attempt_number=task.attempt_number, status=TASK_SUCCESS)
        for field, value in result.items():
            if isinstance(value, Message):
                getattr(report, field).CopyFrom(value)
            else:
                setattr(report, field, value)
        self.call("ReportTask", report)

    def refusal(self, method: str, request: Message) -> "Refused":
        """What the command is refused with; it is an error if it is not."""
        try:
            self.call(method, request)
        except Refused as refused:
            return refused
        raise AssertionError(f"{method} was accepted")

    def fail(self, task: ScheduledTask) -> None:
        self.report(task, status=TASK_FAILED)
