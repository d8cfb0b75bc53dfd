"""`konik backup`: the whole state of a running cluster in a file."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from konik.api.pb.cluster_pb2 import BackupDescription
from konik.sdk.backup import take_backup
from konik.sdk.cli.status import Server
from konik.sdk.client import Client
from konik.sdk.errors import KonikError, RequestError

QUIET_S = 2.0
"""A backup that takes no longer shows no progress; to a file none is ever shown."""


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; beside it FILE.part while it is not whole.")],
    server: Server = "localhost:2023",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Take a backup of a running cluster.

    It holds everything that was acknowledged, by whichever node, before the command began; the cluster goes on serving.
    The first server that can gives it. `konik restore` makes the nodes of a new cluster from it. Exit code 1 if there
    is no backup.
    """
    try:
        taken = asyncio.run(_taken(server, file, force))
    except RequestError as error:
        typer.echo(f"konik backup: {error.message} ({error.hint})", err=True)
        raise typer.Exit(1) from None
    except KonikError as error:
        typer.echo(f"konik backup: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file}: {_told(taken)}, {decimal(file.stat().st_size)}")


def _told(taken: BackupDescription) -> str:
    time = datetime.fromtimestamp(taken.time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"cluster {taken.cluster_id} at entry {taken.index} of term {taken.term}, {time}, from {taken.node}"


async def _taken(servers: str, file: Path, force: bool) -> BackupDescription:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = shown.add_task("waiting for a checkpoint", total=None)

    def progress(done: int, total: int) -> None:
        shown.update(task, description="backup", completed=done, total=total)

    showing = asyncio.get_running_loop().call_later(QUIET_S, shown.start)
    try:
        async with Client(servers) as client:
            return await take_backup(client, file, replace=force, progress=progress)
    finally:
        showing.cancel()
        if shown.live.is_started:
            shown.stop()
