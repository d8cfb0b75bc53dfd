import pytest

from konik.statemachine.names import is_name, require_name, require_workflow_event_name
from konik.statemachine.rejection import Rejection


@pytest.mark.parametrize("text", ["a", "A", "7", "a-b", "a--b", "Greet-2", "x" * 100_000])
def test_letters_digits_and_inner_hyphens_make_a_name(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize(
    "text", ["", "-", "-a", "a-", "a_b", "a.b", "a/b", "a b", "a\n", "\na", "é", "٣", "ａ", "x" * 100_000 + "!"]
)
def test_anything_else_is_no_name(text: str) -> None:
    assert not is_name(text)


def test_a_refused_name_is_told_with_the_kind_of_what_it_should_have_named() -> None:
    with pytest.raises(Rejection, match="TaskDefName must be a valid hostname"):
        require_name("TaskDef", "no_name")


@pytest.mark.parametrize("text", ["", "a/b", "/"])
def test_workflow_events_cannot_have_names_that_clients_cannot_write(text: str) -> None:
    with pytest.raises(Rejection, match="WorkflowEventDefName"):
        require_workflow_event_name(text)


def test_workflow_events_may_have_names_that_others_may_not() -> None:
    require_workflow_event_name("paid_in full")
