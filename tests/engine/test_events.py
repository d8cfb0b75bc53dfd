"""External events and correlated events: which NodeRun gets them, when, and what becomes of those that nobody takes."""

from typing import Any

import pytest
from engine import Refused
from invariants import check_waiters
from littlehorse.model import LHErrorType
from littlehorse.workflow import WorkflowThread
from reading import history, last_failure, node_run, node_status, run_of, status_of, thread_status, variable
from workshop import Cluster, value

from konik.api.pb.event_requests_pb2 import DeleteCorrelatedEventRequest, PutExternalEventRequest
from konik.api.pb.external_event_pb2 import CorrelatedEvent, CorrelatedEventConfig, ExternalEvent
from konik.api.pb.ids_pb2 import CorrelatedEventId, ExternalEventDefId, ExternalEventId, WfRunId
from konik.api.pb.metadata_requests_pb2 import PutWfSpecRequest
from konik.api.pb.queries_pb2 import ExternalEventList, ListExternalEventsRequest
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.rejection import Code


def one_event(thread: WorkflowThread) -> None:
    n = thread.declare_int("n")
    n.assign(thread.wait_for_event("paid"))


@pytest.fixture
def waiting(cluster: Cluster) -> Cluster:
    cluster.put_event_def("paid", "INT")
    cluster.put_workflow(one_event)
    return cluster


def stored(cluster: Cluster, name: str, guid: str, id: str = "run") -> ExternalEvent:
    event_id = ExternalEventId(wf_run_id=WfRunId(id=id), external_event_def_id=ExternalEventDefId(name=name), guid=guid)
    event: ExternalEvent = cluster.get("GetExternalEvent", event_id, ExternalEvent)
    return event


# --- Before and after -----------------------------------------------------------------------------------------------


def test_an_event_lets_the_node_that_waits_for_it_go_on(waiting: Cluster) -> None:
    waiting.start()
    assert (status_of(waiting), node_status(waiting, 0, 1)) == ("RUNNING", "RUNNING")
    event = waiting.event("paid", 7)
    assert (event.claimed, event.thread_run_number, event.node_run_position) == (True, 0, 1)
    assert (status_of(waiting), variable(waiting, "n").int) == ("COMPLETED", 7)
    waited = node_run(waiting, 0, 1).external_event
    assert waited.external_event_id == event.id
    assert waited.event_time == event.created_at


def test_an_event_that_comes_before_its_run_waits_for_it(waiting: Cluster) -> None:
    event = waiting.event("paid", 7)
    assert not event.claimed
    waiting.start()
    assert (status_of(waiting), variable(waiting, "n").int) == ("COMPLETED", 7)


def test_an_event_that_comes_before_its_node_waits_for_it(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        thread.execute("before")
        thread.wait_for_event("paid")

    cluster.put_task_def("before")
    cluster.put_event_def("paid")
    cluster.put_workflow(workflow)
    cluster.start()
    assert not cluster.event("paid", 7, guid="early").claimed
    cluster.do("before")
    assert status_of(cluster) == "COMPLETED"
    assert stored(cluster, "paid", "early").node_run_position == 2


def test_an_event_that_comes_after_the_end_is_kept_unclaimed(waiting: Cluster) -> None:
    waiting.start()
    waiting.event("paid", 1)
    assert not waiting.event("paid", 2, guid="late").claimed
    assert not stored(waiting, "paid", "late").claimed


def test_the_event_that_came_first_is_taken_first_whatever_its_guid(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        digits = thread.declare_int("digits", default_value=0)
        for _ in range(3):
            digits.assign(digits.multiply(10).add(thread.wait_for_event("paid")))

    cluster.put_event_def("paid", "INT")
    cluster.put_workflow(workflow)
    for number, guid in ((1, "c"), (2, "a"), (3, "b")):
        cluster.event("paid", number, guid=guid)
    cluster.start()
    assert variable(cluster, "digits").int == 123


def test_an_event_of_another_kind_is_stored_and_left_alone(waiting: Cluster) -> None:
    waiting.put_event_def("cancelled")
    waiting.start()
    assert not waiting.event("cancelled").claimed
    assert status_of(waiting) == "RUNNING"


def test_an_event_for_another_run_is_left_alone(waiting: Cluster) -> None:
    waiting.start(id="run")
    waiting.event("paid", 1, id="run-2")
    assert status_of(waiting, "run") == "RUNNING"


# --- Addressing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ({}, True),
        ({"thread_run_number": 0}, True),
        ({"node_run_position": 1}, True),
        ({"thread_run_number": 0, "node_run_position": 1}, True),
        ({"thread_run_number": 1}, False),
        ({"node_run_position": 0}, False),
        ({"thread_run_number": 0, "node_run_position": 2}, False),
        ({"thread_run_number": -1}, False),
    ],
    ids=str,
)
def test_an_address_must_be_that_of_the_node_run(waiting: Cluster, address: dict[str, int], taken: bool) -> None:
    waiting.start()
    assert waiting.event("paid", 1, **address).claimed is taken


