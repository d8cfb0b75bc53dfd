"""Disks on which something else stands than was written: of a minority of a cluster at a time.

Damage draws from a chance of its own, made of the seed: until it shows, a life goes on as it would without it.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import lmdb
from sim_disk import Disk, SimJournal, Spoiled
from sim_world import Violation

from konik.cluster.journal_records import LOG, entry_key
from konik.statemachine import keys

BAD_DISKS = "disks that are damaged"
"""Its name among the weathers that can be left out."""

PROBABILITY = 0.3
"""That a seed has bad disks."""

PER_CRASH, PER_CRASH_DURING_A_SYNC = 0.2, 0.7
"""That a crash leaves damage, where disks are bad."""


class Damage:
    """Strikes disks of processes that are down."""

    def __init__(
        self, seed: int, may_strike: Callable[[], bool], counts: "Counter[str]", is_left_out: bool = False
    ) -> None:
        """`may_strike()` says whether one disk more may be lost at the moment."""
        self.chance = Random(f"{seed}/damage")
        self._may_strike, self._counts = may_strike, counts
        self._strikes = self.chance.random() < PROBABILITY and not is_left_out

    def crash(self, disk: Disk, journal: SimJournal, state: Path | None = None) -> str | None:
        """The end of the process that had `journal`, and the directory `state`; what it leaves damaged, if anything."""
        probability = PER_CRASH_DURING_A_SYNC if journal.is_syncing else PER_CRASH
        strikes = self._strikes and not disk.is_damaged and self._may_strike()
        if not strikes or self.chance.random() >= probability:
            journal.crash()
            return None
        if state is not None and self.chance.random() < 0.5:
            journal.crash()
            disk.spoiled = self._spoil(state)
            return f"has a bit flipped under {disk.spoiled.key!r}"
        journal.crash(torn_by=self.chance)
        if disk.torn is not None:
            self._counts["transactions torn"] += 1
            return disk.torn
        return self.strike(disk)

    def strike(self, disk: Disk) -> str:
        """A record of the log becomes another one, or none."""
        disk.had = dict(disk.records)
        disk.damage = self.chance.choice((self._flip, self._misplace, self._lose))(disk)
        return disk.damage

    def survived(self, disk: Disk) -> None:
        """The disk was taken for sound: so must it be."""
        if disk.damage is not None:
            raise Violation(f"nobody noticed that a disk {disk.damage}")
        if disk.torn is not None:
            self._counts["torn transactions that do not matter"] += 1
            disk.torn, disk.had = None, {}

    def noticed(self, disk: Disk, error: Exception) -> None:
        """The disk was refused: so must there be something wrong with it."""
        if not disk.is_damaged:
            raise Violation(f"a disk was refused that nothing had happened to: {error!r}") from error
        self._counts["disks refused"] += 1

    def scrubbed(self, disk: Disk, stored: Callable[[bytes], bytes | None]) -> None:
        """All of the state was read and found sound, so must it be: another one may have taken its place."""
        if disk.spoiled is not None and stored(disk.spoiled.key) == disk.spoiled.record:
            raise Violation(f"nobody noticed that a bit was flipped under {disk.spoiled.key!r}")
        disk.spoiled = None

    def _key(self, disk: Disk) -> bytes:
        return self.chance.choice(list(disk.records.irange(LOG)))

    def _flip(self, disk: Disk) -> str:
        key = self._key(disk)
        record = bytearray(disk.records[key])
        bit = self.chance.randrange(8 * len(record))
        self._counts["bits flipped"] += 1
        record[bit // 8] ^= 1 << bit % 8
        disk.records[key] = bytes(record)
        return f"has bit {bit} of {key!r} flipped"

    def _misplace(self, disk: Disk) -> str:
        """A write that lands elsewhere: of two records, one is there twice."""
        wrong, right = self._key(disk), self._key(disk)
        if wrong == right:
            return self._flip(disk)
        self._counts["records misplaced"] += 1
        disk.records[wrong] = disk.records[right]
        return f"has the record of {right!r} under {wrong!r}"

    def _lose(self, disk: Disk) -> str:
        """A write that never lands, though it was synced.

        Not that of the first of several entries: what follows is a log that was cut behind it. All that is missing
        there is in the checkpoint, or the node does not start.
        """
        last = entry_key(disk.extent.last)
        key = self.chance.choice((self._key(disk), last))
        if key == next(iter(disk.records.irange(LOG))):
            key = last
        self._counts["records lost"] += 1
        del disk.records[key]
        return f"has lost the record of {key!r}"

    def _spoil(self, state: Path) -> Spoiled:
        """Flips a bit of a stored value in the file. Not of the time: clients of the simulation ask for that."""
        with lmdb.open(str(state), readonly=True) as environment, environment.begin() as transaction:
            records = [(bytes(key), bytes(record)) for key, record in transaction.cursor() if key[:1] != keys.META]
        key, record = self.chance.choice(records)
        spoiled = bytearray(record)
        spoiled[self.chance.randrange(len(record))] ^= 1 << self.chance.randrange(8)
        file = state / "data.mdb"
        content = file.read_bytes()
        before = key if key + record in content else b""  # a long value has pages of its own
        file.write_bytes(content.replace(before + record, before + spoiled))
        self._counts["states spoiled"] += 1
        return Spoiled(key, bytes(spoiled))
