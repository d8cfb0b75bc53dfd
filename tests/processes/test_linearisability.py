"""Ledgers that concurrent clients share on real nodes: what they saw is explained by one call after the other."""

import asyncio
import signal
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import AsyncExitStack
from itertools import count
from math import inf
from random import Random

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from server_processes import Cluster, Node, eventually

from konik.api.pb.cluster_pb2 import LEADER
from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest, PutExternalEventRequest
from konik.api.pb.external_event_pb2 import ExternalEvent
from konik.api.pb.ids_pb2 import ExternalEventDefId, WfRunId
from konik.api.pb.queries_pb2 import ExternalEventList, ListExternalEventsRequest
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest
from konik.sdk import Client
from konik.sdk.client import Answer
from konik.sdk.errors import AlreadyExists, RequestError
from tests.linearisability.checker import Operation, Outcome, Verdict, check
from tests.linearisability.ledger import Entries, Ledger

EVENT = "entry"
CLIENTS, LEDGERS, FAILURES = 6, 4, 3
CALLS_APART = 200
"""That are answered between one failure and the next."""

STORIES_MAX = 50
CALL_SECONDS_MAX = 20.0


class Scribe:
    """One client, that asks any node first; what it saw is in `histories`, by ledger."""

    def __init__(
        self, name: str, client: Client, addresses: Sequence[str], histories: dict[str, list[Operation]]
    ) -> None:
        self._name, self._client, self._addresses, self._histories = name, client, addresses, histories
        self._chance, self._numbers = Random(name), count()

    async def live(self, over: asyncio.Event) -> None:
        while not over.is_set():
            ledger = f"{self._name.rpartition('-')[0]}-ledger-{self._chance.randrange(LEDGERS)}"
            what = self._chance.choice(("write", "write", "read", "read", "read", "strike"))
            await {"write": self._write, "read": self._read, "strike": self._strike}[what](ledger)

    async def _call(self, method: str, request: Message, answer: type[Answer]) -> Answer:
        first = self._chance.choice(self._addresses)
        return await self._client.call(method, request, answer, first=first)

    async def _write(self, ledger: str) -> None:
        """Mostly something new, at times what everybody writes."""
        guid = "shared" if self._chance.random() < 0.2 else f"{self._name}-{next(self._numbers)}"
        request = PutExternalEventRequest(
            wf_run_id=WfRunId(id=ledger), external_event_def_id=ExternalEventDefId(name=EVENT), guid=guid
        )
        called = time.monotonic()
        try:
            await self._call("PutExternalEvent", request, ExternalEvent)
        except AlreadyExists:
            self._note(ledger, called, ("write", guid), "exists")
        except RequestError:
            self._note(ledger, called, ("write", guid), None)
        else:
            self._note(ledger, called, ("write", guid), "written")

    async def _strike(self, ledger: str) -> None:
        called = time.monotonic()
        try:
            await self._call("DeleteWfRun", DeleteWfRunRequest(id=WfRunId(id=ledger)), Empty)
        except RequestError:
            self._note(ledger, called, "strike", None)
        else:
            self._note(ledger, called, "strike", "struck")

    async def _read(self, ledger: str) -> None:
        """A read that fails says nothing."""
        called = time.monotonic()
        request = ListExternalEventsRequest(wf_run_id=WfRunId(id=ledger))
        try:
            found = await self._call("ListExternalEvents", request, ExternalEventList)
        except RequestError:
            return
        self._note(ledger, called, "read", tuple(sorted(event.id.guid for event in found.results)))

    def _note(self, ledger: str, called: float, input: Hashable, output: Hashable) -> None:
        returned = inf if output is None else time.monotonic()
        self._histories.setdefault(ledger, []).append(Operation(self._name, called, returned, input, output))


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
