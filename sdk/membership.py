"""Taking nodes into a cluster, and removing members: the leader, whoever that is meanwhile, is asked again and again
until it is done."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio

from konik.api.pb.cluster_pb2 import AddMemberRequest, ChangeOfMembers, RemoveMemberRequest
from konik.sdk.client import Client
from konik.sdk.errors import KonikError, from_status
from konik.sdk.leadership import transfer_leadership
from konik.sdk.status import ClusterStatus, cluster_status

ADD = "/konik.v1.Cluster/AddMember"
REMOVE = "/konik.v1.Cluster/RemoveMember"
TIMEOUT_S = 120.0
"""A node that comes in copies all that the others have."""
ASK_EVERY_S = 0.2
CALL_S = 5.0

Progress = Callable[[str], None]


class NotChanged(KonikError):
    """The members are not what they were meant to be."""


async def add_member(
    client: Client, node: str, timeout_s: float = TIMEOUT_S, progress: Progress = lambda _: None
) -> ClusterStatus:
    """Takes in the node of that name that was started with --join, in the place of an earlier one; returns the cluster
    once it has a vote.

    `progress` is told in words what is waited for. Raises NotChanged, with the reason, if it has not within
    `timeout_s`.
    """
    request = AddMemberRequest(node=node).SerializeToString()
    what, meanwhile = f"add {node}", "it copies what the others have"

    async def ask(found: ClusterStatus) -> tuple[bool, str]:
        return await _ask(client, found, ADD, request, meanwhile)

    return await _until(client, ask, lambda found: _votes(found, node), what, timeout_s, progress)


async def remove_member(
    client: Client, node: str, timeout_s: float = TIMEOUT_S, progress: Progress = lambda _: None
) -> ClusterStatus:
    """Removes a member; if it leads, another one leads first. Returns the cluster once that is so.

    Raises NotChanged, with the reason, if it is not within `timeout_s`.
    """
    request = RemoveMemberRequest(node=node).SerializeToString()
    what, meanwhile = f"remove {node}", "the others have to agree"

    async def ask(found: ClusterStatus) -> tuple[bool, str]:
        if found.leader == node and len(found.members) > 1:
            found = await transfer_leadership(client)
        return await _ask(client, found, REMOVE, request, meanwhile)

    return await _until(client, ask, lambda _: True, what, timeout_s, progress)


def _votes(found: ClusterStatus, node: str) -> bool:
    """Whether that node itself says so: the others may mean the one before it, of the same name."""
    member = next((member for member in found.members if member.node == node), None)
    if member is None or member.answer is None:
        return False
    return any(each.node == node and each.votes for each in member.answer.members)


async def _until(
    client: Client,
    ask: Callable[[ClusterStatus], Awaitable[tuple[bool, str]]],
    holds: Callable[[ClusterStatus], bool],
    what: str,
    timeout_s: float,
    progress: Progress,
) -> ClusterStatus:
    reason = "nobody leads just now"
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                found = await cluster_status(client)
                if found.leader:
                    done, reason = await ask(found)
                    if done:
                        found = await cluster_status(client)
                        if holds(found):
                            return found
                progress(reason)
                await client.clock.sleep(ASK_EVERY_S)
    except TimeoutError:
        raise NotChanged(f"could not {what} within {timeout_s:.0f} s: {reason}") from None


async def _ask(client: Client, found: ClusterStatus, method: str, request: bytes, meanwhile: str) -> tuple[bool, str]:
    """Whether it is done, and if not, what is waited for."""
    call = client.channel(found.member(found.leader).address).unary_unary(method, None, ChangeOfMembers.FromString)
    try:
        answer: ChangeOfMembers = await call(request, timeout=CALL_S, metadata=client.metadata)
    except grpc.aio.AioRpcError as error:
        if error.code() in (grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.UNAVAILABLE):
            return False, error.details() or "the leader cannot be reached"
        raise from_status(method.rpartition("/")[2], error.code(), error.details() or "") from None
    return answer.done, meanwhile
