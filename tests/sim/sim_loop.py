"""An asyncio loop of one simulated process: coroutines run in virtual time, and end where the process ends."""

import asyncio
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from sim_world import NodeTime


class SimLoop(asyncio.AbstractEventLoop):
    """No more than tasks, futures and timers need."""

    def __init__(self, time: NodeTime) -> None:
        self._time = time

    def time(self) -> float:
        return self._time.monotonic()

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._time.call_soon(lambda: self._run(handle))
        return handle

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._time.call_at(when, lambda: self._run(handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **named: Any) -> "asyncio.Task[Any]":
        return asyncio.Task(coro, loop=self, **named)

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A task that a dead process has left is no error; whatever else went wrong is one."""
        if (error := context.get("exception")) is not None:
            raise error

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It stays, and does nothing."""

    def _run(self, handle: asyncio.Handle) -> None:
        if not handle.cancelled():
            events._set_running_loop(self)
            try:
                handle._run()
            finally:
                events._set_running_loop(None)
