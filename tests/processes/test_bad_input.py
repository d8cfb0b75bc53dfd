"""Whatever a client sends, it gets a status that says what is wrong; nothing hangs, breaks, or comes into the state."""

import re
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from littlehorse.model import LHErrorType
from littlehorse.workflow import Workflow, WorkflowThread
from server_processes import Cluster

from konik.api.methods import RPCS, Rpc
from konik.api.pb.enums_pb2 import VariableType
from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.worker_pb2 import WorkRequest
from konik.api.working import PATH as WORK

CALL_SECONDS_MAX = 10.0
"""Much longer than anything here takes: a call that needs it hangs."""

RECEIVE_BYTES_MAX = 8 << 20
OBJECT_BYTES_MAX = 1_047_000

BY_NAME = {rpc.name: rpc for rpc in RPCS.values()}
POLL_TASK = BY_NAME["PollTask"]
STREAMS = {POLL_TASK.path: PollTaskRequest, WORK: WorkRequest}
UNARY = [rpc for rpc in RPCS.values() if rpc is not POLL_TASK]
BUILT = [rpc for rpc in UNARY if rpc.kind is not None]

Code = grpc.StatusCode
PRECISE = {
    Code.OK,
    Code.INVALID_ARGUMENT,
    Code.NOT_FOUND,
    Code.ALREADY_EXISTS,
    Code.FAILED_PRECONDITION,
    Code.PERMISSION_DENIED,
    Code.RESOURCE_EXHAUSTED,
    Code.UNIMPLEMENTED,
}
"""What a caller can act on. Not among them: UNKNOWN, INTERNAL, UNAVAILABLE, DEADLINE_EXCEEDED."""

KEPT = "never-guessed"
"""A WfRun that no garbage names, so that none can delete it."""

UNREADABLE = (
    b"\xff",  # a number that does not end
    b"\x0a\x7fshort",  # a text that ends too early
    b"\x0b",  # a group that is never closed
    b"\x0f",  # no such type on the wire
    b"\x00\x01",  # no such field number
)
"""No message of any kind."""

HOST_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?")

LISTS = ("ListNodeRuns", "ListTaskRuns", "ListVariables", "ListExternalEvents")

NAMING = ("PutTaskDef", "PutExternalEventDef", "PutUserTaskDef", "PutStructDef")
"""Beside WfSpecs and WfRuns: what is named by ASCII letters, digits and inner hyphens."""

INVALID_NAMES = (
    "",
    " ",
    "-inner",
    "outer-",
    "under_score",
    "dots.and/slashes",
    "ünder",
    "٣",
    "name\n",
    "nul\0",
)


class Answer(NamedTuple):
    code: Code
    text: str
    body: bytes = b""


