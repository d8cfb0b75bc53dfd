"""What a method has in its hands: the caller, the time, and the objects of the state.

A command changes objects in memory; they are written once, with their index entries, when the command has succeeded.
If it fails nothing of it has reached the state.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.message import Message

from konik.statemachine import indexes, limits, term
from konik.statemachine.entry import Process
from konik.statemachine.plan.compiled import Plan
from konik.statemachine.rejection import Code, Rejection
from konik.statemachine.tables import TASK_DEFS, WF_SPECS, Table, deleted_wf_spec_key
from konik.statemachine.tasks.delivery import Delivery
from konik.statemachine.version import KNOWN
from konik.statemachine.view import Transaction, View

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_DEFINITIONS = frozenset((TASK_DEFS, WF_SPECS))


class _Slot:
    """An object in the hands of a command: what is stored, and what it is now. `was` is the status of what is stored,
    if `message` is that object, as it was loaded or changed since; None if it is not known."""

    __slots__ = ("message", "stored", "table", "was")

    def __init__(self, table: Table[Any], stored: bytes | None, message: Any, was: Any) -> None:
        self.table = table
        self.stored = stored
        self.message = message
        self.was = was


class Plans:
    """Definitions as commands use them, by key: WfSpecs compiled, TaskDefs parsed. Each is made once, shared by all
    commands, and never changed; it is forgotten when something else is written in its place."""

    def __init__(self) -> None:
        self._made: dict[bytes, Any] = {}
        self.get = self._made.get

    def keep(self, key: bytes, made: T) -> T:
        if len(self._made) >= limits.DEFINITIONS_KEPT_MAX:
            self._made.clear()
        self._made[key] = made
        return made

    def forget(self, key: bytes) -> None:
        """What is under `key` is another one from now on, or may be."""
        self._made.pop(key, None)

    def forget_all(self) -> None:
        self._made.clear()


class Reader:
    """What a query may do: read."""

    def __init__(self, view: View, plans: Plans, tenant: str, principal: str, now_ms: int) -> None:
        self.txn = Transaction(view)
        self.plans = plans
        self.tenant = tenant
        self.principal = principal
        self.now_ms = now_ms

    def load(self, table: Table[M], key: bytes) -> M | None:
        """The object under `key`, or None."""
        raw = self.txn.get(key)
        return None if raw is None else table.parse(raw)

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The stored pairs with start <= key < stop, in order."""
        return self.txn.scan(start, stop)

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        """The first pair that `scan` would yield, or None."""
        return self.txn.first(start, stop)

    def plan(self, key: bytes) -> Plan | None:
        """The compiled WfSpec under `key`, or None. A deleted version still serves the WfRuns that it started."""
        plan: Plan | None = self.plans.get(key)
        if plan is not None:
            return plan
        raw = self.txn.get(key)
        if raw is None:
            raw = self.txn.get(deleted_wf_spec_key(key))
        return None if raw is None else self.plans.keep(key, Plan(WF_SPECS.parse(raw)))

    def definition(self, table: Table[M], key: bytes) -> M | None:
        """The definition under `key`, or None: to be read only, as all commands share it."""
        known: M | None = self.plans.get(key)
        if known is not None:
            return known
        raw = self.txn.get(key)
        return None if raw is None else self.plans.keep(key, table.parse(raw))


class Context(Reader):
    """What a command may do: read and write.

    `load` gives the same object each time; what was changed is announced with `save`. `index` is the log entry,
    and with a counter it is where new ids come from. `known` is the latest version that this replica has the code for.
    """

    def __init__(
        self,
        view: View,
        plans: Plans,
        tenant: str,
        principal: str,
        now_ms: int,
        index: int,
        counter: int,
        known: int = KNOWN,
    ) -> None:
        super().__init__(view, plans, tenant, principal, now_ms)
        self.known = known
        self.index = index
        self.counter = counter
        self.deliveries: list[Delivery] = []
        self.redefines = False
        self.lost: Process | None = None
        self._slots: dict[bytes, _Slot] = {}
        self._changed: dict[bytes, _Slot] = {}

    def enter(self, tenant: str) -> None:
        """What follows is done in that tenant; what was saved until now is written as belonging to the one before."""
        if tenant != self.tenant:
            self.flush()
            self.tenant = tenant

    def load(self, table: Table[M], key: bytes) -> M | None:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = self._found(table, self.txn.get(key))
        message: M | None = slot.message
        return message

    @staticmethod
    def _found(table: Table[M], stored: bytes | None) -> _Slot:
        if stored is None:
            return _Slot(table, None, None, None)
        message = table.parse(stored)
        return _Slot(table, stored, message, indexes.status(table, message))

    def save(self, table: Table[M], key: bytes, message: M) -> None:
        """`message` is what `key` holds from now on; it may still be changed until the command ends."""
        self._set(table, key, message)

    def remove(self, table: Table[M], key: bytes) -> None:
        """`key` holds nothing any more."""
        self._set(table, key, None)

    def _set(self, table: Table[M], key: bytes, message: M | None) -> None:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = _Slot(table, self.txn.get(key), message, None)
        elif slot.message is not message:
            slot.message, slot.was = message, None
        self._changed[key] = slot

    def stored_bytes(self, key: bytes) -> int:
        """How large the object under `key`, which was loaded, is as it is stored."""
        return len(self._slots[key].stored or b"")

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        self.flush()
        return self.txn.scan(start, stop)

    def first(self, start: bytes, stop: bytes) -> tuple[bytes, bytes] | None:
        self.flush()
        return self.txn.first(start, stop)

    def next_number(self) -> int:
        """A number that no other use within this log entry gets."""
        self.counter += 1
        return self.counter

    def new_id(self) -> str:
        """32 hexadecimal digits that no other object has.

        Not even one of a cluster that has gone on with this one's state: its terms are others.
        """
        return f"{term.current(self.txn):012x}{self.index:012x}{self.next_number():08x}"

    def flush(self) -> None:
        """Writes the changed objects and their index entries into the transaction."""
        changed, self._changed = self._changed, {}
        for key, slot in changed.items():
            self._write(key, slot)

    def commit(self) -> None:
        self.flush()
        self.txn.commit()

    def roll_back(self) -> None:
        """The command has failed: nothing of it has reached the state, and nothing may be left of it here."""
        self.deliveries.clear()
        self.lost = None
        if self.redefines:
            self.plans.forget_all()

    def _write(self, key: bytes, slot: _Slot) -> None:
        raw = None if slot.message is None else slot.message.SerializeToString(deterministic=True)
        if raw == slot.stored:
            return
        if slot.table in _DEFINITIONS:
            self.redefines = True
            self.plans.forget(key)
        if raw is None:
            self.txn.delete(key)
        elif len(raw) > limits.OBJECT_BYTES_MAX:
            kind = slot.table.message.DESCRIPTOR.name
            raise Rejection(
                Code.RESOURCE_EXHAUSTED,
                f"the {kind} would have {len(raw)} bytes; what is stored has {limits.OBJECT_BYTES_MAX} at most",
            )
        else:
            self.txn.put(key, raw)
        indexes.update(self, slot.table, slot.stored, slot.message, slot.was)
        slot.stored, slot.was = raw, None
