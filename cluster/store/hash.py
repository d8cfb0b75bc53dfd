"""One number that two replicas compare to know whether they hold the same pairs.

The sum, modulo 2**128, of a hash of every live pair. A sum can be brought up to date from what has changed alone
(subtract the old pair's hash, add the new one's) and depends on nothing but the pairs: not on their order, not on when
a replica checkpoints. It guards against defects and damage, not against forgery, so a fast hash will do.

Writing only notes the change. A `Fold` does the arithmetic later, a slice at a time, on what had changed by the moment
it was asked for. Nothing here may look at the state as it is now: old values are those of the last freeze, or what was
counted since.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from xxhash import xxh3_128_intdigest

MODULUS = 1 << 128
SLICE_KEYS = 300
"""Changed keys per step of a fold: about 1 ms."""

Lookup = Callable[[bytes], bytes | None]


def pair_hash(key: bytes, value: bytes) -> int:
    """A pair's share of the sum. The key's length is the seed, so that no byte can pass from key to value unnoticed."""
    return xxh3_128_intdigest(key + value, len(key))


@dataclass(slots=True, eq=False)
class Epoch:
    """The time between two freezes. `lookup` reads the state as it was when the epoch began."""

    lookup: Lookup
    counted: dict[bytes, int] = field(default_factory=dict)  # what the sum holds for a key that changed in this epoch


class Fold:
    """The sum as of one moment, worked out step by step: iterate until it ends, then read `sum`."""

    def __init__(self, owner: "StateHash", epoch: Epoch, changes: dict[bytes, bytes | None]) -> None:
        self.sum: int | None = None
        """None while there is work left, and for ever if the whole state was replaced meanwhile."""
        self.last = False
        """It ends its epoch: what it counts need not be remembered."""
        self.epoch = epoch
        self._owner, self._changes = owner, changes
        self._abandoned = False

    def __iter__(self) -> "Fold":
        return self

    def __next__(self) -> None:
        if self.sum is not None or self._abandoned:
            raise StopIteration
        self._owner.step()

    def step(self, total: int) -> int:
        """`total` after one more slice."""
        counted, lookup, changes = self.epoch.counted, self.epoch.lookup, self._changes
        for _ in range(min(SLICE_KEYS, len(changes))):
            key, value = changes.popitem()
            old = counted.pop(key, None)
            if old is None:
                before = lookup(key)
                old = 0 if before is None else pair_hash(key, before)
            new = 0 if value is None else pair_hash(key, value)
            total += new - old
            if not self.last:
                counted[key] = new
        if not changes:
            self.sum = total % MODULUS
        return total % MODULUS

    def abandon(self) -> None:
        """It will never be finished."""
        self._abandoned = True


class StateHash:
    """The sum and what is still to be counted. `changes` is written by the store at each put and delete."""

    def __init__(self, total: int, lookup: Lookup) -> None:
        assert 0 <= total < MODULUS
        self.changes: dict[bytes, bytes | None] = {}
        self._total = total
        self._epoch = Epoch(lookup)
        self._folds: deque[Fold] = deque()

    def vanish(self, key: bytes) -> None:
        """`key` came after the last freeze and is gone again: if no mark has counted it, it never was."""
        if self._folds or key in self._epoch.counted:
            self.changes[key] = None
        else:
            self.changes.pop(key, None)

    def mark(self) -> Fold:
        """The sum of the state as it is now. Takes no time by itself; what is written from now on does not count."""
        fold = Fold(self, self._epoch, self.changes)
        self.changes = {}
        self._folds.append(fold)
        return fold

    def freeze(self, lookup: Lookup) -> Fold:
        """A mark that ends the epoch: from now on `lookup` tells what a key had before it changed."""
        fold = self.mark()
        fold.last = True
        self._epoch = Epoch(lookup)
        return fold

    def counted_to_freeze(self) -> bool:
        """Whether the old values that the epoch before this one began on are needed no more."""
        return all(fold.epoch is self._epoch for fold in self._folds)

    def step(self) -> None:
        """One slice of the oldest unfinished fold: each builds on the one before."""
        fold = self._folds[0]
        self._total = fold.step(self._total)
        if fold.sum is not None:
            self._folds.popleft()

    def abandon(self) -> None:
        """The state is replaced: no fold will ever be finished."""
        while self._folds:
            self._folds.popleft().abandon()
