"""Times as the state keeps them: protobuf Timestamps, and milliseconds since the epoch everywhere else."""

from google.protobuf.timestamp_pb2 import Timestamp


def set_timestamp(stamp: Timestamp, ms: int) -> None:
    """Makes it `ms` milliseconds since the epoch."""
    stamp.seconds, rest = divmod(ms, 1000)
    stamp.nanos = rest * 1_000_000


def milliseconds(stamp: Timestamp) -> int:
    """Milliseconds since the epoch, rounded down."""
    return stamp.seconds * 1000 + stamp.nanos // 1_000_000
