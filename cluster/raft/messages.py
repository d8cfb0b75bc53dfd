"""What replicas say to each other, as small frozen values.

A message carries the term of its sender and nothing that could be computed from its receiver. How it becomes bytes, and
which fields are believed, is the wire's affair; this module must never know.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """One place of the log."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which means nothing for a message
    term: int
    data: bytes  # b"" does nothing: a new leader's first entry, or the base of a log that begins at a checkpoint


class RequestVote(NamedTuple):
    """A (pre-)candidate asks for a vote (Raft §5.2; pre-vote: thesis §9.6)."""

    term: int  # the term asked for; a pre-vote names one that its sender has not entered
    pre: bool
    last_index: int
    last_term: int


class VoteAnswer(NamedTuple):
    term: int  # a pre-vote: granted, the term asked for; refused, the voter's own or the one the asker is in
    pre: bool
    granted: bool


class Append(NamedTuple):
    """The leader's log behind (`prev_index`, `prev_term`); without entries it only compares (Raft §5.3)."""

    term: int
    number: int  # unique within the term, shared with heartbeats
    prev_index: int
    prev_term: int
    commit: int  # the leader's; the receiver caps it at what this message compared
    entries: tuple[Entry, ...]


class AppendAnswer(NamedTuple):
    term: int
    number: int  # of the Append that it answers; 0 across terms
    ok: bool
    index: int  # type: ignore[assignment]  # ok: the log is durable and equal up to here; else: where to go on


class Heartbeat(NamedTuple):
    """A sign of life. Apart from Append, because an answer to that waits for the disk."""

    term: int
    number: int  # the same to every peer of one round
    commit: int  # capped at what the receiver has acknowledged


class HeartbeatAnswer(NamedTuple):
    term: int
    number: int  # of the Heartbeat that it answers; 0 across terms


class Commit(NamedTuple):
    """The commit index, told at once to a peer that would learn it only with the next heartbeat."""

    term: int
    commit: int  # capped at what the receiver has acknowledged


class TimeoutNow(NamedTuple):
    """The leader asks its successor to campaign at once (thesis §3.10)."""

    term: int


Message = RequestVote | VoteAnswer | Append | AppendAnswer | Heartbeat | HeartbeatAnswer | Commit | TimeoutNow

KINDS: tuple[type[Message], ...] = (
    RequestVote,
    VoteAnswer,
    Append,
    AppendAnswer,
    Heartbeat,
    HeartbeatAnswer,
    Commit,
    TimeoutNow,
)
"""Every kind of message. The place in this tuple is its number on the wire: add at the end, never reorder."""