class Door:
    """The node as somebody sees it who sends bytes."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address, options=[("grpc.max_send_message_length", -1)])

    def call(self, rpc: Rpc, request: bytes, *metadata: tuple[str, str]) -> Answer:
        method = self._channel.unary_unary(rpc.path, None, None)
        try:
            return Answer(Code.OK, "", method(request, timeout=CALL_SECONDS_MAX, metadata=metadata))
        except grpc.RpcError as error:
            return Answer(error.code(), error.details() or "")

    def stream(self, path: str, request: bytes, *metadata: tuple[str, str]) -> Answer:
        """How a stream ends with that first request."""
        method = self._channel.stream_stream(path, None, None)
        try:
            list(method(iter([request]), timeout=CALL_SECONDS_MAX, metadata=metadata))
        except grpc.RpcError as error:
            return Answer(error.code(), error.details() or "")
        return Answer(Code.OK, "")

    def everything(self) -> dict[str, Answer]:
        """What every search finds, and all of the two WfRuns."""
        found = {rpc.name: self.call(rpc, b"") for rpc in BUILT if rpc.name.startswith("Search")}
        for id in (WfRunId(id="it"), WfRunId(id=KEPT)):
            found[f"GetWfRun {id.id}"] = self.call(BY_NAME["GetWfRun"], id.SerializeToString())
            for rpc in (rpc for rpc in BUILT if rpc.name in LISTS):
                request = rpc.request(wf_run_id=id).SerializeToString()
                found[f"{rpc.name} {id.id}"] = self.call(rpc, request)
        return found

    def close(self) -> None:
        self._channel.close()


def bit_of_everything(wf: WorkflowThread) -> None:
    """Variables, expressions, branches, a loop, a task, an event with a handler, and a failure."""
    text, count = wf.declare_str("text", "none").searchable(), wf.declare_int("count", 2)
    object, secret = wf.declare_json_obj("object", {"a": [1, 2]}), wf.declare_str("secret").masked()
    secret.assign(wf.format("{0}-{1}", text, count))
    wf.do_while(count.is_greater_than(0), lambda body: count.assign(count.subtract(1)))
    wf.do_if(object.with_json_path("$.a[0]").is_equal_to(1), lambda then: then.execute("task", text)).do_else_if(
        text.is_in(object), lambda then: text.assign("found")
    ).do_else(lambda otherwise: otherwise.fail("not-found", "nothing there"))
    verdict = wf.wait_for_event("event", timeout=1, correlation_id=text)
    wf.handle_error(verdict, lambda handler: handler.sleep(1), LHErrorType.TIMEOUT)
    object.assign(verdict)


def spec(name: str) -> PutWfSpecRequest:
    """A valid definition, as the published SDK compiles it."""
    return PutWfSpecRequest.FromString(Workflow(name, bit_of_everything).compile().SerializeToString())


def waiting(wf: WorkflowThread) -> None:
    """Takes any input, and waits."""
    wf.declare_str("text")
    wf.declare_json_obj("object")
    wf.sleep(86_400)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One node with a WfSpec and two WfRuns. It must outlive all tests, and meet nothing that it did not expect."""
    with Cluster(tmp_path_factory.mktemp("cluster"), size=1) as cluster:
        cluster.bootstrap()
        (node,) = cluster.nodes
        door = Door(node.client)
        task, event = PutTaskDefRequest(name="task"), PutExternalEventDefRequest(name="event")
        task.input_vars.add(name="text").type_def.primitive_type = VariableType.STR
        event.correlated_event_config.SetInParent()
        compiled = Workflow("waiting", waiting).compile()
        for rpc, definition in (("PutTaskDef", task), ("PutExternalEventDef", event), ("PutWfSpec", compiled)):
            assert door.call(BY_NAME[rpc], definition.SerializeToString()).code is Code.OK
        assert door.call(BY_NAME["PutWfSpec"], spec("everything").SerializeToString()).code is Code.OK
        for id in ("it", KEPT):
            start = RunWfRequest(wf_spec_name="waiting", id=id).SerializeToString()
            assert door.call(BY_NAME["RunWf"], start).code is Code.OK
        yield door
        assert door.call(BY_NAME["GetWfRun"], WfRunId(id=KEPT).SerializeToString()).code is Code.OK
        assert not node.logged("unexpected error"), node.tail()
        assert cluster.is_whole()
        door.close()


@pytest.mark.parametrize("raw", UNREADABLE, ids=bytes.hex)
def test_bytes_that_are_no_message_are_refused_by_every_rpc(door: Door, raw: bytes) -> None:
    before = door.everything()
    for rpc in UNARY:
        code = Code.UNIMPLEMENTED if rpc.kind is None else Code.INVALID_ARGUMENT
        answer = door.call(rpc, raw)
        assert answer.code is code, f"{rpc.name}: {answer}"
        assert rpc.name in answer.text
    for path in STREAMS:
        assert door.stream(path, raw).code is Code.INVALID_ARGUMENT
    assert door.everything() == before


@settings(max_examples=100)
@given(
    path=st.sampled_from(sorted(STREAMS)),
    raw=st.binary(max_size=48),
    random=st.randoms(use_true_random=False),
    is_message=st.booleans(),
)
def test_whatever_a_worker_sends_its_stream_ends_with_a_precise_status(
    door: Door, path: str, raw: bytes, random: Random, is_message: bool
) -> None:
    request = garbage(STREAMS[path].DESCRIPTOR, random).SerializeToString() if is_message else raw
    assert door.stream(path, request).code in PRECISE


@settings(max_examples=300)
@given(rpc=st.sampled_from(UNARY), raw=st.binary(max_size=48))
def test_random_bytes_get_a_precise_answer(door: Door, rpc: Rpc, raw: bytes) -> None:
    answer = door.call(rpc, raw)
    assert answer.code in PRECISE, f"{rpc.name}: {answer}"


