"""`konik status`: who leads, who is there, and how far each has come."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from konik.api.pb.cluster_pb2 import CANDIDATE, FOLLOWER, LEADER, Role
from konik.sdk.client import Client
from konik.sdk.errors import Unavailable
from konik.sdk.status import ClusterStatus, MemberStatus, cluster_status

ROLES: "dict[Role, str]" = {LEADER: "leader", FOLLOWER: "follower", CANDIDATE: "candidate"}
UNREACHABLE = "unreachable"
COLUMNS = {
    "node": "node",
    "address": "address",
    "pid": "pid",
    "role": "role",
    "commit_index": "commit",
    "applied_index": "applied",
    "machine_version_known": "knows",
}
"""Of the table, by key of the JSON form."""
COLOURS = {"leader": "bold green", "follower": "", "candidate": "yellow", UNREACHABLE: "red"}

Server = Annotated[
    str,
    typer.Option(
        "--server",
        metavar="HOST:PORT,…",
        envvar="KONIK_SERVERS",
        help="Servers to ask; one that answers is enough, it names the others.",
    ),
]


def status(
    server: Server = "localhost:2023",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")] = False,
) -> None:
    """Show the members of a cluster, who leads them, and how far each has come.

    One server is asked for the members, then each member for itself. Exit code 1 if no server answers.
    """
    try:
        found = asyncio.run(_ask(server))
    except Unavailable as error:
        typer.echo(
            f"{error.message}. Is the cluster running? Start one with `konik dev`, or name it: --server", err=True
        )
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(as_dict(found), indent=2))
    else:
        Console().print(_table(found))


async def _ask(servers: str) -> ClusterStatus:
    async with Client(servers) as client:
        return await cluster_status(client)


def as_dict(found: ClusterStatus) -> dict[str, Any]:
    """The JSON form. Programs depend on these keys; figures of an unreachable member are null."""
    return {
        "leader": found.leader,
        "term": found.term,
        "members": [_member(member) for member in found.members],
    }


def _member(member: MemberStatus) -> dict[str, Any]:
    answer = member.answer
    return {
        "node": member.node,
        "address": member.address,
        "pid": answer.pid if answer else None,
        "role": ROLES[answer.role] if answer else UNREACHABLE,
        "commit_index": answer.commit_index if answer else None,
        "applied_index": answer.applied_index if answer else None,
        "version": answer.version if answer else None,
        "machine_version": answer.machine_version if answer else None,
        "machine_version_known": answer.machine_version_known if answer else None,
    }


def _table(found: ClusterStatus) -> Table:
    title = f"term {found.term}, leader {found.leader or 'none'}, machine version {found.machine_version}"
    table = Table(*COLUMNS.values(), title=title)
    for member in as_dict(found)["members"]:
        cells = ["-" if member[key] is None else str(member[key]) for key in COLUMNS]
        table.add_row(*cells, style=COLOURS[member["role"]])
    return table
