"""Workers and the nodes that hold their streams: tickets, deliveries, and what happens when a node or a leader goes."""

import pytest
from engine import NODE, NONCE
from littlehorse.workflow import Workflow, WorkflowThread
from reading import attempts, status_of, task_run
from workshop import Cluster

from konik.api.pb.enums_pb2 import TASK_RUNNING
from konik.api.pb.ids_pb2 import TaskDefId, TaskRunId, WfRunId
from konik.api.pb.internal_pb2 import (
    AttemptRef,
    ConfigureCluster,
    ForgetNode,
    LoseNode,
    OfferTickets,
    ReturnAttempts,
    WithdrawTickets,
)
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.queries_pb2 import SearchTaskRunRequest, TaskRunIdList
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.task_requests_pb2 import (
    PollTaskResponse,
    RegisterTaskWorkerRequest,
    RegisterTaskWorkerResponse,
    TaskWorkerGroup,
)
from konik.statemachine.entry import Entry
from konik.statemachine.rejection import Code
from konik.statemachine.tasks.delivery import Delivery
from konik.statemachine.version import KNOWN

OTHER_NONCE = b"o" * 16
LOST = "node-2"


@pytest.fixture
def working(cluster: Cluster) -> Cluster:
    """Runs of one task each; a failed one is not tried again."""

    def workflow(thread: WorkflowThread) -> None:
        thread.execute("work", timeout_seconds=30)

    cluster.put_task_def("work")
    cluster.put_workflow(workflow)
    return cluster


def attempt_of(id: str, number: int = 0) -> AttemptRef:
    task_run_id = TaskRunId(wf_run_id=WfRunId(id=id), task_guid="0-1")
    return AttemptRef(tenant="default", task_run_id=task_run_id, attempt_number=number)


def mark_delivered(cluster: Cluster, *ids: str) -> None:
    cluster.call("konik.OfferTickets", OfferTickets(node=NODE, nonce=NONCE, delivered=map(attempt_of, ids)))


def give_back(cluster: Cluster, *ids: str) -> None:
    cluster.call("konik.ReturnAttempts", ReturnAttempts(node=NODE, nonce=NONCE, attempts=map(attempt_of, ids)))


def lose(cluster: Cluster) -> None:
    cluster.call("konik.ForgetNode", ForgetNode(node=LOST, nonce=NONCE))


def received(delivery: Delivery) -> str:
    return str(PollTaskResponse.FromString(delivery.response()).result.task_run_id.wf_run_id.id)


def left_of(cluster: Cluster, *tables: bytes) -> list[bytes]:
    return [key for key in cluster.view.pairs if key[:1] in tables]


TICKETS = (b"p", b"o")
QUEUE = (b"q",)
ASSIGNED = (b"a",)

# --- Tickets --------------------------------------------------------------------------------------------------------


def test_a_delivery_names_the_stream_and_the_request_that_it_answers(working: Cluster) -> None:
    working.offer("work", worker="w1", version="1.2", stream=9)
    working.start()
    (delivery,) = working.deliveries
    assert (delivery.node, delivery.nonce, delivery.stream, delivery.number) == (NODE, NONCE, 9, 1)
    assert delivery.attempt == attempt_of("run")
    attempt = task_run(working, "0-1").attempts[0]
    assert (attempt.task_worker_id, attempt.task_worker_version) == ("w1", "1.2")


def test_each_ticket_gets_one_task(working: Cluster) -> None:
    working.offer("work", "work")
    for id in ("a", "b", "c"):
        working.start(id)
    assert [received(delivery) for delivery in working.deliveries] == ["a", "b"]
    working.offer("work")
    assert received(working.deliveries[-1]) == "c"


def test_tickets_that_come_together_are_served_in_their_order(working: Cluster) -> None:
    for id in ("a", "b"):
        working.start(id)
    working.offer("work", "other", "work", "work")
    assert [(received(delivery), delivery.number) for delivery in working.deliveries] == [("a", 1), ("b", 3)]
    working.start("c")
    assert working.deliveries[-1].number == 4


def test_a_ticket_for_a_task_that_nobody_defined_waits_until_somebody_does(cluster: Cluster) -> None:
    cluster.offer("later")
    cluster.put_task_def("later")
    cluster.put_workflow(lambda thread: thread.execute("later"))
    cluster.start()
    assert received(cluster.deliveries[-1]) == "run"


