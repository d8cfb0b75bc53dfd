"""What files need beside reading and writing."""

import errno
import os
import shutil
from pathlib import Path
from typing import Final

_WITHOUT_ROOM: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.ENOMEM))
"""No room on the disk, in the quota, among the addresses for a larger map."""


def lacks_room(error: BaseException, path: str | Path, needed: int) -> bool:
    """Whether `error`, LMDB's or the system's, came of a lack of room where `path` is.

    A write that a full disk has cut short LMDB calls an I/O error, as if the disk were broken. It counts as a lack of
    room if there are less than the `needed` bytes.
    """
    code = getattr(error, "code", getattr(error, "errno", None))
    if code == errno.EIO:
        return shutil.disk_usage(path).free < needed
    return code in _WITHOUT_ROOM


def sync_directory(path: str | Path) -> None:
    """The names in the directory are on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
