"""What replicas need from a network, and what they say to each other besides Raft's own messages.

A driver sees its peers through `Network` alone. Frames to one peer arrive in the order in which they were sent or, when
the connection breaks, not at all; a frame that arrives is whole.
"""

from typing import NamedTuple, Protocol

from konik.cluster.raft.messages import Message

PROTOCOL_VERSION = 1
PROTOCOL_OLDEST = 1
"""Of the frames between members, copies of the state among them: the latest that this release speaks, and the oldest.

Two members speak the latest that both do; if there is none, they refuse each other. So a release that brings another
one speaks that of the release before, too, or a cluster could not be upgraded node after node.
"""


class Hello(NamedTuple):
    """The first frame on a connection, from both sides: who speaks, of which cluster, with which memory.

    It is read before anybody knows which protocol the other side speaks. So these fields stay, whatever the protocol:
    a later release adds its own behind them, and an earlier one does not look there.
    """

    version: int
    cluster: bytes  # 16 bytes, the same in every member
    node: str
    directory: bytes  # 16 bytes, made once when the data directory was: another one means that the memory is gone
    process: bytes  # 16 random bytes of this start: another one means that the process is new
    pid: int
    client_address: str  # where this member serves clients
    machine_version: int  # the latest behaviour of the state machine that its code has
    peer_address: str  # where this member serves peers
    founder: bool  # its data directory was made with the cluster, by --bootstrap
    members_since: int  # the index from which the list of members counts that it has
    oldest_version: int = PROTOCOL_OLDEST


class Peer(NamedTuple):
    """A process of a member that can be reached: what counts of its hello."""

    process: bytes
    machine_version: int


Transfer = tuple[int, int]
"""A copy on its way: its sender's term, and a number. A node leads a term once, whatever becomes of its process; so no
answer to a copy of its earlier process can be taken for one to a copy of the present one."""


class SnapshotOffer(NamedTuple):
    """The state as of the entry (`last_index`, `last_term`) will follow in chunks."""

    transfer: Transfer
    last_index: int
    last_term: int
    size: int  # bytes
    checksum: bytes


class SnapshotChunk(NamedTuple):
    transfer: Transfer
    offset: int
    data: bytes


class SnapshotReceived(NamedTuple):
    """Everything before `offset` is kept: the next chunk may come."""

    transfer: Transfer
    offset: int


class SnapshotOver(NamedTuple):
    """The receiver's last word: installed and durable, or not."""

    transfer: Transfer
    installed: bool


class SnapshotWithdrawn(NamedTuple):
    """The sender's last word: there will be no more of it."""

    transfer: Transfer


SnapshotFrame = SnapshotOffer | SnapshotChunk | SnapshotReceived | SnapshotOver | SnapshotWithdrawn

PeerFrame = tuple[object, ...]
"""A plain tuple: its tag, then fields that msgpack knows. Whoever uses them tells the wire which tags there are."""

Frame = Message | SnapshotFrame | PeerFrame
"""All that passes between two drivers. A Hello passes between two transports."""


class Network(Protocol):
    """The way out to the other members."""

    def send(self, peer: str, frame: Frame) -> bool:
        """Pass `frame` on if there is a connection to `peer` now; False if not. Never waits."""
