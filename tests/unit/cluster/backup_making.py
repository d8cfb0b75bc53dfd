"""Backups as a node of another cluster would give them, made by hand."""

import hashlib
from pathlib import Path
from typing import Any

from konik.api.pb.cluster_pb2 import BackupDescription
from konik.cluster import backup_file
from konik.cluster.config import Config, load
from konik.cluster.store.image import Checkpoint
from konik.cluster.store.opening import open_store
from konik.cluster.store.store import Store
from konik.statemachine import entry_time, version

OLD, NEW = "old", "new"
INDEX, TERM = 70, 5


def configuration(data: Path, node: str = "n1", cluster_id: str = NEW, port: int = 1) -> Config:
    """Of a cluster of one node."""
    addresses = {"peer": f"127.0.0.1:{port}", "client": f"127.0.0.1:{port + 1}"}
    return load(cluster_id=cluster_id, node=node, data_dir=data, members={node: addresses})


def state(directory: Path) -> Store:
    """The empty state of a node of the old cluster."""
    return open_store(directory / "old-state", configuration(directory, "o1", OLD).cluster_bytes, "o1")


def backup_of(store: Store, file: Path, hash: int | None = None, **changes: Any) -> Path:
    """The file, with a state as of (INDEX, TERM); `hash` and `changes` to its description are lies."""
    before = store.checkpoint
    total = store.recount() if hash is None else hash
    checkpoint = Checkpoint(before.cluster, before.node, INDEX, TERM, total, {"members": b"of the old cluster"})
    store.image.write(checkpoint, store.live.pairs)
    store.image.renew()
    copied = file.with_suffix(".copy")
    with copied.open("wb") as copy:
        store.image.copy(copy.fileno())
    content = copied.read_bytes()
    copied.unlink()
    description = BackupDescription(
        cluster_id=OLD,
        node="o1",
        index=INDEX,
        term=TERM,
        time_ms=entry_time.now_ms(store),
        machine_version=version.in_force(store),
        size=len(content),
        checksum=hashlib.blake2b(content, digest_size=backup_file.DIGEST_BYTES).digest(),
    )
    for field, value in changes.items():
        setattr(description, field, value)
    file.write_bytes(backup_file.head(description) + content)
    return file
