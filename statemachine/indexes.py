"""The indexes: what a search finds without looking at every object.

An index entry is a key with the object's id as its value. The key holds what the object is found by, then the time of
its creation and its id, so that the answer to a search is one range of keys in the order in which it is given.

The entries are a function of the object alone (those of a Variable also of what its WfSpec declares). They change in
the transaction that changes the object, and nothing else writes them: there is never one too many or one too few.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final, Generic, Protocol, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from konik.api.pb.external_event_pb2 import CorrelatedEvent, ExternalEvent
from konik.api.pb.ids_pb2 import WfRunId, WfSpecId
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import WfRun
from konik.api.pb.wf_spec_pb2 import WfSpec
from konik.statemachine import keys
from konik.statemachine.limits import INDEX_DIGEST_CHARACTERS, INDEX_ID_BYTES_MAX, INDEX_TEXT_BYTES_MAX
from konik.statemachine.plan.compiled import Plan
from konik.statemachine.tables import (
    CORRELATED_EVENTS,
    EXTERNAL_EVENTS,
    NODE_RUNS,
    TASK_RUNS,
    VARIABLES,
    WF_RUNS,
    WF_SPECS,
    Table,
    wf_spec_key,
)
from konik.statemachine.timestamps import milliseconds
from konik.statemachine.values.render import index_texts
from konik.statemachine.view import Transaction

M = TypeVar("M", bound=Message)

_WF_RUN_BY_SPEC: Final = b"\x01"
_WF_RUN_BY_PARENT: Final = b"\x02"
_TASK_RUN: Final = b"\x03"
_NODE_RUN: Final = b"\x04"
_VARIABLE: Final = b"\x05"
_EXTERNAL_EVENT: Final = b"\x06"
_CORRELATED_EVENT: Final = b"\x07"
_WF_SPEC_BY_NAME: Final = b"\x08"
_WF_SPEC_BY_TASK_DEF: Final = b"\x09"


Facts = tuple[Any, ...]
"""What the entries of an object follow from; much cheaper than they are, and the same for many objects."""

CACHED_GROUPS: Final = 4_096
"""Beginnings of keys that are kept for each kind of object: TaskDefs, WfSpecs and statuses come again and again."""


class Writer(Protocol):
    """What is needed of the context of a command."""

    tenant: str
    txn: Transaction

    def plan(self, key: bytes) -> Plan | None: ...


# What each search looks under: the beginning of the keys of the entries that it wants. None means "any".


def wf_runs(
    tenant: str, name: str, major: int | None = None, revision: int | None = None, status: int | None = None
) -> bytes:
    """WfRuns of a WfSpec; a revision needs its major version."""
    return _under(tenant, _WF_RUN_BY_SPEC, name) + _optional(major) + _optional(revision) + _optional(status)


def wf_runs_of_parent(tenant: str, parent: WfRunId) -> bytes:
    return _under(tenant, _WF_RUN_BY_PARENT, keys.wf_run_text(parent))


def task_runs(tenant: str, task_def: str, status: int | None = None) -> bytes:
    return _under(tenant, _TASK_RUN, task_def) + _optional(status)


def node_runs(tenant: str, external_event_def: str, status: int | None = None) -> bytes:
    """NodeRuns that wait, or waited, for an ExternalEvent."""
    return _under(tenant, _NODE_RUN, external_event_def) + _optional(status)


def variables(tenant: str, wf_spec: str, major: int | None, revision: int | None, name: str, text: str) -> bytes:
    """Variables with a value; `name` may go on with a path into a JSON value."""
    version = _optional(major) + _optional(revision)
    return _under(tenant, _VARIABLE, wf_spec) + version + _text(name) + _text(text)


def external_events(tenant: str, event_def: str, claimed: bool | None = None) -> bytes:
    return _under(tenant, _EXTERNAL_EVENT, event_def) + _optional(claimed)


def correlated_events(tenant: str, event_def: str, has_external_events: bool | None = None) -> bytes:
    return _under(tenant, _CORRELATED_EVENT, event_def) + _optional(has_external_events)


def wf_specs(tenant: str) -> bytes:
    """All WfSpecs; what follows is the name as `keys.text` writes it, then the version, ascending."""
    return keys.INDEX + keys.text(tenant) + _WF_SPEC_BY_NAME


def wf_specs_of_task_def(tenant: str, task_def: str) -> bytes:
    return _under(tenant, _WF_SPEC_BY_TASK_DEF, task_def)


def status(table: Table[Any], message: Any) -> Any:
    """The only one of an object's facts that changes in its life; None where that is not a plain field."""
    indexed = INDEXED.get(table)
    return None if indexed is None or indexed.status is None else indexed.status(message)


