"""Get, List and the smaller searches: what is found, what is NOT_FOUND, and what is never shown."""

from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty

from konik.api.pb.enums_pb2 import RUNNING
from konik.api.pb.external_event_pb2 import CorrelatedEvent, ExternalEvent, ExternalEventDef
from konik.api.pb.ids_pb2 import (
    CorrelatedEventId,
    ExternalEventDefId,
    ExternalEventId,
    NodeRunId,
    TaskDefId,
    TaskRunId,
    VariableId,
    WfRunId,
    WfSpecId,
    WorkflowEventDefId,
)
from konik.api.pb.metadata_requests_pb2 import GetLatestWfSpecRequest
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.queries_pb2 import (
    ListExternalEventsRequest,
    ListNodeRunsRequest,
    ListTaskRunsRequest,
    ListVariablesRequest,
    SearchCorrelatedEventRequest,
    SearchExternalEventRequest,
    SearchNodeRunRequest,
    SearchTaskRunRequest,
    SearchWfSpecRequest,
)
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_spec_pb2 import ThreadSpec
from konik.statemachine import genesis, tables
from konik.statemachine.rejection import Code, Rejection

RUN = WfRunId(id="run")


@pytest.mark.parametrize(
    ("method", "id", "message"),
    (
        ("GetTaskDef", TaskDefId(name="x"), "Couldn't find TaskDef x"),
        ("GetExternalEventDef", ExternalEventDefId(name="x"), "Couldn't find ExternalEventDef x"),
        ("GetWorkflowEventDef", WorkflowEventDefId(name="x"), "Couldn't find WorkflowEventDef x"),
        ("GetWfSpec", WfSpecId(name="x"), "Couldn't find specified WfSpec"),
        ("GetWfSpec", WfSpecId(name="x", major_version=-1), "Couldn't find specified WfSpec"),
        ("GetLatestWfSpec", GetLatestWfSpecRequest(name="x"), "Couldn't find specified WfSpec"),
        ("GetLatestWfSpec", GetLatestWfSpecRequest(name="x", major_version=-1), "Couldn't find specified WfSpec"),
        ("GetWfRun", RUN, "Requested object was not found."),
        ("GetNodeRun", NodeRunId(wf_run_id=RUN), "Requested object was not found."),
        ("GetNodeRun", NodeRunId(wf_run_id=RUN, position=-1), "Requested object was not found."),
        ("GetTaskRun", TaskRunId(wf_run_id=RUN, task_guid="0-1"), "Requested object was not found."),
        ("GetVariable", VariableId(wf_run_id=RUN, thread_run_number=-1), "Requested object was not found."),
        ("GetExternalEvent", ExternalEventId(wf_run_id=RUN), "Requested object was not found."),
        ("GetCorrelatedEvent", CorrelatedEventId(key="x"), "Requested object was not found."),
        ("GetTaskWorkerGroup", TaskDefId(name="x"), "Requested object was not found."),
    ),
)
def test_what_is_not_there_is_not_found(state: Any, method: str, id: Any, message: str) -> None:
    with pytest.raises(Rejection) as refused:
        state.ask(method, id)
    assert (refused.value.code, refused.value.message) == (Code.NOT_FOUND, message)


@pytest.mark.parametrize(
    "request_",
    (
        ListNodeRunsRequest(wf_run_id=RUN),
        ListNodeRunsRequest(wf_run_id=RUN, thread_run_number=-1),
        ListTaskRunsRequest(wf_run_id=RUN),
        ListVariablesRequest(),
        ListExternalEventsRequest(wf_run_id=RUN),
        SearchTaskRunRequest(),
        SearchTaskRunRequest(task_def_name="x", status=-1),  # type: ignore[arg-type]
        SearchNodeRunRequest(),
        SearchCorrelatedEventRequest(),
        SearchWfSpecRequest(task_def_name="x"),
    ),
    ids=lambda request: type(request).__name__,
)
def test_a_list_or_search_for_what_is_not_there_is_empty(state: Any, request_: Any) -> None:
    page = state.ask(type(request_).__name__.removesuffix("Request"), request_)
    assert not page.results
    assert not page.HasField("bookmark")


