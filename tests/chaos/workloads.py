"""What a workload is: users keep it going while the cluster is disturbed, and at the end it says what is wrong."""

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import count
from random import Random

from users import User

from konik.api.pb.enums_pb2 import LHStatus
from konik.sdk import Client
from konik.sdk.errors import NotFound

TASK_TIMEOUT_SECONDS = 5
RETRIES = 12
"""More than a few seconds of faults can use up: tasks are lost on the way, time out, and fail on purpose."""

RUNNING, COMPLETED, ERROR = map(LHStatus.Name, (LHStatus.RUNNING, LHStatus.COMPLETED, LHStatus.ERROR))
UNKNOWN = "unknown to the cluster"

END_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.1


class Workload(ABC):
    """One round's WfRuns of one kind."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._prefix, self._numbers = secrets.token_hex(4), count(1)

    def new_id(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"

    async def keep_going(self, user: User, over: asyncio.Event, pause_seconds: float) -> None:
        """One thing after the other, until it is over."""
        while not over.is_set():
            await self.act(user)
            await asyncio.sleep(pause_seconds)

    @abstractmethod
    async def act(self, user: User) -> None:
        """Starts one WfRun, and sees it through as far as a user has to."""

    @abstractmethod
    async def findings(self, client: Client) -> list[str]:
        """What should not be, once every WfRun has ended."""


async def ended(client: Client, runs: Sequence[str]) -> dict[str, str]:
    """The status of each WfRun when it has ended, or what it is after a time in which it should have."""
    deadline, found = time.monotonic() + END_SECONDS_MAX, dict[str, str]()
    for run in runs:
        while True:
            found[run] = await _status(client, run)
            if found[run] != RUNNING or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_SECONDS)
    return found


async def _status(client: Client, run: str) -> str:
    try:
        return LHStatus.Name((await client.get_wf_run(run)).status)
    except NotFound:
        return UNKNOWN
