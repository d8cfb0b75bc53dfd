"""Copies of the state between two nodes: made, received, refused, and what must end the process."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from konik.cluster.state_copies import StateCopies
from konik.cluster.store import snapshot
from konik.cluster.store.errors import CorruptState, SnapshotRefused
from konik.cluster.store.image import Image
from konik.cluster.store.opening import open_store
from konik.cluster.store.thread import StateThread
from konik.statemachine.version import UnknownVersion

CLUSTER = b"c" * 16


class AtOnce(Executor):
    def submit(self, job: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(job(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Pump:
    def __init__(self) -> None:
        self.applied = 0
        self.calls: list[object] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def installed(self, index: int, term: int) -> None:
        self.calls.append((index, term))


class Side:
    """A node's state and the copies that it makes and takes."""

    def __init__(self, directory: Path, name: str, index: int) -> None:
        self.store = open_store(directory / name, CLUSTER, name, base=(index, 1))
        self.pump = Pump()
        self.failures: list[BaseException] = []
        self.fatal: list[BaseException] = []
        thread = StateThread(lambda work, *args: work(*args), AtOnce())
        pump: Any = self.pump
        self.copies = StateCopies(self.store, thread, pump, self.failures.append, self.fatal.append)

    def take(self) -> list[Any]:
        taken: list[Any] = []
        self.copies.take(taken.append)
        return taken

    def receive(self, copy: Any) -> list[bool]:
        outcome: list[bool] = []
        installation = self.copies.install(copy.index, copy.term, copy.size, copy.checksum)
        for chunk in copy.chunks():
            installation.write(chunk)
        installation.finish(outcome.append)
        return outcome


@pytest.fixture
def receiver(tmp_path: Path) -> Side:
    return Side(tmp_path, "receiver", 0)


@pytest.fixture
def sender(tmp_path: Path) -> Side:
    return Side(tmp_path, "sender", 9)


@pytest.fixture
def copy(sender: Side) -> Any:
    (copy,) = sender.take()
    return copy


def test_a_copy_that_this_release_cannot_go_on_with_ends_the_process(receiver: Side, copy: Any) -> None:
    def unknown(index: int, term: int) -> None:
        raise UnknownVersion("the state that was received needs version 2")

    receiver.pump.installed = unknown  # type: ignore[method-assign]
    assert receiver.receive(copy) == []
    assert [type(error) for error in receiver.fatal] == [UnknownVersion]
    assert receiver.pump.calls == ["pause"], "nothing is applied any more"


def full_disk(*args: object, **kwargs: object) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_copy_takes_the_place_of_an_older_state_while_the_pump_stands_still(receiver: Side, copy: Any) -> None:
    assert receiver.receive(copy) == [True]
    assert receiver.pump.calls == ["pause", (9, 1), "resume"]
    assert (receiver.store.checkpoint.index, receiver.store.checkpoint.node) == (9, "receiver")


def test_a_copy_that_is_refused_leaves_everything_as_it_was(receiver: Side, copy: Any) -> None:
    receiver.pump.applied = 10
    assert receiver.receive(copy) == [False]
    assert receiver.pump.calls == ["pause", "resume"] and receiver.store.checkpoint.index == 0
    assert [type(error) for error in receiver.failures] == [SnapshotRefused] and receiver.fatal == []


@pytest.mark.parametrize("where", ["__init__", "write"])
def test_a_copy_for_which_there_is_no_room_is_refused_and_harms_nobody(
    where: str, receiver: Side, copy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot.Incoming, where, full_disk)
    assert receiver.receive(copy) == [False]
    assert receiver.pump.calls == [] and len(receiver.failures) == 1 and receiver.fatal == []


def test_a_copy_that_cannot_be_adopted_is_refused(receiver: Side, copy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "adopt", full_disk)
    assert receiver.receive(copy) == [False]
    assert [type(error) for error in receiver.failures] == [SnapshotRefused] and receiver.fatal == []


def test_an_error_while_the_state_is_replaced_ends_the_process(
    receiver: Side, copy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot.os, "replace", full_disk)
    assert receiver.receive(copy) == []
    assert len(receiver.fatal) == 1
    assert receiver.pump.calls == ["pause"], "nothing is applied to a state of which nobody knows what it is"


def test_a_sender_whose_own_state_is_damaged_ends(sender: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(self: Image, *_: object) -> Any:
        raise CorruptState("a wrong sum")

    monkeypatch.setattr(Image, "copy", damaged)
    assert sender.take() == []
    assert len(sender.fatal) == 1 and sender.failures == []


def test_a_copy_that_cannot_be_made_is_none(sender: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "copy", full_disk)
    assert sender.take() == [None]
    assert len(sender.failures) == 1 and sender.fatal == []
