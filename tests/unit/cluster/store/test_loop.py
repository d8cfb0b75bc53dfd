"""The real thread under a real loop: work goes on while a checkpoint is written."""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from konik.cluster.clock import LoopScheduler, SystemClock
from konik.cluster.store.checkpoint import Checkpointer
from konik.cluster.store.image import Checkpoint, Image
from konik.cluster.store.opening import open_store
from konik.cluster.store.snapshot import Export, Incoming, export, install
from konik.cluster.store.store import Store
from konik.cluster.store.thread import StateThread

CLUSTER = b"cluster-of-tests"
KEYS = 20_000


class Node:
    """A store with its thread, on the running loop."""

    def __init__(self, path: Path) -> None:
        self.loop = asyncio.get_running_loop()
        self.store = open_store(path, CLUSTER, path.name)
        self.thread = StateThread(self.loop.call_soon_threadsafe)
        clock = SystemClock()
        self.checkpointer = Checkpointer(
            self.store, self.thread, clock, LoopScheduler(self.loop, clock), on_fatal=self.failed
        )
        self.error: BaseException | None = None

    def failed(self, error: BaseException) -> None:
        self.error = error

    async def checkpoint(self, index: int) -> None:
        done: asyncio.Future[Checkpoint] = self.loop.create_future()
        self.checkpointer.start(index, 1, {}, done.set_result)
        await done

    async def export(self) -> Export:
        done: asyncio.Future[Export] = self.loop.create_future()
        export(self.store, self.thread, done.set_result, done.set_exception)
        return await done

    async def install(self, copy: Export) -> None:
        arriving = Incoming(
            self.store.image.path, copy.checkpoint.index, copy.checkpoint.term, copy.size, copy.checksum
        )
        while not arriving.complete:
            arriving.write(arriving.received, copy.read(arriving.received))
        done: asyncio.Future[Checkpoint] = self.loop.create_future()
        install(self.store, self.thread, arriving, 0, done.set_result, done.set_exception)
        await done

    def close(self) -> None:
        self.thread.close()
        self.store.close()
        assert self.error is None


async def turns_until(task: "asyncio.Task[None]", store: Store, expected: dict[bytes, bytes]) -> list[float]:
    """Write and read back until `task` is done; how late each turn of the loop was, in seconds."""
    late = []
    number = 0
    while not task.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - began - 0.001)
        key = b"t%05d-more" % number
        store.put(key, b"meanwhile")
        expected[key] = b"meanwhile"
        assert store.get(b"t%05d" % (number % KEYS)) == expected[b"t%05d" % (number % KEYS)]
        number += 1
    await task
    return late


def test_the_loop_goes_on_while_a_checkpoint_is_written_copied_and_installed(tmp_path: Path, record_property) -> None:
    async def scenario() -> None:
        leader, follower = Node(tmp_path / "leader"), Node(tmp_path / "follower")
        expected = {b"t%05d" % number: os.urandom(100) for number in range(KEYS)}
        for key, value in expected.items():
            leader.store.put(key, value)
        late = await turns_until(asyncio.create_task(leader.checkpoint(1)), leader.store, expected)
        assert len(late) > 10
        record_property("late_ms_p99", 1000 * sorted(late)[len(late) * 99 // 100])
        assert leader.store.image.checkpoint() == leader.store.checkpoint
        await turns_until(asyncio.create_task(leader.checkpoint(2)), leader.store, expected)
        assert dict(leader.store.scan(b"t", b"u")) == expected
        at_copy = dict(leader.store.image.scan(b"t", b"u"))
        copy = await leader.export()
        await follower.install(copy)
        assert dict(follower.store.scan(b"t", b"u")) == at_copy
        assert follower.store.recount() == copy.checkpoint.hash
        leader.close()
        follower.close()

    asyncio.run(scenario())


def test_closing_waits_for_the_checkpoint_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        node = Node(tmp_path / "node")
        for number in range(5000):
            node.store.put(b"t%05d" % number, b"value")
        writing = asyncio.Event()
        write = Image.write

        def announced(*arguments: Any) -> None:
            node.loop.call_soon_threadsafe(writing.set)
            write(*arguments)

        monkeypatch.setattr(Image, "write", announced)
        node.checkpointer.start(1, 1, {}, lambda checkpoint: None)
        await writing.wait()
        node.close()
        again = open_store(tmp_path / "node", CLUSTER, "node")
        assert again.checkpoint.index == 1
        assert len(list(again.scan(b"t", b"u"))) == 5000
        again.close()

    asyncio.run(scenario())
