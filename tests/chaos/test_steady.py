"""A load that keeps the machine busy is no reason to take the leader for lost."""

import asyncio

import pytest
from steady import USUAL, tried


def test_nodes_keep_their_leader_under_full_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONIK_CHECKPOINT_SECONDS", "1")  # the load ends when each node has written one
    found = asyncio.run(tried(USUAL, seconds=5.0, idle_seconds=1.0))
    assert found.report.acknowledged
    assert found.report.elections == 0, found
