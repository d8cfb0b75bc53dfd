"""Copies of the state on their way between replicas: offered, sent in chunks, confirmed, installed.

Chunks share the connection with Raft's messages, so only `WINDOW_BYTES` of them are ever unconfirmed: a heartbeat waits
behind that at most, and a receiver with a slow disk slows its sender down. Nothing here may touch the core: what
happened is told to the driver, and what comes from other threads of work comes by its turn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from konik.cluster.disk import Installation, Snapshot, Snapshots
from konik.cluster.network import (
    SnapshotChunk,
    SnapshotFrame,
    SnapshotOffer,
    SnapshotOver,
    SnapshotReceived,
    SnapshotWithdrawn,
    Transfer,
)

WINDOW_BYTES = 1 << 20
STALL_SECONDS_MAX = 60.0
"""A peer that confirms no chunk for this long will not get the rest."""


class Turn(Protocol):
    """What the traffic needs of its driver."""

    def later(self, work: Callable[[], None]) -> None:
        """Do `work` in the driver's next turn."""

    def send(self, peer: str, frame: SnapshotFrame) -> object:
        """Send it, if there is a connection."""

    def snapshot_started(self, peer: str, index: int) -> None:
        """A copy of the state at `index` is on its way to `peer`."""

    def snapshot_done(self, peer: str, index: int | None) -> None:
        """`peer` has installed the copy at `index`; None: it has not, and will not."""

    def is_news(self, index: int) -> bool:
        """Whether this replica should have the state at `index` instead of its own."""

    def snapshot_installed(self, sender: str, offer: SnapshotOffer) -> None:
        """The state is what `sender` offered now, durably. The answer to `sender` is up to the driver."""


@dataclass(slots=True)
class Outgoing:
    """One copy on its way to one peer."""

    transfer: Transfer
    snapshot: Snapshot
    chunks: Iterator[bytes]
    moved_at: float
    sent: int = 0
    received: int = 0


@dataclass(slots=True)
class Incoming:
    """The one copy that this replica receives."""

    sender: str
    offer: SnapshotOffer
    installation: Installation
    received: int = 0
    finishing: bool = False


