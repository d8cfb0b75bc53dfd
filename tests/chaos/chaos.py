"""Disturbs three real nodes with real clients for as long as it is told, and says what that cost.

usage: PYTHONPATH=.:tests/processes python tests/chaos/chaos.py --minutes 5 [--seed N] [--faults PATTERN]
       [--logs DIRECTORY] [--write]

Each kind of fault comes once before any comes again; the seed decides on order and details. It ends, with exit code 1,
at the first round in which anything was lost, happened twice, or is strange otherwise; with 2 if this machine does not
permit it.
"""

import re
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from random import Random

import figures
from disturbing import arguments, disturb
from faults import FAULTS, Fault, permitted
from machines import Machines
from rounds import Round, Rounds

LETTERS_MAX = 2_000
"""Of one finding that are printed."""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--faults", default="", help="a regular expression: only kinds whose name it is found in")
    given = parser.parse_args()
    kinds = [kind for kind in permitted() if re.search(given.faults, kind.name)]
    print(f"seed {given.seed}; {len(kinds)} kinds of faults", flush=True)
    for kind in FAULTS:
        if not kind.is_permitted():
            print(f"left out, not permitted on this machine: {kind.name}", flush=True)
    rounds = disturb(given.logs, lambda machines: _story(machines, kinds, given.seed, 60.0 * given.minutes))
    acknowledged = sum(round.acknowledged for round in rounds)
    summary = f"{len(rounds)} rounds in {given.minutes:g} minutes from seed {given.seed}; {acknowledged} commands of"
    table = [f"{summary} steady callers were acknowledged.", "", *figures.disasters(rounds, [k.name for k in FAULTS])]
    print("\n".join(table))
    if given.write:
        figures.write("make chaos", table)
    return 1 if any(round.findings for round in rounds) else 0


async def _story(machines: Machines, kinds: Sequence[type[Fault]], seed: int, seconds: float) -> list[Round]:
    told, until = list[Round](), time.monotonic() + seconds
    async with Rounds(machines, seed) as rounds:
        for kind in _in_turns(kinds, Random(seed)):
            if time.monotonic() > until or (told and told[-1].findings):
                break
            told.append(await rounds.round(kind))
            print(f"{time.strftime('%H:%M:%S')} #{len(told)} {told[-1]}", flush=True)
            for finding in told[-1].findings:
                print(f"    {finding[:LETTERS_MAX]}", flush=True)
    return told


def _in_turns(kinds: Sequence[type[Fault]], chance: Random) -> Iterator[type[Fault]]:
    while True:
        yield from chance.sample(kinds, len(kinds))


if __name__ == "__main__":
    sys.exit(main())
