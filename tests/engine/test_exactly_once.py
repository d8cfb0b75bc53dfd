"""Exactly once: a command that comes again gets the answer it had, or a refusal; it never runs a second time."""

import pytest
from engine import NODE, NONCE
from workshop import Cluster

from konik.api.pb.event_requests_pb2 import PutExternalEventRequest
from konik.api.pb.ids_pb2 import ExternalEventDefId, WfRunId
from konik.api.pb.internal_pb2 import ForgetNode
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.statemachine import dedup
from konik.statemachine.entry import ClientId, CommandId, Result
from konik.statemachine.limits import CLIENT_ID_AGE_MS_MAX
from konik.statemachine.rejection import Code

OTHER_NONCE = b"o" * 16


@pytest.fixture
def counting(cluster: Cluster) -> Cluster:
    """Each event that is put is one more: so it shows how often something was run."""
    cluster.put_event_def("tick")
    return cluster


def tick(wf_run: str = "run") -> PutExternalEventRequest:
    return PutExternalEventRequest(wf_run_id=WfRunId(id=wf_run), external_event_def_id=ExternalEventDefId(name="tick"))


def events(cluster: Cluster) -> int:
    return sum(key[:1] == b"r" and b"\x05tick" in key for key in cluster.view.pairs)


def put(cluster: Cluster, client_id: ClientId | None = None, wf_run: str = "run", **at: object) -> Result:
    return cluster.answer("PutExternalEvent", tick(wf_run), client_id, **at)


def floor(number: int, node: str = NODE, nonce: bytes = NONCE) -> CommandId:
    return CommandId(node, nonce, number)


# --- Numbers of nodes -----------------------------------------------------------------------------------------------


def test_a_command_that_comes_again_in_a_later_entry_gets_the_same_answer(counting: Cluster) -> None:
    first = put(counting, number=100)
    counting.wait(3600)
    assert put(counting, number=100) == first
    assert first.code is Code.OK and events(counting) == 1


def test_a_command_that_comes_twice_in_one_entry_is_run_once(counting: Cluster) -> None:
    command = counting.command("PutExternalEvent", tick(), number=100)
    first, second = counting.apply(command, command)
    assert first == second
    assert events(counting) == 1


def test_the_same_number_of_another_process_is_another_command(counting: Cluster) -> None:
    put(counting, number=100)
    put(counting, number=100, nonce=OTHER_NONCE)
    put(counting, number=100, node="node-2")
    assert events(counting) == 3


def test_another_request_under_a_used_number_is_refused(counting: Cluster) -> None:
    put(counting, number=100)
    refused = counting.answer("PutExternalEvent", tick("another"), number=100)
    assert (refused.code, events(counting)) == (Code.INVALID_ARGUMENT, 1)


def test_a_refusal_is_remembered_like_any_other_answer(cluster: Cluster) -> None:
    refused = put(cluster, number=100)
    assert refused.code is Code.INVALID_ARGUMENT and "tick" in refused.message
    cluster.put_event_def("tick")
    assert put(cluster, number=100) == refused
    assert events(cluster) == 0


def test_what_nobody_waits_for_any_more_is_forgotten_and_never_run_again(counting: Cluster) -> None:
    for number in (100, 101, 102):
        put(counting, number=number)
    answer = put(counting, number=102)
    counting.apply(floors=(floor(102),))
    assert put(counting, number=101).code is Code.ABORTED
    assert put(counting, number=99).code is Code.ABORTED, "never seen, but below the floor"
    assert put(counting, number=102) == answer
    assert events(counting) == 3


def test_results_below_a_floor_take_up_no_room(counting: Cluster) -> None:
    results = {key for key in counting.view.pairs if key[:1] == b"x"}
    counting.apply(floors=(floor(1000),))
    assert results and not {key for key in counting.view.pairs if key[:1] == b"x"}


