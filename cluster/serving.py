"""What the door asks of a node: commands and queries as coroutines, with their results; and who may call what."""

import asyncio
from functools import partial
from typing import NamedTuple, TypeVar

from konik.cluster.node import Node
from konik.cluster.peer_frames import REQUEST_BYTES_MAX
from konik.cluster.polls import Polls
from konik.cluster.proposer import HOLD_SECONDS_MAX, NO_LEADER, QUEUE_FULL, Done
from konik.statemachine.entry import ClientId, Result, refused
from konik.statemachine.rejection import Code

T = TypeVar("T")


class Call(NamedTuple):
    """Who calls which method, and how."""

    method: str
    tenant: str
    principal: str
    client_id: ClientId | None = None
    stale: bool = False  # a query may be answered from what this node has, without asking the leader


class Serving:
    """The door's view of one node."""

    def __init__(self, node: Node) -> None:
        self._services = node.services

    @property
    def polls(self) -> Polls:
        return self._services.polls

    @property
    def now_ms(self) -> int:
        """Cluster time."""
        return self._services.now_ms

    @property
    def stopping(self) -> bool:
        """The node was told to stop."""
        return self._services.stopping

    @property
    def draining(self) -> bool:
        """The node stops: calls that are under way are answered, new ones belong elsewhere."""
        return self._services.draining

    @property
    def leader_elsewhere(self) -> str | None:
        """Where clients find the leader, if it is another node: commands that it receives itself are a hop shorter."""
        return self._services.leader_elsewhere

    def authorise(self, method: str, tenant: str, principal: str) -> Result | None:
        """A refusal if that principal may not call the method in that tenant, by what this node has applied."""
        return self._services.authorise(method, tenant, principal)

    async def command(self, call: Call, request: bytes, deadline_s: float | None) -> Result:
        """Runs a command exactly once and returns its result. A caller that goes away does not undo what was sent."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        number = self.submit(call, request, partial(_settle, answer), deadline_s)
        try:
            return await answer
        except asyncio.CancelledError:
            self._services.proposer.abandon(number)
            raise

    def submit(self, call: Call, request: bytes, done: Done, deadline_s: float | None = None) -> int:
        """Runs a command exactly once; `done` hears the result, once. Returns the command's number, if it has one."""
        if len(request) > REQUEST_BYTES_MAX:
            message = f"the request has {len(request)} bytes, {REQUEST_BYTES_MAX} at most"
            done(refused(Code.INVALID_ARGUMENT, message))
            return 0
        hold = HOLD_SECONDS_MAX if deadline_s is None else deadline_s
        return self._services.proposer.submit(
            call.method, call.tenant, call.principal, call.client_id, request, done, hold
        )

    async def query(self, call: Call, request: bytes, deadline_s: float | None) -> Result:
        """Answers from the state: a state that has everything that was acknowledged before the call, unless `stale`."""
        if not call.stale:
            if self._services.reads.is_full:
                return refused(Code.RESOURCE_EXHAUSTED, QUEUE_FULL)
            hold = HOLD_SECONDS_MAX if deadline_s is None else min(deadline_s, HOLD_SECONDS_MAX)
            if not await self.is_current(hold):
                return refused(Code.UNAVAILABLE, NO_LEADER)
        return self._services.query(call.method, call.tenant, call.principal, request)

    async def is_current(self, seconds: float) -> bool:
        """Whether within so many seconds this node has everything that was acknowledged anywhere before now.

        It has not while nobody leads with a majority, and not while it is behind.
        """
        current: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        reads = self._services.reads
        number = reads.when_current(partial(_settle, current, True))
        try:
            async with asyncio.timeout(seconds):
                return await current
        except TimeoutError:
            return False
        finally:
            reads.forget(number)


def _settle(future: asyncio.Future[T], outcome: T) -> None:
    """A caller that has gone has cancelled what it waits for, and may not have been able to say so yet."""
    if not future.done():
        future.set_result(outcome)