@pytest.mark.parametrize("name", ["work\0", "work\0\0", "work\1", "wor", "work-2", ""])
def test_a_ticket_is_for_exactly_the_task_that_it_names(working: Cluster, name: str) -> None:
    working.offer(name)
    working.start()
    assert working.deliveries == []


def test_tickets_of_a_stream_that_ended_are_void(working: Cluster) -> None:
    working.offer("work", stream=1)
    working.offer("work", "other", stream=2)
    working.call("konik.WithdrawTickets", WithdrawTickets(node=NODE, nonce=NONCE, stream=2))
    working.start("a")
    working.start("b")
    assert [delivery.stream for delivery in working.deliveries] == [1]
    assert left_of(working, *TICKETS) == []


def test_the_same_stream_number_of_another_process_is_another_stream(working: Cluster) -> None:
    working.offer("work")
    for node, nonce in ((NODE, OTHER_NONCE), ("node-2", NONCE)):
        working.call("konik.WithdrawTickets", WithdrawTickets(node=node, nonce=nonce, stream=1))
    working.start()
    assert len(working.deliveries) == 1


def test_one_command_may_serve_workers_of_several_tenants_and_each_finds_its_own(working: Cluster) -> None:
    """Each TaskRun is indexed in its own tenant, whichever came last in the command."""
    for tenant in ("left", "right"):
        compiled = Workflow("wf", lambda thread: thread.execute("work")).compile().SerializeToString()
        working.answer("PutTaskDef", PutTaskDefRequest(name="work"), tenant=tenant)
        working.answer("PutWfSpec", PutWfSpecRequest.FromString(compiled), tenant=tenant)
        working.answer("RunWf", RunWfRequest(wf_spec_name="wf", id=f"of-{tenant}"), tenant=tenant)
    offer = OfferTickets(node=NODE, nonce=NONCE, term=1)
    for number, tenant in enumerate(("left", "right")):
        offer.tickets.add(tenant=tenant, task_def="work", worker_id="w", stream=1, number=number)
    working.call("konik.OfferTickets", offer)
    search = SearchTaskRunRequest(task_def_name="work", status=TASK_RUNNING).SerializeToString()
    for tenant in ("left", "right"):
        result = working.machine.query("SearchTaskRun", tenant, "anonymous", search)
        assert [id.wf_run_id.id for id in TaskRunIdList.FromString(result.body).results] == [f"of-{tenant}"]


# --- Terms ----------------------------------------------------------------------------------------------------------


def test_a_new_term_makes_all_tickets_void_until_they_are_handed_in_again(working: Cluster) -> None:
    working.offer("work", "work")
    working.begin_term(2)
    assert left_of(working, *TICKETS) == []
    working.start("a")
    assert working.deliveries == []
    working.offer("work", "work")
    working.start("b")
    assert [received(delivery) for delivery in working.deliveries] == ["a", "b"]


def test_tickets_of_an_earlier_or_an_unknown_term_are_void(working: Cluster) -> None:
    working.begin_term(5)
    for raft_term in (0, 4, 6):
        working.offer("work", raft_term=raft_term)
    working.start()
    assert working.deliveries == []
    assert left_of(working, *TICKETS) == []


def test_what_was_delivered_counts_in_whatever_term_it_is_said(working: Cluster) -> None:
    working.offer("work")
    working.start()
    working.begin_term(2)
    mark_delivered(working, "run")
    assert left_of(working, *ASSIGNED) == []


def test_a_term_begins_once(working: Cluster) -> None:
    working.begin_term(2)
    with pytest.raises(AssertionError):
        working.begin_term(2)


def test_tasks_stay_assigned_across_terms(working: Cluster) -> None:
    working.offer("work")
    working.start()
    working.begin_term(2)
    working.offer("work")
    assert len(working.deliveries) == 1
    assert attempts(working, "0-1") == ["TASK_RUNNING"]


# --- Given back -----------------------------------------------------------------------------------------------------


