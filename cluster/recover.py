"""What is left of a cluster whose majority is gone for good, and a new cluster made of it.

The one node that has kept its disk does not know what the others had acknowledged without it. No protocol can make up
for that: an operator decides that its log counts as it is. Here it is looked through, held against other processes
meanwhile, and made that of the only member of a cluster with another id, so that no node of the old one is heard.

State and log are two files. The state is marked first, in one synced transaction, and then the log, in another one,
which makes the new cluster. In between the log is of the old cluster and the state of the new one: no node starts on
that, whatever it is configured for, and a recovery into the same cluster finishes it.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import lmdb

from konik.cluster import entries
from konik.cluster.config import Config, ConfigurationError
from konik.cluster.entries import UnreadableEntry
from konik.cluster.identity import Identity
from konik.cluster.journal import LINEAGE_TERMS, LmdbJournal
from konik.cluster.journal_records import CorruptLog
from konik.cluster.node import LOG_DIRECTORY, STATE_DIRECTORY
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.log import recover
from konik.cluster.raft.membership import Member, Membership, is_membership, unpack
from konik.cluster.raft.messages import Entry
from konik.cluster.store.errors import StoreError
from konik.cluster.store.image import MAP_BYTES, MEMBERS, PAGE_BYTES, Checkpoint, Image
from konik.cluster.store.snapshot import DATA_FILE
from konik.cluster.store.store import Store
from konik.statemachine import entry_time, version


class RecoveryRefused(Exception):
    """What is left cannot go on as a cluster; the text says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What a node has that is left of its cluster."""

    node: str
    cluster: bytes
    members: Membership  # the latest list that it has
    index: int  # of the last entry of its log
    term: int  # of that entry
    time_ms: int  # of the last entry that has a time; 0: none has
    committed: int  # the last entry that it knows to be committed

    @property
    def votes(self) -> bool:
        """Whether it has a vote by that list."""
        return self.node in self.members.voters


@contextmanager
def survivor(config: Config) -> Iterator["Survivor"]:
    """The node that is left in the directory of `config`: looked through, left as it is, and kept from being started.

    Raises:
        DirectoryRefused: it is another node's, was never made, or a node runs on it.
        RecoveryRefused: it is damaged, or in the middle of a recovery into another cluster.
        UnknownVersion: it needs a later release.
    """
    path = str(config.data_dir / LOG_DIRECTORY)
    with _damage_refused(config.data_dir):
        journal = LmdbJournal.open(path, config.node, None, lambda work: None, lambda error: None)
    with closing(journal):
        with _damage_refused(config.data_dir):
            found = Survivor(config, journal)
        yield found


class Survivor:
    """A node that is left. Made by `survivor`."""

    def __init__(self, config: Config, journal: LmdbJournal) -> None:
        self._config, self._journal = config, journal
        self._state = config.data_dir / STATE_DIRECTORY
        identity, stored = journal.identity, journal.load()
        self._checkpoint, time_ms = _read_state(self._state, identity, config.cluster_bytes)
        found = self._checkpoint
        self._log, self._replaced = recover(stored.entries, found.index, found.term)
        self._term = max(stored.vow.term, self._log[-1].term)
        listed = found.meta.get(MEMBERS)
        members = journal.founders if listed is None else unpack(listed)
        for entry in self._log[found.index + 1 - self._log[0].index :]:
            if is_membership(entry.data):
                members = unpack(entry.data)
            elif entry.data:
                read = entries.unpack(entry.data)
                version.check(read.version, version.THIS.known, f"entry {entry.index}")
                time_ms = read.time_ms
        last = self._log[-1]
        committed = found.index if self._replaced else max(stored.vow.commit, found.index)
        self.remains = Remains(identity.node, identity.cluster, members, last.index, last.term, time_ms, committed)

    def check_name(self) -> None:
        """Raises ConfigurationError unless the configuration names a cluster that is not the old one."""
        if self._config.cluster_bytes == self.remains.cluster:
            raise ConfigurationError(
                f"{self._config.data_dir} is of cluster {self._config.cluster_id!r}, and so is this node by its "
                "configuration. If it was recovered into that cluster already, start it. Otherwise choose another "
                "cluster_id: nodes of the old cluster that come back must not be heard by those of the new one"
            )

    def found_cluster(self, new_id: Callable[[int], bytes] = secrets.token_bytes) -> Entry:
        """Make the node the only member of the cluster that the configuration names; durable when this returns.

        Returns the entry that makes it so, behind all others, which count from now on. Raises ConfigurationError as
        `check_name` does, and RecoveryRefused if the disk takes it no further: then it can be tried again.
        """
        self.check_name()
        config = self._config
        identity = Identity(config.cluster_bytes, config.node, new_id(16))
        own, me = identity.directory.hex(), config.me
        listed = Membership((Member(config.node, directory=own, peer=str(me.peer), client=str(me.client)),))
        last = Entry(self.remains.index + 1, self._term + LINEAGE_TERMS, listed.pack())
        try:
            if self._replaced:
                self._journal.reset(self._log[0])
            self._mark_state()
            self._journal.found(identity, listed, last)
        except (lmdb.Error, OSError) as error:
            raise RecoveryRefused(
                f"{config.data_dir} cannot be written: {error}. Nothing is lost by that; make room if there is none, "
                "and run the same again: until it ends well no node may start on it"
            ) from error
        return last

    def _mark_state(self) -> None:
        """It belongs to the new cluster from now on, as of the same entry."""
        image = Image(self._state, MAP_BYTES)
        try:
            image.make_room(16 * PAGE_BYTES)
            image.write(replace(self._checkpoint, cluster=self._config.cluster_bytes), {})
        finally:
            image.close()


def _read_state(state: Path, identity: Identity, new: bytes) -> tuple[Checkpoint, int]:
    """What the state says of itself, and its time, once every record was read."""
    if not (state / DATA_FILE).is_file():
        raise StoreError(f"{state} is no state: this node has never taken part, or its state was lost")
    image = Image(state, MAP_BYTES)
    try:
        found = image.checkpoint()
        if found is None:
            raise StoreError(f"{state} holds no checkpoint")
        if found.node != identity.node or found.cluster not in (identity.cluster, new):
            raise RecoveryRefused(
                f"{state} is of node {found.node!r} of cluster {found.cluster.hex()}, the log beside it of "
                f"{identity.node!r} of {identity.cluster.hex()}: if a recovery was interrupted, run it again with the "
                "same cluster_id"
            )
        store = Store(image)
        if store.recount() != found.hash:
            raise StoreError(f"{state} has a wrong hash")
        version.check(version.in_force(store), version.THIS.known, "the state")
        return found, entry_time.now_ms(store)
    finally:
        image.close()


@contextmanager
def _damage_refused(directory: Path) -> Iterator[None]:
    try:
        yield
    except (CorruptLog, BrokenInvariant, UnreadableEntry, StoreError, lmdb.Error) as error:
        raise RecoveryRefused(
            f"{directory} is damaged ({error}): recover another node that is left, or restore a backup"
        ) from error