def update(context: Writer, table: Table[Any], stored: bytes | None, message: Any, was: Any = None) -> None:
    """Writes what changes in the index when `stored` becomes `message`; None is an object that is not there. `was` is
    the status of what is stored, if `message` is the same object and has one: then nothing has to be parsed."""
    if was is not None:
        if status(table, message) != was:
            _move(context, INDEXED[table], message, was)
        return
    indexed = INDEXED.get(table)
    if indexed is None:
        return
    facts = None if message is None else indexed.facts(context, message)
    if message is not None and facts is None:
        return  # whether an object is indexed at all never changes in its life
    before = {} if stored is None else entries(context, table, table.parse(stored))
    after = {} if facts is None else _made(context, indexed, message, facts)
    for key in before:
        if key not in after:
            context.txn.delete(key)
    for key, value in after.items():
        if key not in before:
            context.txn.put(key, value)


def _move(context: Writer, indexed: "_Indexed[Any]", message: Any, was: Any) -> None:
    """The object's status is another one than it was; nothing else has changed."""
    facts = indexed.facts(context, message)
    if facts is None:
        return
    end = _end(indexed, message)
    gone, come = indexed.groups(context.tenant, (*facts[:-1], was)), indexed.groups(context.tenant, facts)
    for group in gone:
        if group not in come:
            context.txn.delete(group + end)
    for group in come:
        if group not in gone:
            context.txn.put(group + end, _value(message))


def entries(context: Writer, table: Table[Any], message: Any) -> dict[bytes, bytes]:
    """All index entries of an object."""
    indexed = INDEXED.get(table)
    facts = None if indexed is None else indexed.facts(context, message)
    return {} if indexed is None or facts is None else _made(context, indexed, message, facts)


def _made(context: Writer, indexed: "_Indexed[Any]", message: Any, facts: Facts) -> dict[bytes, bytes]:
    end, value = _end(indexed, message), _value(message)
    return {group + end: value for group in indexed.groups(context.tenant, facts)}


def _end(indexed: "_Indexed[Any]", message: Any) -> bytes:
    """How the keys of all its entries end."""
    created_ms = max(0, milliseconds(indexed.created(message)))
    return keys.long(created_ms) + keys.rare_text(_cut(indexed.id_text(message), INDEX_ID_BYTES_MAX))


def _value(message: Any) -> bytes:
    """What all its entries hold: its id."""
    id: bytes = message.id.SerializeToString(deterministic=True)
    return id


def _under(tenant: str, index: bytes, text: str) -> bytes:
    return keys.INDEX + keys.text(tenant) + index + _text(text)


def _text(text: str) -> bytes:
    return keys.text(_cut(text, INDEX_TEXT_BYTES_MAX))


def _cut(text: str, bytes_max: int) -> str:
    """A text of bounded length. Exact matches still work on what was cut, thanks to the digest."""
    raw = text.encode()
    if len(raw) <= bytes_max:
        return text
    digest = sha256(raw).hexdigest()[:INDEX_DIGEST_CHARACTERS]
    return raw[: bytes_max - INDEX_DIGEST_CHARACTERS].decode(errors="ignore") + digest


_ANY: Final = b"\0"


def _optional(value: int | None) -> bytes:
    """A number part, or the part that stands for any number."""
    return _ANY if value is None else b"\1" + keys.number(value)


@dataclass(frozen=True)
class _Indexed(Generic[M]):
    """How one kind of object is indexed."""

    facts: Callable[[Writer, M], Facts | None]
    """What it is found by; None if it is not indexed at all."""
    groups: Callable[[str, Facts], tuple[bytes, ...]]
    """What it is found under, in a tenant: the beginnings of its keys, each once."""
    created: Callable[[M], Timestamp]
    id_text: Callable[[M], str]
    status: Callable[[M], Any] | None = None
    """The last of its facts, if the others never change in its life."""


def _versions(major: int, revision: int) -> tuple[bytes, bytes, bytes]:
    """The parts for all versions, for the major version, and for exactly this one."""
    of_major = _optional(major)
    return _ANY + _ANY, of_major + _ANY, of_major + _optional(revision)


def _and_any(find: Callable[[str, str, Any], bytes]) -> Callable[[str, Facts], tuple[bytes, ...]]:
    """Where `find` looks for an object by its name and one value: under any value, and under its own."""

    @lru_cache(maxsize=CACHED_GROUPS)
    def groups(tenant: str, facts: Facts) -> tuple[bytes, ...]:
        name, value = facts
        return find(tenant, name, None), find(tenant, name, value)

    return groups


def _version_of(spec: WfSpecId) -> tuple[str, int, int]:
    return spec.name, spec.major_version, spec.revision


def _wf_run_facts(context: Writer, wf_run: WfRun) -> Facts:
    id = wf_run.id
    parent = keys.wf_run_text(id.parent_wf_run_id) if id.HasField("parent_wf_run_id") else None
    return _version_of(wf_run.wf_spec_id), parent, wf_run.status


@lru_cache(maxsize=CACHED_GROUPS)
def _wf_run_groups(tenant: str, facts: Facts) -> tuple[bytes, ...]:
    (name, *version), parent, status = facts
    known = (None, None), (version[0], None), version
    groups = [wf_runs(tenant, name, major, revision, end) for major, revision in known for end in (None, status)]
    if parent is not None:
        groups.append(_under(tenant, _WF_RUN_BY_PARENT, parent))
    return tuple(groups)


