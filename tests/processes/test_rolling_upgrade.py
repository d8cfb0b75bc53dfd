"""Nodes get a later release one by one, under load. Old and new ones agree, and change their behaviour at one entry."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import later_server
import pytest
from callers import GO, Callers, assert_states_agree, waits_for_go
from later_server import LATER
from littlehorse.model import TaskDefId
from published_client import PublishedClient
from server_processes import SERVER, STOP_SECONDS_MAX, Cluster, Node, eventually

from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest
from konik.sdk import Client
from konik.statemachine.version import KNOWN

WORKFLOW = "waits-for-go"
CALLS = 100
"""Acknowledged before and after each step."""

DEFINE_SECONDS = 0.02


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three nodes whose logs reach back no further than the last checkpoint."""
    with Cluster(tmp_path, checkpoint_commands=200, log_tail_entries=0) as cluster:
        cluster.bootstrap()
        with PublishedClient(cluster.addresses[0]) as client:
            client.deploy(WORKFLOW, waits_for_go)
        yield cluster


class Definer:
    """Puts one TaskDef after the other, by a client that goes to another node when one is stopped: it must not notice.

    Use it as a context manager.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._addresses = cluster.addresses
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._define()), name="definer")
        self.names: list[str] = []
        """Of those that were acknowledged, in order."""
        self.failure: Exception | None = None

    def __enter__(self) -> "Definer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _define(self) -> None:
        async with Client(self._addresses) as client:
            try:
                while not self._stop.is_set():
                    name = f"task-{len(self.names)}"
                    await client.put_task_def(PutTaskDefRequest(name=name))
                    self.names.append(name)
                    await asyncio.sleep(DEFINE_SECONDS)
            except Exception as failure:
                self.failure = failure

    def wait_for_more(self, number: int) -> None:
        goal = len(self.names) + number
        eventually(lambda: len(self.names) >= goal or self.failure, f"{number} more TaskDefs")


def install(cluster: Cluster, node: Node, command: Sequence[str]) -> Callers:
    """Stops the node as an operator does and starts it with that release. Callers of the others must not notice."""
    others = [other.client for other in cluster.nodes if other is not node]
    with Callers(others, WORKFLOW, event=GO) as callers:
        callers.wait_for_more(CALLS)
        committed = max(status.commit_index for status in cluster.statuses())
        node.terminate()
        node.start(command=command)
        eventually(
            lambda: (status := node.status()) is not None and status.applied_index >= committed,
            f"{node.name} serves again and has caught up",
            why_not=node.tail,
        )
        callers.wait_for_more(CALLS)
    assert callers.failures == []
    return callers


def in_force(cluster: Cluster) -> list[int]:
    return [status.machine_version for status in cluster.statuses()]


def known(cluster: Cluster) -> list[int]:
    return [status.machine_version_known for status in cluster.statuses()]


def descriptions(node: Node, names: Sequence[str]) -> list[str]:
    with PublishedClient(node.client) as client:
        return [client.stub.GetTaskDef(TaskDefId(name=name)).description for name in names]


def test_the_version_rises_when_the_last_node_has_the_code_and_behaviour_changes_at_one_entry(cluster: Cluster) -> None:
    first, second, third = cluster.nodes
    batches = []
    with Definer(cluster) as definer:
        for node, command in (
            (first, later_server.COMMAND),
            (second, later_server.COMMAND),
            (first, SERVER),
            (third, later_server.COMMAND),
        ):
            batches.append(install(cluster, node, command))
            assert in_force(cluster) == [KNOWN] * 3
        assert known(cluster) == [KNOWN, LATER, LATER]
        assert_states_agree(cluster, WORKFLOW)
        batches.append(install(cluster, first, later_server.COMMAND))
        eventually(lambda: in_force(cluster) == [LATER] * 3, "the version rises", why_not=first.tail)
        definer.wait_for_more(20)
    assert definer.failure is None
    assert_states_agree(cluster, WORKFLOW)
    assert not any(node.logged("is not compared") for node in cluster.nodes)
    for node in cluster.nodes:
        with PublishedClient(node.client) as client:
            assert [batch.lost(client) for batch in batches] == [set()] * len(batches)
    found = [descriptions(node, definer.names) for node in cluster.nodes]
    assert found[0] == found[1] == found[2]
    before = found[0].count("")
    assert found[0] == [""] * before + [later_server.DESCRIPTION] * (len(definer.names) - before)
    assert 0 < before < len(definer.names)


def test_a_node_with_the_old_release_refuses_to_start_once_a_later_version_is_in_force(cluster: Cluster) -> None:
    for node in cluster.nodes:
        install(cluster, node, later_server.COMMAND)
    eventually(lambda: in_force(cluster) == [LATER] * 3, "the version rises")
    (node, *_) = cluster.followers()
    node.terminate()
    node.start()
    assert node.ended(STOP_SECONDS_MAX) != 0
    assert node.logged_since_start(f"needs version {LATER} of the state machine, this release has {KNOWN}")
    node.start(command=later_server.COMMAND)
    cluster.whole()
