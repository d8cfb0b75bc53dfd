"""What a cluster says about itself: one server names the members, then each member answers for itself.

No answer is taken on trust for another node: a member that cannot be reached is shown as such, whatever the others
believe about it.
"""

import asyncio
from dataclasses import dataclass

import grpc
import grpc.aio

from konik.api.pb.cluster_pb2 import LEADER, Member, NodeStatus, StatusRequest
from konik.sdk.client import Client
from konik.sdk.errors import Unavailable

STATUS = "/konik.v1.Cluster/Status"
TIMEOUT_S = 2.0


@dataclass(frozen=True)
class MemberStatus:
    """A member and its own answer, None if it gave none."""

    node: str
    address: str
    votes: bool
    answer: NodeStatus | None


@dataclass(frozen=True)
class ClusterStatus:
    """The members in order of their names, as they answered within moments of each other."""

    members: tuple[MemberStatus, ...]

    @property
    def reachable(self) -> list[NodeStatus]:
        return [member.answer for member in self.members if member.answer is not None]

    @property
    def term(self) -> int:
        """The highest term that a member knows."""
        return max((answer.term for answer in self.reachable), default=0)

    @property
    def leader(self) -> str:
        """The leader of that term; empty while there is none. A deposed one that has not noticed does not count."""
        leaders = [answer.node for answer in self.reachable if answer.role == LEADER and answer.term == self.term]
        return leaders[0] if leaders else ""

    @property
    def machine_version(self) -> int:
        """The behaviour of the state machine that is in force, as far as the log is applied anywhere."""
        return max((answer.machine_version for answer in self.reachable), default=0)

    def member(self, node: str) -> MemberStatus:
        return next(member for member in self.members if member.node == node)


async def node_status(client: Client, address: str, timeout_s: float = TIMEOUT_S) -> NodeStatus | None:
    """One node's answer, None if it gives none within `timeout_s`."""
    method = client.channel(address).unary_unary(STATUS, StatusRequest.SerializeToString, NodeStatus.FromString)
    try:
        answer: NodeStatus = await method(StatusRequest(), timeout=timeout_s, metadata=client.metadata)
    except grpc.aio.AioRpcError:
        return None
    return answer


async def cluster_status(client: Client, timeout_s: float = TIMEOUT_S) -> ClusterStatus:
    """Asks the client's servers for the members, and every member for itself. Raises Unavailable if none answers."""
    answers = await asyncio.gather(*(node_status(client, address, timeout_s) for address in client.servers.addresses))
    named = {member.node: member for answer in answers if answer is not None for member in answer.members}
    if not named:
        addresses = ", ".join(client.servers.addresses)
        raise Unavailable("Status", grpc.StatusCode.UNAVAILABLE, f"no answer from {addresses}")
    return ClusterStatus(tuple(await asyncio.gather(*(_ask(client, named[node], timeout_s) for node in sorted(named)))))


async def _ask(client: Client, member: Member, timeout_s: float) -> MemberStatus:
    answer = await node_status(client, member.address, timeout_s)
    return MemberStatus(member.node, member.address, member.votes, answer)
