"""Backup: a copy of the state as a stream of parts, at the pace of whoever takes it."""

import asyncio

import grpc

from konik.api.answers import Context
from konik.api.pb.cluster_pb2 import BackupPart
from konik.cluster.backup import Backups
from konik.statemachine.entry import Result, ok, refused
from konik.statemachine.rejection import Code

STALL_SECONDS_MAX = 60.0
"""A caller that takes nothing for so long gets no more: the copy takes room on the node's disk."""


async def send(backups: Backups, context: Context) -> Result:
    """Takes a backup and writes it into the call.

    Raises:
        Rejection: UNAVAILABLE: there is none to be had from this node now.
    """
    async with backups.take() as backup:
        try:
            await _write(context, BackupPart(description=backup.description, data=backup.head))
            for chunk in backup.chunks():
                await _write(context, BackupPart(data=chunk))
        except TimeoutError:
            return refused(Code.DEADLINE_EXCEEDED, f"nothing was taken for {STALL_SECONDS_MAX:.0f} s")
    return ok()


async def _write(context: Context, part: BackupPart) -> None:
    try:
        async with asyncio.timeout(STALL_SECONDS_MAX):
            await context.write(part.SerializeToString())
    except (grpc.RpcError, asyncio.InvalidStateError) as error:
        raise asyncio.CancelledError from error  # the caller has gone
