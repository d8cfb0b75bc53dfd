"""Disks that are slow, full, or lose what was not synced; and the state that a replica keeps on one.

A `Disk` outlives crashes. `SimJournal` and `SimSnapshots` are what one process sees of it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from sim_world import NodeTime, World
from sortedcontainers import SortedDict

from konik.cluster import journal_layout as layout
from konik.cluster.disk import Stored
from konik.cluster.journal_layout import Extent, Write
from konik.cluster.journal_records import LOG, VOW, CorruptLog, entry_key, unseal_entry
from konik.cluster.journal_writer import Limits
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

CHUNK_BYTES = 200
CUT_ENTRIES_MAX = Limits().cut_entries_max


class Checkpoint(NamedTuple):
    """A state machine of one line: the hash of everything applied so far."""

    index: int
    term: int
    state: bytes

    def apply(self, entry: Entry) -> "Checkpoint":
        material = self.state + entry.index.to_bytes(8, "big") + entry.term.to_bytes(8, "big") + entry.data
        return Checkpoint(entry.index, entry.term, hashlib.blake2b(material, digest_size=8).digest())


class Spoiled(NamedTuple):
    """What has become of a record of the state."""

    key: bytes
    record: bytes


class Staged:
    """A transaction of the log, not carried out yet: a `journal_layout.Transaction`."""

    def __init__(self, records: Mapping[bytes, bytes]) -> None:
        self._records = records
        self.changes: dict[bytes, bytes | None] = {}
        """In the order in which they were made; None: it is deleted."""

    def get(self, key: bytes) -> bytes | None:
        return self.changes[key] if key in self.changes else self._records.get(key)

    def put(self, key: bytes, record: bytes) -> None:
        self._change(key, record)

    def delete(self, key: bytes) -> None:
        self._change(key, None)

    def _change(self, key: bytes, record: bytes | None) -> None:
        self.changes.pop(key, None)
        self.changes[key] = record


class Disk:
    """What is durable: a checkpoint, and the records of a log as LMDB has them."""

    def __init__(self) -> None:
        self.checkpoint = Checkpoint(0, 0, b"")
        self.damage: str | None = None
        """What has befallen it that must be noticed when it is opened."""
        self.torn: str | None = None
        """What it holds of a transaction that was never synced; that may be noticed."""
        self.spoiled: Spoiled | None = None
        """What has befallen the state beside it, which must be noticed when that is read."""
        self.had: Mapping[bytes, bytes] = {}
        """The log's records before something befell them."""
        self.records = SortedDict[bytes, bytes]()
        staged = Staged(self.records)
        self.extent = layout.begin(staged, Entry(0, 0, b""), Vow(0, None, 0))
        self.carry_out(staged.changes.items(), self.extent)

    @property
    def is_damaged(self) -> bool:
        return any((self.damage, self.torn, self.spoiled))

    def carry_out(self, changes: Iterable[tuple[bytes, bytes | None]], extent: Extent) -> None:
        """What the changes of a transaction lead to; a crash may leave some of them out."""
        for key, record in changes:
            if record is None:
                self.records.pop(key, None)
            else:
                self.records[key] = record
        self.extent = extent

    def load(self) -> Stored:
        """As `disk.Journal.load`. Raises CorruptLog."""
        log = [(key, self.records[key]) for key in self.records.irange(LOG, VOW, (True, False))]
        vow, entries, self.extent = layout.read_entries(self.records, log, "the simulated disk")
        return Stored(vow, entries)

    @property
    def vow(self) -> Vow:
        return layout.read_vow(self.records)

    @property
    def last(self) -> Entry:
        """The last entry of the log."""
        entry = self._entry(self.extent.last, self.records)
        assert entry is not None
        return entry

    def held(self, index: int, term: int) -> bool:
        """The entry, or a checkpoint that has it applied; now, or before something befell it."""
        if index <= self.checkpoint.index:
            return True
        entries = self._entry(index, self.records), self._entry(index, self.had)
        return any(entry is not None and entry.term == term for entry in entries)

    def reaches(self, index: int) -> bool:
        return index <= max(self.checkpoint.index, self.extent.last)

    def _entry(self, index: int, records: Mapping[bytes, bytes]) -> Entry | None:
        key = entry_key(index)
        try:
            return unseal_entry(key, records[key], None)[0] if key in records else None
        except CorruptLog:
            return None