TEXTS = (
    "",
    "it",
    "waiting",
    "quickstart",
    "text",
    "unknown",
    "Not A Name",
    "x" * 300,
    "ünï",
    "\0",
    "{name}",
    "$.a[?(@.b)]",
)
NUMBERS = (0, 1, -1, 7, 2**31 - 1, -(2**31))
LONGS = (*NUMBERS, 2**63 - 1, -(2**63))
DEPTH_MAX = 6


def garbage(descriptor: Any, random: Random, depth: int = DEPTH_MAX) -> Any:
    """A message with random fields, of texts and numbers that may hurt, and ids that may exist."""
    message: Any = GetMessageClass(descriptor)()
    fields = [field for field in descriptor.fields if depth > 0 or field.message_type is None]
    for field in random.sample(fields, random.randint(0, len(fields))):
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _fill_map(getattr(message, field.name), field.message_type, random, depth)
        elif field.is_repeated:
            values = [_value(field, random, depth) for _ in range(random.randint(0, 3))]
            getattr(message, field.name).extend(values)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(_value(field, random, depth))
        else:
            setattr(message, field.name, _value(field, random, depth))
    return message


def _fill_map(map: Any, entry: Any, random: Random, depth: int) -> None:
    for _ in range(random.randint(0, 2)):
        key = _value(entry.fields_by_name["key"], random, depth)
        value = _value(entry.fields_by_name["value"], random, depth)
        if isinstance(value, Message):
            map[key].CopyFrom(value)
        else:
            map[key] = value


def _value(field: Any, random: Random, depth: int) -> Any:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_MESSAGE:
            return garbage(field.message_type, random, depth - 1)
        case FieldDescriptor.CPPTYPE_ENUM:
            return random.choice([*field.enum_type.values_by_number, 99])
        case FieldDescriptor.CPPTYPE_STRING:
            return random.choice(TEXTS).encode() if field.type == FieldDescriptor.TYPE_BYTES else random.choice(TEXTS)
        case FieldDescriptor.CPPTYPE_BOOL:
            return random.random() < 0.5
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return random.choice([0.0, -1.5, 1e308, float("inf"), float("nan")])
        case FieldDescriptor.CPPTYPE_UINT32 | FieldDescriptor.CPPTYPE_UINT64:
            return random.choice([number for number in NUMBERS if number >= 0])
        case FieldDescriptor.CPPTYPE_INT32:
            return random.choice(NUMBERS)
        case _:
            return random.choice(LONGS)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(rpc=st.sampled_from(BUILT), random=st.randoms(use_true_random=False))
def test_garbage_gets_a_precise_answer_and_what_is_refused_changes_nothing(
    door: Door, rpc: Rpc, random: Random
) -> None:
    before = door.everything()
    answer = door.call(rpc, garbage(rpc.request.DESCRIPTOR, random).SerializeToString())
    assert answer.code in PRECISE, f"{rpc.name}: {answer}"
    if answer.code is not Code.OK:
        assert answer.text, "a refusal says why"
        assert door.everything() == before


@settings(max_examples=200)
@given(random=st.randoms(use_true_random=False))
def test_a_damaged_definition_is_refused_or_can_be_run(door: Door, random: Random) -> None:
    before = door.everything()
    definition = spec("damaged")
    _damage(definition, random)
    answer = door.call(BY_NAME["PutWfSpec"], definition.SerializeToString())
    assert answer.code in PRECISE, f"{answer}"
    if answer.code is not Code.OK:
        assert door.everything() == before
        return
    ran = door.call(BY_NAME["RunWf"], RunWfRequest(wf_spec_name="damaged").SerializeToString())
    assert ran.code in PRECISE, f"{ran}"


def _damage(message: Any, random: Random) -> None:
    """Changes, drops or exchanges one thing somewhere in the message."""
    while True:
        present = message.ListFields()
        if not present:
            return
        field, value = random.choice(present)
        if field.message_type is None:
            if not field.is_repeated:
                setattr(message, field.name, _value(field, random, DEPTH_MAX))
            return
        if random.random() < 0.15:
            message.ClearField(field.name)
            return
        if field.message_type.GetOptions().map_entry:
            key = random.choice(list(value))
            if random.random() < 0.15 or not isinstance(value[key], Message):
                del value[key]
                return
            message = value[key]
        else:
            message = random.choice(value) if field.is_repeated else value


