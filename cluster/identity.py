"""Whose directory this is: the answer that keeps a node from voting with a memory that is not its own.

A data directory is made once, by `bootstrap`, and from then on belongs to one node of one cluster. A node whose
directory is empty must not start as if nothing had happened: it may have promised votes and acknowledged entries that
it no longer knows.
"""

import fcntl
import os
from typing import NamedTuple

import msgpack


class Identity(NamedTuple):
    """What a data directory is marked with when it is made, for ever."""

    cluster: bytes  # 16 bytes, the same in every member
    node: str
    directory: bytes  # 16 bytes, of this directory alone


class DirectoryRefused(Exception):
    """The node must not start on this directory; the text says what to do."""


class NotBootstrapped(DirectoryRefused):
    """The directory was never made, or is empty."""


class WrongDirectory(DirectoryRefused):
    """It belongs to another node or another cluster."""


class DirectoryInUse(DirectoryRefused):
    """Another process holds it."""


def pack(identity: Identity) -> bytes:
    """The identity as it is stored."""
    packed: bytes = msgpack.packb(identity)
    return packed


def unpack(raw: bytes) -> Identity:
    """The reverse of `pack`."""
    return Identity(*msgpack.unpackb(raw))


def check(found: Identity, path: str, cluster: bytes | None, node: str) -> None:
    """Raise WrongDirectory unless `found` is this node's, and this cluster's where one is named."""
    if found.node != node:
        raise WrongDirectory(
            f"{path} belongs to node {found.node!r}, this is node {node!r}: "
            "check the node's name and its directory in the configuration"
        )
    if cluster is not None and found.cluster != cluster:
        raise WrongDirectory(
            f"{path} belongs to cluster {found.cluster.hex()}, this node is configured for {cluster.hex()}: "
            "point it at its own directory"
        )


class DirectoryLock:
    """Holds a directory against other processes for as long as this one lives or until `release`."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(os.path.join(path, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise DirectoryInUse(f"{path} is in use by another process: stop that one first") from None

    def release(self) -> None:
        os.close(self._descriptor)
