"""Nodes as they run in production: one `konik server` process each, to be killed, stopped, frozen and started again.

What a test knows of a node is what an operator knows: its status, its log file, its exit code.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TypeVar

import grpc

from konik.api.pb.cluster_pb2 import LEADER, NodeStatus, StatusRequest

SERVER = (sys.executable, "-m", "konik.sdk.cli", "server")
STATUS = "/konik.v1.Cluster/Status"
STATUS_SECONDS_MAX = 1.0

LOOK_SECONDS = 0.02
START_SECONDS_MAX = 30.0
CATCH_UP_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 10.0

STANDSTILL_SECONDS = 2.0
"""A look that takes longer than that shows a machine that stood still, which counts for no longer than this."""

PORTS = range(20_000, 30_000)
"""Below the ports that the system gives to outgoing connections: a node that starts again finds its own ones free."""

PORTS_APART = 31
"""Between rows that are handed out one after the other."""

_rows = count(os.getpid())  # so that test processes keep out of each other's way

Found = TypeVar("Found")


def eventually(
    look: Callable[[], Found | None],
    expected: str,
    seconds: float = CATCH_UP_SECONDS_MAX,
    why_not: Callable[[], str] = str,
) -> Found:
    """What `look` finds, as soon as it finds something; if that is too late, `why_not` gives the details."""
    waited, last = 0.0, time.monotonic()
    while not (found := look()):
        assert waited < seconds, f"not within {seconds} s: {expected}\n{why_not()}"
        time.sleep(LOOK_SECONDS)
        now = time.monotonic()
        waited, last = waited + min(now - last, STANDSTILL_SECONDS), now
    return found


def free_ports(number: int, offsets: Sequence[int] = (0,)) -> list[int]:
    """Ports in a row that nobody listens on, neither there nor at these offsets from there."""
    while True:
        first = PORTS[next(_rows) * PORTS_APART % len(PORTS)]
        row = list(range(first, first + number))
        if all(_is_free(port + offset) for port in row for offset in offsets):
            return row


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def status_of(address: str) -> NodeStatus | None:
    """A node's own answer, None if it gives none."""
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        ask = channel.unary_unary(STATUS, StatusRequest.SerializeToString, NodeStatus.FromString)
        try:
            answer: NodeStatus = ask(StatusRequest(), timeout=STATUS_SECONDS_MAX)
        except grpc.RpcError:
            return None
        return answer


class Node:
    """One node. Its process comes and goes, the rest stays."""

    def __init__(self, name: str, directory: Path, client: str, command: Sequence[str] = SERVER) -> None:
        """`client` is the address at which it serves clients, `command` what runs its process."""
        self.name, self.client, self.command = name, client, command
        self.configuration = directory / f"{name}.toml"
        self.data = directory / name
        self.log = directory / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._logged_before = 0  # bytes, when this process was started

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    def start(self, *flags: str, command: Sequence[str] | None = None) -> None:
        """`command` is for this process alone."""
        assert not self.is_running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._logged_before = log.tell()
            arguments = [*(command or self.command), "--config", str(self.configuration), *flags]
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log)

    def bootstrap(self) -> None:
        self.start("--bootstrap")

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None, f"{self.name} was never started"
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: nothing is handed over, written or said."""
        self.signal(signal.SIGKILL)
        self.ended(STOP_SECONDS_MAX)

    def terminate(self) -> float:
        """SIGTERM; how long the process took to end, in seconds."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        assert self.ended(STOP_SECONDS_MAX) == 0, f"{self.name} did not end well:\n{self.tail()}"
        return time.monotonic() - began

    def ended(self, seconds: float) -> int:
        """The exit code, once the process has ended."""
        assert self.process is not None, f"{self.name} was never started"
        return self.process.wait(seconds)

    def status(self) -> NodeStatus | None:
        """The node's own answer, None if it gives none."""
        return status_of(self.client) if self.is_running else None

    @property
    def figures(self) -> NodeStatus:
        """The same of a node that must answer."""
        answer = self.status()
        assert answer is not None, f"{self.name} does not answer:\n{self.tail()}"
        return answer

    def logged(self, text: str) -> bool:
        return text in self.log.read_text()

    def logged_since_start(self, text: str) -> bool:
        """The same of the process that was started last alone."""
        return text.encode() in self.log.read_bytes()[self._logged_before :]

    def tail(self, characters: int = 3_000) -> str:
        """The end of its log, for messages."""
        return self.log.read_text()[-characters:] if self.log.exists() else "(no log)"


