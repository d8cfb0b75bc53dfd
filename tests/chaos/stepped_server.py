"""A node whose clock can be set: `stepped_server.py FILE --config …`, otherwise `konik server`.

The machine's own clock belongs to everybody on it. So it is this process's view of it that steps, by as many seconds as
FILE holds, whenever that changes.
"""

import mmap
import struct
import sys
import time
from pathlib import Path
from unittest.mock import patch

from konik.cluster.clock import SystemClock
from konik.sdk.cli.main import main

SECONDS = struct.Struct("d")


class Step:
    """How far a node's clock is from the machine's, in seconds: read by the node, set by whoever disturbs it."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(SECONDS.pack(0.0))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), SECONDS.size)

    @property
    def seconds(self) -> float:
        return float(SECONDS.unpack_from(self._map)[0])

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        SECONDS.pack_into(self._map, 0, seconds)


def command(file: Path) -> tuple[str, ...]:
    """To be followed by the flags of `konik server`."""
    return (sys.executable, __file__, str(file))


if __name__ == "__main__":
    step = Step(Path(sys.argv.pop(1)))
    patch.object(SystemClock, "wall", staticmethod(lambda: time.time() + step.seconds)).start()
    sys.argv.insert(1, "server")
    main()
