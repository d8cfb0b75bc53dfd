"""The cluster under test: one that runs already, or one that is started for the occasion and ended after it."""

import asyncio
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from konik.api.pb.cluster_pb2 import NodeStatus
from konik.bench import machine
from konik.sdk.client import Client
from konik.sdk.errors import KonikError
from konik.sdk.status import ClusterStatus, cluster_status

START_MAX_S = 30.0
WHOLE_MAX_S = 60.0
STOP_MAX_S = 15.0
LOG = "dev.log"
LOOK_EVERY_S = 0.05

# Where `konik dev` puts its listeners, relative to --port: clients, peers, HTTP.
DEV_PORT_OFFSETS = (0, 1000, 2000)


class ClusterNotWhole(KonikError):
    """Members are missing, or have no leader, for longer than a benchmark can wait."""


class Cluster:
    """What a benchmark asks of a cluster. `file_system` is where its members keep their data."""

    def __init__(self, client: Client, file_system: str) -> None:
        self.client = client
        self.file_system = file_system

    async def status(self) -> ClusterStatus:
        return await cluster_status(self.client)

    async def whole(self, timeout_s: float = WHOLE_MAX_S) -> ClusterStatus:
        """Waits until every member is there, follows one leader, and has applied what was committed before."""
        return await whole(self.client, timeout_s)

    async def figures(self) -> dict[str, NodeStatus]:
        """The answer of each member, by its id. Raises ClusterNotWhole if one gives none."""
        found = await self.status()
        if len(found.reachable) < len(found.members):
            raise ClusterNotWhole("a member cannot be reached; see `konik status`")
        return {answer.node: answer for answer in found.reachable}


async def whole(client: Client, timeout_s: float) -> ClusterStatus:
    loop = asyncio.get_running_loop()
    deadline, committed = loop.time() + timeout_s, None
    while loop.time() < deadline:
        try:
            found = await cluster_status(client)
        except KonikError:
            found = None
        if found is not None and _agrees(found):
            committed = committed or max(answer.commit_index for answer in found.reachable)
            if all(answer.applied_index >= committed for answer in found.reachable):
                return found
        await asyncio.sleep(LOOK_EVERY_S)
    raise ClusterNotWhole(
        f"the cluster was not whole within {timeout_s:.0f} s; is there a supervisor that starts killed nodes again "
        "(`konik dev` does)? See `konik status`"
    )


def _agrees(found: ClusterStatus) -> bool:
    return (
        found.leader != ""
        and len(found.reachable) == len(found.members)
        and all(answer.leader == found.leader for answer in found.reachable)
    )


@asynccontextmanager
async def attached(servers: str) -> AsyncIterator[Cluster]:
    """A cluster that runs on this machine already. Raises UnsuitableDirectory if it keeps its data in memory."""
    async with Client(servers) as client:
        found = await cluster_status(client)
        client.servers.add(member.address for member in found.members)
        kinds = machine.file_systems(answer.pid for answer in found.reachable)
        yield Cluster(client, ", ".join(sorted(kinds)))


@asynccontextmanager
async def started(nodes: int, base: Path) -> AsyncIterator[Cluster]:
    """A cluster of `konik dev` in a new directory below `base`, which is removed afterwards."""
    base.mkdir(parents=True, exist_ok=True)
    file_system = machine.file_system(base)
    with tempfile.TemporaryDirectory(prefix="konik-bench-", dir=base) as directory:
        process, addresses = await _start(nodes, Path(directory))
        try:
            async with Client(addresses) as client:
                await _ready(client, process, Path(directory) / LOG)
                yield Cluster(client, file_system)
        finally:
            await _end(process)


async def _start(nodes: int, directory: Path) -> tuple[asyncio.subprocess.Process, list[str]]:
    """Runs `konik dev`, its words going to a file beside the data, and gives the addresses it will serve."""
    port = _free_ports(nodes)
    with (directory / LOG).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "konik.sdk.cli", "dev"),
            *("--nodes", str(nodes), "--port", str(port), "--data-dir", str(directory / "data")),
            stdout=log,
            stderr=log,
        )
    return process, [f"127.0.0.1:{port + number}" for number in range(nodes)]


async def _ready(client: Client, process: asyncio.subprocess.Process, log: Path) -> None:
    """Waits for the cluster. Raises ClusterNotWhole with the reason if `konik dev` gives up."""
    serving, ended = asyncio.create_task(whole(client, START_MAX_S)), asyncio.create_task(process.wait())
    await asyncio.wait([serving, ended], return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if process.returncode is not None:
        serving.cancel()
        raise ClusterNotWhole(f"`konik dev` ended with exit code {process.returncode}: {log.read_text().strip()}")
    await serving


def _free_ports(nodes: int) -> int:
    """A base port such that all that `konik dev` takes from it are free now."""
    for base in range(20_000, 30_000, 10):
        if all(_is_free(base + offset + number) for offset in DEV_PORT_OFFSETS for number in range(nodes)):
            return base
    raise ClusterNotWhole("no free ports between 20000 and 33000 on this machine")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    """Asks the cluster to stop, and makes it if it does not."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_MAX_S)
    except TimeoutError:
        process.kill()
        await process.wait()