class SnapshotTraffic:
    """All copies that one replica sends and receives."""

    def __init__(self, snapshots: Snapshots, monotonic: Callable[[], float], turn: Turn) -> None:
        self._snapshots, self._monotonic, self._turn = snapshots, monotonic, turn
        self._transfers = 0
        self._wanted: dict[str, Transfer] = {}  # peer -> the transfer for which a copy is being made
        self._outgoing: dict[str, Outgoing] = {}
        self._incoming: Incoming | None = None

    def received(self, peer: str, frame: SnapshotFrame) -> None:
        """`peer` says this about a copy of its own or of ours."""
        match frame:
            case SnapshotOffer():
                self._on_offer(peer, frame)
            case SnapshotChunk():
                self._on_chunk(peer, frame)
            case SnapshotReceived():
                self._on_received(peer, frame)
            case SnapshotOver():
                self._on_over(peer, frame)
            case SnapshotWithdrawn():
                if self._incoming_of(peer, frame.transfer):
                    self._abandon()

    def lost(self, peer: str) -> None:
        """The connection to `peer` is gone, or is another one, and with it what was on its way."""
        if peer in self._outgoing or peer in self._wanted:
            self._give_up(peer)
        if self._incoming is not None and self._incoming.sender == peer:
            self._abandon()

    # sending

    def start(self, peer: str, term: int) -> None:
        """As the leader of that term, make a copy of the state and send it to `peer`; one under way is forgotten."""
        self._forget(peer)
        self._transfers += 1
        transfer = self._wanted[peer] = (term, self._transfers)
        self._snapshots.take(lambda snapshot: self._turn.later(partial(self._taken, peer, transfer, snapshot)))

    def stop(self) -> None:
        """Send no more: this replica does not lead any longer."""
        for peer in [*self._outgoing, *self._wanted]:
            self._give_up(peer)

    def expire(self) -> None:
        """Give up what does not move. A peer that has everything may take its time to install it."""
        latest = self._monotonic() - STALL_SECONDS_MAX
        for peer, outgoing in list(self._outgoing.items()):
            if outgoing.moved_at < latest and outgoing.received < outgoing.snapshot.size:
                self._give_up(peer)

    def _taken(self, peer: str, transfer: Transfer, snapshot: Snapshot | None) -> None:
        if self._wanted.get(peer) != transfer:
            if snapshot is not None:
                snapshot.close()
            return
        del self._wanted[peer]
        if snapshot is None:
            self._turn.snapshot_done(peer, None)
            return
        self._outgoing[peer] = outgoing = Outgoing(transfer, snapshot, snapshot.chunks(), self._monotonic())
        self._turn.snapshot_started(peer, snapshot.index)
        offer = SnapshotOffer(transfer, snapshot.index, snapshot.term, snapshot.size, snapshot.checksum)
        self._turn.send(peer, offer)
        self._send_chunks(peer, outgoing)

    def _send_chunks(self, peer: str, outgoing: Outgoing) -> None:
        while outgoing.sent < min(outgoing.snapshot.size, outgoing.received + WINDOW_BYTES):
            chunk = next(outgoing.chunks)
            self._turn.send(peer, SnapshotChunk(outgoing.transfer, outgoing.sent, chunk))
            outgoing.sent += len(chunk)

    def _on_received(self, peer: str, frame: SnapshotReceived) -> None:
        outgoing = self._outgoing.get(peer)
        if outgoing is not None and outgoing.transfer == frame.transfer:
            outgoing.received, outgoing.moved_at = frame.offset, self._monotonic()
            self._send_chunks(peer, outgoing)

    def _on_over(self, peer: str, frame: SnapshotOver) -> None:
        outgoing = self._outgoing.get(peer)
        if outgoing is not None and outgoing.transfer == frame.transfer:
            self._forget(peer)
            self._turn.snapshot_done(peer, outgoing.snapshot.index if frame.installed else None)

    def _give_up(self, peer: str) -> None:
        transfer = self._forget(peer)
        assert transfer is not None, f"nothing is on its way to {peer}"
        self._turn.send(peer, SnapshotWithdrawn(transfer))
        self._turn.snapshot_done(peer, None)

    def _forget(self, peer: str) -> Transfer | None:
        """Drop what is on its way to `peer`; which it was."""
        transfer = self._wanted.pop(peer, None)
        if (outgoing := self._outgoing.pop(peer, None)) is not None:
            outgoing.snapshot.close()
            transfer = outgoing.transfer
        return transfer

    # receiving

    def _on_offer(self, sender: str, offer: SnapshotOffer) -> None:
        self._abandon()
        if self._incoming is not None or not self._turn.is_news(offer.last_index):
            self._turn.send(sender, SnapshotOver(offer.transfer, False))
            return
        installation = self._snapshots.install(offer.last_index, offer.last_term, offer.size, offer.checksum)
        self._incoming = incoming = Incoming(sender, offer, installation)
        self._finish_if_complete(incoming)

    def _on_chunk(self, sender: str, chunk: SnapshotChunk) -> None:
        incoming = self._incoming_of(sender, chunk.transfer)
        if incoming is None or incoming.finishing:
            return
        end = chunk.offset + len(chunk.data)
        if chunk.offset != incoming.received or not chunk.data or end > incoming.offer.size:
            self._refuse(incoming)
            return
        incoming.installation.write(chunk.data)
        incoming.received = end
        self._turn.send(sender, SnapshotReceived(chunk.transfer, end))
        self._finish_if_complete(incoming)

    def _finish_if_complete(self, incoming: Incoming) -> None:
        if incoming.received < incoming.offer.size:
            return
        if self._turn.is_news(incoming.offer.last_index):
            incoming.finishing = True
            incoming.installation.finish(lambda good: self._turn.later(partial(self._finished, incoming, good)))
        else:
            self._refuse(incoming)

    def _finished(self, incoming: Incoming, replaced: bool) -> None:
        self._incoming = None
        if replaced:
            self._turn.snapshot_installed(incoming.sender, incoming.offer)
        else:
            self._turn.send(incoming.sender, SnapshotOver(incoming.offer.transfer, False))

    def _refuse(self, incoming: Incoming) -> None:
        self._abandon()
        self._turn.send(incoming.sender, SnapshotOver(incoming.offer.transfer, False))

    def _abandon(self) -> None:
        """Unless it is too late for that."""
        if self._incoming is not None and not self._incoming.finishing:
            self._incoming.installation.abandon()
            self._incoming = None

    def _incoming_of(self, sender: str, transfer: Transfer) -> Incoming | None:
        incoming = self._incoming
        same = incoming is not None and (incoming.sender, incoming.offer.transfer) == (sender, transfer)
        return incoming if same else None
