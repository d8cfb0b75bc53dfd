"""Whole nodes keep their promises under faults; and the simulation would notice if they did not."""

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sim_nodes import Nodes, run
from sim_promises import Promises
from sim_world import Violation

from konik.cluster import services as services_module
from konik.cluster.clock import LeaderClock
from konik.cluster.polls import Polls
from konik.cluster.proposer import Proposer
from konik.cluster.reads import Reads
from konik.cluster.services import Services
from konik.statemachine import dedup
from konik.statemachine.entry import CommandId
from konik.statemachine.registry import METHODS

SECONDS = 6.0
MUTANT_SEEDS = 30
"""In which a mutant must be seen."""


@pytest.mark.parametrize("seed", range(200))
def test_no_promise_is_broken(seed: int, tmp_path: Path) -> None:
    run(seed, SECONDS, tmp_path)


def test_what_is_rare_in_life_happens_here(tmp_path: Path) -> None:
    counts = Counter[str]()
    for seed in range(2000, 2020):
        counts += run(seed, SECONDS, tmp_path / str(seed)).counts
    for thing in (
        "answers",
        "checkpoints",
        "connections broken",
        "copies installed",
        "crashes",
        "frames delayed",
        "frames stopped",
        "ledger calls",
        "reads",
        "reports lost",
        "slow tasks",
        "streams closed",
        "tasks given back",
        "this node was out of reach; its workers' requests are handed in again",
        "transfers",
    ):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"


def test_the_same_seed_gives_the_same_run_under_another_hash_seed(tmp_path: Path) -> None:
    script = "import sys; from sim_nodes import *; print(run(7, 3.0, Path(sys.argv[1])).world.fingerprint)"
    fingerprints = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / hash_seed)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(fingerprints) == 1


# Each of these breaks one rule of the services; the simulation must see the disaster.

Patch = pytest.MonkeyPatch


def drop_what_comes_before_the_office_begins(patch: Patch) -> None:
    honest = Proposer.received
    patch.setattr(Proposer, "received", lambda self, *rest: self._leader == self._node and honest(self, *rest))


def send_nothing_again_on_a_new_connection(patch: Patch) -> None:
    patch.setattr(Services, "on_connection", lambda self, peer, up: None)


def wait_for_nothing_below_the_next_number(patch: Patch) -> None:
    patch.setattr(Proposer, "_floor", lambda self: CommandId(self._node, self._nonce, self._number + 1))


def run_what_has_run(patch: Patch) -> None:
    patch.setattr(dedup, "recall", lambda view, command, now_ms: None)


def read_at_once(patch: Patch) -> None:
    patch.setattr(Reads, "when_current", lambda self, then: then())


def read_at_once_when_only_histories_tell(patch: Patch) -> None:
    read_at_once(patch)
    patch.setattr(Promises, "read", lambda self, *rest: None)


def run_what_has_run_when_only_histories_tell(patch: Patch) -> None:
    run_what_has_run(patch)
    patch.setattr(Promises, "answered", lambda self, *rest: None)


def take_the_time_of_the_wall_alone(patch: Patch) -> None:
    patch.setattr(services_module, "LeaderClock", lambda last_ms, *clocks: LeaderClock(0, *clocks))


def end_the_session_of_a_node_out_of_reach(patch: Patch) -> None:
    honest = METHODS["konik.LoseNode"]

    def lose(context: Any, request: Any) -> Any:
        dedup.end_session(context.txn, request.node, request.nonce)
        return honest.run(context, request)

    patch.setitem(METHODS, "konik.LoseNode", dataclasses.replace(honest, run=lose))


def hand_in_nothing_again_in_a_new_term(patch: Patch) -> None:
    patch.setattr(Polls, "term_began", lambda self: None)


def hand_in_nothing_again_after_a_loss(patch: Patch) -> None:
    patch.setattr(Polls, "lost", lambda self: None)


def hand_in_again_without_withdrawing(patch: Patch) -> None:
    patch.setattr(Polls, "lost", Polls.term_began)


def notice_no_snapshot(patch: Patch) -> None:
    patch.setattr(Polls, "installed", lambda self, undelivered: None)


def deliver_to_any_process_of_the_node(patch: Patch) -> None:
    honest = Polls.deliver
    patch.setattr(Polls, "deliver", lambda self, delivery: honest(self, delivery._replace(nonce=self._nonce)))


def tell_of_no_delivery(patch: Patch) -> None:
    patch.setattr(Polls, "delivered", lambda self, delivery: None)


def give_nothing_back(patch: Patch) -> None:
    patch.setattr(Polls, "give_back", lambda self, deliveries: None)


@pytest.mark.parametrize(
    ("mutate", "first_seed"),
    [
        (drop_what_comes_before_the_office_begins, 0),
        (send_nothing_again_on_a_new_connection, 0),
        (wait_for_nothing_below_the_next_number, 0),
        (run_what_has_run, 0),
        (read_at_once, 0),
        (read_at_once_when_only_histories_tell, 0),
        (run_what_has_run_when_only_histories_tell, 0),
        (take_the_time_of_the_wall_alone, 0),
        (end_the_session_of_a_node_out_of_reach, 0),
        (hand_in_nothing_again_in_a_new_term, 0),
        (hand_in_nothing_again_after_a_loss, 0),
        (hand_in_again_without_withdrawing, 100),
        (notice_no_snapshot, 0),
        (deliver_to_any_process_of_the_node, 0),
        (tell_of_no_delivery, 0),
        (give_nothing_back, 0),
    ],
)
def test_the_simulation_notices(
    mutate: Callable[[Patch], None], first_seed: int, monkeypatch: Patch, tmp_path: Path
) -> None:
    """The first seed is another one than 0 for what is rare: finding it again is to take seconds, not minutes."""
    mutate(monkeypatch)
    for seed in range(first_seed, first_seed + MUTANT_SEEDS):
        try:
            Nodes(seed, tmp_path / str(seed)).live(SECONDS)
        except Violation:
            return
    pytest.fail(f"nothing was seen in {MUTANT_SEEDS} seeds")
