"""Copies of the state, as the driver wants them, out of the store that makes and installs them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from konik.cluster.disk import Installation, Snapshot
from konik.cluster.pump import Pump
from konik.cluster.raft.membership import Membership, unpack
from konik.cluster.store import snapshot
from konik.cluster.store.errors import CorruptState, SnapshotRefused
from konik.cluster.store.image import MEMBERS, Checkpoint
from konik.cluster.store.store import Store
from konik.cluster.store.thread import StateThread
from konik.statemachine.version import UnknownVersion


@dataclass(slots=True)
class _Copy:
    """A copy to be sent."""

    index: int
    term: int
    size: int
    checksum: bytes
    _export: snapshot.Export

    def chunks(self) -> Iterator[bytes]:
        offset = 0
        while chunk := self._export.read(offset):
            yield chunk
            offset += len(chunk)

    def close(self) -> None:
        self._export.close()


class _Install:
    """A copy being received. The pump stands still from `finish` until it is known whether the state was replaced."""

    def __init__(self, copies: "StateCopies", incoming: snapshot.Incoming | None) -> None:
        """`incoming` is None if there is no room for it."""
        self._copies, self._incoming = copies, incoming

    def write(self, chunk: bytes) -> None:
        if self._incoming is not None:
            try:
                self._incoming.write(self._incoming.received, chunk)
            except OSError as error:
                self._copies.on_failed(error)
                self.abandon()

    def finish(self, done: Callable[[bool], None]) -> None:
        if self._incoming is None:
            done(False)
            return
        copies = self._copies
        copies.pump.pause()

        def installed(checkpoint: Checkpoint) -> None:
            try:
                copies.pump.installed(checkpoint.index, checkpoint.term)
            except UnknownVersion as error:
                copies.fatal(error)
                return
            done(True)
            copies.pump.resume()

        def failed(error: BaseException) -> None:
            if not isinstance(error, SnapshotRefused):
                copies.fatal(error)
                return
            copies.on_failed(error)
            done(False)
            copies.pump.resume()

        snapshot.install(copies.store, copies.thread, self._incoming, copies.pump.applied, installed, failed)

    def abandon(self) -> None:
        if self._incoming is not None:
            self._incoming.abandon()
            self._incoming = None


class StateCopies:
    """`disk.Snapshots` over a store."""

    def __init__(
        self,
        store: Store,
        thread: StateThread,
        pump: Pump,
        on_failed: Callable[[BaseException], None],
        fatal: Callable[[BaseException], None],
    ) -> None:
        """`on_failed` hears, for the log, why a copy could not be made or installed. After `fatal` the process must
        end: the state on the disk may be another one than that in use, or is damaged."""
        self.store, self.thread, self.pump = store, thread, pump
        self.on_failed, self.fatal = on_failed, fatal

    def take(self, taken: Callable[[Snapshot | None], None]) -> None:
        def done(export: snapshot.Export) -> None:
            checkpoint = export.checkpoint
            taken(_Copy(checkpoint.index, checkpoint.term, export.size, export.checksum, export))

        def failed(error: BaseException) -> None:
            if isinstance(error, CorruptState):
                self.fatal(error)
                return
            self.on_failed(error)
            taken(None)

        snapshot.export(self.store, self.thread, done, failed)

    def membership(self) -> Membership:
        return unpack(self.store.checkpoint.meta[MEMBERS])

    def install(self, index: int, term: int, size: int, checksum: bytes) -> Installation:
        try:
            incoming = snapshot.Incoming(self.store.image.path, index, term, size, checksum)
        except OSError as error:
            self.on_failed(error)
            return _Install(self, None)
        return _Install(self, incoming)
