"""At any moment a node may stop: its last checkpoint and the log behind it hold all that it knew.

One replica goes on. Again and again another one is made of what is on its disk and of the log, and the whole key spaces
are compared, with their timers, tickets, sessions, remembered results and indexes. So nothing that decides what happens
may be kept anywhere but in the state, and a checkpoint leaves nothing out.
"""

import shutil
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from replica import JOB_SECONDS, Replica, logged
from stories import Story

from konik.statemachine import keys

ACTIONS = 150
CHECKPOINTS = 0.2
"""The probability of one after an entry."""

LOSABLE = {
    "timers": keys.TIMER,
    "tasks in queues": keys.TASK_QUEUE,
    "tickets": keys.TICKET,
    "undelivered attempts": keys.ASSIGNED,
    "sessions": keys.SESSION,
    "results of commands": keys.SESSION_RESULT,
    "results of request ids": keys.CLIENT_RESULT,
    "waiters for correlated events": keys.CORRELATION_WAITER,
    "indexes": keys.INDEX,
}


class Life:
    """A story, and the replica that goes on through it, stopped in thought with a probability after each entry."""

    def __init__(self, seed: int, stops: float, directory: Path) -> None:
        self.chance = Random(f"{seed}/disk")
        self.story = Story(Random(seed))
        self.stops, self.directory = stops, directory
        self.replica = Replica(directory / "goes-on")
        self.counts = Counter[str]()

    def live(self) -> Counter[str]:
        """What there was to be lost at the stops."""
        self.follow()
        for _ in range(ACTIONS):
            self.story.go_on()
            self.follow()
        self.story.flush()
        self.follow()
        assert self.replica.pairs() == self.story.view.pairs
        assert self.replica.hash() == self.replica.store.recount()
        return self.counts

    def follow(self) -> None:
        """To the end of the log."""
        replica, chance = self.replica, self.chance
        for entry in logged(self.story.recorded)[replica.pump.applied :]:
            replica.pump.feed([entry])
            if chance.random() < CHECKPOINTS:
                replica.begin_checkpoint()
            if chance.random() < self.stops:
                self.stop()
            replica.clock.advance(chance.choice((0, 0, JOB_SECONDS, 3 * JOB_SECONDS)))

    def stop(self) -> None:
        replica, directory = self.replica, self.directory / "restarted"
        restarted = replica.restarted(directory, logged(self.story.recorded))
        assert restarted.pump.applied == replica.pump.applied
        assert restarted.pairs() == replica.pairs()
        assert restarted.hash() == replica.hash()
        assert restarted.steps.items() <= replica.steps.items(), "an entry leads to something else the second time"
        self.count(restarted)
        restarted.store.close()
        shutil.rmtree(directory)

    def count(self, restarted: Replica) -> None:
        store, image = self.replica.store, restarted.store.image
        self.counts["entries applied again"] += len(restarted.steps)
        if store.frozen is not None:
            written = restarted.store.checkpoint.index > store.checkpoint.index
            self.counts["checkpoints unheard of" if written else "checkpoints on their way"] += 1
        for name, table in LOSABLE.items():
            self.counts[name] += image.has_in(table, keys.after(table))


@pytest.mark.parametrize("seed", range(12))
def test_a_node_that_stops_after_any_entry_comes_back_as_it_was(seed: int, tmp_path: Path) -> None:
    Life(seed, 1.0, tmp_path).live()


@pytest.mark.parametrize("seed", range(100, 140))
def test_a_node_that_stops_now_and_then_comes_back_as_it_was(seed: int, tmp_path: Path) -> None:
    Life(seed, 0.05, tmp_path).live()


def test_there_is_everything_to_be_lost(tmp_path: Path) -> None:
    counts = Counter[str]()
    for seed in range(200, 206):
        counts += Life(seed, 0.5, tmp_path / str(seed)).live()
    for thing in (*LOSABLE, "checkpoints on their way", "checkpoints unheard of", "entries applied again"):
        assert counts[thing] > 0, f"nothing of this: {thing}; {counts}"
