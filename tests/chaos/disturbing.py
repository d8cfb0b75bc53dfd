"""What the commands of this folder share: machines for as long as they run, and logs that outlive them."""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from machines import HASTY, Machines
from small_disks import NotPermitted

NOT_PERMITTED = 2
"""Exit code."""

Found = TypeVar("Found")


def arguments(about: str) -> argparse.ArgumentParser:
    """With those that every command has."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, help="where the nodes' logs and the clients' are left")
    parser.add_argument("--write", action="store_true", help="the table goes into docs/reliability.md")
    return parser


def disturb(
    logs: Path | None,
    story: Callable[[Machines], Coroutine[Any, Any, Found]],
    settings: Mapping[str, object] = HASTY,
) -> Found:
    """Sets the machines up for a story, and removes them whatever comes of it. Exits if they are not permitted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logs = logs or Path(tempfile.mkdtemp(prefix="konik-logs-"))
    logs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=logs / "clients.log", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("asyncio").addFilter(_is_no_spurious_wakeup)
    print(f"logs will be in {logs}", flush=True)
    try:
        with Machines(logs, settings) as machines:
            return asyncio.run(story(machines))
    except NotPermitted as refusal:
        print(f"not permitted on this machine: {refusal}", file=sys.stderr)
        sys.exit(NOT_PERMITTED)


def _is_no_spurious_wakeup(record: logging.LogRecord) -> bool:
    """Loops of several threads share one poller of grpcio: each is woken for what another one takes, and complains."""
    return "PollerCompletionQueue._handle_events" not in record.getMessage()
