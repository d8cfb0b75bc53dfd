"""Replicas check each other: now and then, after the same entry, each works out the hash of its state, to be compared.

A replica whose state differs from the leader's must stop: it would answer wrongly. Replicas that run with other
versions of what decides the bytes of the state do not compare; they say so once.
"""

import importlib.metadata
import sys
from collections.abc import Callable, Iterable
from typing import Protocol

from konik.cluster import peer_frames
from konik.cluster.clock import Scheduler
from konik.statemachine import limits

KEPT = 64
"""Marks that are remembered for comparison with a leader that is ahead or behind."""


_OVER = object()


class StateDiffers(Exception):
    """This replica's state is not the leader's after the same entry. It must be rebuilt from the others."""


class Fold(Protocol):
    """The hash as of the moment it was asked for, worked out step by step; StopIteration: no step is left."""

    sum: int | None

    def __next__(self) -> None: ...


def fingerprint() -> str:
    """What decides the bytes of the state beside the log: versions that all replicas must share to be compared.

    What the machine knows is none of it: by the version in force, which is part of the state, old and new releases must
    make the same bytes, and while they run side by side it matters most that somebody looks.
    """
    protobuf = importlib.metadata.version("protobuf")
    return f"Python {sys.version_info.major}.{sys.version_info.minor}, protobuf {protobuf}"


class Marks:
    """The marks of one node. `on_differ` is told once, with a message for the operator."""

    def __init__(
        self,
        mark: Callable[[], Fold],
        scheduler: Scheduler,
        send: Callable[[str, tuple[object, ...]], bool],
        peers: Callable[[], Iterable[str]],
        is_leader: Callable[[], bool],
        on_differ: Callable[[StateDiffers], None],
        on_other_versions: Callable[[str, str], None],
    ) -> None:
        self._mark, self._scheduler, self._send = mark, scheduler, send
        self._peers, self._is_leader = peers, is_leader
        self._on_differ, self._on_other_versions = on_differ, on_other_versions
        self._own: dict[int, int] = {}
        self._leaders: dict[int, int] = {}
        self._fingerprint = fingerprint()
        self._warned: set[str] = set()
        self.last: tuple[int, int] = (0, 0)
        """Index and hash of the last mark."""
        self.compared = 0

    def applied(self, index: int) -> None:
        """Entry `index` is applied, and nothing after it."""
        if index % limits.MARK_EVERY_ENTRIES == 0:
            self._work(index, self._mark())

    def received(self, peer: str, index: int, raw_sum: bytes, fingerprint: str) -> None:
        """The leader has told its hash."""
        if fingerprint != self._fingerprint:
            if peer not in self._warned:
                self._warned.add(peer)
                self._on_other_versions(peer, fingerprint)
            return
        _keep(self._leaders, index, int.from_bytes(raw_sum, "big"))
        self._compare(index)

    def _work(self, index: int, fold: Fold) -> None:
        over = next(fold, _OVER) is _OVER
        if fold.sum is None:
            if over:
                return  # the state was replaced: nobody will ever know
            self._scheduler.call_soon(lambda: self._work(index, fold))
            return
        self.last = index, fold.sum
        _keep(self._own, index, fold.sum)
        if self._is_leader():
            for peer in self._peers():
                self._send(peer, peer_frames.mark(index, fold.sum, self._fingerprint))
        else:
            self._compare(index)

    def _compare(self, index: int) -> None:
        own, leaders = self._own.get(index), self._leaders.get(index)
        if own is None or leaders is None:
            return
        self.compared += 1
        if own != leaders:
            self._on_differ(
                StateDiffers(
                    f"the state after entry {index} has hash {own:032x}, the leader's has {leaders:032x}: "
                    "this replica must be rebuilt; empty its data directory, start it with --join, and take it in with "
                    "`konik member add`"
                )
            )


def _keep(marks: dict[int, int], index: int, sum: int) -> None:
    marks[index] = sum
    while len(marks) > KEPT:
        del marks[min(marks)]
