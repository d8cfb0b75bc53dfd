"""The bytes of the log on disk, and the sums that chain them.

LMDB does not notice a flipped bit. So every record carries a CRC32C over its index, its term, the sum of the record
before it and its data: a damaged, missing or exchanged record breaks the chain. Nothing may be read from the disk and
believed except through `unseal_entry` and `unseal`.
"""

from struct import Struct

from crc32c import crc32c

from konik.cluster.raft.messages import Entry

# Keys, in the order in which LMDB sorts them. The vow is the last, behind the newest entry, so that one commit dirties
# one leaf for both.
CUT = b"cut"  # where the log began when it was cut and nothing else was written
FOUNDERS = b"founders"  # the list of members that the log began with
IDENTITY = b"identity"
LOG = b"log"  # and an index: an entry
PEER = b"peer"  # and a node: the directory that it was first met with
VOW = b"vow"

_PLACE = Struct(">Q")
_HEAD = Struct(">QII")  # term, sum of the record before, own sum
_PLACED = Struct(">QQI")  # index, term, sum of the record before: what the sum covers besides the data
_SUM = Struct(">I")


class CorruptLog(Exception):
    """What is on the disk is not what was written: this replica must be rebuilt from the others."""


def entry_key(index: int) -> bytes:
    """Keys sort as indexes do."""
    return LOG + _PLACE.pack(index)


def entry_index(key: bytes) -> int:
    """The reverse of `entry_key`."""
    return int.from_bytes(key[len(LOG) :], "big")


def seal_entry(entry: Entry, previous_sum: int) -> tuple[bytes, int]:
    """The record of an entry behind the record with `previous_sum`, and its own sum."""
    own = _entry_sum(entry.index, entry.term, previous_sum, entry.data)
    return _HEAD.pack(entry.term, previous_sum, own) + entry.data, own


def unseal_entry(key: bytes, record: bytes, previous_sum: int | None) -> tuple[Entry, int]:
    """The entry and its sum. `previous_sum` is None for the first entry of a log. Raises CorruptLog."""
    index = entry_index(key)
    if len(record) < _HEAD.size:
        raise CorruptLog(f"entry {index} is only {len(record)} bytes long")
    term, stored_previous, stored = _HEAD.unpack_from(record)
    content = record[_HEAD.size :]
    if previous_sum not in (None, stored_previous):
        raise CorruptLog(f"entry {index} does not follow the entry stored before it")
    if _entry_sum(index, term, stored_previous, content) != stored:
        raise CorruptLog(f"entry {index} of term {term} has a wrong checksum")
    return Entry(index, term, content), stored


def sum_of(record: bytes) -> int:
    """The sum that a record of an entry carries."""
    own: int = _HEAD.unpack_from(record)[2]
    return own


def seal(key: bytes, content: bytes) -> bytes:
    """The record of anything else under its key."""
    return _SUM.pack(crc32c(content, crc32c(key))) + content


def unseal(key: bytes, record: bytes) -> bytes:
    """The reverse of `seal`. Raises CorruptLog."""
    content = record[_SUM.size :]
    if record[: _SUM.size] != _SUM.pack(crc32c(content, crc32c(key))):
        raise CorruptLog(f"the record {key!r} has a wrong checksum")
    return content


def _entry_sum(index: int, term: int, previous_sum: int, content: bytes) -> int:
    return crc32c(content, crc32c(_PLACED.pack(index, term, previous_sum)))