@pytest.mark.parametrize("rpc", [rpc for rpc in BUILT if rpc.name.startswith("Get") and rpc.name != "GetServerVersion"])
def test_an_id_that_nobody_has_is_not_found(door: Door, rpc: Rpc) -> None:
    answer = door.call(rpc, _of_nobody(rpc.request.DESCRIPTOR).SerializeToString())
    assert answer.code is Code.NOT_FOUND, f"{rpc.name}: {answer}"


def _of_nobody(descriptor: Any) -> Any:
    """An id in which every name is `nobody`."""
    message: Any = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            setattr(message, field.name, "nobody")
        elif field.message_type is not None and field.message_type is not descriptor:
            getattr(message, field.name).CopyFrom(_of_nobody(field.message_type))
    return message


@pytest.mark.parametrize("name", INVALID_NAMES, ids=ascii)
def test_an_invalid_name_is_refused(door: Door, name: str) -> None:
    is_refused_as_a_name(door, name)


@settings(max_examples=40)
@given(name=st.text(max_size=12).filter(lambda text: HOST_NAME.fullmatch(text) is None))
def test_no_text_that_is_not_a_host_name_is_a_name(door: Door, name: str) -> None:
    is_refused_as_a_name(door, name)


def is_refused_as_a_name(door: Door, name: str) -> None:
    before = door.everything()
    requests: dict[str, Any] = {rpc.name: rpc.request(name=name) for rpc in BUILT if rpc.name in NAMING}
    requests["PutWfSpec"] = spec(name)
    requests["RunWf"] = RunWfRequest(wf_spec_name="waiting", id=name)
    for rpc, request in requests.items():
        answer = door.call(BY_NAME[rpc], request.SerializeToString())
        assert answer.code is Code.INVALID_ARGUMENT, f"{rpc}: {answer}"
    assert door.everything() == before


@settings(max_examples=100)
@given(rpc=st.sampled_from(BUILT), tenant=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_tenant_that_does_not_exist_is_refused(door: Door, rpc: Rpc, tenant: str) -> None:
    answer = door.call(rpc, b"", ("tenantid", f"no-{tenant}"))
    assert (answer.code, answer.text) == (Code.PERMISSION_DENIED, "Tenant not allowed"), rpc.name


@pytest.mark.parametrize("path", STREAMS)
def test_a_worker_of_a_tenant_that_does_not_exist_is_refused(door: Door, path: str) -> None:
    answer = door.stream(path, b"", ("tenantid", "nobody"))
    assert (answer.code, answer.text) == (Code.PERMISSION_DENIED, "Tenant not allowed")


@pytest.mark.parametrize("name", ["PutWfSpec", "RunWf", "ReportTask", "GetWfRun", "Whoami"])
def test_a_message_above_the_limit_is_refused_unread(door: Door, name: str) -> None:
    answer = door.call(BY_NAME[name], bytes(RECEIVE_BYTES_MAX + 1))
    assert answer.code is Code.RESOURCE_EXHAUSTED
    assert str(RECEIVE_BYTES_MAX) in answer.text


@pytest.mark.parametrize("path", STREAMS)
def test_a_request_above_the_limit_ends_a_stream(door: Door, path: str) -> None:
    assert door.stream(path, bytes(RECEIVE_BYTES_MAX + 1)).code is Code.RESOURCE_EXHAUSTED


def test_an_object_that_is_too_large_is_not_stored(door: Door) -> None:
    before = door.everything()
    large = VariableValue(str="x" * OBJECT_BYTES_MAX)
    answer = door.call(
        BY_NAME["RunWf"], RunWfRequest(wf_spec_name="waiting", variables={"text": large}).SerializeToString()
    )
    assert answer.code is Code.RESOURCE_EXHAUSTED, answer
    assert door.everything() == before


def test_depth_is_refused_before_it_hurts(door: Door) -> None:
    before = door.everything()
    json = VariableValue(json_obj='{"a":' * 50_000 + "1" + "}" * 50_000)
    deep = RunWfRequest(wf_spec_name="waiting", variables={"object": json})
    assert door.call(BY_NAME["RunWf"], deep.SerializeToString()).code is Code.INVALID_ARGUMENT
    id = b""
    for _ in range(500):
        id = b"\x12" + _length(id) + id
    assert door.call(BY_NAME["GetWfRun"], id).code is Code.INVALID_ARGUMENT
    assert door.everything() == before


def _length(raw: bytes) -> bytes:
    """As a varint, of up to 14 bits."""
    size = len(raw)
    return bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
