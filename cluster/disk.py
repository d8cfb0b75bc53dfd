"""What consensus needs from a disk.

The driver sees storage through these protocols alone; the simulator gives it disks that are slow, full, or gone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow


class Stored(NamedTuple):
    """What a replica finds of its own past."""

    vow: Vow
    entries: list[Entry]  # at least one


class Journal(Protocol):
    """The log on disk: loaded, perhaps reset, then started, once. What is asked of it from then on is carried out in
    the order of asking, some of it together."""

    def load(self) -> Stored:
        """What is stored, verified."""

    def reset(self, base: Entry) -> Stored:
        """Before `start`: the log becomes this one entry, and the commit index its own. Durable when this returns."""

    def start(self, synced: Callable[[int], None], trouble: Callable[[str | None], None]) -> None:
        """From now on: `synced(number)` when that write and all before it are durable; `trouble(reason)` when writing
        has to wait, because the disk is full for instance, and `trouble(None)` when it goes on."""

    def write(self, number: int, vow: Vow, entries: Sequence[Entry], reset: bool = False) -> None:
        """Ask for the vow and the entries, which replace everything from the first one's index on; with `reset` the
        log begins with them, and what is stored before goes too."""

    def cut(self, index: int) -> None:
        """Forget, some time, what is before `index`, which becomes the first entry."""


class Snapshot(Protocol):
    """A copy of the state, ready to be sent."""

    index: int
    term: int
    size: int
    checksum: bytes

    def chunks(self) -> Iterator[bytes]:
        """All bytes in order, in pieces of at most `wire.CHUNK_BYTES_MAX`, none of them empty."""

    def close(self) -> None:
        """The copy is not needed any more."""


class Installation(Protocol):
    """A copy of the state on its way in, kept beside the state."""

    def write(self, chunk: bytes) -> None:
        """The next bytes."""

    def finish(self, done: Callable[[bool], None]) -> None:
        """All bytes are there: verify them, put them in the place of the state, sync, which may all take long.

        Nothing is applied meanwhile. Then, on the loop, `done(True)`: the state is the copy, whatever was handed out to
        be applied since; or `done(False)`: the state is as it was.
        """

    def abandon(self) -> None:
        """It will not be finished."""


class Snapshots(Protocol):
    """Where copies of the state come from and go to."""

    def take(self, taken: Callable[[Snapshot | None], None]) -> None:
        """Make a copy of a recent state; then, on the loop, `taken(copy)`, or `taken(None)` if there cannot be one."""

    def install(self, index: int, term: int, size: int, checksum: bytes) -> Installation:
        """Receive a copy of the state as of the entry (`index`, `term`)."""

    def membership(self) -> Membership:
        """The list of members that was in force at the latest checkpoint or installed copy."""
