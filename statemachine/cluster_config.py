"""What the state knows of the cluster that keeps it: its members and the addresses that they advertise to clients."""

from konik.api.pb.internal_pb2 import ConfigureCluster
from konik.statemachine import keys
from konik.statemachine.view import Readable

KEY = keys.META + b"members"


def members(state: Readable) -> ConfigureCluster:
    """The members as the last leader has told them; none before the first one has."""
    cluster = ConfigureCluster()
    cluster.ParseFromString(state.get(KEY) or b"")
    return cluster
