"""The cluster keeps its promises under faults; and the simulation would notice if it did not."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import sim_disk
from sim_cluster import Cluster, run
from sim_world import Violation

from konik.cluster import driver as driver_module
from konik.cluster.driver import Driver
from konik.cluster.raft.invariant import BrokenInvariant

SECONDS = 6.0
MUTANT_SEEDS = range(40)


@pytest.mark.parametrize("seed", range(60))
def test_no_promise_is_broken(seed: int) -> None:
    run(seed, SECONDS)


def test_what_is_rare_in_life_happens_here() -> None:
    counts = Counter[str]()
    for seed in range(1000, 1016):
        counts += run(seed, SECONDS).counts
    for thing in (
        "acknowledged",
        "checkpoints",
        "connections broken",
        "crashes",
        "elections",
        "frames delayed",
        "frames stopped",
        "full disks",
        "logs begun anew at start",
        "messages doubled",
        "messages lost",
        "notes heard",
        "reads",
        "snapshots installed",
        "transfers",
    ):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"


def test_the_same_seed_gives_the_same_run_under_another_hash_seed() -> None:
    script = "import sys; from sim_cluster import run; print(run(int(sys.argv[1]), 3.0).world.fingerprint)"
    fingerprints = {
        subprocess.run(
            [sys.executable, "-c", script, "7"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    fingerprints.add(run(7, 3.0).world.fingerprint + "\n")
    assert len(fingerprints) == 1


def test_another_seed_gives_another_run() -> None:
    assert run(7, 1.0).world.fingerprint != run(8, 1.0).world.fingerprint


# Each of these breaks one rule of the shell; the simulation must see the disaster.


def release_before_the_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    def release(self: Driver) -> None:
        while self._held:
            _, peer, frame = self._held.popleft()
            self._network.send(peer, frame)

    monkeypatch.setattr(Driver, "_release", release)


def believe_a_write_before_it_is_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(self: sim_disk.SimJournal, number: int, *rest: object) -> None:
        honest(self, number, *rest)
        self._time.call_soon(lambda: self._synced(number))

    honest = sim_disk.SimJournal.write
    monkeypatch.setattr(sim_disk.SimJournal, "write", write)


def forget_the_vote(monkeypatch: pytest.MonkeyPatch) -> None:
    def put(self: sim_disk.Disk, write: sim_disk.Write) -> None:
        honest(self, write)
        self.vow = self.vow._replace(vote=None)

    honest = sim_disk.Disk.put
    monkeypatch.setattr(sim_disk.Disk, "put", put)


def keep_any_log_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "recover", lambda stored, index, term: (stored, False))


def forget_the_reset_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = sim_disk.SimJournal.write
    monkeypatch.setattr(
        sim_disk.SimJournal,
        "write",
        lambda self, number, vow, entries, reset=False: honest(self, number, vow, entries if not reset else ()),
    )


def say_nothing_of_the_installed_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Driver, "_tell_of_replaced_state", lambda self: None)


def keep_copies_of_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Driver, "_note_connection", lambda self, peer, up: self.core.connected(peer, up))


def cut_the_log_without_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = sim_disk.Disk.cut
    monkeypatch.setattr(sim_disk.Disk, "cut", lambda self, index: honest(self, index + 5 if index else 0))


@pytest.mark.parametrize(
    "mutate",
    [
        release_before_the_sync,
        believe_a_write_before_it_is_synced,
        forget_the_vote,
        keep_any_log_at_start,
        forget_the_reset_of_the_log,
        say_nothing_of_the_installed_copy,
        keep_copies_of_a_lost_connection,
        cut_the_log_without_a_checkpoint,
    ],
)
def test_the_simulation_notices(mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    mutate(monkeypatch)
    for seed in MUTANT_SEEDS:
        try:
            Cluster(seed).live(SECONDS)
        except (Violation, BrokenInvariant):
            return
    pytest.fail(f"nothing was seen in {len(MUTANT_SEEDS)} seeds")