def test_the_latest_wf_spec_is_the_highest_version_of_all_or_of_a_major_version(state: Any) -> None:
    for version in ((0, 9), (0, 10), (1, 0)):
        state.add_wf_spec("spec", *version)
    latest = state.ask("GetLatestWfSpec", GetLatestWfSpecRequest(name="spec")).id
    assert (latest.major_version, latest.revision) == (1, 0)
    latest = state.ask("GetLatestWfSpec", GetLatestWfSpecRequest(name="spec", major_version=0)).id
    assert (latest.major_version, latest.revision) == (0, 10)


def test_wf_specs_are_found_by_the_task_defs_that_their_nodes_name(state: Any) -> None:
    thread = ThreadSpec()
    thread.nodes["1"].task.task_def_id.name = "used"
    thread.nodes["2"].task.task_def_id.name = "used"
    thread.nodes["3"].task.dynamic_task.variable_name = "dynamic"
    state.add_wf_spec("spec", entrypoint=ThreadSpec(), other=thread)
    state.add_wf_spec("without")
    found = state.all_pages("SearchWfSpec", SearchWfSpecRequest(task_def_name="used"))
    assert [id.name for id in found] == ["spec"]


def test_node_runs_are_listed_by_thread(state: Any) -> None:
    for thread, position in ((0, 0), (0, 10), (0, 2), (1, 0)):
        node_run = NodeRun(id=NodeRunId(wf_run_id=RUN, thread_run_number=thread, position=position))
        state.save(tables.NODE_RUNS, tables.node_run_key("default", node_run.id), node_run)
    listed = state.all_pages("ListNodeRuns", ListNodeRunsRequest(wf_run_id=RUN, thread_run_number=0, limit=2))
    assert [node_run.id.position for node_run in listed] == [0, 2, 10]


def test_node_runs_that_wait_for_an_event_are_found_by_it_and_their_status(state: Any) -> None:
    for position, status in ((1, "RUNNING"), (2, "COMPLETED")):
        node_run = NodeRun(id=NodeRunId(wf_run_id=RUN, position=position), status=status)
        node_run.external_event.external_event_def_id.name = "event"
        state.save(tables.NODE_RUNS, tables.node_run_key("default", node_run.id), node_run)
    event = ExternalEventDefId(name="event")
    of_any = state.all_pages("SearchNodeRun", SearchNodeRunRequest(external_event_def=event))
    assert [id.position for id in of_any] == [1, 2]
    waiting = state.all_pages("SearchNodeRun", SearchNodeRunRequest(external_event_def=event, status=RUNNING))
    assert [id.position for id in waiting] == [1]


def test_external_events_are_found_by_whether_they_are_claimed(state: Any) -> None:
    definition = ExternalEventDef(id=ExternalEventDefId(name="event"))
    state.save(tables.EXTERNAL_EVENT_DEFS, tables.external_event_def_key("default", "event"), definition)
    for guid, claimed in (("a", True), ("b", False)):
        id = ExternalEventId(wf_run_id=RUN, external_event_def_id=definition.id, guid=guid)
        state.save(
            tables.EXTERNAL_EVENTS, tables.external_event_key("default", id), ExternalEvent(id=id, claimed=claimed)
        )
    for claimed, found in ((None, ["a", "b"]), (True, ["a"]), (False, ["b"])):
        request = SearchExternalEventRequest(external_event_def_id=definition.id, is_claimed=claimed)
        assert [id.guid for id in state.all_pages("SearchExternalEvent", request)] == found


def test_correlated_events_are_found_by_whether_anything_came_of_them(state: Any) -> None:
    for key, made in (("a", True), ("b", False)):
        event = CorrelatedEvent(id=CorrelatedEventId(key=key, external_event_def_id=ExternalEventDefId(name="event")))
        if made:
            event.external_events.add(guid="x")
        state.save(tables.CORRELATED_EVENTS, tables.correlated_event_key("default", event.id), event)
    for made, found in ((None, ["a", "b"]), (True, ["a"]), (False, ["b"])):
        request = SearchCorrelatedEventRequest(
            external_event_def_id=ExternalEventDefId(name="event"), has_external_events=made
        )
        assert [id.key for id in state.all_pages("SearchCorrelatedEvent", request)] == found


