"""Records that show their own damage: a value followed by a checksum over key and value.

LMDB has no checksums in this format and serves a flipped bit as if it had been written. The key is covered too, so
that a value that turns up under another key is noticed.
"""

from crc32c import crc32c

from konik.cluster.store.errors import CorruptState

SEAL_BYTES = 4

RESIDUE = 0x48674BC7
"""The CRC32C of any bytes followed by their own CRC32C: checking needs no cut before the sum."""


def seal(key: bytes, value: bytes) -> bytes:
    """`value` as it is stored under `key`."""
    return value + crc32c(value, crc32c(key)).to_bytes(SEAL_BYTES, "little")


def unseal(key: bytes, record: bytes) -> bytes:
    """The value in a stored record; CorruptState if it is not what was sealed under `key`."""
    if crc32c(record, crc32c(key)) != RESIDUE or len(record) < SEAL_BYTES:
        raise CorruptState(f"the checksum of the record under {key!r:.200} is wrong: this state must be rebuilt")
    return record[:-SEAL_BYTES]
