"""One fault after the other under users of every kind, and an audit after each.

A round: users and steady callers begin, a fault strikes, lasts, is healed, the cluster becomes whole; then everything
that was asked for has to end well, and is deleted. Steady callers use nodes that are not the fault's victims; their
longest time without an acknowledgement is what the fault costs others.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import TypeVar

from bank import CREDIT, TRANSFER, Bank, Transfers, transfer
from callers import assert_states_agree, waits_for_go
from faults import Fault
from journeys import JOURNEY, STEADY, Journeys, Steps, journey
from lists import LIST, Lists, append_only_list
from machines import Machines
from published_client import PublishedClient
from scribes import EVENT, Scribe
from tidying import remove_wf_runs
from users import KonikUser, PublishedUser, User
from workloads import Workload

from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.bench import failover as steady
from konik.bench.audit import audit, gap
from konik.bench.load import Wire, define
from konik.bench.workers import PollingWorker
from konik.sdk import Client, Worker, Workflow
from tests.linearisability.checker import Operation, Outcome, check
from tests.linearisability.ledger import Ledger

CALM = "waits-for-go"
"""A workflow that drives the cluster to its next mark."""

CALM_SECONDS = 1.0
"""Under load, before the fault and again when it is over."""

WHOLE_SECONDS_MAX = 60.0
USERS_PAUSE_SECONDS = 0.2
SCRIBES, SCRIBES_PAUSE_SECONDS = 4, 0.1
CALL_SECONDS_MAX = 20.0
THREADS = 16

STEADY_CALLERS = steady.Settings(kills=0, rate=60.0, callers=4, graceful=False, streams=2)

Done = TypeVar("Done")


@dataclass(frozen=True)
class Strike:
    """One fault, and what it cost."""

    fault: str
    seconds: float
    """For how long it lasted."""
    gap_s: float
    """The longest time without an answer to a steady caller."""
    whole_s: float
    """Until the cluster was whole again, once it was healed."""
    terms: int
    """Terms that have begun meanwhile."""

    def __str__(self) -> str:
        return (
            f"{self.fault}, {self.seconds:.1f} s: nobody answered for {self.gap_s:.3f} s, "
            f"whole {self.whole_s:.1f} s after its end, {self.terms} new terms"
        )


@dataclass
class Round:
    """What came of some faults. Whatever should not be is in `findings`."""

    strikes: list[Strike] = field(default_factory=list)
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{'; '.join(map(str, self.strikes))}; {self.acknowledged} acknowledged, {self.lost} lost, "
            f"{self.duplicated} twice, {len(self.findings)} findings"
        )


class Rounds:
    """Use it as an async context manager: users and workers end with it."""

    def __init__(
        self, machines: Machines, seed: int, seconds_max: float = inf, calm_seconds: float = CALM_SECONDS
    ) -> None:
        """`seed` decides on all that is left to chance. No fault lasts for longer than `seconds_max`."""
        self._machines = machines
        self._of_faults, self._of_users = Random(f"faults {seed}"), Random(f"users {seed}")
        self._seconds_max, self._calm_seconds = seconds_max, calm_seconds
        self._addresses = [node.client for node in machines.cluster.nodes]
        self._bank, self._steps = Bank(self._of_users), Steps()
        self._threads = ThreadPoolExecutor(THREADS)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Rounds":
        async with AsyncExitStack() as stack:
            stack.callback(self._threads.shutdown, cancel_futures=True)
            self._wire = Wire()
            stack.push_async_callback(self._wire.close)
            self._client = await stack.enter_async_context(self._new_client())
            self._scribes = [await stack.enter_async_context(self._new_client()) for _ in range(SCRIBES)]
            self._published = [PublishedClient(address) for address in self._addresses]
            for published in self._published:
                await self._in_thread(published.__enter__)
                stack.push_async_callback(self._in_thread, published.__exit__)
            await self._define()
            await self._start_worker(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _new_client(self) -> Client:
        return Client(self._addresses, timeout_s=CALL_SECONDS_MAX)

    async def _in_thread(self, do: Callable[..., Done], *arguments: object) -> Done:
        return await asyncio.get_running_loop().run_in_executor(self._threads, do, *arguments)

    async def _define(self) -> None:
        for event in (steady.EVENT, EVENT):
            await self._client.put_external_event_def(PutExternalEventDefRequest(name=event))
        await define(self._client, Workflow(steady.WORKFLOW, steady.step_event_step))
        published = self._published[0]
        await self._in_thread(published.deploy, CALM, waits_for_go)
        await self._in_thread(published.work, self._bank.credit(), CREDIT)
        await self._in_thread(self._published[1].work, self._steps.steady(), STEADY)

    async def _start_worker(self, stack: AsyncExitStack) -> None:
        worker = Worker(self._client, [*self._bank.tasks(), *self._steps.tasks()], grace_s=1.0)
        await worker.register()
        working = asyncio.create_task(worker.run())

        async def end() -> None:
            worker.stop()
            await working

        stack.push_async_callback(end)
        for name, program in ((TRANSFER, transfer), (LIST, append_only_list), (JOURNEY, journey)):
            await Workflow(name, program).register(self._client)

    async def round(self, *kinds: type[Fault]) -> Round:
        """One fault after the other, then the audit. What the cluster does wrong is not raised: it is among the
        findings."""
        round = Round()
        histories: dict[str, list[Operation]] = {}
        load = steady.Load(self._wire, STEADY_CALLERS, self._addresses)
        poller = PollingWorker(self._wire, load.work, STEADY_CALLERS.streams)
        await poller.start(self._client)
        over = asyncio.Event()
        user = KonikUser(self._client)
        workloads = (
            Transfers(self._of_users, self._bank),
            Lists(self._of_users),
            Journeys(self._of_users, self._steps),
        )
        users = self._use(workloads, [user, *(PublishedUser(each, self._threads) for each in self._published)], over)
        scribes = self._write(histories, over)
        try:
            load.start()
            for kind in kinds:
                await self._strike(kind, load, round)
            over.set()
            await asyncio.gather(users, scribes)
            await load.stop()
            await self._audit(load, round)
        finally:
            over.set()
            users.cancel()
            scribes.cancel()
            await asyncio.gather(users, scribes, return_exceptions=True)
            await poller.stop()
            await load.cancel()
        for workload in workloads:
            round.findings += await workload.findings(self._client)
        round.findings += [*user.findings, *_violations(histories)]
        try:
            await self._in_thread(assert_states_agree, self._machines.cluster, CALM)
        except AssertionError as difference:
            round.findings.append(str(difference))
        if not round.findings:
            await remove_wf_runs(self._client, (steady.WORKFLOW, CALM, TRANSFER, LIST, JOURNEY))
        return round

    def _use(
        self, workloads: Sequence[Workload], users: Sequence[User], over: asyncio.Event
    ) -> "asyncio.Future[list[None]]":
        return asyncio.gather(
            *(workload.keep_going(user, over, USERS_PAUSE_SECONDS) for workload in workloads for user in users)
        )

    def _write(self, histories: dict[str, list[Operation]], over: asyncio.Event) -> "asyncio.Future[list[None]]":
        prefix = f"scribe-{secrets.token_hex(4)}"
        return asyncio.gather(
            *(
                Scribe(f"{prefix}-{number}", client, self._addresses, histories, SCRIBES_PAUSE_SECONDS).live(over)
                for number, client in enumerate(self._scribes)
            )
        )

    async def _strike(self, kind: type[Fault], load: steady.Load, round: Round) -> None:
        """From the calm before the fault to the calm after it."""
        cluster = self._machines.cluster
        fault = await self._choose(kind, load)
        seconds, term = min(fault.seconds, self._seconds_max), await self._in_thread(self._term)
        began = time.monotonic()
        await self._in_thread(fault.start)
        await load.watch(seconds)
        await self._in_thread(fault.heal)
        healed = time.monotonic()
        try:
            await self._in_thread(cluster.whole, WHOLE_SECONDS_MAX)
        except AssertionError as failure:
            round.findings.append(str(failure))
        round.findings += [f"{node.name} has ended:\n{node.tail()}" for node in cluster.nodes if not node.is_running]
        whole = time.monotonic()
        await load.watch(self._calm_seconds)
        longest = gap(load.journal.acknowledged_at, began, time.monotonic())
        terms = await self._in_thread(self._term) - term
        round.strikes.append(Strike(fault.name, seconds, longest, whole - healed, terms))

    def _term(self) -> int:
        return max(status.term for status in self._machines.cluster.statuses())

    async def _choose(self, kind: type[Fault], load: steady.Load) -> Fault:
        """Draws the fault when the callers have left its victims, under a leader that has stayed."""
        while True:
            fault = await self._in_thread(kind, self._machines, self._of_faults)
            load.use([node.client for node in self._machines.others(*fault.victims)] or self._addresses)
            await load.watch(self._calm_seconds)
            if await self._in_thread(self._machines.cluster.leader) is fault.leader:
                return fault

    async def _audit(self, load: steady.Load, round: Round) -> None:
        await load.complete(self._client)
        journal = load.journal
        verdict = audit(journal, await steady.read_back(self._client, journal))
        round.acknowledged = journal.acknowledged
        round.lost, round.duplicated = len(verdict.lost), len(verdict.duplicated)
        round.findings += [f"lost: {each}" for each in verdict.lost]
        round.findings += [f"twice: {each}" for each in verdict.duplicated]
        round.findings += [f"refused: {each}" for each in journal.refused]


def _violations(histories: dict[str, list[Operation]]) -> list[str]:
    verdicts = {ledger: check(Ledger(), history) for ledger, history in histories.items()}
    return [
        f"{ledger}: {verdict}" for ledger, verdict in verdicts.items() if verdict.outcome is not Outcome.LINEARISABLE
    ]
