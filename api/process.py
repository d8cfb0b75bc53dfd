"""One node as a process: its loop, its ports, and the order in which it stops."""

import asyncio
import gc
import os
import signal
import sys
from contextlib import AsyncExitStack
from typing import Any

import lmdb
import structlog
import uvloop

from konik.api.http import Http
from konik.api.server import Server
from konik.cluster.config import Config, ConfigurationError
from konik.cluster.node import Node
from konik.cluster.serving import Serving
from konik.cluster.store.errors import StoreError

GRACE_SECONDS = 0.2
"""For answers that are under way when everything else has been handed over."""

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h: the replica found that it must not go on."""

GC_THRESHOLDS = (5_000, 50, 1_000)
"""Small portions, few of them thorough. grpcio leaves a cycle of five objects per call, and where callers are spread
evenly nodes collect in the same second: with 100,000 they stood still together for 0.2 to 0.4 s, an election's time."""

SWITCH_SECONDS = 0.002
"""How long the thread that syncs the log waits until a busy loop lets it go on; Python's 5 ms would delay commits."""

_FATAL = (AssertionError, MemoryError, StoreError, lmdb.Error)

log = structlog.get_logger()


def run(config: Config) -> None:
    """Runs the node until it is told to stop.

    Raises:
        ConfigurationError: Python would not check the invariants.
        DirectoryRefused, CorruptLog, StoreError: the data directory cannot be used.
        OSError: an address cannot be used.
    """
    if not __debug__:
        raise ConfigurationError("Konik checks its invariants while it runs: start Python without -O")
    uvloop.run(_serve(config))


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.set_exception_handler(_unhandled)
    sys.setswitchinterval(SWITCH_SECONDS)
    node = Node(config, fatal=_fatal)
    server = Server(node, config)
    http = None if config.http is None else Http(node, Serving(node), config.http)
    async with AsyncExitStack() as running:
        running.push_async_callback(node.close)
        await node.start()
        if http is not None:
            running.push_async_callback(http.stop)
        await server.start()
        running.push_async_callback(server.stop, GRACE_SECONDS)
        if http is not None:
            await http.start()
        collect_in_portions()
        await stop.wait()
        log.info("stopping", node=config.node)
        await node.stop()
    log.info("stopped", node=config.node)


def _unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception that nobody has caught. In the storage or an invariant it means that nothing may be built on it."""
    error = context.get("exception")
    if isinstance(error, _FATAL):
        _fatal(error)
    loop.default_exception_handler(context)


def collect_in_portions() -> None:
    """What is there now stays, and is not looked into again; what comes must never hold the loop up for long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _fatal(error: BaseException) -> None:
    """Ends the process at once: what was not synced was not acknowledged, and nothing may be done on top of it."""
    log.critical("this replica must stop", reason=str(error), exc_info=error)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)
