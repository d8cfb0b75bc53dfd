"""Fields that a later release has more: until its version is in force they count for nothing, by old and new nodes."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from engine import Engine
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.internal_pb2 import RaiseVersion
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.statemachine import keys
from konik.statemachine.limits import DEFINITION_DEPTH_MAX
from konik.statemachine.registry import METHODS, Method
from konik.statemachine.rejection import Rejection
from konik.statemachine.requests import Requests
from konik.statemachine.version import FIELDS, KNOWN, THIS, Release
from tests.contract.later_contract import with_field

LATER = KNOWN + 1
NUMBER = 900
ADDED: dict[str, dict[str, Any]] = {
    "konik.v1.RunWfRequest.weight": {},
    "konik.v1.RunWfRequest.label": {"type": "TYPE_STRING"},
    "konik.v1.RunWfRequest.cause": {"type": "TYPE_MESSAGE", "type_name": ".konik.v1.RunWfRequest"},
    "konik.v1.VariableValue.unit": {},
    "konik.v1.VariableValue.decimal": {"oneof_index": 0},
}
"""At the top, of types whose bytes can be wrong, below, and in a oneof with fields that there were before."""

STATE = Engine().view


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def scalar(field: int, number: int) -> bytes:
    return varint(field << 3) + varint(number)


def delimited(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def joined(part: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.lists(part, max_size=4).map(b"".join)


SCALARS = st.builds(scalar, st.sampled_from((2, 7, NUMBER)), st.integers(0, 200))
TEXTS = st.builds(delimited, st.sampled_from((1, NUMBER)), st.binary(max_size=3))
INPUTS = joined(SCALARS | TEXTS).map(lambda value: delimited(4, delimited(1, b"n") + delimited(2, value)))
WIRE = st.builds(bytes.__add__, joined(SCALARS | TEXTS | INPUTS), st.just(b"") | st.binary(max_size=3))
"""Fields in whatever order and however often, of the request and of inputs in it; then perhaps what is none."""


@cache
def method_and_reader(added: str) -> tuple[Method, Requests]:
    """As the later release has them."""
    of, _, name = added.rpartition(".")
    later = with_field(RunWfRequest, of, name, number=NUMBER, **ADDED[added])
    return replace(METHODS["RunWf"], request=later), Requests({added: LATER})


def seen(read: Callable[[], Any]) -> bytes | str:
    """What the command is given, or why it is refused."""
    try:
        message: bytes = read().SerializeToString(deterministic=True)
    except Rejection as rejection:
        return rejection.message
    return message


@pytest.mark.parametrize("added", ADDED)
@given(raw=WIRE)
def test_old_and_new_releases_make_the_same_of_whatever_bytes(added: str, raw: bytes) -> None:
    method, later = method_and_reader(added)
    by_the_old = seen(lambda: Requests(FIELDS).read(METHODS["RunWf"], raw, STATE))
    assert seen(lambda: later.read(method, raw, STATE)) == by_the_old


def test_what_nobody_knows_is_dropped_from_the_innermost_part_of_a_definition() -> None:
    request, outer_messages = PutWfSpecRequest(), 5
    inner = request.thread_specs["t"].nodes["n"].exit.return_content
    for _ in range((DEFINITION_DEPTH_MAX - outer_messages) // 2):
        inner = inner.size_of.operand
    inner.MergeFromString(scalar(NUMBER, 7))
    raw = request.SerializeToString()
    assert scalar(NUMBER, 7) in raw
    assert scalar(NUMBER, 7) not in Requests(FIELDS).read(METHODS["PutWfSpec"], raw, STATE).SerializeToString()


def test_states_are_equal_and_have_the_field_from_the_entry_on_that_raises_the_version() -> None:
    later = with_field(PutTaskDefRequest, "konik.v1.VariableDef", "unit")
    before, units = METHODS["PutTaskDef"], keys.META + b"units"

    def put_task_def(context: Any, request: Any) -> Any:
        if any(variable.unit for variable in request.input_vars):
            context.txn.put(units, keys.long(request.input_vars[0].unit))
        return before.run(context, PutTaskDefRequest.FromString(request.SerializeToString()))

    methods = {**METHODS, "PutTaskDef": replace(before, request=later, run=put_task_def)}
    old, new = Engine(THIS), Engine(Release(LATER, methods, {"konik.v1.VariableDef.unit": LATER}))
    request: Any = later(name="greet")
    request.input_vars.add(name="n", unit=7).type_def.primitive_type = 1
    for replica in (old, new):
        replica.call("PutTaskDef", request)
    assert old.view.pairs == new.view.pairs and old.view.get(units) is None
    new.call("konik.RaiseVersion", RaiseVersion(version=LATER))
    request.name = "part"
    new.call("PutTaskDef", request)
    assert new.view.get(units) == keys.long(7)
