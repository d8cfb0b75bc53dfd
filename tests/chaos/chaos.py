"""Disturbs three real nodes with real clients for as long as it is told, and says what that cost.

usage: python tests/chaos/chaos.py --minutes 5 [--seed N] [--faults PATTERN] [--logs DIRECTORY] [--write]

Each kind of fault comes once before any comes again; seed and time decide on order and details. Exit code 1 if anything
was lost, happened twice, or is strange otherwise; 2 if this machine does not permit it. `--write` puts the table into
docs/reliability.md.
"""

import argparse
import asyncio
import logging
import re
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "processes")]

import figures  # noqa: E402
from faults import FAULTS, Fault, permitted  # noqa: E402
from machines import Machines  # noqa: E402
from rounds import Round, Rounds  # noqa: E402
from small_disks import NotPermitted  # noqa: E402

LINES_MAX = 2_000
"""Characters of one finding that are printed."""


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything is removed then, too
    logs: Path = arguments.logs or Path(tempfile.mkdtemp(prefix="konik-logs-"))
    logs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=logs / "clients.log", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    kinds = [kind for kind in permitted() if re.search(arguments.faults, kind.name)]
    print(f"seed {arguments.seed}; {len(kinds)} kinds of faults; logs will be in {logs}", flush=True)
    for kind in set(FAULTS) - set(permitted()):
        print(f"not permitted here, left out: {kind.name}", flush=True)
    try:
        with Machines(logs) as machines:
            results = asyncio.run(_disturb(machines, kinds, arguments.seed, 60.0 * arguments.minutes))
    except NotPermitted as refusal:
        print(f"chaos: {refusal}", file=sys.stderr)
        return 2
    table = figures.disasters(results, [kind.name for kind in FAULTS])
    print("\n".join(table))
    if arguments.write:
        figures.write("make chaos", table)
    return 1 if any(result.findings for result in results) else 0


async def _disturb(machines: Machines, kinds: Sequence[type[Fault]], seed: int, seconds: float) -> list[Round]:
    results, until = list[Round](), time.monotonic() + seconds
    async with Rounds(machines, seed) as rounds:
        for number, kind in enumerate(_in_turns(kinds, Random(seed)), 1):
            if time.monotonic() > until:
                return results
            result = await rounds.round(kind)
            results.append(result)
            print(f"{time.strftime('%H:%M:%S')} #{number} {result}", flush=True)
            for finding in result.findings:
                print(f"    {finding[:LINES_MAX]}", flush=True)
    return results


def _in_turns(kinds: Sequence[type[Fault]], chance: Random) -> Iterator[type[Fault]]:
    while True:
        yield from chance.sample(kinds, len(kinds))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--faults", default="", help="a regular expression: only kinds whose name it is found in")
    parser.add_argument("--logs", type=Path, help="where the nodes' logs and the clients' are left")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
