"""The file of a backup: what it says about itself, then a copy of the state, the very file that LMDB opens.

    magic, format, bytes of the description | description | digest of all that | copy

Nothing in it is believed before its digest was found right, so a file that was damaged or cut short is never restored
from.
"""

import hashlib
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO

from konik.api.pb.cluster_pb2 import BackupDescription

MAGIC = b"KONIKBAK"
FORMAT = 1
DESCRIPTION_BYTES_MAX = 64 << 10
DIGEST_BYTES = 16
CHUNK_BYTES = 1 << 20

_FRONT = Struct(">8sII")  # magic, format, bytes of the description


class BackupRefused(Exception):
    """The file cannot be restored from; the text says why, and what to do."""


def head(description: BackupDescription) -> bytes:
    """What stands before the copy."""
    packed = description.SerializeToString(deterministic=True)
    covered = _FRONT.pack(MAGIC, FORMAT, len(packed)) + packed
    return covered + _digest(covered)


def read_head(file: BinaryIO) -> BackupDescription:
    """What the backup says about itself; the file stands at its copy then. Raises BackupRefused, and OSError."""
    front = file.read(_FRONT.size)
    if front[: len(MAGIC)] != MAGIC:
        raise BackupRefused(f"{file.name} is no backup of Konik: name a file that `konik backup` has written")
    if len(front) < _FRONT.size:
        raise _cut_short(file)
    _, format, size = _FRONT.unpack(front)
    if format != FORMAT:
        raise BackupRefused(
            f"{file.name} is a backup of format {format}, this program knows format {FORMAT}: restore it with the "
            "release that has taken it, or a later one"
        )
    if size > DESCRIPTION_BYTES_MAX:
        raise _damaged(file)
    packed, digest = file.read(size), file.read(DIGEST_BYTES)
    if len(packed) < size or len(digest) < DIGEST_BYTES:
        raise _cut_short(file)
    if digest != _digest(front + packed):
        raise _damaged(file)
    return BackupDescription.FromString(packed)


def read_copy(file: BinaryIO, description: BackupDescription) -> Iterator[bytes]:
    """The copy, chunk by chunk, of a file that stands at it.

    Raises BackupRefused when all was given and it is not what the description says, and OSError. So whoever writes the
    chunks anywhere must be ready to take them back.
    """
    total = hashlib.blake2b(digest_size=DIGEST_BYTES)
    left = description.size
    while left:
        chunk = file.read(min(CHUNK_BYTES, left))
        if not chunk:
            raise _cut_short(file)
        total.update(chunk)
        left -= len(chunk)
        yield chunk
    if total.digest() != description.checksum or file.read(1):
        raise _damaged(file)


def verify(file: BinaryIO, description: BackupDescription) -> None:
    """Read the copy once to its end, and stand at its beginning again. Raises as `read_copy` does."""
    start = file.tell()
    for _ in read_copy(file, description):
        pass
    file.seek(start)


def _digest(covered: bytes) -> bytes:
    return hashlib.blake2b(covered, digest_size=DIGEST_BYTES).digest()


def _cut_short(file: BinaryIO) -> BackupRefused:
    return BackupRefused(f"{file.name} was cut short: copy it again from where it is whole, or take another backup")


def _damaged(file: BinaryIO) -> BackupRefused:
    return BackupRefused(
        f"{file.name} is damaged, its checksum is wrong: copy it again from where it is whole, or take another backup"
    )
