"""`konik bench`: measure a cluster that runs, or one that is started for it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import Progress

from konik.bench import failover as failover_bench
from konik.bench import latency as latency_bench
from konik.bench import throughput as throughput_bench
from konik.bench.cluster import Cluster, attached, started
from konik.bench.machine import UnsuitableDirectory
from konik.bench.report import Report, progress
from konik.bench.workers import Protocol
from konik.sdk.errors import KonikError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Measure throughput, latency and fail-over.\n\n"
    "Either against a cluster that runs on this machine (--servers) or against one that is started for it (--nodes).",
)

Servers = Annotated[
    str, typer.Option("--servers", metavar="HOST:PORT,…", help="A running cluster; without it one is started.")
]
Nodes = Annotated[int, typer.Option("--nodes", min=1, help="How many nodes to start, if none run.")]
Directory = Annotated[
    Path, typer.Option("--data-dir", help="Where a started cluster keeps its data; on a disk, not on tmpfs.")
]
WorkerProtocol = Annotated[
    Protocol,
    typer.Option(
        "--protocol", help="What the worker speaks: Konik's streams as its SDK does, or as published clients."
    ),
]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report here as JSON, too.")]


@app.command()
def throughput(
    servers: Servers = "",
    nodes: Nodes = 3,
    data_dir: Directory = Path("."),
    in_flight: Annotated[int, typer.Option(min=1, help="Workflows in flight.")] = 256,
    polls: Annotated[int, typer.Option(min=1, help="Tasks that the worker asks each node for at once.")] = 128,
    protocol: WorkerProtocol = Protocol.KONIK,
    seconds: Annotated[float, typer.Option(min=1, help="How long to measure, after a warm-up of 5 s.")] = 30.0,
    seconds_max: Annotated[float, typer.Option(help="How long to wait for a checkpoint on every node.")] = 300.0,
    json: Json = None,
) -> None:
    """Workflows of ten tasks, many in flight: tasks per second, and the servers' CPU time per task."""
    settings = throughput_bench.Settings(protocol, in_flight, polls, seconds, seconds_max)
    _run(lambda cluster, bars: throughput_bench.measure(cluster, settings, bars), servers, nodes, data_dir, json)


@app.command()
def latency(
    servers: Servers = "",
    nodes: Nodes = 3,
    data_dir: Directory = Path("."),
    runs: Annotated[int, typer.Option(min=1, help="Workflows to run, one after the other.")] = 100,
    protocol: WorkerProtocol = Protocol.KONIK,
    json: Json = None,
) -> None:
    """One workflow in flight: from a report to the next task in the worker's hands."""
    settings = latency_bench.Settings(protocol, runs)
    _run(lambda cluster, bars: latency_bench.measure(cluster, settings, bars), servers, nodes, data_dir, json)


@app.command()
def failover(
    servers: Servers = "",
    nodes: Nodes = 3,
    data_dir: Directory = Path("."),
    kills: Annotated[int, typer.Option(min=1, help="How many leaders die.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Commands per second of all callers together.")] = 200.0,
    callers: Annotated[int, typer.Option(min=1, help="Callers, each at its own pace.")] = 8,
    graceful: Annotated[bool, typer.Option("--graceful", help="SIGTERM instead of kill -9.")] = False,
    json: Json = None,
) -> None:
    """Kill the leader again and again under load: the gap that callers see, and what was lost or doubled.

    The nodes must be started again by whoever runs them, as `konik dev` does. Exit code 1 if anything was lost or
    happened twice.
    """
    settings = failover_bench.Settings(kills, rate, callers, graceful)
    report = _run(lambda cluster, bars: failover_bench.measure(cluster, settings, bars), servers, nodes, data_dir, json)
    if report.lost or report.duplicated:
        raise typer.Exit(1)


def _run(
    measure: Callable[[Cluster, Progress], Awaitable[Report]],
    servers: str,
    nodes: int,
    data_dir: Path,
    json: Path | None,
) -> Report:
    """Measures, shows and writes. Exit code 1 with advice if the cluster does not let itself be measured."""
    console = Console()
    source = attached(servers) if servers else started(nodes, data_dir)
    try:
        report = uvloop.run(_measured(measure, source, console))
    except (KonikError, UnsuitableDirectory) as error:
        typer.echo(f"konik bench: {error}", err=True)
        raise typer.Exit(1) from None
    report.show(console)
    if json is not None:
        report.write(json)
    return report


async def _measured(
    measure: Callable[[Cluster, Progress], Awaitable[Report]],
    source: AbstractAsyncContextManager[Cluster],
    console: Console,
) -> Report:
    async with source as cluster:
        with progress(console) as bars:
            return await measure(cluster, bars)