def test_an_attempt_that_was_never_written_goes_back_to_its_place(working: Cluster) -> None:
    for id in ("a", "b", "c"):
        working.start(id)
    working.offer("work", "work", stream=2)
    give_back(working, "b", "a")
    assert (attempts(working, "0-1", "a"), attempts(working, "0-1", "b")) == (["TASK_SCHEDULED"],) * 2
    working.offer("work", "work", "work")
    assert [received(delivery) for delivery in working.deliveries[2:]] == ["a", "b", "c"]
    assert attempts(working, "0-1", "a") == ["TASK_RUNNING"], "it is still the first attempt"


def test_an_attempt_that_was_given_back_has_no_trace_of_the_worker(working: Cluster) -> None:
    working.offer("work", worker="w1", version="1.2")
    working.start()
    give_back(working, "run")
    attempt = task_run(working, "0-1").attempts[0]
    assert not attempt.HasField("start_time")
    assert (attempt.task_worker_id, attempt.HasField("task_worker_version")) == ("", False)
    working.wait(3600)
    assert attempts(working, "0-1") == ["TASK_SCHEDULED"], "what waits has no timeout"


def test_an_attempt_that_was_given_back_goes_to_a_worker_that_waits(working: Cluster) -> None:
    working.offer("work", stream=1)
    working.start()
    working.offer("work", stream=2)
    give_back(working, "run")
    assert [delivery.stream for delivery in working.deliveries] == [1, 2]


def test_what_is_given_back_after_it_was_delivered_or_ended_is_ignored(working: Cluster) -> None:
    working.offer("work", "work", "work")
    for id in ("delivered", "reported", "deleted"):
        working.start(id)
    mark_delivered(working, "delivered")
    for delivery in working.deliveries[1:2]:
        working.report(PollTaskResponse.FromString(delivery.response()).result)
    working.delete("deleted")
    give_back(working, "delivered", "reported", "deleted", "unheard-of")
    assert attempts(working, "0-1", "delivered") == ["TASK_RUNNING"]
    assert attempts(working, "0-1", "reported") == ["TASK_SUCCESS"]
    assert left_of(working, *QUEUE) == left_of(working, *ASSIGNED) == []


# --- A node is lost -------------------------------------------------------------------------------------------------


def test_what_a_lost_node_had_not_delivered_is_tried_again_at_once_and_does_not_count(working: Cluster) -> None:
    working.offer("work", node=LOST)
    working.start()
    lose(working)
    assert attempts(working, "0-1") == ["TASK_TIMEOUT", "TASK_SCHEDULED"]
    lost = task_run(working, "0-1").attempts[0]
    assert LOST in lost.error.message and lost.HasField("end_time")
    assert task_run(working, "0-1").total_attempts == 2
    working.offer("work", node="node-3")
    again = PollTaskResponse.FromString(working.deliveries[-1].response()).result
    assert again.attempt_number == 1
    assert again.task_run_id.task_guid == "0-1", "the idempotency key is the same"
    working.fail(again)
    assert status_of(working) == "ERROR", "it was the first one that counted, and the last one allowed"


def test_what_a_lost_node_had_delivered_is_left_alone(working: Cluster) -> None:
    working.offer("work", node=LOST)
    working.start()
    mark_delivered(working, "run")
    lose(working)
    assert attempts(working, "0-1") == ["TASK_RUNNING"]
    working.report(PollTaskResponse.FromString(working.deliveries[0].response()).result)
    assert status_of(working) == "COMPLETED"


def test_a_delivered_task_of_a_lost_node_times_out_as_ever(working: Cluster) -> None:
    working.offer("work", node=LOST)
    working.start()
    mark_delivered(working, "run")
    lose(working)
    working.wait(30)
    assert attempts(working, "0-1") == ["TASK_TIMEOUT"]


def test_the_late_report_of_a_lost_attempt_is_accepted_and_ignored(working: Cluster) -> None:
    working.offer("work", node=LOST)
    working.start()
    lose(working)
    working.report(PollTaskResponse.FromString(working.deliveries[0].response()).result)
    assert attempts(working, "0-1") == ["TASK_TIMEOUT", "TASK_SCHEDULED"]


