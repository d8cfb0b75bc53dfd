"""Three machines to be disturbed: for each node a network namespace, a disk, a clock that can be set, and a server."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import disks
from authority import Authority
from disks import Disk
from network import Network
from server_processes import Cluster, Node
from stepped_server import Step, command

NODES = ("node-1", "node-2", "node-3")
DIRECTORY = "konik-chaos-"
HASTY = {"checkpoint_commands": 1_000, "log_tail_entries": 100}
"""Settings with which faults meet checkpoints, and nodes that were away need a copy of the state."""


class Machines:
    """Use it as a context manager: nothing of it is left, but the nodes' logs if `keep` says where. Raises
    NotPermitted.
    """

    def __init__(self, keep: Path | None = None, settings: Mapping[str, object] = HASTY) -> None:
        """`settings` are what the nodes' configurations have beside their members and disks."""
        self.network = Network(NODES)
        self._keep, self._settings = keep, settings
        self._stack = ExitStack()

    def __enter__(self) -> "Machines":
        with ExitStack() as stack:
            directory = Path(tempfile.mkdtemp(prefix=f"{DIRECTORY}{os.getpid()}-"))
            stack.callback(shutil.rmtree, directory)
            stack.enter_context(self.network)
            remove_leftovers()  # after the processes that the network has ended
            self.disks = {node: stack.enter_context(Disk(directory / node)) for node in NODES}
            self.clocks = {node: Step(directory / f"{node}.clock") for node in NODES}
            stack.callback(self._keep_logs, directory)
            self.cluster = Cluster(
                directory,
                tables=Authority(directory / "authority").table,
                hosts=self.network.hosts,
                command=lambda node: (*self.network.command(node), *command(directory / f"{node}.clock")),
                **self._settings,
            )
            stack.enter_context(self.cluster)
            self.cluster.bootstrap()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _keep_logs(self, directory: Path) -> None:
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
            for log in directory.glob("*.log"):
                shutil.copy(log, self._keep)

    def others(self, *nodes: Node) -> list[Node]:
        return [node for node in self.cluster.nodes if node not in nodes]


def remove_leftovers() -> None:
    """Unmounts and removes what processes have left that were killed; their networks are `Network`'s to remove."""
    base = Path(tempfile.gettempdir())
    disks.remove_leftovers(rf"{base}/{DIRECTORY}(\d+)-")
    for directory in base.glob(f"{DIRECTORY}*"):
        if not Path(f"/proc/{directory.name.removeprefix(DIRECTORY).partition('-')[0]}").exists():
            shutil.rmtree(directory, ignore_errors=True)
