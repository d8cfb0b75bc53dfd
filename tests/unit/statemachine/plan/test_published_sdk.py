"""What the published Python client compiles is accepted, and stored as it was sent but for what the server fills in.

The client has messages of its own; they meet ours as bytes.
"""

from collections.abc import Callable
from typing import Any

import pytest
from littlehorse.model import AllowedUpdateType, ExponentialBackoffRetryPolicy, LHErrorType, VariableType
from littlehorse.workflow import Workflow, WorkflowThread

from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.wf_spec_pb2 import WfSpec
from konik.statemachine.plan.compiled import Plan
from konik.statemachine.rejection import Code


def put(workflow: Workflow) -> PutWfSpecRequest:
    return PutWfSpecRequest.FromString(workflow.compile().SerializeToString())


@pytest.fixture
def registered(commands: Any) -> Any:
    """Commands to a state that holds what the workflows below refer to."""
    for name, inputs in {"greet": ["STR"], "step": ["INT"], "report": ["INT"], "fix": [], "log": ["JSON_OBJ"]}.items():
        request = PutTaskDefRequest(name=name)
        for number, type in enumerate(inputs):
            request.input_vars.add(name=f"input-{number}", type=type)
        request.return_type.return_type.SetInParent()
        commands(request)
    event = PutExternalEventDefRequest(name="confirmed")
    event.correlated_event_config.SetInParent()
    commands(event)
    return commands


def quickstart(wf: WorkflowThread) -> None:
    name = wf.declare_str("input-name").searchable().required()
    wf.execute("greet", name)


def retries(wf: WorkflowThread) -> None:
    name = wf.declare_str("name", "nobody").masked()
    wf.execute("greet", name, retries=3, timeout_seconds=7)
    backoff = ExponentialBackoffRetryPolicy(base_interval_ms=100, max_delay_ms=10_000, multiplier=2.0)
    wf.execute("greet", "you", retries=2, exponential_backoff=backoff)


def correlated_event(wf: WorkflowThread) -> None:
    document = wf.declare_str("document-id").required().masked()
    confirmed = wf.wait_for_event("confirmed", timeout=60, correlation_id=document)
    answer = wf.declare_json_obj("answer")
    answer.assign(confirmed)
    wf.execute("log", answer)


def failure_handlers(wf: WorkflowThread) -> None:
    fix = wf.execute("fix")
    wf.handle_error(fix, lambda handler: handler.execute("greet", "error"), LHErrorType.TIMEOUT)
    wf.handle_exception(fix, lambda handler: handler.execute("greet", "exception"), "out-of-stock")
    wf.handle_error(fix, lambda handler: handler.execute("greet", "any error"))
    confirmed = wf.wait_for_event("confirmed", timeout=5)
    wf.handle_any_failure(confirmed, with_input)


def with_input(handler: WorkflowThread) -> None:
    cause = handler.declare_json_obj("INPUT")
    handler.execute("log", cause)
    handler.fail("gave-up", "nothing helped", cause)


def if_else(wf: WorkflowThread) -> None:
    count = wf.declare_int("count").required()
    name = wf.declare_str("name", "a")
    choice = wf.do_if(count.is_greater_than(10), lambda body: body.execute("greet", "many"))
    choice.do_else_if(name.is_in(wf.declare_json_arr("names")), lambda body: name.assign(body.format("-{0}-", name)))
    choice.do_else(lambda body: body.fail("too-few", "not enough"))
    wf.execute("greet", name)


def while_loop(wf: WorkflowThread) -> None:
    n = wf.declare_int("n").required()
    t = wf.declare_int("t", default_value=0)

    def body(wf: WorkflowThread) -> None:
        t.assign(t.add(n))
        n.assign(n.subtract(1))
        wf.execute("step", n)

    wf.do_while(n.is_greater_than(0), body)
    out = wf.execute("report", t)
    wf.handle_error(out, lambda handler: handler.execute("fix"))


