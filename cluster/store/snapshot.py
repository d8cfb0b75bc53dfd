"""The whole state as a file: made for a follower that is too far behind, and put in place by that follower.

A copy is a compact image of the last checkpoint, the very file that LMDB opens, so that nothing is written twice.
Until it is complete, verified and synced, a received copy lies beside the state and counts for nothing; one rename
makes it count. What a crash leaves behind is removed at the next start, never believed.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import lmdb

from konik.cluster.files import sync_directory
from konik.cluster.store.checkpoint import PAUSE_SECONDS
from konik.cluster.store.errors import SnapshotRefused, StoreError
from konik.cluster.store.image import MAP_BYTES, PAGE_BYTES, Checkpoint, Image
from konik.cluster.store.store import Store
from konik.cluster.store.thread import Job, StateThread

CHUNK_BYTES = 256 << 10
"""A chunk as it is read and sent: some 0.2 ms of the loop each."""

CHECKSUM_BYTES = 16
DATA_FILE = "data.mdb"  # LMDB's name for it


class Export:
    """A copy to be read chunk by chunk. Its file has no name: it is gone when closed, and after a crash."""

    def __init__(self, file: BinaryIO, checkpoint: Checkpoint) -> None:
        self._file = file
        self.checkpoint = checkpoint
        self.size = os.fstat(file.fileno()).st_size
        self.checksum = _checksum(file)

    def read(self, offset: int, size: int = CHUNK_BYTES) -> bytes:
        """Up to `size` bytes from `offset` on, b"" at the end. They were just written, so no disk is waited for."""
        return os.pread(self._file.fileno(), size, offset)

    def close(self) -> None:
        self._file.close()


def export(
    store: Store, thread: StateThread, done: Callable[[Export], None], failed: Callable[[BaseException], None]
) -> None:
    """Copy the last checkpoint in the state's thread; checkpoints wait meanwhile.

    `failed` hears of a full disk, and of CorruptState if what is to be copied is damaged: then the replica must stop.
    """

    def run() -> Export:
        image = store.image  # as it is when the job's turn has come
        file = tempfile.TemporaryFile(dir=image.path.parent, buffering=0)
        try:
            return Export(file, image.copy(file.fileno(), lambda: time.sleep(PAUSE_SECONDS)))
        except BaseException:
            file.close()
            raise

    thread.submit(Job(run=run, done=done, failed=failed))


class Incoming:
    """A copy on its way in, beside the state. One at a time."""

    def __init__(self, state: Path, checkpoint_index: int, checkpoint_term: int, size: int, checksum: bytes) -> None:
        """`state` is the directory to be replaced; the rest is what the sender announced."""
        self._state, self._directory = state, incoming_directory(state)
        self._index, self._term, self._size, self._checksum = checkpoint_index, checkpoint_term, size, checksum
        remove_incoming(state)
        self._directory.mkdir()
        self._file = open(self._directory / DATA_FILE, "wb")  # noqa: SIM115
        self._hash = hashlib.blake2b(digest_size=CHECKSUM_BYTES)
        self.received = 0
        """Bytes so far; the next chunk must begin here."""

    @property
    def complete(self) -> bool:
        return self.received == self._size

    def write(self, offset: int, data: bytes) -> None:
        """Take a chunk; one that was taken before does nothing. Raises SnapshotRefused, and OSError."""
        if offset + len(data) <= self.received:
            return
        if offset != self.received or offset + len(data) > self._size:
            raise SnapshotRefused(f"{len(data)} bytes at {offset} do not follow {self.received} of {self._size}")
        self._file.write(data)
        self._hash.update(data)
        self.received += len(data)

    def put_in_place(self, cluster: bytes, node: str, applied: int) -> Checkpoint:
        """Verify, sync, and replace the state's file. Takes as long as the disk does: not for the loop's thread.

        Raises SnapshotRefused, leaving the state as it was, unless this is a whole copy of a later state of `cluster`,
        and there is room for it. After any other error nobody knows which state is there.
        """
        try:
            self._seal()
            checkpoint = adopt(self._directory, node, lambda found: self._check(found, cluster, applied))
        except SnapshotRefused:
            raise
        except (OSError, lmdb.Error, StoreError) as error:
            raise SnapshotRefused(f"the copy cannot be used: {error}") from error
        os.replace(self._directory / DATA_FILE, self._state / DATA_FILE)
        sync_directory(self._state)
        remove_incoming(self._state)
        return checkpoint

    def _seal(self) -> None:
        """Everything is here, undamaged, and on the disk."""
        if not self.complete:
            raise SnapshotRefused(f"the copy ends after {self.received} of {self._size} bytes")
        if self._hash.digest() != self._checksum:
            raise SnapshotRefused("the copy's checksum is wrong: it was damaged on its way")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        sync_directory(self._directory)

    def _check(self, found: Checkpoint, cluster: bytes, applied: int) -> None:
        if found.cluster != cluster:
            raise SnapshotRefused(f"the copy is of cluster {found.cluster.hex()}, this is {cluster.hex()}")
        if (found.index, found.term) != (self._index, self._term):
            raise SnapshotRefused(
                f"the copy is of entry {found.index}, term {found.term}; {self._index}, {self._term} was announced"
            )
        if found.index <= applied:
            raise SnapshotRefused(f"the copy is of entry {found.index}, {applied} is applied here already")

    def abandon(self) -> None:
        """Give up: nothing of it remains."""
        self._file.close()
        remove_incoming(self._state)


def install(
    store: Store,
    thread: StateThread,
    incoming: Incoming,
    applied: int,
    done: Callable[[Checkpoint], None],
    failed: Callable[[BaseException], None],
) -> None:
    """Replace the store's state by a complete copy; apply nothing until `done` or `failed` has run.

    `done` hears where the state stands now: durable, and with everything in memory forgotten. At `failed` the state is
    as it was if the error is SnapshotRefused; after any other the process must end.
    """
    owner = store.checkpoint

    def placed(checkpoint: Checkpoint) -> None:
        store.reopen()
        done(checkpoint)

    def refused(error: BaseException) -> None:
        incoming.abandon()
        failed(error)

    thread.submit(
        Job(run=lambda: incoming.put_in_place(owner.cluster, owner.node, applied), done=placed, failed=refused)
    )


def adopt(directory: Path, node: str, check: Callable[[Checkpoint], None]) -> Checkpoint:
    """Mark the copied image in `directory` as that of `node`, synced, unless `check` raises."""
    image = Image(directory, MAP_BYTES)
    try:
        found = image.checkpoint()
        if found is None:
            raise SnapshotRefused("the copy holds no checkpoint")
        check(found)
        adopted = replace(found, node=node)
        image.make_room(16 * PAGE_BYTES)
        image.write(adopted, {})
        return adopted
    finally:
        image.close()


def incoming_directory(state: Path) -> Path:
    """Where a copy is received that is to replace `state`."""
    return state.with_name(state.name + ".incoming")


def remove_incoming(state: Path) -> None:
    """Whatever an unfinished copy has left."""
    directory = incoming_directory(state)
    if directory.exists():
        shutil.rmtree(directory)


def _checksum(file: BinaryIO) -> bytes:
    total = hashlib.blake2b(digest_size=CHECKSUM_BYTES)
    offset = 0
    while chunk := os.pread(file.fileno(), CHUNK_BYTES, offset):
        total.update(chunk)
        offset += len(chunk)
    return total.digest()
