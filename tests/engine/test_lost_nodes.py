"""A node that nobody can reach is lost, not forgotten: it goes on where it was when it comes back."""

import pytest
from engine import NODE, NONCE
from google.protobuf.message import Message
from littlehorse.workflow import WorkflowThread
from workshop import Cluster

from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.api.pb.internal_pb2 import ForgetNode, LoseNode, OfferTickets, WithdrawTickets
from konik.statemachine import dedup, keys, term
from konik.statemachine.entry import Entry, Process, Step
from konik.statemachine.version import KNOWN

AWAY = "node-2"
"""The node that is out of reach."""


def step(cluster: Cluster, method: str, request: Message) -> Step:
    cluster.index += 1
    entry = Entry(KNOWN, cluster.now_ms, (), (cluster.command(method, request),))
    (step,) = cluster.machine.apply(cluster.index, entry)
    return step


def offer(cluster: Cluster, node: str, *streams: int) -> None:
    request = OfferTickets(node=node, nonce=NONCE, term=term.current(cluster.view))
    for stream in streams:
        request.tickets.add(tenant="default", task_def="work", worker_id="w", stream=stream, number=1)
    cluster.call("konik.OfferTickets", request)


def tickets(cluster: Cluster) -> int:
    return sum(1 for _ in cluster.view.scan(keys.TICKET, keys.after(keys.TICKET)))


@pytest.mark.parametrize("request_type", [LoseNode, ForgetNode])
def test_the_step_names_the_process_so_that_it_can_hand_in_its_tickets_again(
    cluster: Cluster, request_type: type[Message]
) -> None:
    method = f"konik.{request_type.DESCRIPTOR.name}"
    assert step(cluster, method, request_type(node=AWAY, nonce=NONCE)).lost == Process(AWAY, NONCE)
    assert step(cluster, "PutExternalEventDef", PutExternalEventDefRequest(name="tick")).lost is None


def test_a_lost_process_is_told_the_results_of_what_ran_and_may_run_the_rest(cluster: Cluster) -> None:
    before = cluster.command("PutExternalEventDef", PutExternalEventDefRequest(name="tick"), node=AWAY, number=1)
    after = cluster.command("PutExternalEventDef", PutExternalEventDefRequest(name="tock"), node=AWAY, number=2)
    (result,) = cluster.apply(before)
    cluster.call("konik.LoseNode", LoseNode(node=AWAY, nonce=NONCE))
    assert cluster.apply(before, after)[0] == result
    assert not dedup.has_ended(cluster.view, Process(AWAY, NONCE))


def test_a_forgotten_process_has_ended(cluster: Cluster) -> None:
    cluster.call("konik.ForgetNode", ForgetNode(node=AWAY, nonce=NONCE))
    assert dedup.has_ended(cluster.view, Process(AWAY, NONCE))
    assert not dedup.has_ended(cluster.view, Process(NODE, NONCE))


def test_the_tickets_of_a_lost_node_are_void_until_it_hands_them_in_again(cluster: Cluster) -> None:
    offer(cluster, AWAY, 1, 2)
    offer(cluster, NODE, 1)
    cluster.call("konik.LoseNode", LoseNode(node=AWAY, nonce=NONCE))
    assert tickets(cluster) == 1
    offer(cluster, AWAY, 1, 2)
    assert tickets(cluster) == 3


def test_what_a_lost_node_had_not_delivered_is_tried_again_at_once(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        thread.execute("work")

    cluster.put_task_def("work")
    cluster.put_workflow(workflow)
    offer(cluster, AWAY, 1)
    cluster.start()
    offer(cluster, NODE, 1)
    cluster.call("konik.LoseNode", LoseNode(node=AWAY, nonce=NONCE))
    assert [(found.node, found.attempt.attempt_number) for found in cluster.deliveries] == [(AWAY, 0), (NODE, 1)]


def test_a_process_withdraws_the_tickets_of_all_its_streams_and_of_no_other_node(cluster: Cluster) -> None:
    offer(cluster, AWAY, 1, 2)
    offer(cluster, NODE, 1)
    cluster.call("konik.WithdrawTickets", WithdrawTickets(node=AWAY, nonce=NONCE))
    assert tickets(cluster) == 1
