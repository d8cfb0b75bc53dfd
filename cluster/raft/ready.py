"""What the core wants done, and the settings it works with: the contract between the protocol and its driver.

A `Ready` is an order list. Its driver must never let a message of `after` leave, nor call `Core.synced`, before the
write of that number is on the disk; everything else about files, sockets and clocks is its own affair.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from konik.cluster.raft.messages import Entry, Message


class Vow(NamedTuple):
    """What a replica must find again after a crash (Raft figure 2, persistent state)."""

    term: int
    vote: str | None
    commit: int  # not needed for safety: it spares a restarted replica from waiting for a leader to apply what it holds


class Ready(NamedTuple):
    """One hand-over from the core to its driver."""

    number: int
    """Of the last write asked for, in this Ready or an earlier one; 0 before the first."""
    vow: Vow | None
    """None: nothing to write. Else write it, together with `entries`, in one transaction."""
    entries: tuple[Entry, ...]
    """Write them over everything stored from the first one's index on."""
    before: tuple[tuple[str, Message], ...]
    """(peer, message) that may leave at once, in order."""
    after: tuple[tuple[str, Message], ...]
    """(peer, message) that may leave, in order, once write `number` and all before it are synced."""
    committed: tuple[Entry, ...]
    """Apply them, in order. Each index is handed out once, unless `Core.installed` went back to an earlier one."""
    reads: tuple[tuple[Hashable, int | None], ...]
    """(token, index): serve the read once that index is applied; None: this replica leads no longer, ask anew."""
    snapshots: tuple[str, ...]
    """Peers that need what the log no longer holds, each named once: send it a copy of the state and say so to
    `Core.snapshot_started`. In any case end with `Core.snapshot_done`: until then no entries are sent to the peer."""
    reset: bool = False
    """The stored log begins anew with the first of `entries`: what is stored before it goes too."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds, sizes in bytes (of entries, with `log.ENTRY_OVERHEAD_BYTES` for each)."""

    min_timeout: float = 0.3
    """Without a word from the leader for this long nobody is refused a pre-vote for its sake, and a leader that has not
    heard from a majority for this long steps down."""
    max_timeout: float = 0.6
    """Election timeouts are spread evenly from `min_timeout` to this."""
    heartbeat: float = 0.1
    """Period of heartbeats."""
    leader_gone: float = 0.01
    """A follower campaigns this long after its connection to the leader was reset or refused, plus…"""
    leader_gone_rank: float = 0.1
    """…this for each other member before it in the order of ids."""
    retry_min: float = 0.05
    """An election that a majority refused is tried again after `retry_min` to `retry_max`."""
    retry_max: float = 0.15
    transfer: float = 0.2
    """A leadership transfer that has not succeeded for this long is given up, and proposals go on."""
    batch_bytes: int = 1 << 20
    """An Append takes entries until they reach this."""
    window_bytes: int = 8 << 20
    """No more entries go to a peer while this much is unanswered."""
    log_bytes: int = 256 << 20
    """`Core.propose` refuses while the log in memory holds this much."""
    pin_bytes: int = 128 << 20
    """A log that holds this much is cut even where the follower of a running snapshot will need it (who then gets
    another one)."""

    def __post_init__(self) -> None:
        if not 0 < self.heartbeat < self.min_timeout <= self.max_timeout:
            raise ValueError("0 < heartbeat < min_timeout <= max_timeout must hold")
        if not 0 < self.retry_min <= self.retry_max:
            raise ValueError("0 < retry_min <= retry_max must hold")
        if min(self.leader_gone, self.leader_gone_rank, self.transfer) <= 0:
            raise ValueError("leader_gone, leader_gone_rank and transfer must be positive")
        if min(self.batch_bytes, self.window_bytes, self.pin_bytes) <= 0 or self.log_bytes < self.pin_bytes:
            raise ValueError("batch_bytes, window_bytes and pin_bytes must be positive, log_bytes at least pin_bytes")
