"""`konik leader transfer` on a cluster that works."""

import asyncio
import subprocess
import sys

import grpc
import pytest
from server_processes import Cluster, Node

from konik.api.pb.cluster_pb2 import TransferLeadershipRequest
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.sdk import Client
from konik.sdk.leadership import TRANSFER, transfer_leadership

SECONDS_MAX = 30.0


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> None:
    cluster.start()
    cluster.whole()


def konik(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "konik.sdk.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)


def refusal(node: Node, to: str) -> tuple[grpc.StatusCode, str]:
    with grpc.insecure_channel(node.client) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(TRANSFER)(TransferLeadershipRequest(node=to).SerializeToString(), timeout=SECONDS_MAX)
    return refused.value.code(), refused.value.details()


def test_every_node_can_be_made_the_leader_while_commands_are_answered(cluster: Cluster) -> None:
    async def story() -> int:
        async with Client(node.client for node in cluster.nodes) as client:
            answered = 0

            async def command() -> None:
                nonlocal answered
                while True:
                    await client.put_task_def(PutTaskDefRequest(name=f"task-{answered}"))
                    answered += 1

            commanding = asyncio.create_task(command())
            for node in (*cluster.followers(), cluster.leader()):
                before = answered
                assert (await transfer_leadership(client, node.name)).leader == node.name
                while answered < before + 5 and not commanding.done():
                    await asyncio.sleep(0.01)
            commanding.cancel()
            await asyncio.wait([commanding])
            assert commanding.cancelled(), commanding.exception()
            return answered

    assert asyncio.run(story()) >= 15


def test_the_command_says_who_leads_then(cluster: Cluster) -> None:
    to = cluster.followers()[0]
    done = konik("leader", "transfer", to.name, "--server", to.client)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{to.name} leads, in term ")
    assert cluster.leader() is to


def test_without_a_name_another_node_leads(cluster: Cluster) -> None:
    before = cluster.leader()
    done = konik("leader", "transfer", "--server", before.client)
    assert done.returncode == 0, done.stderr
    assert cluster.leader() is not before


def test_an_unknown_member_is_refused_with_the_known_ones(cluster: Cluster) -> None:
    done = konik("leader", "transfer", "nobody", "--server", cluster.nodes[0].client)
    assert done.returncode == 1
    assert "there is no member nobody; members are" in done.stderr


def test_a_node_that_cannot_hand_over_says_why(cluster: Cluster) -> None:
    leader, (follower, down) = cluster.leader(), cluster.followers()
    assert refusal(follower, leader.name) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        f"{follower.name} does not lead; {leader.name} does",
    )
    assert refusal(leader, leader.name) == (grpc.StatusCode.FAILED_PRECONDITION, f"{leader.name} leads already")
    down.kill()
    done = konik("leader", "transfer", down.name, "--server", leader.client)
    assert done.returncode == 1
    assert f"hears nothing of {down.name}" in done.stderr or f"{leader.name} has not handed over" in done.stderr
    assert cluster.leader() is leader
