"""Handing over the leadership of a cluster: for work on a machine, or to have the leader where most clients are."""

import asyncio

import grpc
import grpc.aio

from konik.api.pb.cluster_pb2 import TransferLeadershipRequest, TransferLeadershipResponse
from konik.sdk.client import Client
from konik.sdk.errors import KonikError, from_status
from konik.sdk.status import ClusterStatus, cluster_status

TRANSFER = "/konik.v1.Cluster/TransferLeadership"
TIMEOUT_S = 10.0
LOOK_EVERY_S = 0.02


class NotTransferred(KonikError):
    """The leadership is not where it was meant to go."""


async def transfer_leadership(client: Client, to: str | None = None, timeout_s: float = TIMEOUT_S) -> ClusterStatus:
    """Has the leader hand over to the member `to`, or to any; returns the cluster as it is then.

    Nothing happens if `to` leads already. Raises NotTransferred if nobody leads, or if the leadership has not changed
    within `timeout_s`; a `RequestError` if the leader refuses.
    """
    before = await cluster_status(client)
    if not before.leader:
        raise NotTransferred("nobody leads just now; look again with `konik status`")
    if before.leader == to:
        return before
    await _begin(client, before.member(before.leader).address, to)
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                now = await cluster_status(client)
                if now.leader and (now.leader == to or now.term > before.term):
                    break
                await client.clock.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise NotTransferred(
            f"{before.leader} has not handed over within {timeout_s:.0f} s; is {to or 'another member'} up to date?"
        ) from None
    if to not in (None, now.leader):
        raise NotTransferred(f"{now.leader} was elected meanwhile, not {to}; try again")
    return now


async def _begin(client: Client, leader: str, to: str | None) -> None:
    method = client.channel(leader).unary_unary(
        TRANSFER, TransferLeadershipRequest.SerializeToString, TransferLeadershipResponse.FromString
    )
    try:
        await method(TransferLeadershipRequest(node=to), timeout=TIMEOUT_S, metadata=client.metadata)
    except grpc.aio.AioRpcError as error:
        raise from_status("TransferLeadership", error.code(), error.details() or "") from None
