"""Which server to ask next, and when: the retry policy, decided once and free of I/O.

`attempts` is a generator. It yields a `Try` or a `Pause`; the driver (client.py) carries it out and sends back the
`Failure` of a try. Nothing here sleeps, reads a clock or opens a connection, so a test walks through an outage by hand.

A repeat goes out under the same request id (the driver's part), which the cluster runs once however often it comes.
A request with effects and no such id is not `repeatable`: it is given up as soon as a server may have seen it.
"""

import random
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Never

import grpc

from konik.sdk.errors import from_status

BACKOFF_FIRST_S = 0.05
BACKOFF_FACTOR = 2.0
BACKOFF_MAX_S = 1.0

# A server that accepted the call and says nothing (stopped, or cut off) is left for another after this time. Servers
# hold a call for up to 15 s while they have no leader, and answer UNAVAILABLE themselves.
SILENCE_MAX_S = 20.0

# How long a server that failed is not begun with, though it be said to lead.
DISTRUST_S = 10.0

# Answers after which another server may do better.
ELSEWHERE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED})


@dataclass(frozen=True)
class Try:
    """Send the request to `server` and wait for at most `timeout_s`."""

    server: str
    timeout_s: float


@dataclass(frozen=True)
class Pause:
    """Wait before the next try."""

    seconds: float


@dataclass(frozen=True)
class Failure:
    """How a try ended, `at` the monotonic time in seconds; `retry_after_s` is the server's RetryInfo, if one came."""

    code: grpc.StatusCode
    message: str
    at: float
    retry_after_s: float | None = None


class Servers:
    """The known servers, and the one that calls start at: the leader, or whichever answered last."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = list(dict.fromkeys(addresses))
        if not self._addresses:
            raise ValueError("no server given; pass at least one 'host:port'")
        self._current = self._addresses[0]
        self._failed_at: dict[str, float] = {}

    @property
    def addresses(self) -> Sequence[str]:
        return tuple(self._addresses)

    def add(self, addresses: Iterable[str]) -> None:
        """Adds servers that the cluster named."""
        self._addresses = list(dict.fromkeys([*self._addresses, *addresses]))

    def answered(self, address: str) -> None:
        """Remembers a server that works. One that is not on the list (a worker's own host) is not taken up."""
        if address in self._addresses:
            self._current = address

    def failed(self, address: str, now: float) -> None:
        """This server did not answer, whatever others say of it."""
        self._failed_at[address] = now

    def leads(self, address: str, now: float) -> None:
        """Another server says that this one leads. Believed unless it failed just now: it may be out of our reach."""
        if now - self._failed_at.get(address, -DISTRUST_S) >= DISTRUST_S:
            self.answered(address)

    def order(self, first: str | None = None) -> list[str]:
        """All servers, beginning with `first` (listed or not) or the one that answered last."""
        start = first or self._current
        if start not in self._addresses:
            return [start, *self.order()]
        position = self._addresses.index(start)
        return self._addresses[position:] + self._addresses[:position]


def backoffs(chance: random.Random) -> Generator[float, None, Never]:
    """Growing waits in seconds, each drawn between half and the whole of its step: callers must not come in waves."""
    step = BACKOFF_FIRST_S
    while True:
        yield step * (0.5 + chance.random() / 2)
        step = min(step * BACKOFF_FACTOR, BACKOFF_MAX_S)


def attempts(
    request: str, order: Sequence[str], now: float, timeout_s: float, chance: random.Random, *, repeatable: bool = True
) -> Generator[Try | Pause, Failure | None, Never]:
    """The tries for one request that starts `now`. Raises a `RequestError` when there is nothing left to do.

    The first lap over the servers goes without a pause; after each lap comes a growing one. A server that names a
    delay (quota, full queue) is asked again after exactly that.
    """
    deadline = now + timeout_s
    waits = backoffs(chance)
    turn = 0
    while True:
        failure = yield Try(order[turn % len(order)], min(deadline - now, SILENCE_MAX_S))
        assert failure is not None, "the driver reports how a try ended"
        if failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED and failure.retry_after_s is not None:
            pause = failure.retry_after_s
        elif repeatable and failure.code in ELSEWHERE:
            turn += 1
            pause = next(waits) if turn % len(order) == 0 else 0.0
        else:
            raise from_status(request, failure.code, failure.message)
        now = failure.at + pause
        if now >= deadline:
            raise from_status(request, failure.code, failure.message)
        if pause > 0.0:
            yield Pause(pause)
