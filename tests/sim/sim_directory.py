"""The disk of a simulated node as a data directory, and back: what operators run on a node that is down knows no other.

The simulated log holds the very records that LMDB has, so nothing is translated.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lmdb
from sim_disk import Disk
from sim_node import MAP_BYTES, Node
from sortedcontainers import SortedDict

from konik.cluster import entries
from konik.cluster.config import Config, load
from konik.cluster.identity import Identity
from konik.cluster.journal import LmdbJournal, bootstrap
from konik.cluster.journal_records import LOG, PEER, VOW, entry_key, seal
from konik.cluster.node import LOG_DIRECTORY
from konik.cluster.raft.log import recover
from konik.cluster.raft.membership import is_membership
from konik.cluster.raft.messages import Entry
from konik.cluster.store.errors import StoreError
from konik.cluster.store.opening import open_store
from konik.cluster.store.store import Store
from konik.statemachine.machine import Machine


def configuration(node: Node, cluster_id: str, data: Path | None = None) -> Config:
    """Of that node in a cluster of that id; with its own data directory, unless another one is named."""
    members = {
        name: {"peer": f"127.0.0.1:{2 * number + 1}", "client": f"127.0.0.1:{2 * number + 2}"}
        for number, name in enumerate(node.cluster.names)
    }
    return load(cluster_id=cluster_id, node=node.name, data_dir=data or node.directory, members=members)


def lay_out(node: Node) -> None:
    """Puts the log of a node that is down beside its state."""
    path = node.directory / LOG_DIRECTORY
    shutil.rmtree(path, ignore_errors=True)
    bootstrap(str(path), Identity(node.belongs_to, node.name, node.identity), node.founders)
    with lmdb.open(str(path), map_size=MAP_BYTES) as log, log.begin(write=True) as transaction:
        for own in (entry_key(0), VOW):
            transaction.delete(own)
        for peer, directory in node.met.items():
            transaction.put(PEER + peer.encode(), seal(PEER + peer.encode(), directory))
        for key, record in node.disk.records.items():
            transaction.put(key, record)


def take_up(node: Node) -> None:
    """The log beside its state is the node's from now on."""
    path = str(node.directory / LOG_DIRECTORY)
    log = LmdbJournal.open(path, node.name, None, lambda work: None, lambda error: None)
    node.belongs_to, _, node.identity = log.identity
    node.founders, node.met = log.founders, dict(log.directories)
    log.close()
    node.disk = Disk()
    with lmdb.open(path) as environment, environment.begin() as transaction:
        found = ((bytes(key), bytes(record)) for key, record in transaction.cursor())
        node.disk.records = SortedDict((key, record) for key, record in found if key[: len(LOG)] == LOG or key == VOW)
    node.disk.load()


class Replayed:
    """What a node has, worked out anew: its last checkpoint, and all of its log behind that."""

    def __init__(self, node: Node, scratch: Path) -> None:
        shutil.copytree(node.state, scratch)
        self.store: Store = open_store(scratch, node.belongs_to, node.name, map_bytes=MAP_BYTES)
        self.machine = Machine(self.store, _fail, (StoreError,))
        found, stored = self.store.checkpoint, node.disk.load()
        self.log, _ = recover(stored.entries, found.index, found.term)
        self.committed = max(stored.vow.commit, found.index)
        """As far as that node knows."""
        self._apply([entry for entry in self.log if entry.index > found.index])
        fold = self.store.mark()
        for _ in fold:
            pass
        assert fold.sum is not None
        self.sum = fold.sum

    def _apply(self, log: Sequence[Entry]) -> None:
        for entry in log:
            if not entry.data:
                self.machine.begin_term(entry.term)
            elif not is_membership(entry.data):
                for _ in self.machine.apply(entry.index, entries.unpack(entry.data)):
                    pass


def _fail(_: Any, error: Exception) -> None:
    raise error