class SimJournal:
    """A `disk.Journal`: a model of LmdbJournal. A sync takes its time; meanwhile what is asked for gathers.

    `test_journal_contract.py` holds the two against each other.
    """

    def __init__(
        self,
        disk: Disk,
        time: NodeTime,
        world: World,
        sync_seconds: Callable[[], float],
        durable: Callable[[Vow, Sequence[Entry]], None],
    ) -> None:
        """`durable` is shown each write that has reached the disk."""
        self._disk, self._time, self._world, self._sync_seconds = disk, time, world, sync_seconds
        self._durable = durable
        self._pending: list[Write] = []
        self._flight: list[Write] = []
        self._cut_to = 0
        self._busy = self.full = False

    def load(self) -> Stored:
        return self._disk.load()

    def reset(self, base: Entry) -> Stored:
        vow = self._disk.vow._replace(commit=base.index)
        staged = Staged(self._disk.records)
        extent = layout.begin_anew(staged, self._disk.extent, base, vow)
        self._disk.carry_out(staged.changes.items(), extent)
        return Stored(vow, [base])

    def start(self, synced: Callable[[int], None], trouble: Callable[[str | None], None]) -> None:
        self._synced, self._trouble = synced, trouble

    def write(self, number: int, vow: Vow, entries: Sequence[Entry], reset: bool = False) -> None:
        self._pending.append(Write(number, vow, entries, reset))
        if reset:
            self._cut_to = entries[0].index
        self._sync()

    def cut(self, index: int) -> None:
        self._cut_to = max(self._cut_to, index)
        self._sync()

    def fill(self, seconds: float) -> None:
        """No room for so long."""
        if not self.full:
            self.full = True
            self._time.call_soon(lambda: self._trouble("the disk is full"))
            self._time.after(seconds, self._empty)

    @property
    def is_syncing(self) -> bool:
        """A transaction with entries or a vow is on its way to the disk."""
        return bool(self._flight)

    def crash(self, torn_by: Random | None = None) -> None:
        """What was being synced may have made it, all of it or nothing; in part, if the disk gives LMDB the lie."""
        if self._flight:
            landed = self._world.chance(0.5)
            if torn_by is not None:
                self._tear(torn_by)
            elif landed:
                self._land(self._flight)

    def _tear(self, chance: Random) -> None:
        """The first changes of the transaction are there, and perhaps the beginning of one more record."""
        staged, extent = self._staged(self._flight)
        changes = list(staged.changes.items())
        there = chance.randrange(len(changes))
        key, record = changes[there]
        rest = [(key, record[: chance.randrange(len(record))])] if record and chance.random() < 0.5 else []
        self._disk.had = dict(self._disk.records)
        self._disk.carry_out([*changes[:there], *rest], extent)
        self._disk.torn = f"has {there} of {len(changes)} changes, and {'half of' if rest else 'nothing of'} {key!r}"

    def _empty(self) -> None:
        self.full = False
        self._trouble(None)
        self._sync()

    def _sync(self) -> None:
        if self._busy or self.full or not (self._pending or self._may_cut()):
            return
        self._busy = True
        self._flight, self._pending = self._pending, []
        self._time.after(self._sync_seconds(), self._done)

    def _done(self) -> None:
        self._busy = False
        if self.full:
            self._flight, self._pending = [], self._flight + self._pending
            return
        flight, self._flight = self._flight, []
        self._land(flight)
        if flight:
            self._synced(flight[-1].number)
        self._sync()

    def _may_cut(self) -> bool:
        return self._disk.extent.first < min(self._cut_to, self._disk.extent.last)

    def _land(self, writes: Sequence[Write]) -> None:
        staged, extent = self._staged(writes)
        self._disk.carry_out(staged.changes.items(), extent)
        for write in writes:
            self._durable(write.vow, write.entries)

    def _staged(self, writes: Sequence[Write]) -> tuple[Staged, Extent]:
        """What carrying out all of it at once would change."""
        staged, extent = Staged(self._disk.records), self._disk.extent
        for write in writes:
            extent = layout.write(staged, extent, write)
        return staged, layout.cut(staged, extent, self._cut_to, CUT_ENTRIES_MAX)


