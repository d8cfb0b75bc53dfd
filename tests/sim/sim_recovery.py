"""A cluster that loses all its disks but one under faults, and goes on with what is left on that.

The operator runs the very recovery that `konik recover` runs, on the one node that is left, and takes in the others
anew. What was acknowledged and had not reached that node may be lost, and nothing else. Whom it befalls and when has a
chance of its own, made of the seed.
"""

from collections.abc import Container
from pathlib import Path
from random import Random
from unittest.mock import patch

from sim_aftermath import find_in_ledgers, send_events_again
from sim_clients import Call
from sim_directory import Replayed, configuration, lay_out, take_up
from sim_faults import Cause
from sim_node import Node
from sim_nodes import Nodes
from sim_world import Violation

from konik.api.pb.task_requests_pb2 import ReportTaskRun
from konik.cluster.config import Config
from konik.cluster.identity import DirectoryRefused
from konik.cluster.journal import LmdbJournal
from konik.cluster.node import LOG_DIRECTORY
from konik.cluster.recover import RecoveryRefused, survivor
from konik.cluster.store.errors import StoreError
from konik.cluster.store.opening import open_store
from konik.statemachine.entry import ClientId, Result, ok, refused
from konik.statemachine.rejection import Code

DYING_SECONDS = 0.01
"""What a process that has found its disk damaged needs to come to its end."""


class Killed(Exception):
    """The operator's command ends there."""


class LeftNode(Node):
    """It does not start while it waits for its recovery."""

    cluster: "Recovery"

    def start(self) -> None:
        if self.cluster.left is not self:
            super().start()


class Recovery(Nodes):
    """Once in each round of faults, one disk is all that is left."""

    node_class = LeftNode

    def __init__(self, seed: int, directory: Path, left_out: Container[Cause] = ()) -> None:
        super().__init__(seed, directory, left_out)
        self.left: Node | None = None
        """Whose recovery is awaited."""
        self.compares_states = True
        self._directory = directory
        self._chance = Random(f"{seed}/recovery")
        self._recoveries = 0
        self._struck_at = 0.0

    def _suffer(self) -> None:
        super()._suffer()
        self.world.after(self._chance.uniform(0.5, 2.5), self._strike)

    def _strike(self) -> None:
        if any(node.is_dying for node in self.nodes):
            self.world.after(DYING_SECONDS, self._strike)
        elif self.is_faulty and self.left is None:
            sound = [node for node in self.nodes if not node.disk.is_damaged and node not in self.joining]
            behind = min(sound, key=lambda node: node.disk.last.index)
            self._lose_all_but(self._chance.choice((behind, self._chance.choice(sound))))

    def _lose_all_but(self, left: Node) -> None:
        """All processes end, and all disks but one are gone. Their new ones belong to the new cluster from the start:
        the operator has given it its name."""
        self._recoveries += 1
        self.left, self._struck_at = left, self.world.now
        self.world.note(left.name, "is all that is left")
        left.crash()
        config = configuration(left, f"recovered-{self._recoveries}")
        others = [node for node in self.nodes if node is not left]
        if self._chance.random() < 0.3:
            self._try_a_damaged_one(self._chance.choice(others))
        for node in others:
            node.belongs_to = config.cluster_bytes
            self.lose_disk(node, self._chance.randbytes(16), self._chance.uniform(0.1, 2.0))
        self.world.after(self._chance.uniform(0.3, 2.0), lambda: self._recover(left, config))

    def _try_a_damaged_one(self, node: Node) -> None:
        """The operator has begun with the wrong one, whose disk is not sound."""
        node.crash()
        what = self.damage.strike(node.disk)
        lay_out(node)
        try:
            with survivor(configuration(node, "recovered")):
                raise Violation(f"{node.name} can be recovered, whose disk {what}")
        except RecoveryRefused:
            self.counts["recoveries refused"] += 1

    def may_lose_a_disk(self) -> bool:
        return self.left is None and super().may_lose_a_disk()

    # what the operator does

    def _recover(self, left: Node, config: Config) -> None:
        had = Replayed(left, self._directory / f"left-{self._recoveries}")
        lay_out(left)
        if self._chance.random() < 0.5:
            self._begin_and_be_killed(left, config)
        with survivor(config) as found:
            found.found_cluster(self._chance.randbytes)
        take_up(left)
        self.world.note(left.name, "is recovered with", had.log[-1].index, "entries,", had.committed, "committed")
        self._promise_what_is_left(had)
        had.store.close()
        self.left = None
        left.start()

    def _begin_and_be_killed(self, left: Node, config: Config) -> None:
        """The state is marked by then, and the log is not. No node starts on that, of whichever cluster."""
        with survivor(config) as found, patch.object(LmdbJournal, "found", side_effect=Killed):
            try:
                found.found_cluster()
            except Killed:
                self.counts["recoveries interrupted"] += 1
        for cluster in (left.belongs_to, config.cluster_bytes):
            if _starts(left, cluster):
                raise Violation(f"{left.name} starts in the middle of its recovery")

    # what is promised from then on

    def _promise_what_is_left(self, had: Replayed) -> None:
        before = len(self.promises.lost)
        self.promises.only_this_is_left(had.log[-1].index, had.committed, had.sum, had.store, had.machine)
        self.counts["recoveries"] += 1
        self.counts["WfRuns kept"] += len(self.promises.started)
        self.counts["WfRuns lost"] += len(self.promises.lost) - before
        find_in_ledgers(self, had.machine, self._struck_at)
        send_events_again(self, had.machine)

    def understood(self, call: Call, sent_as: ClientId | None, result: Result) -> Result:
        """Nobody wonders at reports of what was lost, nor at a clock that shows less than that of the old cluster: the
        call is made anew, with the time of this one."""
        if result.code is Code.INVALID_ARGUMENT and "from the future" in result.message and self._recoveries:
            if call.client_id == sent_as:  # unless another sending was told the same before
                call.client_id = None
            return refused(Code.UNAVAILABLE, result.message)
        if result.code is Code.INVALID_ARGUMENT and call.method == "ReportTask":
            report = ReportTaskRun.FromString(call.request)
            it = report.task_run_id
            if (it.wf_run_id.id, it.task_guid, report.attempt_number) in self.promises.lost_attempts:
                self.counts["reports of what was lost"] += 1
                return ok(b"")
        return result

    def _is_done(self) -> bool:
        return self.left is None and super()._is_done()


def _starts(node: Node, cluster: bytes) -> bool:
    """Opens log and state as a server does."""
    try:
        path = str(node.directory / LOG_DIRECTORY)
        LmdbJournal.open(path, node.name, cluster, lambda work: None, lambda error: None).close()
        open_store(node.state, cluster, node.name).close()
    except (DirectoryRefused, StoreError):
        return False
    return True
