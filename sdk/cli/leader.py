"""`konik leader transfer`: have another node lead."""

import asyncio
from typing import Annotated

import typer

from konik.sdk.cli.status import Server
from konik.sdk.client import Client
from konik.sdk.errors import KonikError
from konik.sdk.leadership import transfer_leadership
from konik.sdk.status import ClusterStatus

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Who leads a cluster.")


@app.callback()
def _group() -> None:
    """Keeps `transfer` a command of its own."""


@app.command()
def transfer(
    node: Annotated[str | None, typer.Argument(help="The member to lead; without it, whichever is furthest.")] = None,
    server: Server = "localhost:2023",
) -> None:
    """Have the leader hand over its office, before work on its machine for example.

    Callers notice nothing but a pause of some milliseconds. Exit code 1 if another node does not lead afterwards.
    """
    try:
        now = asyncio.run(_transferred(server, node))
    except KonikError as error:
        typer.echo(f"konik leader transfer: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{now.leader} leads, in term {now.term}")


async def _transferred(servers: str, to: str | None) -> ClusterStatus:
    async with Client(servers) as client:
        return await transfer_leadership(client, to)
