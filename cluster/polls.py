"""The worker streams of one node: their tickets, the tasks that come for them, and what became of each delivery.

A stream stays where it is when the leader changes. What its worker asks for is a ticket, handed to the machine as a
command; the task comes out of the pump when the entry is applied that assigns it. Until a task is written to the
stream it can be given back; once it is written that is said with the next batch, and from then on only the worker
knows.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from google.protobuf.message import Message

from konik.api.pb.internal_pb2 import OfferTickets, ReturnAttempts, Ticket, WithdrawTickets
from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.cluster.clock import Clock, Scheduler
from konik.statemachine.entry import Process, Result
from konik.statemachine.tasks.delivery import Delivery

OFFER_DELAY_SECONDS = 0.005
"""How long a ticket waits at most for other commands to travel with."""

ITEMS_PER_COMMAND_MAX = 500
"""Tickets, or attempts: so that no single step of applying takes long."""

BYTES_PER_COMMAND_MAX = 1 << 20
"""Of tickets, or of attempts, whose ids may be long: so that no command is too large for a frame."""

T = TypeVar("T")

Submit = Callable[[str, bytes, Callable[[Result], None] | None], object]


class PollStream:
    """One stream of one worker. `ready` is called when something has come to be taken, or the stream is to end."""

    def __init__(self, polls: "Polls", id: int, tenant: str, ready: Callable[[], None]) -> None:
        self._polls, self.id, self.tenant, self._ready = polls, id, tenant, ready
        self._numbers = 0
        self.open: dict[int, Ticket] = {}
        self._arrived: deque[Delivery] = deque()
        self.ended = False

    @property
    def outstanding(self) -> int:
        """Requests that have no answer yet, those that are waiting to be taken included."""
        return len(self.open) + len(self._arrived)

    def ask(self, request: PollTaskRequest) -> None:
        """The worker wants one more task."""
        self._numbers += 1
        ticket = Ticket(
            tenant=self.tenant,
            task_def=request.task_def_id.name,
            worker_id=request.client_id,
            stream=self.id,
            number=self._numbers,
        )
        if request.HasField("task_worker_version"):
            ticket.worker_version = request.task_worker_version
        self.open[self._numbers] = ticket
        self._polls.offer(ticket)

    def take(self) -> Delivery | None:
        """The next task to be written to the stream, if one has come."""
        return self._arrived.popleft() if self._arrived else None

    def written(self, delivery: Delivery) -> None:
        """The task was handed to the transport: the worker has it, or knows that it may."""
        self._polls.delivered(delivery)

    def give_back(self, delivery: Delivery) -> None:
        """The task was taken and could not be written."""
        self._polls.give_back([delivery])

    def close(self) -> None:
        """The stream has ended: its tickets are void, and tasks that were not written go to others."""
        self._polls.closed(self)
        self.open.clear()
        self._polls.give_back(list(self._arrived))
        self._arrived.clear()

    def end(self) -> None:
        """The node stops: the stream is to be ended by the one who holds it."""
        self.ended = True
        self._ready()

    def arrive(self, delivery: Delivery) -> bool:
        if self.open.pop(delivery.number, None) is None:
            return False
        self._arrived.append(delivery)
        self._ready()
        return True


class Polls:
    """All streams of one node."""

    def __init__(
        self,
        process: Process,
        clock: Clock,
        scheduler: Scheduler,
        term: Callable[[], int],
        submit: Submit,
    ) -> None:
        """`term` is that of the state. `submit(method, request, done)` takes a command of this node's own."""
        self._node, self._nonce = process
        self._clock, self._scheduler = clock, scheduler
        self._term, self._submit = term, submit
        self._ids = 0
        self._streams: dict[int, PollStream] = {}
        self._new: list[Ticket] = []
        self._written: list[Delivery] = []
        self._unsettled: set[bytes] = set()
        """The attempts that were assigned to this process, until the state knows what has become of them."""
        self._withdrawals = 0
        """Of all tickets, on their way: until they are applied none is handed in."""
        self._timer_set = False
        self._stopping = False

    @property
    def waiting(self) -> int:
        """Requests of workers that have no task yet."""
        return sum(len(stream.open) for stream in self._streams.values())

    @property
    def streams(self) -> int:
        return len(self._streams)

    @property
    def unsettled(self) -> int:
        """Tasks that came here and of which the state does not know yet what has become."""
        return len(self._unsettled)

    def open(self, tenant: str, ready: Callable[[], None]) -> PollStream:
        """A worker has opened a stream. `ready` is called whenever `take` may have something, or `ended` is set."""
        self._ids += 1
        stream = self._streams[self._ids] = PollStream(self, self._ids, tenant, ready)
        if self._stopping:
            stream.end()
        return stream

    def stop(self) -> None:
        """Every stream is to end, with an error, so that its worker goes to another node."""
        self._stopping = True
        for stream in list(self._streams.values()):
            stream.end()

    def term_began(self) -> None:
        """The entry is applied with which a leader began: all tickets are void, those that still wait are new ones."""
        self._new = [ticket for stream in self._streams.values() for ticket in stream.open.values()]
        if self._new:
            self._offer_soon(0.0)

    def lost(self) -> None:
        """An entry is applied that calls this node out of reach: its tickets are void, or may be.

        Some may be there, others on their way, and what is there may be served meanwhile. So all are withdrawn first,
        and those that wait when that has happened are handed in again.
        """
        self._withdrawals += 1
        self._withdraw(0, self._withdrawn)

    def _withdrawn(self, _: Result) -> None:
        self._withdrawals -= 1
        self.term_began()

    def installed(self, undelivered: list[Delivery]) -> None:
        """The state was replaced: `undelivered` is what it assigns to this process, some of which may be known here.

        What was skipped may have made tickets void.
        """
        for delivery in undelivered:
            if _name(delivery) not in self._unsettled:
                self.deliver(delivery)
        self.lost()

    def deliver(self, delivery: Delivery) -> None:
        """The machine has assigned a task; if it is for this process it goes to its stream, or back."""
        if delivery.node != self._node or delivery.nonce != self._nonce:
            return
        self._unsettled.add(_name(delivery))
        stream = self._streams.get(delivery.stream)
        if stream is None or not stream.arrive(delivery):
            self.give_back([delivery])

    def offer(self, ticket: Ticket) -> None:
        self._new.append(ticket)
        self._offer_soon(OFFER_DELAY_SECONDS)

    def delivered(self, delivery: Delivery) -> None:
        self._written.append(delivery)
        self._offer_soon(OFFER_DELAY_SECONDS)

    def give_back(self, deliveries: list[Delivery]) -> None:
        while deliveries:
            request = ReturnAttempts(node=self._node, nonce=self._nonce)
            left = _fill(request.attempts, deliveries, _attempt)
            given = deliveries[: len(request.attempts)]
            self._submit("konik.ReturnAttempts", request.SerializeToString(), partial(self._settle, given))
            deliveries = left

    def closed(self, stream: PollStream) -> None:
        self._streams.pop(stream.id, None)
        self._new = [ticket for ticket in self._new if ticket.stream != stream.id]
        if stream.open:
            self._withdraw(stream.id)

    def collect(self) -> None:
        """Submits what has gathered; called before each batch, so that it rides along, or when it has waited enough."""
        while self._written or (self._new and not self._withdrawals):
            request = OfferTickets(node=self._node, nonce=self._nonce, term=self._term())
            if not self._withdrawals:
                self._new = _fill(request.tickets, self._new, lambda ticket: ticket)
            waiting, self._written = self._written, _fill(request.delivered, self._written, _attempt)
            written = waiting[: len(request.delivered)]
            self._submit("konik.OfferTickets", request.SerializeToString(), partial(self._settle, written))

    def _withdraw(self, stream: int, done: Callable[[Result], None] | None = None) -> None:
        request = WithdrawTickets(node=self._node, nonce=self._nonce, stream=stream)
        self._submit("konik.WithdrawTickets", request.SerializeToString(), done)

    def _settle(self, deliveries: list[Delivery], _: Result) -> None:
        self._unsettled.difference_update(map(_name, deliveries))

    def _offer_soon(self, delay: float) -> None:
        if not self._timer_set:
            self._timer_set = True
            self._scheduler.call_at(self._clock.monotonic() + delay, self._offer_now)

    def _offer_now(self) -> None:
        self._timer_set = False
        self.collect()


def _fill(field: Any, items: list[T], message: Callable[[T], Message]) -> list[T]:
    """Adds to the repeated field what of `items` fits into one command, from the front; returns the rest."""
    size = 0
    for count, item in enumerate(items[:ITEMS_PER_COMMAND_MAX]):
        part = message(item)
        size += part.ByteSize()
        if count > 0 and size > BYTES_PER_COMMAND_MAX:
            return items[count:]
        field.append(part)
    return items[ITEMS_PER_COMMAND_MAX:]


def _attempt(delivery: Delivery) -> Message:
    return delivery.attempt


def _name(delivery: Delivery) -> bytes:
    name: bytes = delivery.attempt.SerializeToString()
    return name
