"""A node over real files: what it does beside its work, and what it leaves behind when it stops."""

import asyncio
import threading
from pathlib import Path

import pytest

from konik.api.pb.task_requests_pb2 import PollTaskRequest
from konik.cluster.config import Config, load
from konik.cluster.node import Node, make_data_directory
from konik.cluster.store.errors import CorruptState
from konik.cluster.store.store import Store
from konik.statemachine import keys

pytestmark = pytest.mark.asyncio


@pytest.fixture
def config(tmp_path: Path, unused_tcp_port: int) -> Config:
    addresses = {"peer": f"127.0.0.1:{unused_tcp_port}", "client": "127.0.0.1:2"}
    config = load(cluster_id="c", node="n1", data_dir=tmp_path / "data", members={"n1": addresses})
    make_data_directory(config)
    return config


def tickets(store: Store) -> int:
    return sum(1 for _ in store.scan(keys.TICKET, keys.after(keys.TICKET)))


async def test_a_node_that_stops_waits_for_its_streams_to_end_and_their_tickets_to_be_withdrawn(config: Config) -> None:
    node = Node(config, fatal=pytest.fail)
    stirred = asyncio.Event()
    stream = node.services.polls.open("default", stirred.set)

    async def door() -> None:
        while not stream.ended:
            await stirred.wait()
        await asyncio.sleep(0.02)
        stream.close()

    await node.start()
    holding = asyncio.create_task(door())
    request = PollTaskRequest(client_id="w")
    request.task_def_id.name = "work"
    stream.ask(request)
    async with asyncio.timeout(5):
        while tickets(node.store) == 0:
            await asyncio.sleep(0.01)
    await node.stop()
    assert holding.done() and tickets(node.store) == 0
    await node.close()


async def test_the_loop_goes_on_while_what_is_stored_is_read_through(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, reads, came = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def slow(store: Store, records: int) -> bool:
        loop.call_soon_threadsafe(reads.set)
        assert came.wait(timeout=5), "the loop waits for the disk"
        return True

    monkeypatch.setattr(Store, "scrub", slow)
    node = Node(config, fatal=pytest.fail)
    await node.start()
    async with asyncio.timeout(5):
        await reads.wait()
    came.set()
    await node.close()


async def test_damage_that_is_found_by_reading_through_ends_the_node(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(store: Store, records: int) -> bool:
        raise CorruptState("a bit is flipped")

    monkeypatch.setattr(Store, "scrub", found)
    ends: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    node = Node(config, fatal=ends.set_result)
    await node.start()
    async with asyncio.timeout(5):
        assert isinstance(await ends, CorruptState)
    await node.close()
