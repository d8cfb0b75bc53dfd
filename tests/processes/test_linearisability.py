"""Ledgers that concurrent clients share on real nodes: what they saw is explained by one call after the other."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from scribes import EVENT, LEDGERS, Scribe
from server_processes import Cluster, Node, eventually

from konik.api.pb.cluster_pb2 import LEADER
from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.sdk import Client
from tests.linearisability.checker import Operation, Outcome, Verdict, check
from tests.linearisability.ledger import Entries, Ledger

CLIENTS, FAILURES = 6, 3
CALLS_APART = 200
"""That are answered between one failure and the next."""

STORIES_MAX = 50
CALL_SECONDS_MAX = 20.0


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> None:
    cluster.start()
    cluster.whole()


class Shared:
    """What all clients of one story saw of each ledger."""

    def __init__(self, cluster: Cluster, prefix: str) -> None:
        self.histories: dict[str, list[Operation]] = {}
        self._cluster, self._prefix = cluster, prefix

    async def live(self, meanwhile: Callable[[], None], metadata: tuple[tuple[str, str], ...] = ()) -> None:
        """The clients call until `meanwhile` returns, with that metadata beside their own."""
        addresses = [node.client for node in self._cluster.nodes]
        async with AsyncExitStack() as stack:
            clients = [Client(addresses, timeout_s=CALL_SECONDS_MAX) for _ in range(CLIENTS)]
            for client in clients:
                client.metadata = (*client.metadata, *metadata)
                await stack.enter_async_context(client)
            await clients[0].put_external_event_def(PutExternalEventDefRequest(name=EVENT))
            over = asyncio.Event()
            scribes = [
                Scribe(f"{self._prefix}-{number}", client, addresses, self.histories).live(over)
                for number, client in enumerate(clients)
            ]
            calling = asyncio.gather(*scribes)
            await asyncio.to_thread(meanwhile)
            over.set()
            await calling

    def await_calls(self) -> None:
        """Until many more have been answered."""
        before = self._calls()
        eventually(lambda: self._calls() > before + CALLS_APART, "calls are answered")

    def _calls(self) -> int:
        return sum(map(len, self.histories.values()))

    def verdicts(self) -> list[Verdict[Entries]]:
        return [check(Ledger(), history) for history in self.histories.values()]


def kill(leader: Node, cluster: Cluster) -> None:
    leader.kill()
    leader.start()


def pause(leader: Node, cluster: Cluster) -> None:
    """For so long that another one leads; when it goes on it believes for a moment that it still does."""

    def another_one_leads() -> bool:
        return any(status.role == LEADER and status.node != leader.name for status in cluster.statuses())

    leader.signal(signal.SIGSTOP)
    try:
        eventually(another_one_leads, "another node leads")
    finally:
        leader.signal(signal.SIGCONT)


@pytest.mark.parametrize("disturb", [kill, pause])
def test_what_clients_see_while_leaders_fail_is_linearisable(
    cluster: Cluster, disturb: Callable[[Node, Cluster], None]
) -> None:
    shared = Shared(cluster, disturb.__name__)

    def fail() -> None:
        for _ in range(FAILURES):
            shared.await_calls()
            disturb(cluster.leader(), cluster)
            cluster.whole()

    asyncio.run(shared.live(fail))
    verdicts = shared.verdicts()
    assert len(verdicts) == LEDGERS
    for verdict in verdicts:
        assert verdict.outcome is Outcome.LINEARISABLE, str(verdict)


def test_reads_that_ask_no_leader_are_not_and_that_is_seen(cluster: Cluster) -> None:
    for story in range(STORIES_MAX):
        shared = Shared(cluster, f"stale-{story}")
        asyncio.run(shared.live(shared.await_calls, (("konik-read", "stale"),)))
        if any(verdict.outcome is Outcome.VIOLATED for verdict in shared.verdicts()):
            return
    pytest.fail(f"{STORIES_MAX} stories with stale reads made sense")
