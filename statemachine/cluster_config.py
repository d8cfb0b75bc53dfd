"""What the state knows of the cluster that keeps it: its members and the addresses that they advertise to clients."""

from typing import Protocol

from konik.api.pb.internal_pb2 import ConfigureCluster
from konik.statemachine import keys

KEY = keys.META + b"members"


class _Readable(Protocol):
    def get(self, key: bytes) -> bytes | None: ...


def members(state: _Readable) -> ConfigureCluster:
    """The members as the last leader has told them; none before the first one has."""
    cluster = ConfigureCluster()
    cluster.ParseFromString(state.get(KEY) or b"")
    return cluster