class SimSnapshot:
    """A `disk.Snapshot`: the checkpoint, blown up to some chunks."""

    def __init__(self, checkpoint: Checkpoint, repeats: int) -> None:
        self.index, self.term = checkpoint.index, checkpoint.term
        self._bytes = checkpoint.state * repeats
        self.size = len(self._bytes)
        self.checksum = hashlib.blake2b(self._bytes, digest_size=8).digest()

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, self.size, CHUNK_BYTES):
            yield self._bytes[start : start + CHUNK_BYTES]

    def close(self) -> None:
        """Nothing is held."""


class SimInstallation:
    """A `disk.Installation`. Now and then the disk spoils a copy, which must be noticed."""

    def __init__(self, snapshots: "SimSnapshots", index: int, term: int, checksum: bytes) -> None:
        self._snapshots, self._index, self._term, self._checksum = snapshots, index, term, checksum
        self._bytes = b""

    def write(self, chunk: bytes) -> None:
        self._bytes += chunk

    def finish(self, done: Callable[[bool], None]) -> None:
        snapshots = self._snapshots
        snapshots.pump.pause()
        if snapshots.world.chance(snapshots.spoil) and self._bytes:
            self._bytes = b"?" + self._bytes[1:]
        snapshots.time.after(snapshots.seconds(), lambda: self._finish(done))

    def abandon(self) -> None:
        """Nothing is held."""

    def _finish(self, done: Callable[[bool], None]) -> None:
        snapshots = self._snapshots
        good = hashlib.blake2b(self._bytes, digest_size=8).digest() == self._checksum
        if good and self._index > snapshots.pump.state.index:
            snapshots.disk.checkpoint = snapshots.pump.state = Checkpoint(self._index, self._term, self._bytes[:8])
            snapshots.pump.drop()
            done(True)
        else:
            done(False)
        snapshots.pump.resume()


class Pump:
    """Applies what is committed, at once unless it is paused."""

    def __init__(self, state: Checkpoint, apply: Callable[[Entry], None]) -> None:
        self.state = state
        self._apply = apply
        self._queue: list[Entry] = []
        self._paused = False

    def push(self, entries: Sequence[Entry]) -> None:
        self._queue.extend(entries)
        if not self._paused:
            self._run()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._run()

    def drop(self) -> None:
        self._queue.clear()

    def _run(self) -> None:
        queue, self._queue = self._queue, []
        for entry in queue:
            self._apply(entry)


@dataclass
class SimSnapshots:
    """A `disk.Snapshots`."""

    disk: Disk
    pump: Pump
    time: NodeTime
    world: World
    seconds: Callable[[], float]
    spoil: float
    members: Membership

    def membership(self) -> Membership:
        return self.members

    def take(self, taken: Callable[[SimSnapshot | None], None]) -> None:
        if self.world.chance(self.spoil):
            self.time.after(self.seconds(), lambda: taken(None))
            return
        snapshot = SimSnapshot(self.disk.checkpoint, self.world.random.randint(1, 100))
        self.time.after(self.seconds(), lambda: taken(snapshot))

    def install(self, index: int, term: int, size: int, checksum: bytes) -> SimInstallation:
        return SimInstallation(self, index, term, checksum)
