"""Backups of a node that runs, and a node that is made from one."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from backup_making import NEW, OLD, configuration
from google.protobuf.message import Message

from konik.api.pb.enums_pb2 import TASK_TIMEOUT
from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.api.pb.ids_pb2 import ExternalEventDefId, TaskDefId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.cluster import backup as module
from konik.cluster.backup import Backups
from konik.cluster.config import Config
from konik.cluster.node import STATE_DIRECTORY, Node, make_data_directory
from konik.cluster.polls import PollStream
from konik.cluster.restore import restore_data_directory
from konik.cluster.serving import Call, Serving
from konik.cluster.state_copies import StateCopies
from konik.cluster.store.image import Image
from konik.cluster.store.opening import open_store
from konik.sdk import ThreadBuilder, Workflow
from konik.statemachine import cluster_config, dedup, keys
from konik.statemachine.machine import Machine
from konik.statemachine.rejection import Code, Rejection

pytestmark = pytest.mark.asyncio

SECONDS_MAX = 10


async def started(config: Config) -> Node:
    node = Node(config, fatal=pytest.fail)
    await node.start()
    return node


@pytest_asyncio.fixture
async def node(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Node]:
    """The only node of its cluster, which runs and leads."""
    config = configuration(tmp_path / OLD, cluster_id=OLD, port=unused_tcp_port)
    make_data_directory(config)
    node = await started(config)
    yield node
    await node.close()


async def call(node: Node, method: str, request: Message) -> None:
    result = await Serving(node).command(Call(method, "default", "anonymous"), request.SerializeToString(), SECONDS_MAX)
    assert result.code is Code.OK, result.message


async def taken(node: Node, file: Path) -> Path:
    async with Backups(node).take() as backup:
        file.write_bytes(backup.head + b"".join(backup.chunks()))
    return file


def names(backup: Path, directory: Path) -> set[str]:
    """The external event definitions in a backup."""
    config = configuration(directory)
    restore_data_directory(config, backup)
    store = open_store(directory / STATE_DIRECTORY, config.cluster_bytes, config.node)
    try:
        return {name for name in ("first", "second") if _holds(store, name)}
    finally:
        store.close()


def _holds(store: Any, name: str) -> bool:
    machine = Machine(store, lambda *_: None)
    request = ExternalEventDefId(name=name).SerializeToString()
    return machine.query("GetExternalEventDef", "default", "anonymous", request).code is Code.OK


async def test_what_was_acknowledged_a_moment_before_is_in_it(node: Node, tmp_path: Path) -> None:
    await call(node, "PutExternalEventDef", PutExternalEventDefRequest(name="first"))
    assert node.checkpointer.statistics.checkpoints == 0
    backup = await taken(node, tmp_path / "backup")
    await call(node, "PutExternalEventDef", PutExternalEventDefRequest(name="second"))
    assert names(backup, tmp_path / NEW) == {"first"}


async def test_it_begins_only_when_the_node_has_what_was_acknowledged_elsewhere(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm: list[Callable[[], None]] = []
    asked = asyncio.Event()

    def when_current(then: Callable[[], None]) -> int:
        confirm.append(then)
        asked.set()
        return 0

    monkeypatch.setattr(node.services.reads, "when_current", when_current)
    taking = asyncio.create_task(taken(node, tmp_path / "backup"))
    async with asyncio.timeout(SECONDS_MAX):
        await asked.wait()
    await call(node, "PutExternalEventDef", PutExternalEventDefRequest(name="first"))
    assert node.checkpointer.statistics.checkpoints == 0, "it would lack what is on its way to this node"
    confirm[0]()
    assert names(await taking, tmp_path / NEW) == {"first"}


async def test_it_says_what_it_is_of(node: Node) -> None:
    await call(node, "PutExternalEventDef", PutExternalEventDefRequest(name="first"))
    async with Backups(node).take() as backup:
        found = backup.description
        assert (found.cluster_id, found.node, found.machine_version) == (OLD, "n1", node.services.machine.version)
        assert (found.index, found.term) == (node.store.checkpoint.index, node.status().term)
        assert abs(found.time_ms - time.time() * 1000) < 60_000
        assert found.size == sum(map(len, backup.chunks()))


async def test_one_at_a_time_is_taken_of_a_node(node: Node, tmp_path: Path) -> None:
    backups = Backups(node)
    async with backups.take():
        with pytest.raises(Rejection, match="another backup is being taken from n1"):
            async with backups.take():
                pass
    async with backups.take():
        pass


async def test_nothing_of_it_remains_on_the_disk_of_the_node(node: Node) -> None:
    before = sorted(path.name for path in node.config.data_dir.iterdir())
    with pytest.raises(ZeroDivisionError):
        async with Backups(node).take():
            raise ZeroDivisionError
    assert sorted(path.name for path in node.config.data_dir.iterdir()) == before


async def test_a_copy_for_which_nobody_waits_any_more_is_closed(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, copying = asyncio.Event(), asyncio.Event()

    class Copy:
        close = staticmethod(closed.set)

    waiting: list[Any] = []

    def take(_: StateCopies, then: Any) -> None:
        waiting.append(then)
        copying.set()

    monkeypatch.setattr(StateCopies, "take", take)

    async def given_up() -> None:
        async with Backups(node).take():
            pytest.fail("there is no copy")

    taking = asyncio.create_task(given_up())
    async with asyncio.timeout(SECONDS_MAX):
        await copying.wait()
    taking.cancel()
    await asyncio.wait([taking])
    waiting[0](Copy())
    assert closed.is_set()


async def test_a_node_that_sees_no_leader_gives_none(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HOLD_SECONDS_MAX", 0.05)
    monkeypatch.setattr(node.services.reads, "when_current", lambda then: 0)
    with pytest.raises(Rejection, match="no leader") as refusal:
        async with Backups(node).take():
            pass
    assert refusal.value.code is Code.UNAVAILABLE


async def test_a_node_that_cannot_write_a_checkpoint_gives_none_and_says_why(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS_MAX", 0.05)
    monkeypatch.setattr(node.checkpointer, "start", lambda *_: None)
    node.checkpointer.trouble = "there is no room to write the state, make room"
    with pytest.raises(Rejection, match="n1: there is no room to write the state, make room"):
        async with Backups(node).take():
            pass


async def test_a_node_that_has_no_room_for_a_copy_gives_none_and_goes_on(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image, "copy", full)
        with pytest.raises(Rejection, match="is there room in its data_dir"):
            async with Backups(node).take():
                pass
    await taken(node, tmp_path / "backup")


def has_a_task(wf: ThreadBuilder) -> None:
    wf.execute("work")


def worker(node: Node) -> tuple[PollStream, asyncio.Event]:
    """A stream of a worker who asks for one task; the event says that it has come."""
    arrived = asyncio.Event()
    stream = node.services.polls.open("default", arrived.set)
    stream.ask(PollTaskRequest(client_id="w", task_def_id=TaskDefId(name="work")))
    return stream, arrived


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", ["n1", "n2"])
async def test_what_the_old_nodes_had_is_lost_with_them_and_harms_nothing(
    node: Node, tmp_path: Path, unused_tcp_port_factory: Callable[[], int], name: str
) -> None:
    await call(node, "PutTaskDef", PutTaskDefRequest(name="work"))
    await call(node, "PutWfSpec", Workflow("has-a-task", has_a_task).compile())
    _, arrived = worker(node)
    await call(node, "RunWf", RunWfRequest(wf_spec_name="has-a-task", id="run"))
    async with asyncio.timeout(SECONDS_MAX):
        await arrived.wait()  # assigned to a stream of this node, and never written to it
    worker(node)
    await until(lambda: any(node.store.scan(keys.TICKET, keys.after(keys.TICKET))))  # one more asks, and gets nothing
    old = node.services.process
    config = configuration(tmp_path / NEW, name, port=unused_tcp_port_factory())
    restore_data_directory(config, await taken(node, tmp_path / "backup"))

    new = await started(config)
    try:
        stream, arrived = worker(new)
        async with asyncio.timeout(SECONDS_MAX):
            await arrived.wait()
        delivery = stream.take()
        assert delivery is not None and delivery.attempt.attempt_number == 1
        first, second = delivery.task_run.attempts
        assert first.status == TASK_TIMEOUT and "node n1 was lost" in first.error.message
        await until(lambda: dedup.has_ended(new.store, old))
        assert dedup.sessions(new.store) == [new.services.process]
        assert not any(new.store.scan(keys.TICKET, keys.after(keys.TICKET)))
        (member,) = cluster_config.members(new.store).members
        assert (member.node, member.port) == (name, config.me.client.port)
    finally:
        await new.close()
