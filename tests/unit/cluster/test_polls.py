"""Workers' streams: tickets, deliveries, giving back, and what happens at a new term."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hand_clock import HandClock

from konik.api.pb.internal_pb2 import AttemptRef, OfferTickets, ReturnAttempts, WithdrawTickets
from konik.api.pb.task_requests_pb2 import PollTaskRequest, PollTaskResponse
from konik.api.pb.task_run_pb2 import TaskRun
from konik.cluster.polls import BYTES_PER_COMMAND_MAX, ITEMS_PER_COMMAND_MAX, OFFER_DELAY_SECONDS, Polls, PollStream
from konik.statemachine.entry import Process, Result, ok
from konik.statemachine.tasks.delivery import Delivery

NONCE = b"n" * 16


class World:
    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.submitted: list[Any] = []
        self.answers: list[Callable[[], None]] = []
        self.term = 1
        self.polls = Polls(Process("a", NONCE), clock, clock, lambda: self.term, self.submit)

    def submit(self, method: str, request: bytes, done: Callable[[Result], None] | None) -> None:
        kinds = {
            "konik.OfferTickets": OfferTickets,
            "konik.WithdrawTickets": WithdrawTickets,
            "konik.ReturnAttempts": ReturnAttempts,
        }
        self.submitted.append(kinds[method].FromString(request))
        if done is not None:
            self.answers.append(partial(done, ok()))

    def stream(self, asks: int = 1) -> PollStream:
        stream = self.polls.open("default", lambda: None)
        for _ in range(asks):
            request = PollTaskRequest(client_id="w", task_worker_version="v")
            request.task_def_id.name = "greet"
            stream.ask(request)
        return stream

    def settle(self) -> None:
        self.clock.advance(OFFER_DELAY_SECONDS)

    def apply(self) -> None:
        """What was submitted is applied."""
        self.settle()
        while self.answers:
            self.answers.pop(0)()

    def offers(self) -> list[OfferTickets]:
        return [offer for offer in self.submitted if isinstance(offer, OfferTickets)]


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock)


def delivery(stream: int, number: int = 1, guid: str = "0-1", nonce: bytes = NONCE) -> Delivery:
    task_run = TaskRun()
    task_run.id.task_guid = guid
    task_run.attempts.add()
    return Delivery("a", nonce, stream, number, AttemptRef(tenant="default", task_run_id=task_run.id), task_run)


def guid_of(delivery: Delivery) -> str:
    return PollTaskResponse.FromString(delivery.response()).result.task_run_id.task_guid


def test_requests_of_one_moment_travel_together_within_five_milliseconds(world: World) -> None:
    world.stream(2)
    world.stream(1)
    world.clock.advance(OFFER_DELAY_SECONDS / 2)
    assert world.offers() == []
    world.settle()
    (offer,) = world.offers()
    assert [(t.stream, t.number, t.task_def, t.worker_id, t.worker_version) for t in offer.tickets] == [
        (1, 1, "greet", "w", "v"),
        (1, 2, "greet", "w", "v"),
        (2, 1, "greet", "w", "v"),
    ]
    assert offer.term == 1


def test_a_task_goes_to_the_stream_that_asked(world: World) -> None:
    stream = world.stream()
    world.polls.deliver(delivery(stream.id))
    taken = stream.take()
    assert taken is not None and guid_of(taken) == "0-1"
    assert stream.take() is None and stream.outstanding == 0


def test_what_was_written_is_said_with_the_next_batch(world: World) -> None:
    stream = world.stream()
    world.settle()
    world.polls.deliver(delivery(stream.id))
    taken = stream.take()
    assert taken is not None
    stream.written(taken)
    world.settle()
    assert [ref.task_run_id.task_guid for ref in world.offers()[-1].delivered] == ["0-1"]


def test_tasks_of_other_nodes_and_earlier_processes_are_not_ours(world: World) -> None:
    stream = world.stream()
    world.polls.deliver(delivery(stream.id, nonce=b"o" * 16))
    assert stream.take() is None
    assert world.submitted == []


def test_a_task_for_a_stream_that_is_gone_is_given_back(world: World) -> None:
    world.polls.deliver(delivery(99))
    (back,) = world.submitted
    assert isinstance(back, ReturnAttempts) and len(back.attempts) == 1


def test_a_closed_stream_withdraws_its_tickets_and_gives_back_what_was_not_written(world: World) -> None:
    stream = world.stream(2)
    world.settle()
    world.polls.deliver(delivery(stream.id))
    stream.close()
    kinds = [type(request) for request in world.submitted[1:]]
    assert kinds == [WithdrawTickets, ReturnAttempts]
    assert world.polls.streams == 0


def test_a_closed_stream_with_nothing_open_says_nothing(world: World) -> None:
    stream = world.polls.open("default", lambda: None)
    stream.close()
    assert world.submitted == []


def test_tickets_that_were_not_offered_yet_go_with_their_stream(world: World) -> None:
    stream = world.stream()
    stream.close()
    world.settle()
    assert world.offers() == []


def test_a_new_term_offers_every_open_ticket_again_under_the_new_term(world: World) -> None:
    first, second = world.stream(2), world.stream(1)
    world.settle()
    world.polls.deliver(delivery(first.id, number=1))
    world.term = 2
    world.polls.term_began()
    world.settle()
    offer = world.offers()[-1]
    assert offer.term == 2
    assert [(t.stream, t.number) for t in offer.tickets] == [(first.id, 2), (second.id, 1)]


def test_after_a_snapshot_only_what_was_not_written_is_delivered(world: World) -> None:
    stream = world.stream(3)
    world.settle()
    world.polls.deliver(delivery(stream.id, 1, "0-1"))
    written = stream.take()
    assert written is not None
    stream.written(written)
    world.polls.deliver(delivery(stream.id, 2, "0-2"))
    world.polls.installed([delivery(stream.id, n, f"0-{n}") for n in (1, 2, 3)])
    taken = []
    while (item := stream.take()) is not None:
        taken.append(guid_of(item))
    assert taken == ["0-2", "0-3"]


def test_a_stopping_node_ends_every_stream_also_those_that_open_later(world: World) -> None:
    stream = world.stream()
    world.polls.stop()
    assert stream.ended and world.polls.open("default", lambda: None).ended


def take_all(stream: PollStream) -> list[str]:
    found = []
    while (delivery := stream.take()) is not None:
        found.append(guid_of(delivery))
    return found


def test_what_was_written_is_not_given_back_after_a_snapshot_that_does_not_know_it_yet(world: World) -> None:
    stream = world.stream()
    world.settle()
    world.polls.deliver(delivery(stream.id))
    taken = stream.take()
    assert taken is not None
    stream.written(taken)
    world.settle()
    world.polls.installed([delivery(stream.id)])
    assert [request for request in world.submitted if isinstance(request, ReturnAttempts)] == []


def test_what_is_being_written_is_not_given_back_after_a_snapshot(world: World) -> None:
    stream = world.stream()
    world.settle()
    world.polls.deliver(delivery(stream.id))
    assert stream.take() is not None
    world.polls.installed([delivery(stream.id)])
    assert [request for request in world.submitted if isinstance(request, ReturnAttempts)] == []


def test_what_is_on_its_way_back_is_not_given_back_twice(world: World) -> None:
    world.polls.deliver(delivery(99))
    world.polls.installed([delivery(99)])
    assert len([request for request in world.submitted if isinstance(request, ReturnAttempts)]) == 1


def test_an_attempt_that_was_given_back_may_come_again(world: World) -> None:
    world.polls.deliver(delivery(99))
    world.apply()
    stream = world.stream()
    world.polls.deliver(delivery(stream.id))
    assert take_all(stream) == ["0-1"] and world.polls.unsettled == 1


def test_a_delivery_is_settled_once_its_mark_is_applied(world: World) -> None:
    stream = world.stream()
    world.polls.deliver(delivery(stream.id))
    taken = stream.take()
    assert taken is not None
    stream.written(taken)
    world.settle()
    assert world.polls.unsettled == 1
    world.apply()
    assert world.polls.unsettled == 0


@pytest.mark.parametrize("happens", [Polls.lost, lambda polls: polls.installed([])])
def test_tickets_that_may_be_void_are_withdrawn_and_handed_in_again(
    world: World, happens: Callable[[Polls], None]
) -> None:
    stream = world.stream(2)
    world.apply()
    happens(world.polls)
    world.settle()
    assert isinstance(world.submitted[-1], WithdrawTickets) and world.submitted[-1].stream == 0
    world.polls.deliver(delivery(stream.id, number=1))
    world.apply()
    world.settle()
    assert [ticket.number for ticket in world.offers()[-1].tickets] == [2], "1 was served before it was withdrawn"


def test_while_tickets_are_withdrawn_none_is_handed_in_but_deliveries_are_told(world: World) -> None:
    stream = world.stream()
    world.apply()
    world.polls.deliver(delivery(stream.id))
    world.polls.lost()
    world.stream()
    taken = stream.take()
    assert taken is not None
    stream.written(taken)
    world.settle()
    offer = world.offers()[-1]
    assert len(offer.delivered) == 1 and len(offer.tickets) == 0
    world.apply()
    world.settle()
    assert [ticket.stream for ticket in world.offers()[-1].tickets] == [2]


def test_a_process_that_starts_in_the_middle_of_a_term_offers_tickets_of_that_term(world: World) -> None:
    world.term = 7  # the state's; no leader has begun since this process did
    world.stream()
    world.settle()
    assert world.offers()[-1].term == 7


def test_a_great_many_tickets_are_handed_in_by_several_commands(world: World) -> None:
    world.stream(ITEMS_PER_COMMAND_MAX + 1)
    world.settle()
    assert [len(offer.tickets) for offer in world.offers()] == [ITEMS_PER_COMMAND_MAX, 1]


def test_attempts_with_long_ids_are_returned_by_several_commands(world: World) -> None:
    stream = world.stream(3)
    for number in (1, 2, 3):
        world.polls.deliver(delivery(stream.id, number, str(number) * (BYTES_PER_COMMAND_MAX // 2)))
    stream.close()
    returned = [request.attempts for request in world.submitted if isinstance(request, ReturnAttempts)]
    assert [[attempt.task_run_id.task_guid[0] for attempt in attempts] for attempts in returned] == [
        ["1"],
        ["2"],
        ["3"],
    ]