def test_a_floor_never_sinks(counting: Cluster) -> None:
    counting.apply(floors=(floor(100),))
    counting.apply(floors=(floor(50),))
    assert put(counting, number=70).code is Code.ABORTED


def test_a_floor_holds_for_the_commands_of_its_own_entry(counting: Cluster) -> None:
    command = counting.command("PutExternalEvent", tick(), number=100)
    (result,) = counting.apply(command, floors=(floor(101),))
    assert (result.code, events(counting)) == (Code.ABORTED, 0)


def test_a_floor_concerns_its_own_process_only(counting: Cluster) -> None:
    counting.apply(floors=(floor(1000),))
    assert put(counting, number=1, nonce=OTHER_NONCE).code is Code.OK
    assert put(counting, number=1, node="node-2").code is Code.OK


# --- The end of a process -------------------------------------------------------------------------------------------


def forget(cluster: Cluster, node: str, nonce: bytes) -> None:
    cluster.call("konik.ForgetNode", ForgetNode(node=node, nonce=nonce))


def test_what_still_comes_of_a_process_that_is_gone_is_refused(counting: Cluster) -> None:
    put(counting, number=1, node="node-2")
    forget(counting, "node-2", NONCE)
    assert put(counting, number=1, node="node-2").code is Code.ABORTED, "it ran; what came of it is forgotten"
    assert put(counting, number=2, node="node-2").code is Code.ABORTED, "it never ran, and never will"
    assert events(counting) == 1
    counting.apply(floors=(floor(3, "node-2"),))
    assert put(counting, number=4, node="node-2").code is Code.ABORTED, "a floor does not bring it back"


def test_the_next_process_of_the_same_node_is_not_meant(counting: Cluster) -> None:
    forget(counting, "node-2", NONCE)
    assert put(counting, number=1, node="node-2", nonce=OTHER_NONCE).code is Code.OK


def test_a_process_that_is_gone_leaves_one_key_behind(counting: Cluster) -> None:
    before = set(counting.view.pairs)
    for number in range(1, 5):
        put(counting, number=number, node="node-2", wf_run="tests")
    counting.apply(floors=(floor(2, "node-2"),))
    forget(counting, "node-2", NONCE)
    assert len({key for key in set(counting.view.pairs) - before if b"node-2" in key}) == 1


def test_processes_are_listed_until_they_are_gone(counting: Cluster) -> None:
    counting.apply(floors=(floor(1), floor(1, "node-2"), floor(1, "node-2", OTHER_NONCE)))
    assert dedup.sessions(counting.view) == [(NODE, NONCE), ("node-2", NONCE), ("node-2", OTHER_NONCE)]
    forget(counting, "node-2", NONCE)
    assert dedup.sessions(counting.view) == [(NODE, NONCE), ("node-2", OTHER_NONCE)]


# --- Ids of clients -------------------------------------------------------------------------------------------------


def client_id(cluster: Cluster, text: str = "once", age_ms: int = 0) -> ClientId:
    return ClientId(text, cluster.now_ms - age_ms)


def test_a_client_that_asks_again_through_another_node_gets_the_same_answer(counting: Cluster) -> None:
    id = client_id(counting)
    first = put(counting, id)
    counting.wait(1)
    assert put(counting, id, node="node-2") == first
    assert events(counting) == 1


def test_a_refusal_is_remembered_for_the_client(cluster: Cluster) -> None:
    id = client_id(cluster)
    refused = put(cluster, id)
    cluster.put_event_def("tick")
    assert put(cluster, id) == refused
    assert events(cluster) == 0


def test_another_request_under_a_used_client_id_is_refused(counting: Cluster) -> None:
    id = client_id(counting)
    put(counting, id)
    assert put(counting, id, wf_run="another").code is Code.INVALID_ARGUMENT
    assert events(counting) == 1


