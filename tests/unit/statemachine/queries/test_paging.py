"""Pages: each object once, in order, whatever the limit; and what is refused."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from konik.api.pb.enums_pb2 import LHStatus
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.queries_pb2 import (
    ListNodeRunsRequest,
    ListTaskRunsRequest,
    SearchExternalEventDefRequest,
    SearchTaskDefRequest,
    SearchTaskRunRequest,
    SearchWfRunRequest,
    SearchWfSpecRequest,
    SearchWorkflowEventDefRequest,
)
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.wf_run_pb2 import WfRun
from konik.statemachine import tables
from konik.statemachine.rejection import Code, Rejection

names = st.from_regex(r"\A[A-Za-z0-9](-?[A-Za-z0-9]){0,5}\Z")


def add_wf_run(state: Any, id: str, seconds: int, status: int = 1) -> None:
    run = WfRun(id=WfRunId(id=id), status=LHStatus.Name(status))
    run.wf_spec_id.name = "spec"
    run.start_time.seconds = seconds
    state.save(tables.WF_RUNS, tables.wf_run_key("default", run.id), run)


@settings(max_examples=100, deadline=None)
@given(
    runs=st.dictionaries(names, st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=20), limit=st.integers(1, 7)
)
def test_paging_gives_each_wf_run_once_in_the_order_of_start_and_id(
    new_state: Any, runs: dict[str, tuple[int, int]], limit: int
) -> None:
    state = new_state()
    state.add_wf_spec("spec")
    for id, (seconds, status) in runs.items():
        add_wf_run(state, id, seconds, status)
    for status in (None, 1):
        request = SearchWfRunRequest(wf_spec_name="spec", limit=limit, status=status)
        found = [id.id for id in state.all_pages("SearchWfRun", request)]
        wanted = [(at, id) for id, (at, of) in runs.items() if status is None or of == status]
        assert found == [id for _, id in sorted(wanted)]


@settings(max_examples=50, deadline=None)
@given(runs=st.dictionaries(names, st.integers(0, 5), max_size=15), limit=st.integers(1, 7))
def test_without_criteria_all_wf_runs_come_once_in_the_order_of_ids(
    new_state: Any, runs: dict[str, int], limit: int
) -> None:
    state = new_state()
    for id, seconds in runs.items():
        add_wf_run(state, id, seconds)
        node_run = NodeRun()
        node_run.id.wf_run_id.id = id
        state.save(tables.NODE_RUNS, tables.node_run_key("default", node_run.id), node_run)
    found = [id.id for id in state.all_pages("SearchWfRun", SearchWfRunRequest(limit=limit))]
    assert found == sorted(runs)


DEFINITIONS = {
    "TaskDef": (tables.TASK_DEFS, tables.task_def_key, SearchTaskDefRequest),
    "ExternalEventDef": (tables.EXTERNAL_EVENT_DEFS, tables.external_event_def_key, SearchExternalEventDefRequest),
    "WorkflowEventDef": (tables.WORKFLOW_EVENT_DEFS, tables.workflow_event_def_key, SearchWorkflowEventDefRequest),
}


@pytest.mark.parametrize("kind", DEFINITIONS)
@settings(max_examples=50, deadline=None)
@given(added=st.sets(names, max_size=15), prefix=st.sampled_from(("", "a", "A1")), limit=st.integers(1, 7))
def test_metadata_comes_once_in_the_order_of_names(
    new_state: Any, kind: str, added: set[str], prefix: str, limit: int
) -> None:
    table, key, request = DEFINITIONS[kind]
    state = new_state()
    for name in added:
        made: Any = table.message()
        made.id.name = name
        state.save(table, key("default", name), made)
    found = [id.name for id in state.all_pages(f"Search{kind}", request(limit=limit, prefix=prefix))]
    assert found == sorted(name for name in added if name.startswith(prefix))


def test_versions_of_a_wf_spec_come_in_ascending_order_over_pages(state: Any) -> None:
    versions = [(0, 0), (0, 1), (0, 10), (1, 0), (12, 3)]
    for major, revision in reversed(versions):
        state.add_wf_spec("spec", major, revision)
    state.add_wf_spec("spec-2")
    found = state.all_pages("SearchWfSpec", SearchWfSpecRequest(name="spec", limit=2))
    assert [(id.major_version, id.revision) for id in found] == versions


def test_the_last_page_has_no_bookmark_even_if_it_is_full(state: Any) -> None:
    state.add_wf_spec("spec")
    for id in "abcd":
        add_wf_run(state, id, 0)
    page = state.ask("SearchWfRun", SearchWfRunRequest(wf_spec_name="spec", limit=4))
    assert len(page.results) == 4
    assert not page.HasField("bookmark")


@pytest.mark.parametrize(("limit", "count"), ((None, 100), (0, 100), (7, 7), (5000, 1000)))
def test_a_search_without_a_limit_gives_100_and_never_more_than_1000(state: Any, limit: int | None, count: int) -> None:
    for number in range(1001):
        run = TaskRun()
        run.id.task_guid = str(number)
        run.task_def_id.name = "task"
        state.save(tables.TASK_RUNS, tables.task_run_key("default", run.id), run)
    page = state.ask("SearchTaskRun", SearchTaskRunRequest(task_def_name="task", limit=limit))
    assert len(page.results) == count
    assert page.HasField("bookmark")


def test_node_runs_are_listed_completely_when_no_limit_is_given(state: Any) -> None:
    for position in range(1500):
        node_run = NodeRun()
        node_run.id.wf_run_id.id = "run"
        node_run.id.position = position
        state.save(tables.NODE_RUNS, tables.node_run_key("default", node_run.id), node_run)
    page = state.ask("ListNodeRuns", ListNodeRunsRequest(wf_run_id=WfRunId(id="run")))
    assert [node_run.id.position for node_run in page.results] == list(range(1500))
    assert not page.HasField("bookmark")


def test_a_page_ends_before_it_outgrows_what_clients_receive(state: Any) -> None:
    for number in range(8):
        run = TaskRun()
        run.id.wf_run_id.id = "run"
        run.id.task_guid = str(number)
        run.input_variables.add().value.str = "x" * 1_000_000
        state.save(tables.TASK_RUNS, tables.task_run_key("default", run.id), run)
    request = ListTaskRunsRequest(wf_run_id=WfRunId(id="run"))
    first = state.ask("ListTaskRuns", request)
    assert first.ByteSize() < 3.5 * 2**20
    assert [run.id.task_guid for run in state.all_pages("ListTaskRuns", request)] == list("01234567")


def test_a_page_ends_early_when_hardly_anything_matches(state: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("konik.statemachine.queries.paging.PAGE_MISSES_MAX", 3)
    state.add_wf_spec("spec")
    for seconds, id in enumerate("abcdefg"):
        add_wf_run(state, id, seconds, status=2 if id == "g" else 1)
    request = SearchWfRunRequest(status="COMPLETED")
    first = state.ask("SearchWfRun", request)
    assert not first.results
    assert first.HasField("bookmark")
    assert [id.id for id in state.all_pages("SearchWfRun", request)] == ["g"]


def test_a_negative_limit_is_refused(state: Any) -> None:
    with pytest.raises(Rejection) as refused:
        state.ask("SearchTaskDef", SearchTaskDefRequest(limit=-1))
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert "limit" in refused.value.message


@pytest.mark.parametrize("bookmark", (b"\xff", b"nonsense", b"ddefaul"))
def test_a_bookmark_that_was_not_given_for_this_search_is_refused(state: Any, bookmark: bytes) -> None:
    with pytest.raises(Rejection) as refused:
        state.ask("SearchTaskDef", SearchTaskDefRequest(bookmark=bookmark))
    assert refused.value.code is Code.INVALID_ARGUMENT


def test_a_bookmark_of_another_tenant_is_refused(state: Any) -> None:
    state.add_wf_spec("spec")
    for id in "ab":
        add_wf_run(state, id, 0)
    page = state.ask("SearchWfRun", SearchWfRunRequest(limit=1))
    with pytest.raises(Rejection):
        state.ask("SearchWfRun", SearchWfRunRequest(bookmark=page.bookmark), tenant="other")


def test_an_empty_bookmark_begins_at_the_start(state: Any) -> None:
    add_wf_run(state, "a", 0)
    assert len(state.ask("SearchWfRun", SearchWfRunRequest(bookmark=b"")).results) == 1


@pytest.mark.parametrize(
    ("earliest", "latest", "found"),
    (
        (None, None, "abc"),
        (20, None, "bc"),
        (None, 20, "ab"),
        (20, 20, "b"),
        (30, 10, ""),
        (0, 9, ""),
        (-5, -1, ""),
        (None, 2**40, "abc"),
    ),
)
@pytest.mark.parametrize("by_index", (True, False))
def test_both_bounds_of_a_time_range_are_included(
    state: Any, earliest: int | None, latest: int | None, found: str, by_index: bool
) -> None:
    state.add_wf_spec("spec")
    for seconds, id in ((10, "a"), (20, "b"), (30, "c")):
        add_wf_run(state, id, seconds)
    request = SearchWfRunRequest(
        wf_spec_name="spec" if by_index else "",
        earliest_start=None if earliest is None else Timestamp(seconds=earliest),
        latest_start=None if latest is None else Timestamp(seconds=latest),
    )
    assert "".join(id.id for id in state.ask("SearchWfRun", request).results) == found
