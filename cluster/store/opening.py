"""Opening a node's state: what a crash has left is put in order first, and another node's state is not touched."""

from pathlib import Path

from konik.cluster.files import sync_directory
from konik.cluster.store.errors import ForeignState
from konik.cluster.store.image import MAP_BYTES, Checkpoint, Image
from konik.cluster.store.snapshot import remove_incoming
from konik.cluster.store.store import Store


def open_store(
    path: Path, cluster_id: bytes, node_id: str, *, base: tuple[int, int] = (0, 0), map_bytes: int = MAP_BYTES
) -> Store:
    """The state in directory `path`; an empty one at `base` (index, term) where nothing was ever written.

    Raises ForeignState if it belongs to another cluster or node, CorruptState or StoreError if it cannot be read.
    """
    remove_incoming(path)
    path.mkdir(parents=True, exist_ok=True)
    image = Image(path, map_bytes)
    try:
        found = image.checkpoint()
        if found is None:
            _make(image, Checkpoint(cluster_id, node_id, *base, hash=0, meta={}))
        else:
            _check_owner(path, found, cluster_id, node_id)
    except BaseException:
        image.close()
        raise
    return Store(image)


def _make(image: Image, checkpoint: Checkpoint) -> None:
    image.write(checkpoint, {})
    image.renew()
    sync_directory(image.path)
    sync_directory(image.path.parent)


def _check_owner(path: Path, found: Checkpoint, cluster_id: bytes, node_id: str) -> None:
    if found.cluster != cluster_id:
        raise ForeignState(f"{path} is a state of cluster {found.cluster.hex()}, this is {cluster_id.hex()}")
    if found.node != node_id:
        raise ForeignState(f"{path} is the state of node {found.node!r}, this is {node_id!r}")
