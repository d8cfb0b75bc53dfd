"""The passing of time as the SDK sees it: injected, so that a test goes through minutes of back-off at once."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """A clock that only ever goes forward, and can be waited on."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
