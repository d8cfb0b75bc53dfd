"""The version gate: no replica applies what its code does not know, and all change their behaviour at one entry."""

from dataclasses import replace

import pytest
from engine import Engine, MemoryView

from konik.api.pb.internal_pb2 import RaiseVersion
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.statemachine import keys, version
from konik.statemachine.entry import Entry
from konik.statemachine.machine import Machine
from konik.statemachine.registry import METHODS
from konik.statemachine.rejection import Code
from konik.statemachine.version import KNOWN, THIS, Release, UnknownVersion

LATER = KNOWN + 1
LATER_RELEASE = THIS._replace(known=LATER)


def raised_to(engine: Engine, to: int) -> None:
    engine.apply(engine.command("konik.RaiseVersion", RaiseVersion(version=to)))


def machine_over(view: MemoryView) -> Machine:
    return Machine(view, lambda command, error: None)


def test_a_new_release_behaves_as_before_until_the_version_is_raised() -> None:
    engine = Engine(LATER_RELEASE)
    assert engine.machine.version == KNOWN
    raised_to(engine, LATER)
    assert engine.machine.version == LATER


def test_a_method_of_a_later_version_is_unknown_to_all_until_that_version_is_in_force() -> None:
    new = {**METHODS, "Greet": replace(METHODS["PutTaskDef"], name="Greet", since=LATER)}
    old_replica, new_replica = Engine(), Engine(Release(LATER, new))
    for replica in (old_replica, new_replica):
        assert replica.answer("Greet", PutTaskDefRequest(name="greet")).code is Code.UNIMPLEMENTED
    assert old_replica.view.pairs == new_replica.view.pairs
    raised_to(new_replica, LATER)
    assert new_replica.answer("Greet", PutTaskDefRequest(name="greet")).code is Code.OK


def test_the_version_never_falls() -> None:
    engine = Engine(LATER_RELEASE)
    raised_to(engine, LATER)
    raised_to(engine, KNOWN)
    assert engine.machine.version == LATER


def test_an_entry_of_a_later_version_is_not_applied_and_changes_nothing() -> None:
    engine = Engine()
    before = dict(engine.view.pairs)
    command = engine.command("PutTaskDef", PutTaskDefRequest(name="greet"))
    with pytest.raises(UnknownVersion, match="install a later one"):
        list(engine.machine.apply(engine.index + 1, Entry(LATER, engine.now_ms, (), (command,))))
    assert engine.view.pairs == before


def test_a_replica_stops_at_the_entry_that_raises_the_version_above_what_it_knows() -> None:
    engine = Engine()
    with pytest.raises(UnknownVersion, match=f"needs version {LATER}"):
        raised_to(engine, LATER)


def test_the_state_of_a_later_release_is_neither_opened_nor_received() -> None:
    view = MemoryView()
    machine = machine_over(view)
    view.put(version.KEY, keys.number(LATER))
    with pytest.raises(UnknownVersion, match="the state that was received"):
        machine.replaced()
    with pytest.raises(UnknownVersion, match="the state needs version"):
        machine_over(view)
