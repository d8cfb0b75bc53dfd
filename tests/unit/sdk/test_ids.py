from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.ids_pb2 import TaskRunId, WfRunId
from konik.sdk import task_run_id_text, wf_run_id, wf_run_id_text


def test_a_run_without_a_parent_is_its_bare_id() -> None:
    assert wf_run_id("a") == WfRunId(id="a")


def test_parents_come_first() -> None:
    assert wf_run_id("a_b_c").parent_wf_run_id.parent_wf_run_id.id == "a"
    assert wf_run_id("a_b_c").id == "c"


@given(st.lists(st.text("abc-0", min_size=1), min_size=1))
def test_the_text_of_an_id_is_the_id(parts: list[str]) -> None:
    text = "_".join(parts)
    assert wf_run_id_text(wf_run_id(text)) == text


def test_a_task_run_is_named_below_its_run() -> None:
    assert task_run_id_text(TaskRunId(wf_run_id=wf_run_id("a_b"), task_guid="0-1")) == "a_b/0-1"
