"""A backup taken from a running node: any node, with everything that was acknowledged anywhere before it was asked for.

The node first makes sure that it has all of that, as for a read, then takes a checkpoint, and copies it the way it does
for a follower that is far behind. The copy is given away in chunks: nothing here may hold more than one in memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from konik.api.pb.cluster_pb2 import BackupDescription
from konik.cluster import backup_file, release
from konik.cluster.disk import Snapshot
from konik.cluster.node import Node
from konik.cluster.proposer import HOLD_SECONDS_MAX, NO_LEADER
from konik.cluster.serving import Serving
from konik.statemachine import entry_time, version
from konik.statemachine.rejection import Code, Rejection

CHECKPOINT_SECONDS_MAX = 60.0
"""How long a checkpoint is waited for, which a full disk may put off for as long as it is full."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the state, and what it is a copy of."""

    description: BackupDescription
    _copy: Snapshot

    @property
    def head(self) -> bytes:
        """The beginning of the file."""
        return backup_file.head(self.description)

    def chunks(self) -> Iterator[bytes]:
        """The rest of the file."""
        return self._copy.chunks()

    def close(self) -> None:
        self._copy.close()


class Backups:
    """The backups of one node, one at a time: each takes as much room on its disk as the state."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._under_way = False

    @asynccontextmanager
    async def take(self) -> AsyncIterator[Backup]:
        """A backup to be read within the block.

        Raises:
            Rejection: UNAVAILABLE: this node cannot give one now; the text says why.
        """
        if self._under_way:
            raise _unavailable(f"another backup is being taken from {self._node.config.node}; wait for its end")
        self._under_way = True
        try:
            if not await Serving(self._node).is_current(HOLD_SECONDS_MAX):
                raise _unavailable(NO_LEADER)
            await self._checkpoint()
            backup = await self._copied()
            try:
                yield backup
            finally:
                backup.close()
        finally:
            self._under_way = False

    async def _checkpoint(self) -> None:
        """Everything that is applied now is in a checkpoint."""
        node, taken = self._node, asyncio.Event()
        number = node.fresh_checkpoints.when_taken(taken.set)
        try:
            async with asyncio.timeout(CHECKPOINT_SECONDS_MAX):
                await taken.wait()
        except TimeoutError:
            why = node.checkpointer.trouble or f"no checkpoint within {CHECKPOINT_SECONDS_MAX:.0f} s"
            raise _unavailable(f"{node.config.node}: {why}") from None
        finally:
            node.fresh_checkpoints.forget(number)

    async def _copied(self) -> Backup:
        copied: asyncio.Future[Backup | None] = asyncio.get_running_loop().create_future()
        self._node.copies.take(_unless_given_up(copied, self._described))
        backup = await copied
        if backup is None:
            raise _unavailable(
                f"{self._node.config.node} could not copy its state, its log says why; is there room in its data_dir "
                "for as much again?"
            )
        return backup

    def _described(self, copy: Snapshot) -> Backup:
        """To be called as soon as the copy is made, while the image that it was made of is the one that is read."""
        node = self._node
        store = node.store
        assert store.checkpoint.index == copy.index, "a checkpoint ended between a copy and its description"
        description = BackupDescription(
            cluster_id=node.config.cluster_id,
            node=node.config.node,
            index=copy.index,
            term=copy.term,
            time_ms=entry_time.now_ms(store.image),
            machine_version=version.in_force(store.image),
            version=release.VERSION,
            size=copy.size,
            checksum=copy.checksum,
        )
        return Backup(description, copy)


def _unless_given_up(
    copied: "asyncio.Future[Backup | None]", describe: Callable[[Snapshot], Backup]
) -> Callable[[Snapshot | None], None]:
    """Hands over the copy, or closes it if nobody waits for it any more."""

    def taken(copy: Snapshot | None) -> None:
        if not copied.done():
            copied.set_result(None if copy is None else describe(copy))
        elif copy is not None:
            copy.close()

    return taken


def _unavailable(why: str) -> Rejection:
    return Rejection(Code.UNAVAILABLE, why)
