"""Taking a backup of a cluster into a file.

The cluster says what the file's bytes are; here they are only written, counted and compared with the checksum that came
before them. The file has its name once it is whole and on the disk, never before.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import grpc
import grpc.aio

from konik.api.pb.cluster_pb2 import BackupDescription, BackupPart, BackupRequest
from konik.sdk.client import Client
from konik.sdk.errors import KonikError, RequestError, Unavailable, from_status
from konik.sdk.failover import ELSEWHERE

BACKUP = "/konik.v1.Cluster/Backup"

SILENCE_MAX_S = 180.0
"""A node may need more than a minute for the checkpoint that a backup begins with, and then copies its state."""

CHECKSUM_BYTES = 16

Progress = Callable[[int, int], None]


class NotBackedUp(KonikError):
    """There is no backup in the file; whatever was there before still is."""


async def take_backup(
    client: Client, file: Path, *, replace: bool = False, progress: Progress = lambda done, total: None
) -> BackupDescription:
    """Takes a backup from the first of the client's servers that gives one, and returns what it is of.

    `progress` hears how many bytes of how many have come. A file that is there already is an error unless `replace`.
    Raises NotBackedUp, or the `RequestError` of the last server.
    """
    if file.exists() and not replace:
        raise NotBackedUp(f"{file} is there already; choose another name, or have it replaced with --force")
    part = file.with_name(file.name + ".part")
    try:
        with open(part, "xb", opener=_for_the_owner_alone) as output:
            try:
                description = await _from_any(client, output, progress)
                os.fsync(output.fileno())
                part.replace(file)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        _sync_directory(file.absolute().parent)
    except FileExistsError:
        raise NotBackedUp(f"{part} is there: if no other backup is being written to it, remove it") from None
    except OSError as error:
        raise NotBackedUp(f"{file} cannot be written: {error}") from error
    return description


async def _from_any(client: Client, output: BinaryIO, progress: Progress) -> BackupDescription:
    last: RequestError | None = None
    for address in client.servers.addresses:
        output.seek(0)
        output.truncate()
        try:
            return await _from(client, address, output, progress)
        except RequestError as error:
            if error.code not in ELSEWHERE:
                raise
            last = error
    assert last is not None, "a client knows at least one server"
    raise last


async def _from(client: Client, address: str, output: BinaryIO, progress: Progress) -> BackupDescription:
    method = client.channel(address).unary_stream(BACKUP, BackupRequest.SerializeToString, BackupPart.FromString)
    call = method(BackupRequest(), metadata=client.metadata)
    try:
        first = await _next(call)
        if first is None or not first.HasField("description"):
            raise NotBackedUp(f"{address} did not say what its backup is of; is it a later release of Konik?")
        output.write(first.data)
        await _write_copy(call, first.description, output, progress)
        output.flush()
    except grpc.aio.AioRpcError as error:
        raise from_status("Backup", error.code(), f"{address}: {error.details()}") from None
    except TimeoutError:
        silent = f"{address} said nothing for {SILENCE_MAX_S:.0f} s"
        raise Unavailable("Backup", grpc.StatusCode.UNAVAILABLE, silent) from None
    finally:
        call.cancel()
    return first.description


async def _write_copy(
    call: "grpc.aio.UnaryStreamCall[BackupRequest, BackupPart]",
    description: BackupDescription,
    output: BinaryIO,
    progress: Progress,
) -> None:
    total, received = hashlib.blake2b(digest_size=CHECKSUM_BYTES), 0
    while (part := await _next(call)) is not None:
        output.write(part.data)
        total.update(part.data)
        received += len(part.data)
        progress(received, description.size)
    if received != description.size or total.digest() != description.checksum:
        raise NotBackedUp("what has come is not what was sent: its checksum is wrong; try again")


async def _next(call: "grpc.aio.UnaryStreamCall[BackupRequest, BackupPart]") -> BackupPart | None:
    """The next part; None at the end."""
    async with asyncio.timeout(SILENCE_MAX_S):
        part = await call.read()
    return part if isinstance(part, BackupPart) else None


def _for_the_owner_alone(path: str, flags: int) -> int:
    """Whatever the cluster knows is in that file."""
    return os.open(path, flags, 0o600)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
