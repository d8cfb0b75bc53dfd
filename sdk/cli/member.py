"""`konik member`: who takes part in a cluster."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from konik.sdk import membership
from konik.sdk.cli.status import ROLES, UNREACHABLE, Server
from konik.sdk.client import Client
from konik.sdk.errors import KonikError
from konik.sdk.status import ClusterStatus, cluster_status

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Who takes part in a cluster.")

Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Give up after so many seconds.")]
Node = Annotated[str, typer.Argument(help="The node's id.")]


@app.command(name="list")
def list_members(server: Server = "localhost:2023") -> None:
    """Show the members, and which of them have a vote."""
    found = _carried_out("list", lambda client: cluster_status(client), server)
    table = Table("node", "address", "vote", "role")
    for member in found.members:
        role = ROLES[member.answer.role] if member.answer else UNREACHABLE
        table.add_row(member.node, member.address, "yes" if member.votes else "not yet: it learns", role)
    Console().print(table)


@app.command()
def add(node: Node, server: Server = "localhost:2023", timeout: Timeout = membership.TIMEOUT_S) -> None:
    """Take in a node that was started with --join: a new one, or one that has lost its disk.

    It first copies what the others have, and counts for nothing until then. Of a member that has lost its disk the
    vote goes first. Exit code 1 if the node has no vote in the end; what was begun goes on.
    """
    _carried_out("add", lambda client: membership.add_member(client, node, timeout, _teller()), server)
    typer.echo(f"{node} has a vote")


@app.command()
def remove(node: Node, server: Server = "localhost:2023", timeout: Timeout = membership.TIMEOUT_S) -> None:
    """Remove a member. If it leads, another one leads first. Stop it afterwards: nobody hears it any more.

    Refused if those who remain could not go on. Exit code 1 if it is still a member in the end.
    """
    _carried_out("remove", lambda client: membership.remove_member(client, node, timeout, _teller()), server)
    typer.echo(f"{node} is no member")


def _carried_out(what: str, ask: Callable[[Client], Awaitable[ClusterStatus]], servers: str) -> ClusterStatus:
    async def run() -> ClusterStatus:
        async with Client(servers) as client:
            return await ask(client)

    try:
        return asyncio.run(run())
    except KonikError as error:
        typer.echo(f"konik member {what}: {error}", err=True)
        raise typer.Exit(1) from None


def _teller() -> Callable[[str], None]:
    """Says what is waited for, whenever that is something else."""
    said = ""

    def say(reason: str) -> None:
        nonlocal said
        if reason != said:
            said = reason
            typer.echo(f"waiting: {reason}", err=True)

    return say
