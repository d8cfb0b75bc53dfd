"""What waits for the next Ready, and which messages may leave before what they promise is on the disk.

A message must never choose that for itself: the table here does.
"""

from collections.abc import Hashable

from konik.cluster.raft.messages import (
    Append,
    Commit,
    Heartbeat,
    HeartbeatAnswer,
    Message,
    RequestVote,
    TimeoutNow,
    VoteAnswer,
)

BEFORE_SYNC = frozenset({Append, Heartbeat, Commit, TimeoutNow, HeartbeatAnswer})
"""What may leave before the sync, exhaustively, beside pre-votes and their answers: it promises nothing that a crash
could break. An Append leaves first so that leader and followers write at the same time (thesis §10.2.1)."""
_VOTING = (RequestVote, VoteAnswer)


class Outbox:
    """What waits for the next Ready."""

    __slots__ = ("after", "before", "reads", "snapshots")

    def __init__(self) -> None:
        self.before: list[tuple[str, Message]] = []
        self.after: list[tuple[str, Message]] = []
        self.reads: list[tuple[Hashable, int | None]] = []
        self.snapshots: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.reads or self.snapshots)

    def send(self, peer: str, message: Message) -> None:
        kind = type(message)
        early = kind in BEFORE_SYNC or (isinstance(message, _VOTING) and message.pre)
        (self.before if early else self.after).append((peer, message))