class Cluster:
    """Nodes that know each other. Use it as a context manager: no process outlives it."""

    def __init__(
        self,
        directory: Path,
        size: int = 3,
        tables: Callable[[str], str] = lambda node: "",
        later: int = 0,
        hosts: Mapping[str, str] | None = None,
        command: Callable[[str], Sequence[str]] = lambda node: SERVER,
        **settings: object,
    ) -> None:
        """`settings` go into every node's configuration, and as TOML what `tables` gives for it.

        The last `later` nodes are no founders: the others' configurations do not name them. `hosts` are the addresses
        of machines that the nodes have to themselves, by default they share this one; `command` is what runs a node
        there.
        """
        directory.mkdir(parents=True, exist_ok=True)
        names = [f"node-{number}" for number in range(1, size + 1)]
        if hosts is None:
            free = iter(free_ports(3 * size))
            rows = {name: [f"127.0.0.1:{next(free)}" for _ in range(3)] for name in names}
        else:
            rows = {name: [f"{hosts[name]}:{port}" for port in PORTS[:3]] for name in names}
        self.directory = directory
        self.nodes = [Node(name, directory, rows[name][0], command(name)) for name in names]
        self.peers = {name: row[1] for name, row in rows.items()}
        """Where each node listens for the others."""
        self.http = {name: row[2] for name, row in rows.items()}
        """Where each node tells of its health, and serves its figures."""
        self.founders = self.nodes[: size - later]
        self._settings, self._tables = settings, tables
        self.configure()

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def configure(self, **settings: object) -> None:
        """Writes every node's configuration anew, with these settings besides those of the beginning."""
        for node in self.nodes:
            values = {
                "cluster_id": "tests",
                "node": node.name,
                "data_dir": str(node.data),
                "http": self.http[node.name],
            }
            lines = [f"{key} = {json.dumps(value)}" for key, value in (values | self._settings | settings).items()]
            for member in self.founders if node in self.founders else [*self.founders, node]:
                peer = self.peers[member.name]
                lines += ["", f"[members.{member.name}]", f'client = "{member.client}"', f'peer = "{peer}"']
            lines += ["", self._tables(node.name)]
            node.configuration.write_text("\n".join(lines) + "\n")

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    @property
    def running(self) -> list[Node]:
        return [node for node in self.nodes if node.is_running]

    @property
    def addresses(self) -> list[str]:
        """Where the running nodes serve clients."""
        return [node.client for node in self.running]

    def bootstrap(self) -> "Cluster":
        for node in self.founders:
            node.bootstrap()
        self.whole()
        return self

    def start(self) -> None:
        """Starts what does not run, and waits until all of it serves."""
        for node in self.nodes:
            if not node.is_running:
                node.start()
        self.whole()

    def kill(self) -> None:
        """SIGKILL to all at once."""
        running = self.running
        for node in running:
            node.signal(signal.SIGKILL)
        for node in running:
            node.ended(STOP_SECONDS_MAX)

    def statuses(self) -> list[NodeStatus]:
        """Of the nodes that answer."""
        return [status for node in self.nodes if (status := node.status()) is not None]

    def leader(self) -> Node:
        """The one that leads by its own account, in the highest term."""

        def look() -> Node | None:
            leading = [status for status in self.statuses() if status.role == LEADER]
            return self[max(leading, key=lambda status: status.term).node] if leading else None

        return eventually(look, "somebody leads", START_SECONDS_MAX, self._logs)

    def followers(self) -> list[Node]:
        leader = self.leader()
        return [node for node in self.running if node is not leader]

    def is_whole(self) -> bool:
        """Every process that runs follows one leader, and has applied what the others know to be committed."""
        statuses = self.statuses()
        leaders = {status.leader for status in statuses}
        if len(statuses) < max(1, len(self.running)) or len(leaders) > 1 or not all(leaders):
            return False
        return min(status.applied_index for status in statuses) >= max(status.commit_index for status in statuses) > 0

    def whole(self, seconds: float = START_SECONDS_MAX) -> None:
        """Waits for that. Whatever runs at first must not end meanwhile."""
        expected = self.running

        def look() -> bool:
            assert self.running == expected, f"a node has ended\n{self._logs()}"
            return self.is_whole()

        eventually(look, "every node serves", seconds, self._logs)

    def _logs(self) -> str:
        return "\n".join(f"--- {node.name}\n{node.tail(1_000)}" for node in self.nodes)
