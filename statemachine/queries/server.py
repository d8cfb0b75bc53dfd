"""Who the caller is and what answers it. No permission is needed for either."""

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.security_pb2 import Principal
from konik.api.pb.version_pb2 import LittleHorseVersion
from konik.statemachine import access
from konik.statemachine.context import Reader
from konik.statemachine.registry import query


@query("Whoami", Empty, None)
def whoami(reader: Reader, request: Empty) -> Principal:
    """The principal that the request counts as: `anonymous` for a name that is not known."""
    return access.resolve(reader.txn, reader.principal)


@query("GetServerVersion", Empty, None)
def get_server_version(reader: Reader, request: Empty) -> LittleHorseVersion:
    """The version of the contract that is served: clients compare it with their own."""
    return LittleHorseVersion(major_version=1, minor_version=3, patch_version=0)