def _task_run_facts(context: Writer, task_run: TaskRun) -> Facts:
    return task_run.task_def_id.name, task_run.status


def _node_run_facts(context: Writer, node_run: NodeRun) -> Facts | None:
    """Only nodes that wait for an event are searched for."""
    if not node_run.HasField("external_event"):
        return None
    return node_run.external_event.external_event_def_id.name, node_run.status


def _node_run_text(node_run: NodeRun) -> str:
    id = node_run.id
    return f"{keys.wf_run_text(id.wf_run_id)}/{id.thread_run_number}/{id.position}"


def _variable_facts(context: Writer, variable: Variable) -> Facts | None:
    spec = variable.wf_spec_id
    plan = context.plan(wf_spec_key(context.tenant, spec))
    declared = None if plan is None else plan.variables.get(variable.id.name)
    if declared is None or not (declared.searchable or declared.json_indexes):
        return None
    texts = index_texts(variable.id.name, variable.value, declared.searchable, declared.json_indexes)
    return _version_of(spec), tuple(texts)


def _variable_groups(tenant: str, facts: Facts) -> tuple[bytes, ...]:
    (name, major, revision), texts = facts
    of_spec = _under(tenant, _VARIABLE, name)
    versions = _versions(major, revision)
    groups = [of_spec + version + _text(variable) + _text(text) for variable, text in texts for version in versions]
    return tuple(dict.fromkeys(groups))


def _variable_text(variable: Variable) -> str:
    return f"{keys.wf_run_text(variable.id.wf_run_id)}/{variable.id.thread_run_number}/{variable.id.name}"


def _external_event_facts(context: Writer, event: ExternalEvent) -> Facts:
    return event.id.external_event_def_id.name, event.claimed


def _external_event_text(event: ExternalEvent) -> str:
    return f"{keys.wf_run_text(event.id.wf_run_id)}/{event.id.external_event_def_id.name}/{event.id.guid}"


def _correlated_event_facts(context: Writer, event: CorrelatedEvent) -> Facts:
    return event.id.external_event_def_id.name, bool(event.external_events)


def _wf_spec_facts(context: Writer, spec: WfSpec) -> Facts:
    return _version_of(spec.id), _task_defs(spec)


def _wf_spec_groups(tenant: str, facts: Facts) -> tuple[bytes, ...]:
    (name, major, revision), task_defs = facts
    by_name = wf_specs(tenant) + keys.text(name) + keys.number(major) + keys.number(revision)
    return by_name, *(wf_specs_of_task_def(tenant, task_def) for task_def in task_defs)


def _task_defs(spec: WfSpec) -> tuple[str, ...]:
    """The TaskDefs that its task nodes name; what a dynamic task will be is not known."""
    nodes = (node for thread in spec.thread_specs.values() for node in thread.nodes.values())
    return tuple(sorted({node.task.task_def_id.name for node in nodes if node.task.HasField("task_def_id")}))


INDEXED: Final[dict[Table[Any], _Indexed[Any]]] = {
    WF_RUNS: _Indexed(
        facts=_wf_run_facts,
        groups=_wf_run_groups,
        created=lambda wf_run: wf_run.start_time,
        id_text=lambda wf_run: keys.wf_run_text(wf_run.id),
        status=attrgetter("status"),
    ),
    TASK_RUNS: _Indexed(
        facts=_task_run_facts,
        groups=_and_any(task_runs),
        created=lambda task_run: task_run.scheduled_at,
        id_text=lambda task_run: f"{keys.wf_run_text(task_run.id.wf_run_id)}/{task_run.id.task_guid}",
        status=attrgetter("status"),
    ),
    NODE_RUNS: _Indexed(
        facts=_node_run_facts,
        groups=_and_any(node_runs),
        created=lambda node_run: node_run.arrival_time,
        id_text=_node_run_text,
        status=attrgetter("status"),
    ),
    VARIABLES: _Indexed(
        facts=_variable_facts,
        groups=_variable_groups,
        created=lambda variable: variable.created_at,
        id_text=_variable_text,
    ),
    EXTERNAL_EVENTS: _Indexed(
        facts=_external_event_facts,
        groups=_and_any(external_events),
        created=lambda event: event.created_at,
        id_text=_external_event_text,
        status=attrgetter("claimed"),
    ),
    CORRELATED_EVENTS: _Indexed(
        facts=_correlated_event_facts,
        groups=_and_any(correlated_events),
        created=lambda event: event.created_at,
        id_text=lambda event: f"{event.id.external_event_def_id.name}/{event.id.key}",
    ),
    WF_SPECS: _Indexed(
        facts=_wf_spec_facts,
        groups=_wf_spec_groups,
        created=lambda spec: spec.created_at,
        id_text=lambda spec: f"{spec.id.name}/{spec.id.major_version:05}/{spec.id.revision:05}",
    ),
}