def test_the_timeout_of_a_lost_attempt_does_not_end_the_one_that_followed(working: Cluster) -> None:
    working.offer("work", node=LOST)
    working.start()
    working.wait(10)
    lose(working)
    working.offer("work", node="node-3")
    working.wait(20)
    assert attempts(working, "0-1") == ["TASK_TIMEOUT", "TASK_RUNNING"]
    working.wait(10)
    assert attempts(working, "0-1") == ["TASK_TIMEOUT", "TASK_TIMEOUT"]


def test_the_tickets_of_a_lost_node_are_void_and_those_of_others_are_served(working: Cluster) -> None:
    working.offer("work", node=LOST, stream=1)
    working.offer("work", node=LOST, stream=2)
    working.offer("work", node="node-3")
    lose(working)
    working.start()
    assert [delivery.node for delivery in working.deliveries] == ["node-3"]
    assert left_of(working, *TICKETS) == []


def test_what_a_lost_node_had_not_delivered_goes_to_a_worker_that_waits_elsewhere(working: Cluster) -> None:
    working.offer("work", node=LOST)
    working.start()
    working.offer("work", node="node-3")
    lose(working)
    assert [delivery.node for delivery in working.deliveries] == [LOST, "node-3"]
    assert attempts(working, "0-1") == ["TASK_TIMEOUT", "TASK_RUNNING"]


def test_the_next_process_of_a_lost_node_keeps_what_it_has(working: Cluster) -> None:
    working.offer("work", node=LOST, nonce=OTHER_NONCE)
    working.start("a")
    working.offer("work", node=LOST, nonce=OTHER_NONCE)
    lose(working)
    working.start("b")
    assert attempts(working, "0-1", "a") == ["TASK_RUNNING"]
    assert [delivery.nonce for delivery in working.deliveries] == [OTHER_NONCE, OTHER_NONCE]


# --- A node is out of reach -----------------------------------------------------------------------------------------


def lose_sight(cluster: Cluster) -> None:
    cluster.call("konik.LoseNode", LoseNode(node=LOST, nonce=NONCE))


def test_a_node_out_of_reach_loses_its_tickets_and_what_it_had_not_delivered(working: Cluster) -> None:
    working.offer("work", "work", node=LOST)
    working.start("a")
    lose_sight(working)
    assert attempts(working, "0-1", "a") == ["TASK_TIMEOUT", "TASK_SCHEDULED"]
    assert left_of(working, *TICKETS) == []


def test_a_node_that_can_be_reached_again_still_gets_its_answers(working: Cluster) -> None:
    request = RunWfRequest(wf_spec_name="wf", id="run")
    answer = working.answer("RunWf", request, node=LOST, number=1)
    lose_sight(working)
    assert working.answer("RunWf", request, node=LOST, number=1) == answer
    assert working.answer("RunWf", RunWfRequest(wf_spec_name="wf", id="next"), node=LOST, number=2).code is Code.OK


def test_a_node_that_can_be_reached_again_hands_in_its_tickets_anew(working: Cluster) -> None:
    working.offer("work", "work", node=LOST, stream=1)
    working.offer("work", stream=1)
    working.call("konik.WithdrawTickets", WithdrawTickets(node=LOST, nonce=NONCE, stream=0))
    working.offer("work", node=LOST, stream=2)
    working.start("a")
    working.start("b")
    assert [(delivery.node, delivery.stream) for delivery in working.deliveries] == [(NODE, 1), (LOST, 2)]
    assert left_of(working, *TICKETS) == []


@pytest.mark.parametrize("request_type", [LoseNode, ForgetNode])
def test_whoever_applies_the_entry_is_told_which_process_was_lost(
    working: Cluster, request_type: type[LoseNode] | type[ForgetNode]
) -> None:
    request = request_type(node=LOST, nonce=NONCE)
    command = working.command(f"konik.{request_type.DESCRIPTOR.name}", request)
    (step,) = working.machine.apply(working.index + 1, Entry(KNOWN, working.now_ms, (), (command,)))
    assert step.lost == (LOST, NONCE)


# --- After a snapshot -----------------------------------------------------------------------------------------------


def test_a_node_that_skipped_entries_learns_what_they_assigned_to_it(working: Cluster) -> None:
    working.offer("work", "work", "work")
    for id in ("a", "b", "c"):
        working.start(id)
    mark_delivered(working, "b")
    missed = working.machine.undelivered(NODE, NONCE)
    assert missed == [working.deliveries[0], working.deliveries[2]]
    assert working.machine.undelivered(NODE, OTHER_NONCE) == []
    assert working.machine.undelivered("node-2", NONCE) == []


