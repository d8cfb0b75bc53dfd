"""What can be wrong with a state. None of these is ever an answer to a client: they strike one replica."""


class StoreError(Exception):
    """The state on this disk cannot be used as asked; the text says why."""


class CorruptState(StoreError):
    """Something read back is not what was written. The replica must stop serving and be rebuilt."""


class ForeignState(StoreError):
    """The state belongs to another cluster or another node."""


class SnapshotRefused(StoreError):
    """A received copy does not count: damaged, of another cluster, or not newer than what is here."""
