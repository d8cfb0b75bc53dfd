"""A disk for each node: an ext4 file system in a file, which can be filled, and slowed down.

It is slow for a process in a group of its own (`blkio`, the first kind of control groups), which the kernel allows few
writes per second: every sync waits. Where there are no such groups that fault is left out.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from small_disks import SmallDisk

SIZE_BYTES = 4 << 30
"""The file is sparse: it takes what is written to it."""

GROUPS = Path("/sys/fs/cgroup/blkio")
GROUP = "konik"
LIMIT = "blkio.throttle.write_iops_device"


class Disk(SmallDisk):
    """A node's disk. Use it as a context manager. Raises NotPermitted."""

    @property
    def image(self) -> Path:
        return self.place.with_suffix(".ext4")

    def _mount(self) -> list[str]:
        with self.image.open("wb") as image:
            image.truncate(SIZE_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(self.image)], check=True)
        return ["mount", "-o", "loop", str(self.image), str(self.place)]

    def empty(self) -> None:
        """All that the node has kept is gone."""
        for kept in self.place.glob("*.lmdb"):
            shutil.rmtree(kept)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.image.unlink()


def can_be_slow() -> bool:
    return (GROUPS / LIMIT).exists()


class SlowDisk:
    """Lets the processes write so many times per second to a disk."""

    def __init__(self, disk: Disk, writes_per_second: int) -> None:
        device = os.stat(disk.place).st_dev
        self._device = f"{os.major(device)}:{os.minor(device)}"
        self._writes_per_second = writes_per_second
        self._group = GROUPS / f"{GROUP}{os.getpid()}"

    def start(self, pids: Iterable[int]) -> None:
        self._group.mkdir(exist_ok=True)
        self._limit(self._writes_per_second)
        for pid in pids:
            (self._group / "cgroup.procs").write_text(str(pid))

    def end(self) -> None:
        self._limit(0)
        for pid in (self._group / "cgroup.procs").read_text().split():
            (GROUPS / "cgroup.procs").write_text(pid)
        self._group.rmdir()

    def _limit(self, writes_per_second: int) -> None:
        (self._group / LIMIT).write_text(f"{self._device} {writes_per_second}")


def remove_leftovers(directories: str) -> None:
    """Unmounts the disks of processes that are no more, and removes their groups.

    `directories` is a pattern of the directories that they lie in, with the process as its group.
    """
    for line in Path("/proc/mounts").read_text().splitlines():
        place = line.split()[1]
        found = re.match(directories, place)
        if found and not Path(f"/proc/{found[1]}").exists():
            subprocess.run(["umount", place], check=False)
    for group in GROUPS.glob(f"{GROUP}*"):
        if not Path(f"/proc/{group.name.removeprefix(GROUP)}").exists() and not (group / "tasks").read_text():
            group.rmdir()
