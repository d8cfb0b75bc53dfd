"""The EXIT nodes of a thread agree on what it returns."""

from typing import Any

import pytest

from konik.api.pb.enums_pb2 import INT, JSON_OBJ
from konik.statemachine.plan.check import check
from konik.statemachine.plan.exits import thread_output
from konik.statemachine.plan.nodes import RULES
from konik.statemachine.plan.scope import scopes
from konik.statemachine.values.static_type import NULL, UNKNOWN, VOID, known

NOTHING = "exit {}"
ONE = "exit { return_content { literal_value { int: 1 } } }"
TEXT = "exit { return_content { literal_value { str: 'a' } } }"
FRACTION = "exit { return_content { literal_value { double: 1 } } }"
NO_VALUE = "exit { return_content { literal_value {} } }"
MASKED = "exit { return_content { variable_name: 'masked' } }"
UNTYPED = "exit { return_content { variable_name: 'j' json_path: '$.a' } }"
NO_OUTPUT = "exit { return_content { node_output { node_name: 'a-start' } } }"
FAILS = "exit { failure_def { failure_name: 'oops' } }"


@pytest.fixture
def with_exits(draft: Any) -> Any:
    def make(*exits: str) -> Any:
        thread = draft.thread("entrypoint", **{f"exit-{n}": text for n, text in enumerate(exits)})
        del thread.nodes["z-end"]
        for node in thread.nodes.values():
            node.ClearField("outgoing_edges")
        draft.variable("masked", INT).var_def.type_def.masked = True
        draft.variable("j", JSON_OBJ)
        return draft

    return make


VOID_AND_NOT = "Detected an EXIT node that returns void and another EXIT node that returns non-void"
DIFFERENT = "Detected that different EXIT nodes returned different output types!"


@pytest.mark.parametrize(
    "exits, message",
    [
        pytest.param((NOTHING, ONE), VOID_AND_NOT, id="nothing and a number"),
        pytest.param((UNTYPED, NOTHING), VOID_AND_NOT, id="unknown content and nothing"),
        pytest.param((NO_VALUE, NOTHING), VOID_AND_NOT, id="NULL and nothing"),
        pytest.param((ONE, FAILS, TEXT), DIFFERENT, id="a number and a text"),
        pytest.param((ONE, FRACTION), DIFFERENT, id="INT and DOUBLE"),
        pytest.param((ONE, NO_VALUE), DIFFERENT, id="a number and NULL"),
        pytest.param((ONE, MASKED), DIFFERENT, id="clear and masked"),
        pytest.param((ONE, UNTYPED, TEXT), DIFFERENT, id="unknown between different ones"),
    ],
)
def test_exits_that_disagree_are_refused(with_exits: Any, refusal: Any, exits: tuple[str, ...], message: str) -> None:
    assert refusal(with_exits(*exits).request) == (
        f"PutWfSpecRequest is invalid: ThreadSpec entrypoint invalid: {message}"
    )


@pytest.mark.parametrize(
    "exits, returned",
    [
        pytest.param((), VOID, id="no exit"),
        pytest.param((FAILS,), VOID, id="failures only"),
        pytest.param((NOTHING, NOTHING, FAILS), VOID, id="nothing"),
        pytest.param((ONE, FAILS, ONE), known(INT), id="the same type"),
        pytest.param((UNTYPED, ONE), known(INT), id="unknown agrees with a type"),
        pytest.param((UNTYPED, UNTYPED), UNKNOWN, id="unknown"),
        pytest.param((NO_OUTPUT, ONE), known(INT), id="content that will not be there counts as unknown"),
        pytest.param((NO_VALUE, NO_VALUE), NULL, id="NULL"),
    ],
)
def test_a_thread_returns_what_its_exits_agree_on(
    with_exits: Any, definitions: Any, exits: tuple[str, ...], returned: Any
) -> None:
    spec = check(with_exits(*exits).request, definitions)
    assert [thread_output(scope) for scope in scopes(spec, definitions, RULES)] == [returned]


def test_threads_may_return_different_types(draft: Any, definitions: Any) -> None:
    draft.thread("other").nodes["z-end"].exit.return_content.literal_value.int = 1
    check(draft.request, definitions)
