"""Where a figure was measured: without it a figure means nothing."""

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import psutil

IN_MEMORY = ("tmpfs", "ramfs")
LIBRARIES = ("konik", "grpcio", "protobuf", "lmdb", "msgpack", "pysyncobj", "uvloop")


class UnsuitableDirectory(Exception):
    """A data directory that makes every sync free, and so every figure wrong."""


def machine() -> dict[str, object]:
    """Processor, memory and system."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def file_system(path: Path) -> str:
    """The kind of file system that holds `path`. Raises UnsuitableDirectory if it lives in memory."""
    place = path.resolve()
    mounts = [mount for mount in psutil.disk_partitions(all=True) if place.is_relative_to(mount.mountpoint)]
    kind = max(mounts, key=lambda mount: len(mount.mountpoint)).fstype if mounts else "unknown"
    if kind in IN_MEMORY:
        raise UnsuitableDirectory(f"{path} is on {kind}, where a sync costs nothing; choose a directory on a disk")
    return kind


def file_systems(pids: Iterable[int]) -> set[str]:
    """The file systems that these processes keep their databases on. Raises UnsuitableDirectory, as above."""
    databases = {Path(file.path) for pid in pids for file in psutil.Process(pid).open_files() if ".lmdb" in file.path}
    return {file_system(database) for database in databases}


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, in seconds."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
