"""Rules of backups and recoveries, one broken in each."""

import dataclasses
from typing import Any

import pytest

from konik.cluster.backup import Backups
from konik.cluster.identity import Identity
from konik.cluster.journal import LmdbJournal
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.recover import Survivor
from konik.cluster.serving import Serving

Patch = pytest.MonkeyPatch


def forget_the_last_entry(patch: Patch) -> None:
    def found_cluster(self: Survivor, *rest: Any) -> Entry:
        self.remains = dataclasses.replace(self.remains, index=self.remains.index - 1)
        return honest(self, *rest)

    honest = Survivor.found_cluster
    patch.setattr(Survivor, "found_cluster", found_cluster)


def keep_the_old_members(patch: Patch) -> None:
    def found(self: LmdbJournal, identity: Identity, founders: Membership, last: Entry) -> None:
        honest(self, identity, founders, last._replace(data=self.founders.pack()))

    honest = LmdbJournal.found
    patch.setattr(LmdbJournal, "found", found)


def mark_the_state_last(patch: Patch) -> None:
    def found(self: LmdbJournal, *rest: Any) -> None:
        honest(self, *rest)
        left.pop()()

    def found_cluster(self: Survivor, *rest: Any) -> Entry:
        left.append(lambda: mark(self))
        return honest_recovery(self, *rest)

    left: list[Any] = []
    honest, mark, honest_recovery = LmdbJournal.found, Survivor._mark_state, Survivor.found_cluster
    patch.setattr(LmdbJournal, "found", found)
    patch.setattr(Survivor, "_mark_state", lambda self: None)
    patch.setattr(Survivor, "found_cluster", found_cluster)


def back_up_without_a_look_at_the_leader(patch: Patch) -> None:
    async def is_current(self: Serving, seconds: float) -> bool:
        return True

    patch.setattr(Serving, "is_current", is_current)


def back_up_the_last_checkpoint(patch: Patch) -> None:
    async def checkpoint(self: Backups) -> None:
        """Takes none."""

    patch.setattr(Backups, "_checkpoint", checkpoint)