def test_an_event_addressed_elsewhere_does_not_stand_in_the_way(waiting: Cluster) -> None:
    waiting.start()
    waiting.event("paid", 1, guid="elsewhere", node_run_position=9)
    waiting.event("paid", 2)
    assert variable(waiting, "n").int == 2
    assert not stored(waiting, "paid", "elsewhere").claimed


def test_two_nodes_of_a_kind_take_the_events_that_are_meant_for_them(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        first, second = thread.declare_int("first"), thread.declare_int("second")
        first.assign(thread.wait_for_event("paid"))
        second.assign(thread.wait_for_event("paid"))

    cluster.put_event_def("paid", "INT")
    cluster.put_workflow(workflow)
    cluster.start()
    cluster.event("paid", 2, node_run_position=2)
    cluster.event("paid", 1, node_run_position=1)
    assert (variable(cluster, "first").int, variable(cluster, "second").int) == (1, 2)


# --- What is refused ------------------------------------------------------------------------------------------------


def test_a_guid_can_be_used_once_per_run_and_kind(waiting: Cluster) -> None:
    waiting.event("paid", 1, guid="once")
    with pytest.raises(Refused) as refused:
        waiting.event("paid", 2, guid="once")
    assert refused.value.code is Code.ALREADY_EXISTS
    waiting.event("paid", 3, id="other", guid="once")
    assert stored(waiting, "paid", "once").content.int == 1


def test_a_new_guid_has_32_hexadecimal_digits(waiting: Cluster) -> None:
    guids = [waiting.event("paid", 1).id.guid for _ in range(2)]
    assert len(set(guids)) == 2
    assert all(len(guid) == 32 and int(guid, 16) for guid in guids)


@pytest.mark.parametrize("content", ["text", 1.5, VariableValue(json_arr="[]")], ids=str)
def test_content_of_another_type_is_refused_and_the_definition_named(waiting: Cluster, content: Any) -> None:
    with pytest.raises(Refused, match=r"Invalid type.*paid") as refused:
        waiting.event("paid", content)
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_content_of_a_type_that_is_not_built_yet_is_refused_as_such(waiting: Cluster) -> None:
    with pytest.raises(Refused, match="STRUCT") as refused:
        waiting.event("paid", VariableValue(struct={}))
    assert refused.value.code is Code.UNIMPLEMENTED


def test_null_is_content_of_every_type(waiting: Cluster) -> None:
    waiting.start()
    assert waiting.event("paid", None).claimed
    assert variable(waiting, "n") == VariableValue()


def test_a_definition_without_a_type_takes_anything(cluster: Cluster) -> None:
    cluster.put_event_def("paid")
    for content in (1, "text", None, VariableValue(json_obj="{}")):
        assert cluster.event("paid", content).content == value(content)


def test_an_event_of_no_known_kind_is_refused(waiting: Cluster) -> None:
    with pytest.raises(Refused, match="unheard-of") as refused:
        waiting.event("unheard-of")
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_an_event_for_no_run_at_all_is_refused(waiting: Cluster) -> None:
    request = PutExternalEventRequest(external_event_def_id=ExternalEventDefId(name="paid"))
    assert waiting.refusal("PutExternalEvent", request).code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize(("depth", "code"), [(32, Code.OK), (33, Code.INVALID_ARGUMENT), (99, Code.INVALID_ARGUMENT)])
def test_the_id_of_a_run_may_not_be_nested_deeper_than_can_be_read_again(
    waiting: Cluster, depth: int, code: Code
) -> None:
    request = PutExternalEventRequest(external_event_def_id=ExternalEventDefId(name="paid"))
    id = request.wf_run_id
    for _ in range(depth):
        id.id = "child"
        id = id.parent_wf_run_id
    id.id = "oldest"
    assert waiting.answer("PutExternalEvent", request).code is code


# --- Timeouts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(cluster: Cluster) -> Cluster:
    """Waits ten seconds; a handler for the timeout executes `remind`."""

    def workflow(thread: WorkflowThread) -> None:
        waited = thread.wait_for_event("paid", timeout=10)
        thread.handle_error(waited, lambda handler: handler.execute("remind"), LHErrorType.TIMEOUT)

    cluster.put_task_def("remind")
    cluster.put_event_def("paid")
    cluster.put_workflow(workflow)
    return cluster


def test_an_event_that_does_not_come_in_time_is_a_timeout(cluster: Cluster) -> None:
    cluster.put_event_def("paid")
    cluster.put_workflow(lambda thread: thread.wait_for_event("paid", timeout=10))
    cluster.start()
    cluster.wait(9.999)
    assert status_of(cluster) == "RUNNING"
    cluster.wait(0.001)
    failure = last_failure(cluster, 0, 1)
    assert failure.failure_name == "TIMEOUT"
    assert "arrive in time" in failure.message
    assert status_of(cluster) == "ERROR"


def test_a_timeout_can_be_handled(impatient: Cluster) -> None:
    impatient.start()
    impatient.wait(10)
    impatient.do("remind")
    assert status_of(impatient) == "COMPLETED"
    assert not impatient.event("paid").claimed


def test_an_event_just_in_time_wins_over_the_timeout(impatient: Cluster) -> None:
    impatient.start()
    impatient.wait(9.999)
    impatient.event("paid")
    impatient.wait(1)
    assert (status_of(impatient), history(impatient)[1]) == ("COMPLETED", "paid-EXTERNAL_EVENT COMPLETED")


def test_a_timeout_wins_over_an_event_of_the_same_moment(impatient: Cluster) -> None:
    """Timers fire before the commands of an entry."""
    impatient.start()
    impatient.now_ms += 10_000
    assert not impatient.event("paid").claimed
    assert node_status(impatient, 0, 1) == "ERROR"


def test_the_timeout_of_a_deleted_run_does_not_touch_its_successor(impatient: Cluster) -> None:
    impatient.start()
    impatient.wait(5)
    impatient.delete()
    impatient.start()
    impatient.wait(5)
    assert node_status(impatient, 0, 1) == "RUNNING"
    impatient.wait(5)
    assert node_status(impatient, 0, 1) == "ERROR"


def computed_timeout(compiled: PutWfSpecRequest) -> None:
    node = compiled.thread_specs["entrypoint"].nodes["1-paid-EXTERNAL_EVENT"].external_event
    node.timeout_seconds.variable_name = "patience"


def patient(kind: str) -> Any:
    def workflow(thread: WorkflowThread) -> None:
        getattr(thread, f"declare_{kind}")("patience")
        thread.wait_for_event("paid")

    return workflow


@pytest.mark.parametrize(("kind", "patience"), [("str", "long"), ("double", 1.5), ("int", None)])
def test_a_timeout_that_is_no_whole_number_is_a_var_error(cluster: Cluster, kind: str, patience: Any) -> None:
    cluster.put_event_def("paid")
    cluster.put_workflow(patient(kind), change=computed_timeout)
    cluster.start(patience=patience)
    assert last_failure(cluster, 0, 1).failure_name == "VAR_ERROR"


@pytest.mark.parametrize("patience", [0, -5, -(2**63)])
def test_a_timeout_that_is_over_already_fires_with_the_next_entry(cluster: Cluster, patience: int) -> None:
    cluster.put_event_def("paid")
    cluster.put_workflow(patient("int"), change=computed_timeout)
    cluster.start(patience=patience)
    assert status_of(cluster) == "RUNNING"
    cluster.wait(0.001)
    assert last_failure(cluster, 0, 1).failure_name == "TIMEOUT"
    assert node_run(cluster, 0, 1).end_time.ToMilliseconds() == cluster.now_ms


def test_the_longest_timeout_of_all_is_accepted(cluster: Cluster) -> None:
    cluster.put_event_def("paid")
    cluster.put_workflow(patient("int"), change=computed_timeout)
    cluster.start(patience=2**63 - 1)
    cluster.wait(1e9)
    assert status_of(cluster) == "RUNNING"
    assert cluster.event("paid").claimed


# --- Retention ------------------------------------------------------------------------------------------------------


def test_an_unclaimed_event_goes_when_its_retention_is_over(cluster: Cluster) -> None:
    cluster.put_event_def("paid", retention_s=60)
    before = set(cluster.view.pairs)
    cluster.event("paid", guid="forgotten", id="never")
    cluster.wait(59.999)
    assert stored(cluster, "paid", "forgotten", "never").id.guid == "forgotten"
    cluster.wait(0.001)
    with pytest.raises(Refused):
        stored(cluster, "paid", "forgotten", "never")
    assert {key for key in set(cluster.view.pairs) - before if b"never" in key} == set()


def test_a_claimed_event_is_kept_with_its_run(cluster: Cluster) -> None:
    cluster.put_event_def("paid", "INT", retention_s=60)
    cluster.put_workflow(one_event)
    cluster.start()
    cluster.event("paid", 1, guid="kept")
    cluster.wait(100)
    assert stored(cluster, "paid", "kept").claimed


def test_without_a_policy_an_unclaimed_event_stays_until_its_run_is_deleted(waiting: Cluster) -> None:
    waiting.event("paid", 1, guid="patient")
    waiting.wait(1e8)
    assert stored(waiting, "paid", "patient").id.guid == "patient"
    waiting.delete()
    listed = waiting.get(
        "ListExternalEvents", ListExternalEventsRequest(wf_run_id=WfRunId(id="run")), ExternalEventList
    )
    assert len(listed.results) == 0


def test_the_retention_of_one_event_does_not_touch_a_later_one_of_the_same_guid(cluster: Cluster) -> None:
    cluster.put_event_def("paid", retention_s=60)
    cluster.event("paid", guid="again")
    cluster.wait(30)
    cluster.delete()
    cluster.event("paid", guid="again")
    cluster.wait(30)
    assert stored(cluster, "paid", "again").id.guid == "again"
    cluster.wait(30)
    with pytest.raises(Refused):
        stored(cluster, "paid", "again")


# --- Correlated events ----------------------------------------------------------------------------------------------


def correlating(thread: WorkflowThread) -> None:
    key = thread.declare_str("key").required()
    n = thread.declare_int("n")
    n.assign(thread.wait_for_event("signed", correlation_id=key))


def correlating_for_ten_seconds(thread: WorkflowThread) -> None:
    key = thread.declare_str("key").required()
    thread.wait_for_event("signed", correlation_id=key, timeout=10)


@pytest.fixture
def signing(cluster: Cluster) -> Cluster:
    """Events of this kind are kept after they have been correlated."""
    cluster.put_event_def("signed", "INT", correlated=CorrelatedEventConfig())
    cluster.put_workflow(correlating)
    cluster.put_workflow(correlating_for_ten_seconds, name="impatient")
    return cluster


@pytest.fixture
def signing_once(cluster: Cluster) -> Cluster:
    """Events of this kind are deleted when they have been correlated."""
    cluster.put_event_def("signed", "INT", correlated=CorrelatedEventConfig(delete_after_first_correlation=True))
    cluster.put_workflow(correlating)
    return cluster


def correlated(cluster: Cluster, key: str) -> CorrelatedEvent:
    id = CorrelatedEventId(key=key, external_event_def_id=ExternalEventDefId(name="signed"))
    event: CorrelatedEvent = cluster.get("GetCorrelatedEvent", id, CorrelatedEvent)
    return event


def exists(cluster: Cluster, key: str) -> bool:
    try:
        return correlated(cluster, key).id.key == key
    except Refused as refused:
        assert refused.code is Code.NOT_FOUND
        return False


def test_a_correlated_event_finds_the_run_that_waits_for_its_key(signing: Cluster) -> None:
    for id in ("doc-1", "doc-2", "doc-3"):
        signing.start(id=id, key=id)
    (forwarded,) = signing.correlate("signed", "doc-2", 7).external_events
    assert forwarded.wf_run_id.id == "doc-2"
    assert [status_of(signing, id) for id in ("doc-1", "doc-2", "doc-3")] == ["RUNNING", "COMPLETED", "RUNNING"]
    assert variable(signing, "n", id="doc-2").int == 7
    made = stored(signing, "signed", forwarded.guid, "doc-2")
    assert (made.claimed, made.thread_run_number, made.node_run_position) == (True, 0, 1)


def test_a_correlated_event_that_comes_before_its_run_waits_for_it(signing: Cluster) -> None:
    assert len(signing.correlate("signed", "doc-1", 7).external_events) == 0
    signing.start(key="doc-1")
    assert (status_of(signing), variable(signing, "n").int) == ("COMPLETED", 7)
    assert len(correlated(signing, "doc-1").external_events) == 1


def test_a_correlated_event_that_comes_before_its_node_waits_for_it(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        thread.execute("before")
        thread.wait_for_event("signed", correlation_id="doc-1")

    cluster.put_task_def("before")
    cluster.put_event_def("signed", correlated=CorrelatedEventConfig())
    cluster.put_workflow(workflow)
    cluster.start()
    cluster.correlate("signed", "doc-1")
    cluster.do("before")
    assert status_of(cluster) == "COMPLETED"


def test_one_correlated_event_serves_every_run_that_waits_for_it(signing: Cluster) -> None:
    for id in ("b", "a", "c"):
        signing.start(id=id, key="doc")
    event = signing.correlate("signed", "doc", 7)
    assert sorted(id.wf_run_id.id for id in event.external_events) == ["a", "b", "c"]
    assert [status_of(signing, id) for id in ("a", "b", "c")] == ["COMPLETED"] * 3


def test_a_kept_correlated_event_serves_those_who_come_later_too(signing: Cluster) -> None:
    signing.start(id="early", key="doc")
    signing.correlate("signed", "doc", 7)
    signing.start(id="late", key="doc")
    assert status_of(signing, "late") == "COMPLETED"
    assert [id.wf_run_id.id for id in correlated(signing, "doc").external_events] == ["early", "late"]


def test_a_correlated_event_for_one_use_is_gone_after_it(signing_once: Cluster) -> None:
    signing_once.start(id="early", key="doc")
    assert len(signing_once.correlate("signed", "doc", 7).external_events) == 1
    assert not exists(signing_once, "doc")
    signing_once.start(id="late", key="doc")
    assert status_of(signing_once, "late") == "RUNNING"
    signing_once.correlate("signed", "doc", 8)
    assert variable(signing_once, "n", id="late").int == 8


def test_a_correlated_event_for_one_use_waits_for_it(signing_once: Cluster) -> None:
    signing_once.correlate("signed", "doc", 7)
    assert exists(signing_once, "doc")
    signing_once.start(key="doc")
    assert status_of(signing_once) == "COMPLETED"
    assert not exists(signing_once, "doc")


def test_two_nodes_of_one_run_may_wait_for_one_key_in_turn(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        for _ in range(2):
            thread.wait_for_event("signed", correlation_id="doc")

    cluster.put_event_def("signed", correlated=CorrelatedEventConfig())
    cluster.put_workflow(workflow)
    cluster.start()
    event = cluster.correlate("signed", "doc")
    assert status_of(cluster) == "COMPLETED"
    assert len(event.external_events) == 2


@pytest.mark.parametrize("key", ["a/b", "a~b", "/", "~"])
def test_a_key_with_a_slash_or_a_tilde_is_refused(signing: Cluster, key: str) -> None:
    with pytest.raises(Refused) as refused:
        signing.correlate("signed", key)
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_only_a_kind_that_says_so_can_be_correlated(waiting: Cluster) -> None:
    with pytest.raises(Refused, match="correlated_event_config"):
        waiting.correlate("paid", "key", 1)


def test_a_correlated_event_of_the_wrong_type_is_refused_by_name(signing: Cluster) -> None:
    with pytest.raises(Refused, match=r"Invalid type.*signed") as refused:
        signing.correlate("signed", "doc", "text")
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_a_key_can_be_used_by_one_event_at_a_time(signing: Cluster) -> None:
    signing.correlate("signed", "doc", 1)
    with pytest.raises(Refused) as refused:
        signing.correlate("signed", "doc", 2)
    assert refused.value.code is Code.ALREADY_EXISTS
    id = CorrelatedEventId(key="doc", external_event_def_id=ExternalEventDefId(name="signed"))
    signing.call("DeleteCorrelatedEvent", DeleteCorrelatedEventRequest(id=id))
    signing.call("DeleteCorrelatedEvent", DeleteCorrelatedEventRequest(id=id))
    assert not exists(signing, "doc")
    signing.correlate("signed", "doc", 2)


def test_a_correlated_event_expires_and_its_successor_lives_on(cluster: Cluster) -> None:
    cluster.put_event_def("signed", correlated=CorrelatedEventConfig(ttl_seconds=60))
    id = CorrelatedEventId(key="doc", external_event_def_id=ExternalEventDefId(name="signed"))
    cluster.correlate("signed", "doc")
    cluster.wait(30)
    cluster.call("DeleteCorrelatedEvent", DeleteCorrelatedEventRequest(id=id))
    cluster.correlate("signed", "doc")
    cluster.wait(30)
    assert exists(cluster, "doc"), "the timer belonged to the event that was deleted"
    cluster.wait(30)
    assert not exists(cluster, "doc")


def test_what_was_forwarded_of_an_expired_event_stays(cluster: Cluster) -> None:
    cluster.put_event_def("signed", "INT", correlated=CorrelatedEventConfig(ttl_seconds=60))
    cluster.put_workflow(correlating)
    cluster.start(key="doc")
    (forwarded,) = cluster.correlate("signed", "doc", 1).external_events
    cluster.wait(60)
    assert not exists(cluster, "doc")
    assert stored(cluster, "signed", forwarded.guid).claimed


def test_whoever_has_timed_out_waits_no_longer(signing: Cluster) -> None:
    signing.start(name="impatient", key="doc")
    signing.wait(10)
    assert status_of(signing) == "ERROR"
    assert len(signing.correlate("signed", "doc", 1).external_events) == 0


def test_a_run_that_was_deleted_waits_no_longer(signing: Cluster) -> None:
    signing.start(key="doc")
    signing.delete()
    assert len(signing.correlate("signed", "doc", 1).external_events) == 0


def test_whoever_was_served_by_a_plain_event_waits_no_longer(signing: Cluster) -> None:
    signing.start(key="doc")
    signing.event("signed", 1)
    assert status_of(signing) == "COMPLETED"
    assert len(signing.correlate("signed", "doc", 2).external_events) == 0


def test_an_event_for_one_use_is_not_spent_on_nobody(signing_once: Cluster) -> None:
    signing_once.start(key="doc")
    signing_once.event("signed", 1)
    signing_once.correlate("signed", "doc", 2)
    assert exists(signing_once, "doc")


def test_nothing_of_the_waiting_is_left_behind(signing: Cluster) -> None:
    before = {key for key in signing.view.pairs if key[:1] == b"k"}
    for id in ("served", "deleted", "answered"):
        signing.start(id=id, key=id)
    signing.start(id="timed-out", name="impatient", key="timed-out")
    signing.correlate("signed", "served", 1)
    signing.event("signed", 1, id="answered")
    signing.delete("deleted")
    signing.wait(10)
    assert {key for key in signing.view.pairs if key[:1] == b"k"} == before


def test_a_key_that_is_no_text_is_a_var_error(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        key = thread.declare_int("key", default_value=5)
        thread.wait_for_event("signed", correlation_id=key)

    cluster.put_event_def("signed", correlated=CorrelatedEventConfig())
    cluster.put_workflow(workflow)
    cluster.start()
    assert last_failure(cluster, 0, 1).failure_name == "VAR_ERROR"


@pytest.mark.parametrize("masked", [True, False])
def test_a_masked_key_is_shown_as_asterisks_and_still_correlates(cluster: Cluster, masked: bool) -> None:
    def workflow(thread: WorkflowThread) -> None:
        thread.wait_for_event("signed", correlation_id="doc-1", mask_correlation_id=masked)

    cluster.put_event_def("signed", correlated=CorrelatedEventConfig())
    cluster.put_workflow(workflow)
    cluster.start()
    assert node_run(cluster, 0, 1).external_event.correlation_key == ("*****" if masked else "doc-1")
    cluster.correlate("signed", "doc-1")
    assert status_of(cluster) == "COMPLETED"


def test_a_handler_thread_takes_the_event_that_is_addressed_to_it(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        waited = thread.wait_for_event("paid", timeout=10)
        thread.handle_error(waited, lambda handler: handler.wait_for_event("paid"))

    cluster.put_event_def("paid")
    cluster.put_workflow(workflow)
    cluster.start()
    cluster.wait(10)
    assert not cluster.event("paid", thread_run_number=0).claimed
    assert cluster.event("paid", thread_run_number=1).claimed
    assert (thread_status(cluster, 1), run_of(cluster).greatest_threadrun_number) == ("COMPLETED", 1)


def test_a_run_that_is_given_up_while_it_waits_for_a_key_does_not_get_the_event(cluster: Cluster) -> None:
    """What follows the timeout cannot be stored, so that the run ends at its event: others wait for the key, too."""
    cluster.put_event_def("signed", correlated=CorrelatedEventConfig(delete_after_first_correlation=True))
    cluster.put_task_def("both", "left:STR", "right:STR")

    def impatient(thread: WorkflowThread) -> None:
        half = thread.declare_str("half").required()

        def handler(handling: WorkflowThread) -> None:
            handling.execute("both", half, half)

        event = thread.wait_for_event("signed", correlation_id="doc-1", timeout=10)
        thread.handle_error(event, handler, LHErrorType.TIMEOUT)

    cluster.put_workflow(impatient, name="impatient")
    cluster.put_workflow(lambda thread: thread.wait_for_event("signed", correlation_id="doc-1"), name="patient")
    cluster.start("given-up", "impatient", half="x" * 600_000)
    cluster.wait(10)
    assert status_of(cluster, "given-up") == "ERROR"
    assert last_failure(cluster, 0, 1, "given-up").failure_name == "INTERNAL_ERROR"
    check_waiters(cluster.view)
    cluster.start("waits", "patient")
    cluster.correlate("signed", "doc-1", 7)
    assert status_of(cluster, "waits") == "COMPLETED"
