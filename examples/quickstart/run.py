"""Runs the quickstart on a cluster of three nodes, and kills the leader in the middle of it.

    python examples/quickstart/run.py

Starts `konik dev --nodes 3`, runs the workflow with the published LittleHorse client, kills the leader with `kill -9`
while the run waits for its event, sends the event to a node that is left, and shows the run complete under the new
leader. Exit code 0 if it does.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
from littlehorse.config import LHConfig
from littlehorse.model import (
    ExternalEventDefId,
    LHStatus,
    ListNodeRunsRequest,
    NodeRun,
    PutCorrelatedEventRequest,
    RunWfRequest,
    VariableValue,
    WfRun,
    WfRunId,
)
from quickstart import IDENTITY_VERIFIED, WORKFLOW, define, workers
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

TIME_LIMIT_S = 55
LOOK_EVERY_S = 0.1
NODES = 3
RUN = "my-first-run"
EMAIL = "obiwan@jedi.temple"
KONIK = (sys.executable, "-m", "konik.sdk.cli")

Status = dict[str, Any]


class View:
    """What the terminal shows: the cluster, the steps of the run, and what the script is doing."""

    def __init__(self) -> None:
        self.doing = "starting three nodes"
        self.status: Status = {"leader": "", "term": 0, "members": []}
        self.steps: list[NodeRun] = []

    def __rich__(self) -> Group:
        members = Table("node", "address", "pid", "role", title="konik status")
        for member in self.status["members"]:
            style = {"leader": "bold green", "unreachable": "red"}.get(member["role"])
            members.add_row(*(str(member[key] or "-") for key in ("node", "address", "pid", "role")), style=style)
        steps = Table("position", "step", "status", title=f"{WORKFLOW} / {RUN}")
        for step in self.steps:
            steps.add_row(str(step.id.position), step.node_name, LHStatus.Name(step.status))
        return Group(members, steps, Text(f"→ {self.doing}", style="bold"))


class Failed(Exception):
    """The quickstart did not go as it should; the text says where it stood."""


def free_port() -> int:
    """A port with free ones where `konik dev` will want them: behind it, and 1000 and 2000 above."""
    for port in range(24_000, 30_000, 10):
        wanted = [port + offset + node for offset in (0, 1000, 2000) for node in range(NODES)]
        if all(_is_free(each) for each in wanted):
            return port
    raise Failed("no free ports on this machine")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def on_a_cluster(port: int, story: Callable[[str], Coroutine[Any, Any, None]]) -> None:
    """Tells the story on three nodes that live as long as it does. Raises Failed if they end before it."""
    process = await asyncio.create_subprocess_exec(
        *(*KONIK, "dev", "--nodes", str(NODES), "--port", str(port)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    servers = ",".join(f"127.0.0.1:{port + number}" for number in range(NODES))
    telling, ending = asyncio.create_task(story(servers)), asyncio.create_task(process.communicate())
    try:
        await asyncio.wait([telling, ending], return_when=asyncio.FIRST_COMPLETED)
        if not telling.done():
            raise Failed(f"`konik dev` ended: {ending.result()[1].decode().strip()}")
        await telling
    finally:
        telling.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await ending


async def konik_status(servers: str) -> Status:
    """What `konik status --json` prints; no members while no server answers."""
    process = await asyncio.create_subprocess_exec(
        *KONIK,
        *("status", "--json", "--server", servers),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return json.loads(output) if process.returncode == 0 else {"leader": "", "term": 0, "members": []}


async def until(look: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    while not await look():
        await asyncio.sleep(LOOK_EVERY_S)


def config_for(address: str) -> LHConfig:
    """The published client knows one address, so it is given that of a node that will live."""
    host, _, port = address.rpartition(":")
    config = LHConfig()
    config.load({"LHC_API_HOST": host, "LHC_API_PORT": port})
    return config


def others(status: Status) -> list[str]:
    """The addresses of the nodes that do not lead, and answer."""
    return [each["address"] for each in status["members"] if each["role"] not in ("leader", "unreachable")]


async def is_ready(servers: str, view: View) -> bool:
    view.status = await konik_status(servers)
    return view.status["leader"] != "" and len(others(view.status)) == NODES - 1


async def look_at_run(stub: Any, view: View) -> WfRun:
    id = WfRunId(id=RUN)
    run: WfRun = await stub.GetWfRun(id)
    view.steps = list((await stub.ListNodeRuns(ListNodeRunsRequest(wf_run_id=id))).results)
    return run


async def waits_for_event(stub: Any, view: View) -> bool:
    await look_at_run(stub, view)
    last = view.steps[-1] if view.steps else NodeRun()
    return last.HasField("external_event") and last.status == LHStatus.RUNNING


async def is_over(stub: Any, view: View) -> bool:
    run = await look_at_run(stub, view)
    if run.status in (LHStatus.ERROR, LHStatus.EXCEPTION):
        raise Failed(f"the run ended as {LHStatus.Name(run.status)}")
    return run.status == LHStatus.COMPLETED


async def has_new_leader(servers: str, view: View, old: str) -> bool:
    view.status = await konik_status(servers)
    return view.status["leader"] not in ("", old)


async def demonstrate(servers: str, view: View) -> None:
    """The story, step by step."""
    await until(lambda: is_ready(servers, view))
    survivor = others(view.status)[0]
    config = config_for(survivor)
    stub = config.stub(async_channel=True)

    view.doing = "registering the workflow with the published client"
    await asyncio.to_thread(define, config)
    working = [asyncio.create_task(worker.start()) for worker in workers(config)]

    view.doing = "running it; the first attempt to verify fails and is repeated"
    inputs = {
        "full-name": VariableValue(str="Obi-Wan Kenobi"),
        "email": VariableValue(str=EMAIL),
        "ssn": VariableValue(int=123456789),
    }
    await stub.RunWf(RunWfRequest(wf_spec_name=WORKFLOW, id=RUN, variables=inputs))
    await until(lambda: waits_for_event(stub, view))

    view.status = await konik_status(servers)
    old = view.status["leader"]
    pid = next(each["pid"] for each in view.status["members"] if each["node"] == old)
    view.doing = f"the run waits for its event: kill -9 {pid} ({old}, the leader)"
    os.kill(pid, signal.SIGKILL)

    stub = config_for(others(view.status)[0]).stub(async_channel=True)
    event = ExternalEventDefId(name=IDENTITY_VERIFIED)
    await stub.PutCorrelatedEvent(
        PutCorrelatedEventRequest(key=EMAIL, external_event_def_id=event, content=VariableValue(bool=True))
    )
    view.doing = f"the event was taken by a node that is left; {old} is dead"
    await until(lambda: is_over(stub, view))
    await until(lambda: has_new_leader(servers, view, old))
    view.doing = f"COMPLETED, and {view.status['leader']} leads now"
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)


async def main() -> int:
    logging.disable(logging.CRITICAL)  # the worker logs the failure that is made on purpose
    console, view = Console(), View()
    try:
        with Live(view, console=console, refresh_per_second=8):
            async with asyncio.timeout(TIME_LIMIT_S):
                await on_a_cluster(free_port(), lambda servers: demonstrate(servers, view))
    except TimeoutError:
        console.print(f"[red]not done within {TIME_LIMIT_S} s; it was {view.doing}[/]")
    except (Failed, grpc.aio.AioRpcError) as error:
        console.print(f"[red]failed while {view.doing}: {error}[/]")
    else:
        console.print("\n[green]The leader died, the workflow did not notice.[/]")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
