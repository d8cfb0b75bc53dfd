"""Failure handlers catch names that can be raised, in threads that exist."""

from typing import Any

import pytest

from konik.api.pb.enums_pb2 import LHErrorType
from konik.api.pb.wf_spec_pb2 import FailureHandlerDef
from konik.statemachine.plan.check import check


@pytest.fixture
def handled(draft: Any) -> Any:
    draft.thread("entrypoint", it="task { task_def_id { name: 'fire' } }")
    draft.thread("handler")
    return draft


@pytest.mark.parametrize("name", [*LHErrorType.keys(), "out-of-stock"])
def test_reserved_and_valid_names_can_be_caught(handled: Any, definitions: Any, name: str) -> None:
    handled.node("it").failure_handlers.add(handler_spec_name="handler", specific_failure=name)
    check(handled.request, definitions)


@pytest.mark.parametrize("kind", [None, *FailureHandlerDef.LHFailureType.values()])
def test_kinds_of_failures_can_be_caught(handled: Any, definitions: Any, kind: Any) -> None:
    handled.node("it").failure_handlers.add(handler_spec_name="handler", any_failure_of_type=kind)
    check(handled.request, definitions)


def test_all_bad_names_of_a_node_are_told_at_once(handled: Any, refusal: Any) -> None:
    for name in ("no_name", "fine", "-x", ""):
        handled.node("it").failure_handlers.add(handler_spec_name="handler", specific_failure=name)
    assert refusal(handled.request).endswith("Node it invalid: Invalid names for exception handlers: no_name, -x, ")


def test_the_handler_thread_must_exist(handled: Any, refusal: Any) -> None:
    handled.node("it").failure_handlers.add(handler_spec_name="gone")
    assert refusal(handled.request).endswith("Node it invalid: Failure handler refers to missing ThreadSpec: gone")
