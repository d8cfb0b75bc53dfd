"""The commands `konik server`, `konik restore`, `konik recover` and `konik dev`."""

from pathlib import Path
from typing import Annotated, NoReturn

import lmdb
import typer

from konik.api import dev as development
from konik.api import logs, process, recovery
from konik.cluster import config as configuration
from konik.cluster.backup_file import BackupRefused
from konik.cluster.identity import DirectoryRefused
from konik.cluster.journal_records import CorruptLog
from konik.cluster.node import make_data_directory
from konik.cluster.recover import RecoveryRefused, survivor
from konik.cluster.restore import restore_data_directory
from konik.cluster.store.errors import StoreError
from konik.statemachine.version import UnknownVersion

_STOPS = (
    BackupRefused,
    configuration.ConfigurationError,
    DirectoryRefused,
    CorruptLog,
    RecoveryRefused,
    StoreError,
    UnknownVersion,
    OSError,
    lmdb.Error,
)


def server(
    config: Annotated[Path | None, typer.Option(help="TOML file; KONIK_* variables and flags win over it")] = None,
    bootstrap: Annotated[
        bool, typer.Option("--bootstrap", help="make the data directory first; once per node")
    ] = False,
    join: Annotated[
        bool, typer.Option("--join", help="make the data directory of a node that joins a cluster; once per node")
    ] = False,
    node: Annotated[str | None, typer.Option(help="this node's id, one of the members")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="this node's own directory")] = None,
    cluster_id: Annotated[str | None, typer.Option(help="the same on all members")] = None,
    listen: Annotated[str | None, typer.Option(help="HOST:PORT for clients")] = None,
    peer_listen: Annotated[str | None, typer.Option(help="HOST:PORT for the other nodes")] = None,
    http: Annotated[str | None, typer.Option(help="HOST:PORT for metrics and health")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error")] = None,
) -> None:
    """Run one node.

    A node needs to know the whole cluster: its members with their addresses, and which of them it is. That stands in
    the configuration file; deploy/systemd/konik.toml in the repository is an example.

    The data directory is made once: with --bootstrap when the cluster is founded, with --join for a node that comes
    later, or has lost its disk; `konik member add` then takes it in. Without one of these flags an empty directory is
    refused, because a node that has lost its disk must not take part as if it remembered.
    """
    flags = {
        "node": node,
        "data_dir": data_dir,
        "cluster_id": cluster_id,
        "listen": listen,
        "peer_listen": peer_listen,
        "http": http,
        "log_level": log_level,
    }
    try:
        if bootstrap and join:
            raise configuration.ConfigurationError("a node either founds its cluster or joins it: give one flag")
        settings = configuration.load(config, **flags)
        logs.configure(settings)
        if bootstrap or join:
            make_data_directory(settings, joining=join)
        process.run(settings)
    except _STOPS as error:
        _fail(error)


def restore(
    file: Annotated[Path, typer.Argument(help="what `konik backup` has written")],
    config: Annotated[Path | None, typer.Option(help="the node's TOML file, as for `konik server`")] = None,
    node: Annotated[str | None, typer.Option(help="this node's id, one of the members")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="this node's own directory, which is made")] = None,
    cluster_id: Annotated[str | None, typer.Option(help="not the backup's, and the same on all members")] = None,
) -> None:
    """Make the data directory of one node of a new cluster from a backup.

    Do the same with the same file on each node of the new cluster, then start all of them by `konik server`, without
    --bootstrap. The new cluster needs a cluster_id of its own.

    Interrupted at any point it may be run again; until it has ended well, no node starts on the directory.
    """
    try:
        settings = configuration.load(config, node=node, data_dir=data_dir, cluster_id=cluster_id)
        made_from = restore_data_directory(settings, file)
    except _STOPS as error:
        _fail(error)
    typer.echo(
        f"{settings.data_dir}: node {settings.node} of cluster {settings.cluster_id}, made from cluster "
        f"{made_from.cluster_id} at entry {made_from.index} of term {made_from.term}. When every node is restored from "
        "this same file, start them by `konik server`, without --bootstrap"
    )


def recover(
    config: Annotated[Path | None, typer.Option(help="the node's TOML file, as for `konik server`")] = None,
    force_new_cluster: Annotated[
        bool, typer.Option("--force-new-cluster", help="make a new cluster of it; without this nothing is changed")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    node: Annotated[str | None, typer.Option(help="this node's id, one of the members")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="this node's own directory")] = None,
    cluster_id: Annotated[str | None, typer.Option(help="of the new cluster; not that of the old one")] = None,
) -> None:
    """Go on with the one node that is left, when a majority of the disks is gone for good.

    Run it on the machine of that node, while it is stopped. It says what the node has and what may be lost. With
    --force-new-cluster it then makes of the node the only member of a new cluster, which needs a cluster_id of its own;
    that cannot be undone. Afterwards start it by `konik server`, and take in others with `konik member add`.

    Interrupted at any point it may be run again; until it has ended well, no node starts on the directory.
    """
    try:
        settings = configuration.load(config, node=node, data_dir=data_dir, cluster_id=cluster_id)
        with survivor(settings) as left:
            typer.echo(recovery.report(left.remains))
            if not force_new_cluster:
                typer.echo("\nNothing was changed. With --force-new-cluster this node becomes that of a new cluster.")
                return
            left.check_name()
            if not yes:
                typer.confirm(f"\nMake it the only member of cluster {settings.cluster_id}?", abort=True)
            last = left.found_cluster()
    except _STOPS as error:
        _fail(error)
    typer.echo(
        f"\n{settings.data_dir}: node {settings.node} is the only member of cluster {settings.cluster_id}, from entry "
        f"{last.index} of term {last.term} on. Start it by `konik server`, without --bootstrap. For each other node: "
        "empty its data directory, give it the same cluster_id, start it with --join, and run `konik member add`"
    )


def dev(
    nodes: Annotated[int, typer.Option(min=1, max=9, help="how many nodes, each a process of its own")] = 1,
    port: Annotated[int, typer.Option(min=1, max=60_000, help="clients find node 1 here, the others behind it")] = 2023,
    data_dir: Annotated[
        Path | None, typer.Option(help="keep the data here; without it, it goes with the cluster")
    ] = None,
) -> None:
    """Run a cluster on this machine, for development.

    Prints a line that begins with "ready" once a leader serves. Nodes that die are started again. Ctrl-C ends it.
    """
    try:
        development.run(nodes, port, data_dir)
    except _STOPS as error:
        _fail(error)


def _fail(error: BaseException) -> NoReturn:
    typer.echo(f"konik: {error}", err=True)
    raise typer.Exit(1)
