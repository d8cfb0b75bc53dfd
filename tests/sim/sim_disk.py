"""Disks that are slow, full, or lose what was not synced; and the state that a replica keeps on one.

A `Disk` outlives crashes. `SimJournal` and `SimSnapshots` are what one process sees of it.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sim_world import NodeTime, World

from konik.cluster.disk import Stored
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow

CHUNK_BYTES = 200


class Checkpoint(NamedTuple):
    """A state machine of one line: the hash of everything applied so far."""

    index: int
    term: int
    state: bytes

    def apply(self, entry: Entry) -> "Checkpoint":
        material = self.state + entry.index.to_bytes(8, "big") + entry.term.to_bytes(8, "big") + entry.data
        return Checkpoint(entry.index, entry.term, hashlib.blake2b(material, digest_size=8).digest())


class Write(NamedTuple):
    number: int
    vow: Vow
    entries: Sequence[Entry]
    reset: bool


@dataclass
class Disk:
    """What is durable."""

    vow: Vow = Vow(0, None, 0)
    entries: list[Entry] = field(default_factory=lambda: [Entry(0, 0, b"")])
    checkpoint: Checkpoint = Checkpoint(0, 0, b"")

    def put(self, write: Write) -> None:
        self.vow = write.vow
        if write.reset:
            self.entries = []
        elif write.entries:
            del self.entries[write.entries[0].index - self.entries[0].index :]
        self.entries.extend(write.entries)

    def cut(self, index: int) -> None:
        index = min(index, self.entries[-1].index)
        if index > self.entries[0].index:
            del self.entries[: index - self.entries[0].index]

    def holds(self, index: int, term: int) -> bool:
        """The entry, or a checkpoint that has it applied."""
        if index <= self.checkpoint.index:
            return True
        place = index - self.entries[0].index
        return 0 <= place < len(self.entries) and self.entries[place].term == term

    def reaches(self, index: int) -> bool:
        return index <= max(self.checkpoint.index, self.entries[-1].index)


class SimJournal:
    """A `disk.Journal`. A sync takes its time; meanwhile what is asked for gathers."""

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
        return Stored(self._disk.vow, list(self._disk.entries))

    def reset(self, base: Entry) -> Stored:
        self._disk.vow = self._disk.vow._replace(commit=base.index)
        self._disk.entries = [base]
        return self.load()

    def start(self, synced: Callable[[int], None], trouble: Callable[[str | None], None]) -> None:
        self._synced, self._trouble = synced, trouble

    def write(self, number: int, vow: Vow, entries: Sequence[Entry], reset: bool = False) -> None:
        self._pending.append(Write(number, vow, entries, reset))
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

    def crash(self) -> None:
        """What was being synced may have made it, all of it or nothing."""
        if self._flight and self._world.chance(0.5):
            self._land(self._flight)

    def _empty(self) -> None:
        self.full = False
        self._trouble(None)
        self._sync()

    def _sync(self) -> None:
        if self._busy or self.full or not (self._pending or self._cut_to > self._disk.entries[0].index):
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
        if self._pending:
            self._sync()

    def _land(self, writes: list[Write]) -> None:
        for write in writes:
            self._disk.put(write)
            self._durable(write.vow, write.entries)
        self._disk.cut(self._cut_to)


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
