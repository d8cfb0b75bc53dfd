"""What each type of node is refused for, and what is left to run time."""

from collections.abc import Callable
from typing import Any

import pytest

from konik.api.pb.enums_pb2 import BOOL, DOUBLE, INT, JSON_OBJ, STR, TIMESTAMP
from konik.statemachine.plan.check import check
from konik.statemachine.rejection import Code

INT_1 = "literal_value { int: 1 }"
STR_A = 'literal_value { str: "a" }'
NULL = "literal_value {}"


def task(name: str, *arguments: str, more: str = "") -> str:
    return f'task {{ task_def_id {{ name: "{name}" }} {" ".join(f"variables {{ {a} }}" for a in arguments)} {more} }}'


def backoff(base: int, delay: int, multiplier: str) -> str:
    return f"exponential_backoff {{ base_interval_ms: {base} max_delay_ms: {delay} multiplier: {multiplier} }}"


def event(more: str) -> str:
    return f"external_event {{ external_event_def_id {{ name: 'go' }} {more} }}"


REFUSED = {
    "a task that says nothing": ("task {}", "must say which task"),
    "an unknown TaskDef": (task("nope"), "Refers to nonexistent TaskDef nope"),
    "too few arguments": (task("greet"), "For TaskDef greet we need 1 input vars, but we have 0"),
    "too many arguments": (task("fire", INT_1), "For TaskDef fire we need 0 input vars, but we have 1"),
    "an argument of the wrong type": (
        task("add", INT_1, STR_A),
        "Task input variable with name right at position 1: Cannot assign STR to INT without explicit casting.",
    ),
    "an argument cast to the wrong type": (
        task("add", INT_1, INT_1 + " target_type { primitive_type: DOUBLE }"),
        "Cannot assign DOUBLE to INT.",
    ),
    "an impossible cast": (
        task("greet", INT_1 + " target_type { primitive_type: BOOL }"),
        "Cannot cast from INT to BOOL. This conversion is not supported.",
    ),
    "an argument without source": (task("greet", ""), "VariableAssignment passed with missing source"),
    "an argument from a node that is not there": (
        task("greet", 'node_output { node_name: "gone" }'),
        "gone not present in threadspec",
    ),
    "a negative timeout": (task("fire", more="timeout_seconds: -1"), "timeout_seconds must not be negative"),
    "too many retries": (task("fire", more="retries: 2147483647"), "retries must be 2147483646 at most"),
    "negative retries": (task("fire", more="retries: -1"), "retries must not be negative"),
    "a base interval of zero": (task("fire", more=backoff(0, 10, "2")), "base_interval_ms must be positive"),
    "a multiplier below one": (task("fire", more=backoff(5, 10, "0.9")), "multiplier must be a number"),
    "a multiplier that is no number": (task("fire", more=backoff(5, 10, "nan")), "multiplier must be a number"),
    "an infinite multiplier": (task("fire", more=backoff(5, 10, "inf")), "multiplier must be a number"),
    "a greatest delay below the first": (task("fire", more=backoff(5, 4, "2")), "max_delay_ms must not be less"),
    "negative retries of a dynamic task": ("task { dynamic_task { variable_name: 's' } retries: -1 }", "retries"),
    "a dynamic task with a broken name": ("task { dynamic_task {} }", "missing source"),
    "a dynamic task with a broken argument": (
        "task { dynamic_task { variable_name: 's' } variables { node_output { node_name: 'gone' } } }",
        "gone not present",
    ),
    "an unknown event": (
        "external_event { external_event_def_id { name: 'nope' } }",
        "Refers to nonexistent ExternalEventDef nope",
    ),
    "an event without name": ("external_event {}", "Refers to nonexistent ExternalEventDef"),
    "an event with a broken timeout": (
        event("timeout_seconds {}"),
        "missing source",
    ),
    "an event with a broken key": (
        event("correlation_key { node_output { node_name: 'gone' } }"),
        "gone not present",
    ),
    "a sleep without length": ("sleep {}", "must say how long"),
    "seconds that are text": (f"sleep {{ raw_seconds {{ {STR_A} }} }}", "variable can't resolve to INT"),
    "seconds with a fraction": ("sleep { raw_seconds { variable_name: 'd' } }", "variable can't resolve to INT"),
    "a date that is JSON": ("sleep { iso_date { variable_name: 'j' } }", "variable can't resolve to STR"),
    "a moment that is text": (
        "sleep { timestamp { variable_name: 's' } }",
        "variable can't resolve to TIMESTAMP or INT",
    ),
    "a moment cast to text": (
        "sleep { timestamp { variable_name: 'n' target_type { primitive_type: STR } } }",
        "variable can't resolve to TIMESTAMP or INT",
    ),
    "a failure with a reserved name": (
        "exit { failure_def { failure_name: 'TIMEOUT' } }",
        "Failure name TIMEOUT is reserved!",
    ),
    "a failure with a bad name": (
        "exit { failure_def { failure_name: 'no_name' } }",
        "Invalid name for exception: no_name",
    ),
    "a failure without name": ("exit { failure_def {} }", "Invalid name for exception: "),
    "a failure with broken content": ("exit { failure_def { failure_name: 'oops' content {} } }", "missing source"),
    "content without type": (
        "exit { return_content { size_of { operand { variable_name: 'n' } } } }",
        "Invalid output type for the Node: size() only supports STR, ARRAY or JSON_ARR operands",
    ),
}

