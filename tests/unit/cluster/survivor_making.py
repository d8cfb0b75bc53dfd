"""What is left of a cluster on the disk of one of three nodes, made by hand."""

from collections.abc import Sequence
from pathlib import Path

from konik.cluster import entries
from konik.cluster.config import Config, load
from konik.cluster.journal import LmdbJournal
from konik.cluster.node import LOG_DIRECTORY, STATE_DIRECTORY, make_data_directory
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow
from konik.cluster.store.image import Checkpoint
from konik.cluster.store.opening import open_store
from konik.statemachine.entry import Entry as Content

OLD, NEW = "old", "new"
TIME_MS = 1_700_000_000_000

PAIRS = {b"t%04d" % number: b"%d" % number * 20 for number in range(2_000)}

ENTRIES = [
    Entry(0, 0, b""),
    *(Entry(index, 1, entries.pack(Content(1, TIME_MS + index, (), ()))) for index in (1, 2, 3)),
    *(Entry(index, 2, entries.pack(Content(1, TIME_MS + index, (), ()))) for index in (4, 5)),
    Entry(6, 3, b""),
]
CHECKPOINT = (3, 1)
VOW = Vow(4, "n2", 4)
"""It has voted since, and does not know of everything in its log that it is committed."""


def configuration(data: Path, cluster_id: str, node: str = "n1") -> Config:
    """Of a cluster of three."""
    members = {
        name: {"peer": f"127.0.0.1:{port}", "client": f"127.0.0.1:{port + 1}"}
        for name, port in (("n1", 1), ("n2", 3), ("n3", 5))
    }
    return load(cluster_id=cluster_id, node=node, data_dir=data, members=members)


def left_of_a_cluster(data: Path, log: Sequence[Entry] = ENTRIES, vow: Vow = VOW, base: Entry | None = None) -> None:
    """The directory of n1 with this log behind its first entry, and the state as of CHECKPOINT.

    With `base` the log begins there.
    """
    config = configuration(data, OLD)
    make_data_directory(config)
    path = str(data / LOG_DIRECTORY)
    journal = LmdbJournal.open(path, "n1", config.cluster_bytes, lambda work: None, lambda error: None)
    journal.load()
    if base is not None:
        journal.reset(base)
    journal.start(lambda number: None, lambda trouble: None)
    for peer in ("n2", "n3"):
        journal.record_directory(peer, peer.encode() * 8)
    journal.write(1, vow, log[1:])
    journal.close()
    store = open_store(data / STATE_DIRECTORY, config.cluster_bytes, "n1")
    store.write(PAIRS)
    store.image.write(Checkpoint(config.cluster_bytes, "n1", *CHECKPOINT, store.recount(), {}), store.live.pairs)
    store.close()
