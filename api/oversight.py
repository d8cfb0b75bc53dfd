"""What operators ask of one node: how it is, to hand over its office, to change the members, and a backup. Konik's own
service, beside the contract."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from konik.api import backup
from konik.api.answers import Context, abort, observed
from konik.api.pb import cluster_pb2
from konik.cluster.backup import Backups
from konik.cluster.node import Node
from konik.statemachine.entry import Result, ok
from konik.statemachine.rejection import Code, invalid

SERVICE: Final = cluster_pb2.DESCRIPTOR.services_by_name["Cluster"].full_name
STATUS_PATH: Final = f"/{SERVICE}/Status"
TRANSFER_PATH: Final = f"/{SERVICE}/TransferLeadership"
ADD_MEMBER_PATH: Final = f"/{SERVICE}/AddMember"
REMOVE_MEMBER_PATH: Final = f"/{SERVICE}/RemoveMember"
BACKUP_PATH: Final = f"/{SERVICE}/Backup"

Unary = Callable[[bytes, Context], Awaitable[bytes]]
Request = TypeVar("Request", bound=Message)


class Oversight:
    """Answers for one node, whether or not there is a leader; a backup alone needs one.

    `methods` are its calls of one answer by their paths.
    """

    def __init__(self, node: Node, backups: Backups) -> None:
        self._node, self._backups = node, backups
        self.methods: Mapping[str, Unary] = {
            STATUS_PATH: self._status,
            TRANSFER_PATH: _asked(cluster_pb2.TransferLeadershipRequest, self._transfer),
            ADD_MEMBER_PATH: _asked(cluster_pb2.AddMemberRequest, self._add_member),
            REMOVE_MEMBER_PATH: _asked(cluster_pb2.RemoveMemberRequest, self._remove_member),
        }

    async def backup(self, request: bytes, context: Context) -> None:
        """The copy in parts."""
        del request
        result = await observed("Backup", backup.send(self._backups, context))
        if result.code is not Code.OK:
            await abort(context, result)

    async def _status(self, request: bytes, context: Context) -> bytes:
        del request, context
        return self._node.status().SerializeToString()

    def _transfer(self, request: cluster_pb2.TransferLeadershipRequest) -> Result:
        self._node.transfer_leadership(request.node if request.HasField("node") else None)
        return ok()

    def _add_member(self, request: cluster_pb2.AddMemberRequest) -> Result:
        done = self._node.add_member(request.node)
        return ok(cluster_pb2.ChangeOfMembers(done=done).SerializeToString())

    def _remove_member(self, request: cluster_pb2.RemoveMemberRequest) -> Result:
        done = self._node.remove_member(request.node)
        return ok(cluster_pb2.ChangeOfMembers(done=done).SerializeToString())


def _asked(kind: type[Request], carry_out: Callable[[Request], Result]) -> Unary:
    """A call that asks for something, which the node may refuse."""
    name = kind.DESCRIPTOR.name.removesuffix("Request")

    async def carried_out(raw: bytes) -> Result:
        request = kind()
        try:
            request.ParseFromString(raw)
        except DecodeError:
            raise invalid(f"the request cannot be read as {kind.DESCRIPTOR.name}") from None
        return carry_out(request)

    async def call(raw: bytes, context: Context) -> bytes:
        result = await observed(name, carried_out(raw))
        if result.code is not Code.OK:
            await abort(context, result)
        return result.body

    return call
