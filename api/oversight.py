"""What operators ask of one node: how it is, and to hand over its office. Konik's own service, beside the contract."""

from typing import Final

from google.protobuf.message import DecodeError

from konik.api.answers import Context, abort, observed
from konik.api.pb import cluster_pb2
from konik.cluster.node import Node
from konik.statemachine.entry import Result, ok
from konik.statemachine.rejection import Code, invalid

SERVICE: Final = cluster_pb2.DESCRIPTOR.services_by_name["Cluster"].full_name
STATUS_PATH: Final = f"/{SERVICE}/Status"
TRANSFER_PATH: Final = f"/{SERVICE}/TransferLeadership"


class Oversight:
    """Answers for one node, whether or not there is a leader."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def status(self, request: bytes, context: Context) -> bytes:
        del request, context
        return self._node.status().SerializeToString()

    async def transfer(self, request: bytes, context: Context) -> bytes:
        result = await observed("TransferLeadership", self._transfer(request))
        if result.code is not Code.OK:
            await abort(context, result)
        return result.body

    async def _transfer(self, raw: bytes) -> Result:
        request = cluster_pb2.TransferLeadershipRequest()
        try:
            request.ParseFromString(raw)
        except DecodeError:
            raise invalid("the request cannot be read as TransferLeadershipRequest") from None
        self._node.transfer_leadership(request.node if request.HasField("node") else None)
        return ok()