ACCEPTED = {
    "whole numbers and truths become text": task("greet", INT_1),
    "a double becomes text": task("greet", "variable_name: 'd'"),
    "NULL fits everything": task("add", NULL, NULL),
    "a JSON path is left to run time": task("add", INT_1, "variable_name: 'j' json_path: '$.x'"),
    "a cast that is possible": task("add", INT_1, STR_A + " target_type { primitive_type: INT }"),
    "an untyped event is left to run time": task("add", INT_1, "node_output { node_name: 'event' }"),
    "a void output is left to run time": task("greet", "node_output { node_name: 'a-start' }"),
    "arguments of a dynamic task": f"task {{ dynamic_task {{ variable_name: 'j' }} variables {{ {STR_A} }} }}",
    "the least backoff": task("fire", more="retries: 3 " + backoff(1, 1, "1.0")),
    "a timeout of any type": event("timeout_seconds { variable_name: 's' }"),
    "a key of any type": event("correlation_key { variable_name: 'd' }"),
    "seconds": f"sleep {{ raw_seconds {{ {INT_1} }} }}",
    "seconds cast": f"sleep {{ raw_seconds {{ {STR_A} target_type {{ primitive_type: INT }} }} }}",
    "seconds that are NULL": f"sleep {{ raw_seconds {{ {NULL} }} }}",
    "epoch milliseconds": "sleep { timestamp { variable_name: 'n' } }",
    "a moment": "sleep { timestamp { variable_name: 't' } }",
    "a date": "sleep { iso_date { variable_name: 's' } }",
    "an output of a failure": "exit { failure_def { failure_name: 'oops' content { variable_name: 'j' } } }",
    "nothing at all": "nop {}",
}


@pytest.fixture
def around(draft: Any) -> Callable[[str], Any]:
    """A draft whose middle node is the given one, with a variable of each type and an untyped event before it."""

    def make(node: str) -> Any:
        draft.thread("entrypoint", event=event(""), it=node)
        for name, type in {"n": INT, "s": STR, "d": DOUBLE, "b": BOOL, "j": JSON_OBJ, "t": TIMESTAMP}.items():
            draft.variable(name, type)
        return draft

    return make


