"""A cluster on this machine: each node a process of its own, restarted when it dies."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import grpc
from rich.console import Console

from konik.api.oversight import STATUS_PATH
from konik.api.pb.cluster_pb2 import LEADER, NodeStatus, StatusRequest
from konik.cluster.config import ConfigurationError
from konik.cluster.node import has_data_directory

RESTART_SECONDS = 1.0
STOP_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.05
PEER_PORT_OFFSET = 1000
HTTP_PORT_OFFSET = 2000

console = Console(highlight=False)


class DevNode:
    """One node's process."""

    def __init__(self, name: str, configuration: Path, client: str) -> None:
        self.name = name
        self.client = client
        self._configuration = configuration
        self.log = configuration.parent / f"{self.name}.log"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        arguments = ["server", "--config", str(self._configuration), "--node", self.name]
        if not has_data_directory(self._configuration.parent / self.name):
            arguments.append("--bootstrap")
        code = "from konik.sdk.cli.main import main; main()"
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, *arguments, stdout=output, stderr=output, start_new_session=True
            )


class DevCluster:
    """All of it."""

    def __init__(self, nodes: int, port: int, directory: Path) -> None:
        """Writes the configuration into the directory, which may hold a cluster already.

        Raises:
            ConfigurationError: the directory holds a cluster of another size or on other ports, or a port is taken.
        """
        self._stopping = False
        self._directory = directory
        members = {
            f"node-{number}": {
                "peer": f"127.0.0.1:{port + PEER_PORT_OFFSET + number - 1}",
                "client": f"127.0.0.1:{port + number - 1}",
                "http": f"127.0.0.1:{port + HTTP_PORT_OFFSET + number - 1}",
            }
            for number in range(1, nodes + 1)
        }
        for member in members.values():
            for address in member.values():
                _require_free(address)
        directory.mkdir(parents=True, exist_ok=True)
        self._check(members)
        self.nodes = []
        for name, member in members.items():
            configuration = directory / f"{name}.toml"
            configuration.write_text(_toml(members, name, member, directory))
            self.nodes.append(DevNode(name, configuration, member["client"]))

    def _check(self, members: dict[str, dict[str, str]]) -> None:
        record = self._directory / "cluster.json"
        if record.exists() and json.loads(record.read_text()) != members:
            raise ConfigurationError(
                f"{self._directory} holds a cluster with other nodes or ports: give the same --nodes and --port as "
                "when it was made, or another --data-dir"
            )
        record.write_text(json.dumps(members, indent=2))

    async def run(self) -> None:
        """Runs until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        for node in self.nodes:
            await node.start()
        keepers = [asyncio.ensure_future(self._keep(node)) for node in self.nodes]
        announcing = asyncio.ensure_future(self._announce())
        await stop.wait()
        self._stopping = True
        for task in (announcing, *keepers):
            task.cancel()
        await self._stop()

    async def _keep(self, node: DevNode) -> None:
        """A node that dies is started again after a second."""
        while node.process is not None:
            code = await node.process.wait()
            if self._stopping:
                return
            console.print(f"{node.name} ended ({_how(code)}); starting it again (its log: {node.log})")
            await asyncio.sleep(RESTART_SECONDS)
            await node.start()

    async def _announce(self) -> None:
        began = time.monotonic()
        while not await self._has_leader():
            await asyncio.sleep(LOOK_SECONDS)
        servers = ",".join(node.client for node in self.nodes)
        console.print(
            f"ready after {time.monotonic() - began:.1f} s: clients on {servers}, data and logs in {self._directory}",
            soft_wrap=True,
        )

    async def _has_leader(self) -> bool:
        for node in self.nodes:
            async with grpc.aio.insecure_channel(node.client) as channel:
                ask = channel.unary_unary(STATUS_PATH, StatusRequest.SerializeToString, NodeStatus.FromString)
                try:
                    status = await ask(StatusRequest(), timeout=1.0)
                except grpc.aio.AioRpcError:
                    continue
                if status.role == LEADER and status.applied_index >= status.commit_index > 0:
                    return True
        return False

    async def _stop(self) -> None:
        running = [node.process for node in self.nodes if node.process is not None and node.process.returncode is None]
        for process in running:
            process.terminate()
        ended = asyncio.gather(*(process.wait() for process in running))
        try:
            await asyncio.wait_for(ended, STOP_SECONDS_MAX)
        except TimeoutError:
            for process in running:
                if process.returncode is None:
                    os.kill(process.pid, signal.SIGKILL)
        console.print("stopped")


def _require_free(address: str) -> None:
    """A node whose port is taken would be started again for ever."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise ConfigurationError(
                f"{address} cannot be used ({error.strerror}): does another cluster run? Choose other ports with "
                f"--port P; those for clients begin at P, the nodes' own at P + {PEER_PORT_OFFSET}, those for HTTP "
                f"at P + {HTTP_PORT_OFFSET}"
            ) from error


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _toml(members: dict[str, dict[str, str]], name: str, me: dict[str, str], directory: Path) -> str:
    lines = [
        'cluster_id = "dev"',
        f"node = {json.dumps(name)}",
        f"data_dir = {json.dumps(str(directory / name))}",
        f"http = {json.dumps(me['http'])}",
        "",
    ]
    for id, member in members.items():
        lines += [
            f"[members.{id}]",
            f"peer = {json.dumps(member['peer'])}",
            f"client = {json.dumps(member['client'])}",
            "",
        ]
    return "\n".join(lines)


def run(nodes: int, port: int, directory: Path | None) -> None:
    """Runs the cluster; a directory that was not given lasts as long as the cluster."""
    with ExitStack() as stack:
        place = directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="konik-dev-")))
        asyncio.run(DevCluster(nodes, port, place).run())
