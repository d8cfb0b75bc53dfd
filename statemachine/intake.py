"""What every definition must pass before its meaning is looked at: it is not too large, its enums are known to the
contract, it uses nothing of the contract that this version has not built, and types and JSON texts get their one form.

What is not built stands in one table. It walks the whole message, so that nothing hides in a place nobody thought of.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from konik.api.pb.expressions_pb2 import VariableDef
from konik.api.pb.values_pb2 import InlineStructDef, TypeDefinition, VariableValue
from konik.api.pb.wf_spec_pb2 import (
    INHERITED_VAR,
    InterruptDef,
    ThreadRetentionPolicy,
    WfSpec,
    WorkflowRetentionPolicy,
)
from konik.statemachine import limits
from konik.statemachine.plan.places import within
from konik.statemachine.rejection import invalid, not_built
from konik.statemachine.values import json_text, types
from konik.statemachine.values.ingest import ingest
from konik.statemachine.values.walk import NOT_BUILT as VALUES_NOT_BUILT

NOT_BUILT: Final[dict[str, str]] = VALUES_NOT_BUILT | {
    message.DESCRIPTOR.full_name: what
    for message, what in (
        (InlineStructDef, "inline_struct_def"),
        (InterruptDef, "interrupt"),
        (ThreadRetentionPolicy, "retention policy of a thread"),
        (WfSpec.ParentWfSpecReference, "parent WfSpec"),
        (WorkflowRetentionPolicy, "retention policy"),
    )
}
"""By the full name of the message. Types of nodes are not in it: `plan/nodes` knows which there are."""

NUMBERS_NOT_BUILT: Final[dict[tuple[str, int], str]] = {
    ("WfRunVariableAccessLevel", INHERITED_VAR): "INHERITED_VAR",
}
"""The same for single values of an enum."""

PLACES: Final[dict[str, Callable[[Any], str]]] = {
    "konik.v1.PutTaskDefRequest.input_vars": lambda variable: f"Input variable {variable.name}",
    "konik.v1.PutWfSpecRequest.thread_specs": lambda name: f"ThreadSpec {name}",
    "konik.v1.ThreadSpec.nodes": lambda name: f"Node {name}",
    "konik.v1.ThreadSpec.variable_defs": lambda variable: f"Variable {variable.var_def.name}",
    "konik.v1.Node.outgoing_edges": lambda edge: f"Edge with sink node {edge.sink_node_name}",
}
"""What messages call a part in these fields: made of its key in a map, of the part itself in a list."""

Where = tuple[str, ...]
M = TypeVar("M", bound=Message)


def _normal_value(value: VariableValue) -> VariableValue:
    """Definitions are compared by their bytes, so a JSON text is written in the one form that its content has."""
    checked = ingest(value, None, "value")
    if checked.WhichOneof("value") in ("json_obj", "json_arr"):
        return json_text.to_value(json_text.document(checked))
    return checked


_NORMAL_FORMS: Final[dict[str, Callable[[Any], Message]]] = {
    TypeDefinition.DESCRIPTOR.full_name: types.normalise_type,
    VariableDef.DESCRIPTOR.full_name: types.normalise,
    VariableValue.DESCRIPTOR.full_name: _normal_value,
}


def admitted(definition: M, what: str) -> M:
    """A copy of the definition in normal form; `what` names it in messages.

    Raises INVALID_ARGUMENT or UNIMPLEMENTED.
    """
    made = type(definition)()
    made.CopyFrom(definition)
    _Intake().message(made, (what,), 1)
    return made


class _Intake:
    def __init__(self) -> None:
        self.seen = 0

    def message(self, message: Message, where: Where, depth: int) -> None:
        """Normalises the message in place, what is in it first."""
        kind = message.DESCRIPTOR.full_name
        if kind in NOT_BUILT:
            raise not_built(": ".join(where), NOT_BUILT[kind])
        self._measure(where, depth)
        for field, value in message.ListFields():
            if field.enum_type is not None:
                _require_known(field.enum_type, value, where)
            elif field.message_type is not None:
                for inner_where, inner in _children(field, value, where):
                    self.message(inner, inner_where, depth + 1)
        if kind in _NORMAL_FORMS:
            with within(": ".join(where)):
                message.CopyFrom(_NORMAL_FORMS[kind](message))

    def _measure(self, where: Where, depth: int) -> None:
        self.seen += 1
        if self.seen > limits.DEFINITION_MESSAGES_MAX:
            raise invalid(f"{where[0]} has more than {limits.DEFINITION_MESSAGES_MAX} parts")
        if depth > limits.DEFINITION_DEPTH_MAX:
            raise invalid(f"{': '.join(where)} is nested deeper than {limits.DEFINITION_DEPTH_MAX} messages")


def _children(field: FieldDescriptor, value: Any, where: Where) -> Iterator[tuple[Where, Message]]:
    """The messages in a field; those of a map in the order of their keys."""
    assert field.message_type is not None
    place = PLACES.get(field.full_name)
    if field.message_type.GetOptions().map_entry:
        for key in sorted(value):
            if isinstance(value[key], Message):
                yield where if place is None else (*where, place(key)), value[key]
    elif field.is_repeated:
        for inner in value:
            yield where if place is None else (*where, place(inner)), inner
    else:
        yield where, value


def _require_known(enum: EnumDescriptor, number: int, where: Where) -> None:
    what = NUMBERS_NOT_BUILT.get((enum.name, number))
    if what is not None:
        raise not_built(": ".join(where), what)
    if number not in enum.values_by_number:
        raise invalid(f"{': '.join(where)}: {number} is no {enum.name}")