@pytest.mark.parametrize("name", ("", " ", "unknown"))
def test_external_events_of_an_unknown_definition_are_refused(state: Any, name: str) -> None:
    request = SearchExternalEventRequest(external_event_def_id=ExternalEventDefId(name=name))
    with pytest.raises(Rejection) as refused:
        state.ask("SearchExternalEvent", request)
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_masked_variables_are_shown_as_asterisks_even_when_they_are_null(state: Any) -> None:
    for name, masked, value in (("open", False, 1), ("secret", True, 2), ("null", True, None)):
        variable = Variable(id=VariableId(wf_run_id=RUN, name=name), masked=masked)
        if value is not None:
            variable.value.int = value
        state.save(tables.VARIABLES, tables.variable_key("default", variable.id), variable)
    listed = {v.id.name: v.value for v in state.ask("ListVariables", ListVariablesRequest(wf_run_id=RUN)).results}
    assert listed["open"].int == 1
    assert listed["secret"].str == listed["null"].str == "*****"
    assert state.ask("GetVariable", VariableId(wf_run_id=RUN, name="secret")).value.str == "*****"


def test_masked_inputs_and_outputs_of_a_task_are_shown_as_asterisks(state: Any) -> None:
    run = TaskRun(id=TaskRunId(wf_run_id=RUN, task_guid="0-1"))
    run.input_variables.add(var_name="open").value.int = 1
    run.input_variables.add(var_name="secret", masked=True).value.int = 2
    run.attempts.add(masked_value=True).exception.content.str = "shown"
    run.attempts.add(masked_value=True).output.str = "hidden"
    run.attempts.add().output.str = "shown"
    state.save(tables.TASK_RUNS, tables.task_run_key("default", run.id), run)
    for shown in (
        state.ask("GetTaskRun", run.id),
        *state.all_pages("ListTaskRuns", ListTaskRunsRequest(wf_run_id=RUN)),
    ):
        assert [variable.value.WhichOneof("value") for variable in shown.input_variables] == ["int", "str"]
        assert shown.attempts[0].exception.content.str == "shown"
        assert [attempt.output.str for attempt in shown.attempts[1:]] == ["*****", "shown"]


def test_a_masked_correlation_key_is_shown_as_asterisks(state: Any) -> None:
    for position, masked in ((1, True), (2, False)):
        node_run = NodeRun(id=NodeRunId(wf_run_id=RUN, position=position))
        node_run.external_event.correlation_key = "key"
        node_run.external_event.mask_correlation_key = masked
        state.save(tables.NODE_RUNS, tables.node_run_key("default", node_run.id), node_run)
    listed = state.ask("ListNodeRuns", ListNodeRunsRequest(wf_run_id=RUN)).results
    assert [node_run.external_event.correlation_key for node_run in listed] == ["*****", "key"]
    got = state.ask("GetNodeRun", NodeRunId(wf_run_id=RUN, position=1))
    assert got.external_event.correlation_key == "*****"


def test_masking_leaves_what_is_stored_as_it_is(state: Any) -> None:
    variable = Variable(id=VariableId(wf_run_id=RUN, name="secret"), masked=True)
    variable.value.int = 2
    key = tables.variable_key("default", variable.id)
    state.save(tables.VARIABLES, key, variable)
    state.ask("GetVariable", variable.id)
    assert tables.VARIABLES.parse(state.view.get(key)).value.int == 2


def test_objects_of_another_tenant_are_not_found(state: Any) -> None:
    state.add_wf_spec("spec")
    with pytest.raises(Rejection) as refused:
        state.ask("GetWfSpec", WfSpecId(name="spec"), tenant="other")
    assert refused.value.code is Code.NOT_FOUND


def test_whoami_answers_the_principal_that_the_caller_counts_as(state: Any) -> None:
    genesis.write(state.view, 5)
    assert state.ask("Whoami", Empty()).id.id == "anonymous"


def test_the_version_is_that_of_the_contract(state: Any) -> None:
    version = state.ask("GetServerVersion", Empty())
    assert (version.major_version, version.minor_version, version.patch_version) == (1, 3, 0)
