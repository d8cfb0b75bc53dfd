"""What stands in the log's map, and what its transactions change there.

The map is LMDB's; the simulation has one of its own, which is read and written by these very functions. So nothing here
may know more of a transaction than that it gets, puts and deletes, and is all or nothing.
"""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any, NamedTuple, Protocol

from konik.cluster.journal_records import VOW, CorruptLog, entry_key, seal, seal_entry, sum_of, unseal, unseal_entry
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

_VOW = Struct(">QQQI")  # term, commit, index and sum of the log's last entry; the vote follows


class Reading(Protocol):
    """What is asked of a map."""

    def get(self, key: bytes, /) -> Any:
        """The bytes under `key`, or None."""


class Transaction(Reading, Protocol):
    """Changes to a map, that come about all together or not at all."""

    def put(self, key: bytes, record: bytes, /) -> object: ...

    def delete(self, key: bytes, /) -> object: ...


class Write(NamedTuple):
    """The vow, and entries that replace everything from the first one's index on, or everything if `reset`."""

    number: int
    vow: Vow
    entries: Sequence[Entry]
    reset: bool


class Extent(NamedTuple):
    """What the log on the disk holds."""

    first: int
    last: int
    last_sum: int


def read_vow(reading: Reading) -> Vow:
    """Raises CorruptLog."""
    return _unpack(reading)[0]


def read_entries(
    reading: Reading, records: Iterable[tuple[bytes, bytes]], place: str
) -> tuple[Vow, list[Entry], Extent]:
    """The vow, all entries of a log, from its keys and records in order, and what it holds.

    Raises CorruptLog, which names `place`, unless every record is as it was written, follows the one before, and the
    last one is that which was written with the vow.
    """
    vow, last, last_sum = _unpack(reading)
    entries: list[Entry] = []
    own: int | None = None
    for key, record in records:
        entry, own = unseal_entry(key, record, own)
        if entries and entry.index != entries[-1].index + 1:
            raise CorruptLog(f"{place}: entry {entries[-1].index + 1} is missing")
        entries.append(entry)
    if own is None or (entries[-1].index, own) != (last, last_sum):
        raise CorruptLog(f"{place}: the log does not end with the entry {last} that was written last")
    assert vow.commit <= last, f"{place}: the log ends with entry {last}, its commit index is {vow.commit}"
    return vow, entries, Extent(entries[0].index, last, own)


def begin(transaction: Transaction, base: Entry, vow: Vow) -> Extent:
    """An empty map becomes a log of one entry."""
    record, own = seal_entry(base, 0)
    transaction.put(entry_key(base.index), record)
    return _vowed(transaction, vow, Extent(base.index, base.index, own))


def begin_anew(transaction: Transaction, extent: Extent, base: Entry, vow: Vow) -> Extent:
    """The log becomes this one entry."""
    for index in range(extent.first, extent.last + 1):
        transaction.delete(entry_key(index))
    return begin(transaction, base, vow)


def write(transaction: Transaction, extent: Extent, write: Write) -> Extent:
    """What `write` asks for."""
    if not write.entries:
        assert not write.reset, "a log that begins anew needs an entry to begin with"
        return _vowed(transaction, write.vow, extent)
    extent = _make_room(transaction, extent, write.entries[0].index, write.reset)
    own = extent.last_sum
    for place, entry in enumerate(write.entries, extent.last + 1):
        assert entry.index == place, f"entry {entry.index} in the place of {place}"
        record, own = seal_entry(entry, own)
        transaction.put(entry_key(entry.index), record)
    return _vowed(transaction, write.vow, Extent(extent.first, write.entries[-1].index, own))


def _make_room(transaction: Transaction, extent: Extent, index: int, reset: bool) -> Extent:
    """Delete what the entry at `index` and its followers replace."""
    for doomed in range(extent.first if reset else index, extent.last + 1):
        transaction.delete(entry_key(doomed))
    if reset:
        return Extent(index, index - 1, 0)
    assert extent.first < index <= extent.last + 1, f"entry {index} does not follow a log {extent.first}..{extent.last}"
    if index == extent.last + 1:
        return extent
    before = transaction.get(entry_key(index - 1))
    assert before is not None, f"entry {index - 1} is not on the disk"
    return Extent(extent.first, index - 1, sum_of(bytes(before)))


def cut(transaction: Transaction, extent: Extent, to: int, entries_max: int) -> Extent:
    """Delete up to `entries_max` of what is before `to`. The last entry stays, even if the checkpoint is beyond it."""
    end = min(to, extent.last, extent.first + entries_max)
    for index in range(extent.first, end):
        transaction.delete(entry_key(index))
    return extent._replace(first=max(extent.first, end))


def _vowed(transaction: Transaction, vow: Vow, extent: Extent) -> Extent:
    """With the vow stands where the log ends: or an end that is lost would not be missed."""
    content = _VOW.pack(vow.term, vow.commit, extent.last, extent.last_sum) + (vow.vote or "").encode()
    transaction.put(VOW, seal(VOW, content))
    return extent


def _unpack(reading: Reading) -> tuple[Vow, int, int]:
    """The vow; index and sum of the last entry. Raises CorruptLog."""
    record = reading.get(VOW)
    if record is None:
        raise CorruptLog("there is no record of term and vote")
    content = unseal(VOW, bytes(record))
    term, commit, last, last_sum = _VOW.unpack_from(content)
    return Vow(term, content[_VOW.size :].decode() or None, commit), last, last_sum