def values(wf: WorkflowThread) -> None:
    document = wf.declare_json_obj("document").searchable_on("$.a.b", VariableType.STR)
    number = wf.declare_int("number")
    fraction = wf.declare_double("fraction", 0.5)
    wf.declare_bool("yes", True)
    wf.declare_bytes("bytes")
    wf.declare_timestamp("moment")
    wf.declare_wf_run_id("run").as_public()
    number.assign(fraction.multiply(number).cast_to_int())
    number.assign(document.with_json_path("$.a.n"))
    step = wf.execute("step", document.with_json_path("$.a.n"))
    document.with_json_path("$.a.b").assign(step.with_json_path("$.x"))
    wf.execute(wf.format("do-{0}", number), document, number)


def sleeps(wf: WorkflowThread) -> None:
    wf.sleep(5)
    wf.sleep_until(wf.declare_int("until").required())
    wf.complete(wf.declare_str("result"))


WORKFLOWS = [quickstart, retries, correlated_event, failure_handlers, if_else, while_loop, values, sleeps]


@pytest.mark.parametrize("entrypoint", WORKFLOWS, ids=lambda f: f.__name__)
def test_a_workflow_of_the_published_client_is_accepted(registered: Any, entrypoint: Any) -> None:
    request = put(Workflow("wf", entrypoint))
    spec: WfSpec = registered(request)
    assert spec.thread_specs.keys() == request.thread_specs.keys()
    assert Plan(spec).entrypoint.entrypoint == "0-entrypoint-ENTRYPOINT"


@pytest.mark.parametrize("entrypoint", WORKFLOWS, ids=lambda f: f.__name__)
def test_it_is_stored_as_it_was_sent_but_for_the_timeouts_of_tasks(registered: Any, entrypoint: Any) -> None:
    request = put(Workflow("wf", entrypoint))
    for thread in request.thread_specs.values():
        for node in thread.nodes.values():
            if node.HasField("task"):
                node.task.timeout_seconds = node.task.timeout_seconds or 60
    assert registered(put(Workflow("wf", entrypoint))).thread_specs == request.thread_specs


@pytest.mark.parametrize("entrypoint", WORKFLOWS, ids=lambda f: f.__name__)
def test_a_program_that_starts_again_makes_no_new_version(registered: Any, entrypoint: Any) -> None:
    first = registered(put(Workflow("wf", entrypoint)))
    again = Workflow("wf", entrypoint).with_update_type(AllowedUpdateType.NO_UPDATES)
    assert registered(put(again)) == first


def child(wf: WorkflowThread) -> None:
    wf.execute("fix")


def interrupted(wf: WorkflowThread) -> None:
    wf.add_interrupt_handler("confirmed", child)
    wf.execute("fix")


UNBUILT: dict[str, tuple[Callable[[WorkflowThread], Any], str]] = {
    "child threads": (lambda wf: wf.spawn_thread(child, "child"), "Node 1-child-START_THREAD: START_THREAD node"),
    "user tasks": (lambda wf: wf.assign_user_task("form", "me"), "Node 1-form-USER_TASK: USER_TASK node"),
    "workflow events": (lambda wf: wf.throw_event("paid", 1), "Node 1-throw-paid-THROW_EVENT: THROW_EVENT node"),
    "child workflows": (lambda wf: wf.run_wf("other", {}), "Node 1-run-other-RUN_CHILD_WF: RUN_CHILD_WF node"),
    "interrupts": (interrupted, "ThreadSpec entrypoint: interrupt"),
    "structs": (
        lambda wf: wf.declare_struct("person", "person"),
        "ThreadSpec entrypoint: Variable person: STRUCT type",
    ),
    "inherited variables": (lambda wf: wf.declare_int("x").as_inherited(), "Variable x: INHERITED_VAR"),
}


@pytest.mark.parametrize("entrypoint, place", UNBUILT.values(), ids=UNBUILT.keys())
def test_what_this_server_has_not_built_is_named(registered: Any, entrypoint: Any, place: str) -> None:
    def program(wf: WorkflowThread) -> None:
        entrypoint(wf)

    refused = registered.refusal(put(Workflow("wf", program)))
    assert refused.code == Code.UNIMPLEMENTED
    assert place in refused.message