@pytest.mark.parametrize("node, message", REFUSED.values(), ids=REFUSED.keys())
def test_a_node_that_can_never_work_is_refused(around: Any, refusal: Any, node: str, message: str) -> None:
    refused = refusal(around(node).request)
    assert refused.startswith("PutWfSpecRequest is invalid: ThreadSpec entrypoint invalid: Node it invalid: ")
    assert message in refused


@pytest.mark.parametrize("node", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_node_that_may_work_is_accepted(around: Any, definitions: Any, node: str) -> None:
    check(around(node).request, definitions)


UNBUILT = {
    "start_thread": "START_THREAD",
    "wait_for_threads": "WAIT_FOR_THREADS",
    "user_task": "USER_TASK",
    "start_multiple_threads": "START_MULTIPLE_THREADS",
    "throw_event": "THROW_EVENT",
    "wait_for_condition": "WAIT_FOR_CONDITION",
    "run_child_wf": "RUN_CHILD_WF",
    "wait_for_child_wf": "WAIT_FOR_CHILD_WF",
}


@pytest.mark.parametrize("case, name", UNBUILT.items(), ids=UNBUILT.keys())
def test_a_node_type_that_is_not_built_is_named_with_its_place(around: Any, refusal: Any, case: str, name: str) -> None:
    message = refusal(around(f"{case} {{}}").request, Code.UNIMPLEMENTED)
    assert message.startswith(f"WfSpec wf: ThreadSpec entrypoint: Node it: {name} node is not implemented")


def test_a_node_without_type_is_refused(around: Any, refusal: Any) -> None:
    assert refusal(around("").request) == "WfSpec wf: ThreadSpec entrypoint: Node it has no type"


def test_a_task_without_timeout_gets_a_minute(around: Any, definitions: Any) -> None:
    spec = check(around(task("fire")).request, definitions)
    assert spec.thread_specs["entrypoint"].nodes["it"].task.timeout_seconds == 60


def test_a_task_keeps_its_timeout(around: Any, definitions: Any) -> None:
    spec = check(around(task("fire", more="timeout_seconds: 5")).request, definitions)
    assert spec.thread_specs["entrypoint"].nodes["it"].task.timeout_seconds == 5


def test_a_node_output_has_the_type_that_the_task_returns(draft: Any, refusal: Any) -> None:
    argument = "node_output { node_name: 'first' }"
    draft.thread("entrypoint", first=task("greet", STR_A), second=task("add", argument, argument))
    assert "Cannot assign STR to INT without explicit casting." in refusal(draft.request)


def test_a_node_output_has_the_type_that_the_event_carries(draft: Any, definitions: Any) -> None:
    count = "external_event { external_event_def_id { name: 'count' } }"
    draft.thread("entrypoint", first=count, second=task("add", *["node_output { node_name: 'first' }"] * 2))
    check(draft.request, definitions)


def test_a_node_output_of_a_node_with_an_unknown_task_def_is_refused_with_the_error_of_that_node(
    draft: Any, refusal: Any
) -> None:
    draft.thread("entrypoint", first=task("greet", "node_output { node_name: 'second' }"), second=task("nope"))
    assert "Node first invalid: " in (message := refusal(draft.request))
    assert "Refers to nonexistent TaskDef nope" in message


def test_exits_that_return_each_other_are_refused(draft: Any, refusal: Any) -> None:
    draft.thread(
        "entrypoint",
        one="exit { return_content { node_output { node_name: 'two' } } }",
        two="exit { return_content { node_output { node_name: 'one' } } }",
    )
    assert "The output of node one is defined by itself" in refusal(draft.request)


def test_a_long_chain_of_exits_is_refused(draft: Any, refusal: Any) -> None:
    exits = {
        f"e{n:04}": f"exit {{ return_content {{ node_output {{ node_name: 'e{n + 1:04}' }} }} }}" for n in range(2000)
    }
    draft.thread("entrypoint", **exits, e2000="exit {}")
    assert "More than 16 nodes are each defined by the output of another" in refusal(draft.request)