def test_what_has_ended_meanwhile_is_not_delivered(working: Cluster) -> None:
    working.offer("work", "work", "work")
    for id in ("reported", "deleted", "timed-out"):
        working.start(id)
    working.report(PollTaskResponse.FromString(working.deliveries[0].response()).result)
    working.delete("deleted")
    working.wait(30)
    assert working.machine.undelivered(NODE, NONCE) == []
    assert left_of(working, *ASSIGNED) == []


# --- Deleted runs ---------------------------------------------------------------------------------------------------


def test_the_task_of_a_deleted_run_leaves_the_queue_with_it(working: Cluster) -> None:
    working.start("gone")
    working.start("stays")
    working.delete("gone")
    assert len(left_of(working, *QUEUE)) == 1
    working.offer("work", "work")
    assert [received(delivery) for delivery in working.deliveries] == ["stays"]


def test_a_worker_never_gets_the_task_of_another_kind_that_took_the_place_of_a_deleted_one(working: Cluster) -> None:
    working.put_task_def("other")
    working.put_workflow(lambda thread: thread.execute("other"), name="other")
    working.start("same")
    working.delete("same")
    working.start("same", name="other")
    working.offer("work")
    assert working.deliveries == []


def test_a_deleted_run_takes_its_assignment_and_its_timeout_with_it(working: Cluster) -> None:
    before = set(working.view.pairs)
    working.offer("work")
    working.start("gone")
    working.delete("gone")
    assert [key for key in set(working.view.pairs) - before if b"gone" in key] == []


# --- Registration ---------------------------------------------------------------------------------------------------


def configure(cluster: Cluster, *nodes: str) -> None:
    request = ConfigureCluster()
    for node in nodes:
        request.members.add(node=node, host=f"{node}.example", port=2023)
    cluster.call("konik.ConfigureCluster", request)


def register(cluster: Cluster, worker: str) -> RegisterTaskWorkerResponse:
    request = RegisterTaskWorkerRequest(task_def_id=TaskDefId(name="work"), task_worker_id=worker)
    answer: RegisterTaskWorkerResponse = cluster.call("RegisterTaskWorker", request, RegisterTaskWorkerResponse)
    return answer


def group(cluster: Cluster) -> TaskWorkerGroup:
    found: TaskWorkerGroup = cluster.get("GetTaskWorkerGroup", TaskDefId(name="work"), TaskWorkerGroup)
    return found


def test_a_worker_is_told_all_nodes_in_an_order_that_does_not_depend_on_who_leads(cluster: Cluster) -> None:
    configure(cluster, "node-2", "node-3", "node-1")
    answer = register(cluster, "w1")
    assert [(host.host, host.port) for host in answer.your_hosts] == [
        ("node-1.example", 2023),
        ("node-2.example", 2023),
        ("node-3.example", 2023),
    ]
    assert answer.is_cluster_healthy


def test_a_worker_that_has_been_silent_for_ninety_seconds_is_dropped(cluster: Cluster) -> None:
    configure(cluster, "node-1")
    register(cluster, "silent")
    cluster.wait(89.999)
    register(cluster, "loud")
    assert set(group(cluster).task_workers) == {"silent", "loud"}
    cluster.wait(0.001)
    register(cluster, "loud")
    assert set(group(cluster).task_workers) == {"loud"}


def test_a_worker_that_comes_back_after_a_silence_is_registered_again(cluster: Cluster) -> None:
    configure(cluster, "node-1")
    register(cluster, "w1")
    created = group(cluster).created_at
    cluster.wait(1000)
    register(cluster, "w1")
    (worker,) = group(cluster).task_workers.values()
    assert worker.latest_heartbeat.ToMilliseconds() == cluster.now_ms
    assert group(cluster).created_at == created


def test_all_workers_of_a_group_learn_of_a_new_member(cluster: Cluster) -> None:
    configure(cluster, "node-1")
    register(cluster, "w1")
    configure(cluster, "node-1", "node-2")
    register(cluster, "w2")
    assert [len(worker.hosts) for _, worker in sorted(group(cluster).task_workers.items())] == [2, 2]
