"""File systems of a few megabytes, for nodes whose disk is to be full."""

import mmap
import os
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from server_processes import Cluster

DISK_BYTES = 128 << 20
"""Above what a node wants to see free before it calls itself healthy."""

HEALTHY = "OK!"


class NotPermitted(Exception):
    """This machine, or this user, cannot do what a test needs; the text says what."""


class SmallDisk:
    """A file system in memory, mounted where a node keeps its data. Raises NotPermitted."""

    def __init__(self, place: Path) -> None:
        self.place, self._ballast = place, place / "ballast"

    def __enter__(self) -> "SmallDisk":
        self.place.mkdir(parents=True)
        made = subprocess.run(self._mount(), capture_output=True, text=True, check=False)
        if made.returncode:
            raise NotPermitted(f"needs the right to mount a small file system: {made.stderr.strip()}")
        return self

    def _mount(self) -> list[str]:
        """The command that mounts it."""
        return ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(self.place)]

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.place)], check=True)

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as ballast:
            end = 0
            for size in (1 << 20, mmap.PAGESIZE):
                with suppress(OSError):
                    while True:
                        os.posix_fallocate(ballast.fileno(), end, size)
                        end += size

    def make_room(self) -> None:
        self._ballast.unlink()


def health(cluster: Cluster, node: str) -> str:
    """What the node says to whoever looks after it."""
    try:
        with urllib.request.urlopen(f"http://{cluster.http[node]}/healthz", timeout=5) as answer:
            return str(answer.read(), "utf-8").strip()
    except urllib.error.HTTPError as refusal:
        return str(refusal.read(), "utf-8").strip()


def is_full(cluster: Cluster, node: str) -> bool:
    """Whether the node has found that it cannot write its log: more than that little room is left."""
    return "is full" in health(cluster, node)


def lacks_room(cluster: Cluster, node: str) -> bool:
    """The same of its log or its state. A log that was cut has room of its own, for longer than a state has."""
    said = health(cluster, node)
    return "is full" in said or "there is no room" in said


def is_short(cluster: Cluster, node: str) -> bool:
    """Whether the node has hardly any room left. Files that were larger once have room of their own, for long."""
    return "bytes are left on the disk" in health(cluster, node)
