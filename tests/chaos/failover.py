"""Ways in which a cluster loses its leader, and how long clients of the other nodes wait for an answer then.

usage: PYTHONPATH=.:tests/processes python tests/chaos/failover.py --times 50 [--logs DIRECTORY] [--write]

Steady callers of the two other nodes send at their own pace; what counts is the longest time in which none of them got
an acknowledgement. Then the leader is healed, and comes back before the next one goes. Exit code 1 if anything was lost
or happened twice; 2 if this machine does not permit it.
"""

import asyncio
import sys
import time
from dataclasses import dataclass
from random import Random
from statistics import median

import figures
from disturbing import arguments, disturb
from faults import Fault, KillLeader, LeaderFromBoth, PauseLeader, PowerOffLeader, StopLeader
from machines import Machines

from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest
from konik.bench import failover as steady
from konik.bench.audit import Verdict, audit, gap
from konik.bench.load import Wire, define
from konik.bench.workers import PollingWorker
from konik.sdk import Client, Workflow

MOVE_SECONDS = 1.0
"""Between moving the callers away from the leader and its end, so that none of their calls is still there."""

WATCH_SECONDS = 3.0
"""From the end of the leader on."""

WHOLE_SECONDS_MAX = 60.0
CALLERS = steady.Settings(kills=0, rate=200.0, callers=8, graceful=False)


@dataclass(frozen=True)
class Aim:
    """Seconds without an answer; None if nothing is said."""

    median: float
    worst: float | None


WAYS: tuple[tuple[type[Fault], Aim], ...] = (
    (KillLeader, Aim(0.1, 0.5)),
    (PowerOffLeader, Aim(0.7, 1.5)),
    (PauseLeader, Aim(0.7, 1.5)),
    (LeaderFromBoth, Aim(0.7, 1.5)),
    (StopLeader, Aim(0.05, None)),
)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--times", type=int, default=50)
    given = parser.parse_args()
    rows, is_clean = disturb(given.logs, lambda machines: _measure(machines, given.times), settings={})
    print("\n".join(rows))
    if given.write:
        figures.write("make failovers", rows)
    return 0 if is_clean else 1


async def _measure(machines: Machines, times: int) -> tuple[list[str], bool]:
    rows = [
        f"{CALLERS.rate:g} commands per second from {CALLERS.callers} callers.",
        "",
        "| the leader's end | times | unavailable, median | aim | worst | aim | lost | twice |",
        "|---|---|---|---|---|---|---|---|",
    ]
    is_clean = True
    for kind, aim in WAYS:
        gaps, verdict, refused = await _lose_leaders(machines, kind, times)
        worst = "" if aim.worst is None else f"{aim.worst} s"
        rows.append(
            f"| {kind.name} | {times} | {median(gaps):.3f} s | {aim.median} s | {max(gaps):.3f} s | {worst} "
            f"| {len(verdict.lost)} | {len(verdict.duplicated)} |"
        )
        for finding in (*verdict.lost, *verdict.duplicated, *refused):
            is_clean = False
            print(f"    {finding}", flush=True)
    return rows, is_clean


async def _lose_leaders(machines: Machines, kind: type[Fault], times: int) -> tuple[list[float], Verdict, list[str]]:
    """The longest silence of each time, what the audit of all commands says, and what was refused."""
    addresses = [node.client for node in machines.cluster.nodes]
    async with Client(addresses) as client:
        await client.put_external_event_def(PutExternalEventDefRequest(name=steady.EVENT))
        await define(client, Workflow(steady.WORKFLOW, steady.step_event_step))
        wire = Wire()
        load = steady.Load(wire, CALLERS, addresses)
        worker = PollingWorker(wire, load.work, CALLERS.streams)
        try:
            await worker.start(client)
            load.start()
            gaps = [await _lose_leader(machines, kind, load, number) for number in range(times)]
            await load.stop()
            await load.complete(client)
            verdict = audit(load.journal, await steady.read_back(client, load.journal))
            return gaps, verdict, load.journal.refused
        finally:
            await worker.stop()
            await load.cancel()
            await wire.close()


async def _lose_leader(machines: Machines, kind: type[Fault], load: steady.Load, number: int) -> float:
    fault = await _choose(machines, kind, load)
    began = time.monotonic()
    ending = asyncio.create_task(asyncio.to_thread(fault.start))
    await load.watch(WATCH_SECONDS)
    await ending
    longest = gap(load.journal.acknowledged_at, began, began + WATCH_SECONDS)
    await asyncio.to_thread(fault.heal)
    await asyncio.to_thread(machines.cluster.whole, WHOLE_SECONDS_MAX)
    print(f"{time.strftime('%H:%M:%S')} {kind.name} #{number + 1}: {longest:.3f} s", flush=True)
    return longest


async def _choose(machines: Machines, kind: type[Fault], load: steady.Load) -> Fault:
    """The fault of a leader that has stayed while its callers left it."""
    while True:
        fault = await asyncio.to_thread(kind, machines, Random())
        load.use([node.client for node in machines.others(fault.leader)])
        await load.watch(MOVE_SECONDS)
        if await asyncio.to_thread(machines.cluster.leader) is fault.leader:
            return fault


if __name__ == "__main__":
    sys.exit(main())
