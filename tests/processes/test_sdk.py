"""Konik's own client, worker and workflows against real nodes, one of which dies."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from server_processes import Cluster, Node

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.wf_run_pb2 import WfRun
from konik.sdk import Client, LHStatus, ThreadBuilder, Worker, Workflow, task

EXAMPLE = Path(__file__).parents[2] / "examples" / "quickstart" / "with_konik_sdk.py"
SECONDS_MAX = 60.0
RUNS = 30


@task
async def add_one(number: int) -> int:
    """Counts on."""
    return number + 1


def count_to_three(wf: ThreadBuilder) -> None:
    number = wf.declare_int("number", 0)
    for _ in range(3):
        number.assign(wf.execute("add-one", number))


@pytest.fixture
def leader(cluster: Cluster) -> Node:
    """The leader of a cluster of which all nodes run."""
    cluster.start()
    return cluster.leader()


async def deploy(client: Client) -> Worker:
    """Registers task and workflow; the worker is ready to run."""
    worker = Worker(client, [add_one])
    await worker.register()
    await Workflow("count-to-three", count_to_three).register(client)
    return worker


async def ended(client: Client, run: WfRunId) -> WfRun:
    async with asyncio.timeout(SECONDS_MAX):
        while (found := await client.get_wf_run(run)).status == LHStatus.RUNNING:
            await asyncio.sleep(0.02)
        return found


def test_the_example_of_the_sdk_does_what_it_says(cluster: Cluster, leader: Node) -> None:
    servers = ",".join(node.client for node in cluster.nodes)
    ran = subprocess.run([sys.executable, EXAMPLE, servers], capture_output=True, text=True, timeout=SECONDS_MAX)
    assert ran.returncode == 0, ran.stderr
    assert "You are verified." in ran.stdout and "COMPLETED" in ran.stdout


def test_runs_are_completed_while_the_leader_dies(cluster: Cluster, leader: Node) -> None:
    async def story() -> list[WfRun]:
        async with Client(node.client for node in cluster.nodes) as client:
            worker = await deploy(client)
            working = asyncio.create_task(worker.run())
            started = [await client.run_wf("count-to-three") for _ in range(RUNS)]
            leader.kill()
            started += [await client.run_wf("count-to-three") for _ in range(RUNS)]
            leader.start()
            runs = [await ended(client, run.id) for run in started]
            worker.stop()
            await working
            return runs

    runs = asyncio.run(story())
    assert {run.status for run in runs} == {LHStatus.COMPLETED}
    assert len({run.id.id for run in runs}) == 2 * RUNS


def test_a_client_goes_to_the_leader_and_to_its_successor(cluster: Cluster, leader: Node) -> None:
    addresses = sorted((node.client for node in cluster.nodes), key=lambda address: address == leader.client)

    async def story() -> tuple[str, str]:
        async with Client(addresses) as client:
            await deploy(client)
            first = client.servers.order()[0]
            leader.kill()
            for _ in range(2):
                await client.run_wf("count-to-three")
            return first, client.servers.order()[0]

    assert asyncio.run(story()) == (leader.client, cluster.leader().client)
