"""A short story of disasters: real nodes, cut off, slowed down and killed, lose nothing and do nothing twice."""

import asyncio
from collections.abc import Iterator

import pytest
from faults import FAULTS, permitted
from machines import Machines
from permission import permitted_or_skipped
from rounds import Round, Rounds

SEED = 1
SECONDS_MAX, CALM_SECONDS = 1.0, 0.3
"""Of each fault, and before and after it."""


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    yield from permitted_or_skipped(Machines)


def test_disasters_of_every_kind_cost_time_and_nothing_else(machines: Machines) -> None:
    async def story() -> Round:
        async with Rounds(machines, SEED, SECONDS_MAX, CALM_SECONDS) as rounds:
            return await rounds.round(*permitted())

    round = asyncio.run(story())
    assert round.findings == [], "\n".join([str(round), *round.findings])
    assert [strike.fault for strike in round.strikes] == [kind.name for kind in permitted()]
    assert round.acknowledged > 0


def test_a_fault_of_each_kind_bears_a_name_of_its_own() -> None:
    assert len({kind.name for kind in FAULTS}) == len(FAULTS)
