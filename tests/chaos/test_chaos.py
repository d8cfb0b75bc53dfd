"""A short story of disasters: real nodes, cut off, slowed down and killed, lose nothing and do nothing twice."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest
from faults import FAULTS, permitted
from machines import Machines
from rounds import Round, Rounds
from small_disks import NotPermitted

REQUIRED = "KONIK_CHAOS_REQUIRED"
"""Whoever sets it takes it for a failure if this machine does not permit networks of its own."""

SEED = 1
SECONDS_MAX, CALM_SECONDS = 1.0, 0.3
"""Of each fault, and before and after it."""


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with ExitStack() as stack:
        try:
            machines = stack.enter_context(Machines())
        except NotPermitted as refusal:
            if REQUIRED in os.environ:
                pytest.fail(f"{REQUIRED} is set, but this machine does not permit it: {refusal}")
            pytest.skip(f"not permitted on this machine: {refusal}")
        yield machines


def test_disasters_of_every_kind_cost_time_and_nothing_else(machines: Machines) -> None:
    async def story() -> Round:
        async with Rounds(machines, Random(SEED), SECONDS_MAX, CALM_SECONDS) as rounds:
            return await rounds.round(*permitted())

    round = asyncio.run(story())
    assert round.findings == [], "\n".join([str(round), *round.findings])
    assert [strike.fault for strike in round.strikes] == [kind.name for kind in permitted()]
    assert round.acknowledged > 0


def test_a_fault_of_each_kind_bears_a_name_of_its_own() -> None:
    assert len({kind.name for kind in FAULTS}) == len(FAULTS)
