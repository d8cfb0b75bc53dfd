"""What a synced commit costs: three processes over LMDB and loopback TCP, and callers who wait for each command.

`python tests/sim/speed.py CALLERS [BYTES [SECONDS]]` starts the three and prints the leader's figures.
"""

import asyncio
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence

import msgpack
import uvloop

from konik.cluster.clock import LoopScheduler, SystemClock
from konik.cluster.driver import core_from_disk
from konik.cluster.identity import Identity
from konik.cluster.journal import LmdbJournal, bootstrap
from konik.cluster.network import PROTOCOL_VERSION, Hello
from konik.cluster.raft.membership import FOUNDER, Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Settings
from konik.cluster.raft.roles import Role
from konik.cluster.replica import Replica
from konik.cluster.transport import TcpTransport
from konik.cluster.wire import Wire

CLUSTER = bytes(16)
PORTS = {"A": 7401, "B": 7402, "C": 7403}
SWITCH_SECONDS = 0.0002


def die(error: BaseException) -> None:
    print("fatal:", repr(error), flush=True)
    os._exit(1)


class Node:
    """A replica whose state machine counts commands."""

    def __init__(self, name: str, directory: str) -> None:
        loop = asyncio.get_running_loop()
        path = os.path.join(directory, name)
        bootstrap(path, Identity(CLUSTER, name, os.urandom(16)), Membership.of(*PORTS))
        self.journal = LmdbJournal.open(path, name, CLUSTER, loop.call_soon_threadsafe, die)
        hello = Hello(
            PROTOCOL_VERSION,
            CLUSTER,
            name,
            self.journal.identity.directory,
            os.urandom(16),
            os.getpid(),
            "",
            1,
            "",
            True,
            0,
        )
        peers = {peer: ("127.0.0.1", port) for peer, port in PORTS.items() if peer != name}
        self.transport = TcpTransport(hello, ("127.0.0.1", PORTS[name]), peers, Wire(), self.journal, None)
        clock = SystemClock()
        core = core_from_disk(
            name, FOUNDER, self.journal.founders, Settings(), self.journal, (0, 0), clock.monotonic(), random.random()
        )
        self.replica = Replica(
            core,
            self.journal,
            self.transport,
            None,  # type: ignore[arg-type]  # no copy of the state is ever asked for here
            clock=clock,
            scheduler=LoopScheduler(loop, clock),
            chance=random.random,
            on_committed=self.apply,
            on_read=lambda token, index: None,
            on_change=lambda: None,
            on_installed=lambda index, term: None,
            on_peer_message=lambda peer, frame: None,
            on_connection=lambda peer, up: None,
            fatal=die,
        )
        self.loop = loop
        self.queue: list[tuple[bytes, asyncio.Future[int]]] = []
        self.calls: dict[int, list[asyncio.Future[int]]] = {}
        self.commands = self.batches = 0

    def call(self, command: bytes) -> asyncio.Future[int]:
        future = self.loop.create_future()
        if not self.queue:
            self.loop.call_soon(self.flush)
        self.queue.append((command, future))
        return future

    def flush(self) -> None:
        queue, self.queue = self.queue, []
        index = self.replica.propose(msgpack.packb([command for command, _ in queue]))
        assert index is not None, "not the leader any more"
        self.batches += 1
        self.calls[index] = [future for _, future in queue]

    def apply(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.commands += len(msgpack.unpackb(entry.data)) if entry.data else 0
            for future in self.calls.pop(entry.index, ()):
                future.set_result(self.commands)


async def run(name: str, directory: str, callers: int, size: int, seconds: float) -> None:
    node = Node(name, directory)
    await node.transport.start()
    node.replica.start()
    while node.replica.core.leader is None:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    if node.replica.core.role is Role.LEADER:
        await lead(node, callers, size, seconds)
    else:
        await asyncio.sleep(seconds + 1)
    node.replica.stop()
    await node.transport.close()
    node.journal.close()


async def lead(node: Node, callers: int, size: int, seconds: float) -> None:
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def caller() -> None:
        while (began := time.perf_counter()) < end:
            await node.call(bytes(size))
            latencies.append(time.perf_counter() - began)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    latencies.sort()
    print(
        f"{callers} callers of {size} bytes: {len(latencies) / took:.0f} commands/s, "
        f"p50 {latencies[len(latencies) // 2] * 1e3:.2f} ms, p99 {latencies[len(latencies) * 99 // 100] * 1e3:.2f} ms; "
        f"leader's CPU {cpu / len(latencies) * 1e6:.1f} µs per command, {cpu / node.batches * 1e6:.0f} per entry; "
        f"sync p50 {node.journal.statistics.median_seconds() * 1e6:.0f} µs, "
        f"{node.batches / node.journal.statistics.syncs:.2f} entries per sync",
        flush=True,
    )


def process(name: str, directory: str, callers: int, size: int, seconds: float) -> None:
    sys.setswitchinterval(SWITCH_SECONDS)
    uvloop.run(run(name, directory, callers, size, seconds))


def main(callers: int, size: int = 200, seconds: float = 4.0) -> None:
    directory = tempfile.mkdtemp(prefix="konik-speed-")
    context = multiprocessing.get_context("spawn")
    members = [context.Process(target=process, args=(name, directory, callers, size, seconds)) for name in PORTS]
    for member in members:
        member.start()
    for member in members:
        member.join()
    shutil.rmtree(directory)


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(int, sys.argv[2:]))