def test_ids_of_other_principals_and_texts_do_not_meet(counting: Cluster) -> None:
    put(counting, client_id(counting, "a"))
    put(counting, client_id(counting, "b"))
    command = counting.command("PutExternalEvent", tick(), client_id(counting, "a"))
    counting.apply(command._replace(principal="somebody-else"))
    assert events(counting) == 3


def test_an_id_from_the_future_is_refused(counting: Cluster) -> None:
    refused = put(counting, client_id(counting, age_ms=-1))
    assert refused.code is Code.INVALID_ARGUMENT and "konik-time" in refused.message
    assert events(counting) == 0


def test_a_command_that_was_refused_for_its_future_id_is_not_run_when_its_node_sends_it_again(
    counting: Cluster,
) -> None:
    command = counting.command("PutExternalEvent", tick(), client_id(counting, age_ms=-1))
    (refused,) = counting.apply(command)
    counting.wait(1)
    assert counting.apply(command) == [refused]
    assert events(counting) == 0


def test_an_id_that_is_too_old_is_refused_whether_it_was_run_or_not(counting: Cluster) -> None:
    ran = client_id(counting, "ran")
    put(counting, ran)
    assert put(counting, client_id(counting, "oldest", age_ms=CLIENT_ID_AGE_MS_MAX)).code is Code.OK
    assert put(counting, client_id(counting, "older", age_ms=CLIENT_ID_AGE_MS_MAX + 1)).code is Code.ABORTED
    counting.wait(CLIENT_ID_AGE_MS_MAX / 1000 + 1)
    put(counting, client_id(counting, "another"))
    assert put(counting, ran).code is Code.ABORTED
    assert events(counting) == 3


def test_ids_that_are_too_old_take_up_no_room(counting: Cluster) -> None:
    for number in range(20):
        put(counting, client_id(counting, f"first-{number}"))
    counting.wait(CLIENT_ID_AGE_MS_MAX / 1000 + 1)
    for number in range(7):
        put(counting, client_id(counting, f"second-{number}"))
    kept = [key for key in counting.view.pairs if key[:1] == b"y"]
    assert len(kept) == 7 and all(b"second" in key for key in kept)
    assert len([key for key in counting.view.pairs if key[:1] == b"z"]) == 7


def test_the_oldest_ids_go_when_a_tenant_has_too_many(counting: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("konik.statemachine.limits.CLIENT_IDS_PER_TENANT_MAX", 3)
    ids = []
    for number in range(5):
        counting.wait(1)
        ids.append(client_id(counting, str(number)))
        put(counting, ids[-1])
    answers = [put(counting, id).code for id in ids]
    assert answers == [Code.ABORTED, Code.ABORTED, Code.OK, Code.OK, Code.OK]
    assert put(counting, client_id(counting, "unheard-of", age_ms=4000)).code is Code.ABORTED, "as old as those"
    assert events(counting) == 5


def test_the_ids_of_one_tenant_do_not_push_out_those_of_another(
    counting: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("konik.statemachine.limits.CLIENT_IDS_PER_TENANT_MAX", 3)
    id = client_id(counting)
    answer = put(counting, id)
    for number in range(5):
        request = RunWfRequest(wf_spec_name="nothing")
        counting.answer("RunWf", request, client_id(counting, str(number)), tenant="neighbour")
    assert put(counting, id) == answer


def test_an_answer_that_a_client_id_gave_is_forgotten_for_the_node_alone(counting: Cluster) -> None:
    id = client_id(counting)
    answer = put(counting, id, number=100)
    counting.apply(floors=(floor(101),))
    assert put(counting, id, number=102) == answer
    assert events(counting) == 1


def test_a_run_with_a_made_up_id_is_the_same_run_when_it_is_asked_for_again(cluster: Cluster) -> None:
    cluster.put_workflow(lambda thread: None)
    id = client_id(cluster)
    request = RunWfRequest(wf_spec_name="wf")
    assert cluster.answer("RunWf", request, id) == cluster.answer("RunWf", request, id)
