"""The version gate: no replica applies what its code does not know, and all change their behaviour at one entry."""

import pytest
from engine import Engine, MemoryView

from konik.api.pb.internal_pb2 import RaiseVersion
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.statemachine import keys, version
from konik.statemachine.entry import Entry
from konik.statemachine.machine import Machine
from konik.statemachine.version import KNOWN, UnknownVersion


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> int:
    """The code of a later release, which knows one version more."""
    monkeypatch.setattr(version, "KNOWN", KNOWN + 1)
    return KNOWN + 1


def raised_to(engine: Engine, to: int) -> None:
    engine.apply(engine.command("konik.RaiseVersion", RaiseVersion(version=to)))


def machine_over(view: MemoryView) -> Machine:
    return Machine(view, lambda command, error: None)


def test_a_new_release_behaves_as_before_until_the_version_is_raised(later: int) -> None:
    engine = Engine()
    assert engine.machine.version == later - 1
    raised_to(engine, later)
    assert engine.machine.version == later


def test_the_version_never_falls(later: int) -> None:
    engine = Engine()
    raised_to(engine, later)
    raised_to(engine, later - 1)
    assert engine.machine.version == later


def test_an_entry_of_a_later_version_is_not_applied_and_changes_nothing() -> None:
    engine = Engine()
    before = dict(engine.view.pairs)
    command = engine.command("PutTaskDef", PutTaskDefRequest(name="greet"))
    with pytest.raises(UnknownVersion, match="install a later one"):
        list(engine.machine.apply(engine.index + 1, Entry(KNOWN + 1, engine.now_ms, (), (command,))))
    assert engine.view.pairs == before


def test_a_replica_stops_at_the_entry_that_raises_the_version_above_what_it_knows() -> None:
    engine = Engine()
    with pytest.raises(UnknownVersion, match=f"needs version {KNOWN + 1}"):
        raised_to(engine, KNOWN + 1)


def test_the_state_of_a_later_release_is_neither_opened_nor_received() -> None:
    view = MemoryView()
    machine = machine_over(view)
    view.put(version.KEY, keys.number(KNOWN + 1))
    with pytest.raises(UnknownVersion, match="the state that was received"):
        machine.replaced()
    with pytest.raises(UnknownVersion, match="the state needs version"):
        machine_over(view)
