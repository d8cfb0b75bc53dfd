"""Whatever is put as a WfSpec is stored or refused; it never breaks the machine, and a refusal changes nothing."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.statemachine.plan.compiled import Plan
from konik.statemachine.rejection import Code, Rejection

CODES = {
    Code.INVALID_ARGUMENT,
    Code.UNIMPLEMENTED,
    Code.ALREADY_EXISTS,
    Code.FAILED_PRECONDITION,
}

TEXTS = [
    "",
    "main",
    "handler",
    "a",
    "b",
    "c",
    "n",
    "s",
    "INPUT",
    "greet",
    "go",
    "$.a",
    "$[",
    "{}",
    "[1]",
    "null",
    "{0}",
]
NUMBERS = [0, 1, 2, 3, 5, -1, 99, 2**31 - 1, -(2**31)]
FRACTIONS = [0.0, -1.5, 2.0, float("nan"), float("inf")]

_SCALARS: dict[int, Callable[[Random], Any]] = {
    FieldDescriptor.CPPTYPE_STRING: lambda random: random.choice(TEXTS),
    FieldDescriptor.CPPTYPE_INT32: lambda random: random.choice(NUMBERS),
    FieldDescriptor.CPPTYPE_INT64: lambda random: random.choice([*NUMBERS, 2**63 - 1, -(2**63)]),
    FieldDescriptor.CPPTYPE_ENUM: lambda random: random.choice([0, 1, 2, 3, 4, 5, 5, 6, 9, 77]),
    FieldDescriptor.CPPTYPE_BOOL: lambda random: random.random() < 0.5,
    FieldDescriptor.CPPTYPE_DOUBLE: lambda random: random.choice(FRACTIONS),
    FieldDescriptor.CPPTYPE_FLOAT: lambda random: random.choice(FRACTIONS),
}


def fill(message: Message, random: Random, depth: int) -> None:
    """Sets some fields to whatever their types allow."""
    fields = list(message.DESCRIPTOR.fields) if depth > 0 else []
    for field in random.sample(fields, min(len(fields), random.randint(0, 3))):
        change(message, field, random, depth)


def change(message: Any, field: FieldDescriptor, random: Random, depth: int) -> None:
    if field.message_type is None:
        value = b"\xff\0" if field.type == FieldDescriptor.TYPE_BYTES else _SCALARS[field.cpp_type](random)
        setattr(message, field.name, value)
    elif field.message_type.GetOptions().map_entry:
        fill(getattr(message, field.name)[random.choice(TEXTS)], random, depth - 1)
    elif field.is_repeated:
        fill(getattr(message, field.name).add(), random, depth - 1)
    else:
        getattr(message, field.name).SetInParent()
        fill(getattr(message, field.name), random, depth - 1)


def parts(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in _contents(field, value):
                yield from parts(part)


def _contents(field: FieldDescriptor, value: Any) -> list[Message]:
    assert field.message_type is not None
    if field.message_type.GetOptions().map_entry:
        return [value[key] for key in sorted(value)]
    return list(value) if field.is_repeated else [value]


def spoil(request: PutWfSpecRequest, random: Random, times: int) -> None:
    """Changes or clears a field anywhere, again and again."""
    for _ in range(times):
        part = random.choice(list(parts(request)))
        field = random.choice([*part.DESCRIPTOR.fields, None])
        if field is None:
            continue
        if random.random() < 0.2:
            part.ClearField(field.name)
        else:
            change(part, field, random, depth=4)


def sound() -> PutWfSpecRequest:
    """A request with something of everything in it, and nothing wrong."""
    request = PutWfSpecRequest(name="wf", entrypoint_thread_name="main")
    main, handler = request.thread_specs["main"], request.thread_specs["handler"]
    main.variable_defs.add().var_def.name = "n"
    main.variable_defs[0].var_def.type = 5
    main.variable_defs.add().var_def.name = "s"
    main.variable_defs[1].var_def.type_def.primitive_type = 4
    handler.variable_defs.add(access_level=1).var_def.name = "INPUT"
    main.nodes["a"].entrypoint.SetInParent()
    task = main.nodes["b"]
    task.task.task_def_id.name = "greet"
    task.task.variables.add().variable_name = "s"
    task.failure_handlers.add(handler_spec_name="handler")
    main.nodes["event"].external_event.external_event_def_id.name = "go"
    main.nodes["sleep"].sleep.raw_seconds.variable_name = "n"
    main.nodes["c"].exit.return_content.node_output.node_name = "b"
    for source, sink in (("a", "b"), ("b", "event"), ("event", "sleep"), ("sleep", "c")):
        edge = main.nodes[source].outgoing_edges.add(sink_node_name=sink)
        edge.condition.expression.comparator = 0
        edge.condition.expression.lhs.variable_name = "n"
        edge.condition.expression.rhs.literal_value.int = 5
        edge.variable_mutations.add(lhs_name="n").rhs_assignment.literal_value.int = 1
    handler.nodes["a"].entrypoint.SetInParent()
    handler.nodes["c"].exit.failure_def.failure_name = "oops"
    return request


def in_another_order(request: PutWfSpecRequest) -> PutWfSpecRequest:
    """The same request, its maps filled from the other end."""
    made = PutWfSpecRequest()
    made.CopyFrom(request)
    made.thread_specs.clear()
    for name in sorted(request.thread_specs, reverse=True):
        thread = made.thread_specs[name]
        thread.CopyFrom(request.thread_specs[name])
        thread.nodes.clear()
        for node in sorted(request.thread_specs[name].nodes, reverse=True):
            thread.nodes[node].CopyFrom(request.thread_specs[name].nodes[node])
    return made


def outcome(commands: Any, request: PutWfSpecRequest) -> Any:
    """What is stored, or the refusal; commands itself makes sure that a refusal leaves the state alone."""
    try:
        return commands(request)
    except Rejection as rejection:
        assert rejection.code in CODES, rejection
        return rejection.code, rejection.message


def registered(commands: Any) -> Any:
    greet = PutTaskDefRequest(name="greet")
    greet.input_vars.add(name="who").type_def.primitive_type = 4
    greet.return_type.return_type.primitive_type = 4
    commands(greet)
    commands(PutExternalEventDefRequest(name="go"))
    return commands


def test_the_sound_request_is_sound(commands: Any) -> None:
    assert registered(commands)(sound()).id.name == "wf"


@settings(max_examples=400, deadline=None, derandomize=True)
@given(random=st.randoms(use_true_random=False), times=st.integers(1, 6))
def test_a_spoilt_wf_spec_is_stored_or_refused(memory_view: Any, commands_for: Any, random: Random, times: int) -> None:
    commands = registered(commands_for(memory_view()))
    commands(sound())
    request = sound()
    spoil(request, random, times)
    result = outcome(commands, request)
    if isinstance(result, tuple):
        assert outcome(commands, in_another_order(request)) == result
    else:
        Plan(result)
        assert outcome(commands, in_another_order(request)).id == result.id


@settings(max_examples=200, deadline=None, derandomize=True)
@given(random=st.randoms(use_true_random=False))
def test_pure_garbage_is_stored_or_refused(memory_view: Any, commands_for: Any, random: Random) -> None:
    request = PutWfSpecRequest(name="wf")
    for _ in range(4):
        fill(request, random, depth=10)
    outcome(commands_for(memory_view()), request)
