"""A cluster of which backups are taken under faults, and another one that is made from one of them and goes on.

Backup and restore are the very ones of `konik backup` and `konik restore`. When they are asked for, of which node, and
which backup is restored has a chance of its own, made of the seed.
"""

import asyncio
from collections.abc import Container
from dataclasses import dataclass
from math import inf
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from sim_aftermath import find_in_ledgers, send_events_again, wf_run
from sim_directory import Replayed, configuration, take_up
from sim_faults import Cause
from sim_loop import SimLoop
from sim_node import Node
from sim_nodes import Nodes
from sim_promises import remembers
from sim_world import Violation

from konik.cluster.backup import Backups
from konik.cluster.backup_file import BackupRefused
from konik.cluster.restore import restore_data_directory
from konik.statemachine.entry import Result
from konik.statemachine.rejection import Rejection

PIECE_BYTES = 20_000
"""Of a backup as it reaches the operator."""

RESTORED_SECONDS = 2.0
"""How long clients and faults come to the new cluster before it must be at rest."""


@dataclass
class Taken:
    """A backup as the operator has it, and what was acknowledged before it was asked for."""

    file: Path
    wf_runs: frozenset[str]
    answers: dict[str, Result]
    is_whole: bool = False


class Restoration(Nodes):
    def __init__(self, seed: int, directory: Path, left_out: Container[Cause] = ()) -> None:
        super().__init__(seed, directory, left_out)
        self.left_out = left_out
        self._directory = directory
        self._chance = Random(f"{seed}/restoration")
        self._every = self._chance.choice((0.2, 0.6))
        self._asked = 0
        self._taken: list[Taken] = []

    def live(self, seconds: float, steps: float = inf) -> None:
        super().live(seconds, steps)
        for each in self._taken:
            if not each.is_whole:
                self._refuse(each)
        whole = [each for each in self._taken if each.is_whole]
        if whole:
            self._restore(self._chance.choice(whole))

    # backups

    def _suffer(self) -> None:
        super()._suffer()
        self._ask()

    def _ask(self) -> None:
        if not self.is_faulty:
            return
        awake = [node for node in self.nodes if node.is_awake]
        if awake:
            node = self._chance.choice(awake)
            taking = SimLoop(node.time).create_task(self._take(node))
            taking.add_done_callback(asyncio.Task.result)
        self.world.after(2 * self._chance.random() * self._every, self._ask)

    async def _take(self, node: Node) -> None:
        self._asked += 1
        file = self._directory / f"backup-{self._asked}"
        taken = Taken(file, frozenset(self.promises.started), self.promises.answers)
        pause = self._chance.choice((0.0, 0.2))
        taking = Backups(_as_served(node)).take()  # not by `async with`: nobody tidies up where a process dies
        try:
            backup = await taking.__aenter__()
        except Rejection as rejection:
            self.world.note(node.name, "gives no backup", rejection.message)
            self.counts["backups refused"] += 1
            return
        self._taken.append(taken)
        file.write_bytes(backup.head)
        for chunk in backup.chunks():
            for start in range(0, len(chunk), PIECE_BYTES):
                await asyncio.sleep(pause)
                with file.open("ab") as written:
                    written.write(chunk[start : start + PIECE_BYTES])
        await taking.__aexit__(None, None, None)
        taken.is_whole = True
        self.world.note(node.name, "has given", file.name)
        self.counts["backups"] += 1

    # what is made of them

    def _refuse(self, cut_short: Taken) -> None:
        """The node has died in the middle of it."""
        self.counts["backups cut short"] += 1
        config = configuration(self.nodes[0], "restored", self._directory / f"refused-{cut_short.file.name}")
        try:
            restore_data_directory(config, cut_short.file)
        except BackupRefused:
            return
        raise Violation(f"{cut_short.file.name} was cut short, and is restored")

    def _restore(self, taken: Taken) -> None:
        restored = Restored(self, taken, self._directory / "restored", self._chance)
        try:
            restored.live(RESTORED_SECONDS)
        finally:
            for node in restored.running():
                node.crash()
            self.faults.number = restored.faults.number
            self.faults.happened += restored.faults.happened
            self.world.trace.extend(restored.world.trace)
        self.world.note("all", "go on as another cluster", restored.world.fingerprint)
        self.counts.update({"restored": 1, "WfRuns restored": len(restored.held)})


class Restored(Nodes):
    """The cluster that is made from a backup. Its faults go on from the numbers of those before."""

    def __init__(self, before: Restoration, taken: Taken, directory: Path, chance: Random) -> None:
        super().__init__(chance.getrandbits(32), directory, before.left_out)
        self.faults.number = before.faults.number
        self.compares_states = True
        self.world.now = before.world.now
        self.wf_runs, self.requests = [*before.wf_runs], before.requests
        self.histories = {ledger: [] for ledger in before.histories}
        for node in self.nodes:
            restore_data_directory(configuration(node, "restored"), taken.file, chance.randbytes)
            take_up(node)
        self._has = Replayed(self.nodes[0], directory / "looked-at")
        self.held = {id: number for number, id in enumerate(self.wf_runs, 1) if wf_run(self._has.machine, id)}
        self._check(taken)
        self.promises.started |= self.held
        self.promises.lost |= set(self.wf_runs) - self.held.keys()

    def _check(self, taken: Taken) -> None:
        """What was acknowledged before it was asked for is there."""
        if missing := taken.wf_runs - self.held.keys():
            raise Violation(f"{taken.file.name} lacks {sorted(missing)}, acknowledged before it was asked for")
        answers = taken.answers.items()
        if missing := [id for id, answer in answers if not remembers(self._has.store, id, answer)]:
            raise Violation(f"{taken.file.name} lacks {missing}, answered before it was asked for")

    def live(self, seconds: float, steps: float = inf) -> None:
        for node in self.nodes:
            node.start()
        for worker in self._workers:
            worker.live()
        send_events_again(self, self._has.machine)
        find_in_ledgers(self, self._has.machine, self.world.now)
        self._has.store.close()
        self._live_a_round(seconds, steps)


def _as_served(node: Node) -> Any:
    """What a backup asks of a node, in which it believes to be a real one."""
    config = SimpleNamespace(node=node.name, cluster_id="simulated")
    return SimpleNamespace(
        config=config,
        services=node.services,
        store=node.store,
        checkpointer=node.checkpointer,
        fresh_checkpoints=node.fresh_checkpoints,
        copies=node.copies,
    )
