"""What only the leader does: the time of the log, timers that are due, the members' addresses, lost nodes, and the rise
of the machine's version."""

from collections.abc import Callable, Mapping

import structlog

from konik.api.pb.internal_pb2 import ConfigureCluster, ForgetNode, LoseNode, RaiseVersion
from konik.cluster.clock import Clock, Scheduler, Timer
from konik.cluster.members import Members
from konik.cluster.network import Peer
from konik.cluster.proposer import Proposer
from konik.cluster.pump import Pump
from konik.statemachine import cluster_config, dedup, version
from konik.statemachine.entry import Process
from konik.statemachine.view import View

NODE_LOSS_SECONDS = 5.0
"""How long a member is out of reach before its workers' requests go to nobody any more."""

CHECK_SECONDS = 0.25

log = structlog.get_logger()


class Duties:
    """Begins with `lead` and ends with `follow`."""

    def __init__(
        self,
        configured: Callable[[], ConfigureCluster],
        view: View,
        pump: Pump,
        proposer: Proposer,
        clock: Clock,
        scheduler: Scheduler,
        processes: Callable[[], Mapping[str, Peer | None]],
        members: Members,
    ) -> None:
        """`configured` says where clients find the members. `processes` gives the process of each member, None for one
        that is out of reach."""
        self._configured, self._view, self._members = configured, view, members
        self._pump, self._proposer = pump, proposer
        self._clock, self._scheduler, self._processes = clock, scheduler, processes
        self.node_loss_seconds = NODE_LOSS_SECONDS
        self._leading = False
        self._check_timer: Timer | None = None
        self._due_timer: Timer | None = None
        self._due_at: float | None = None
        self._gone_since: dict[str, float] = {}
        self._lost: set[Process] = set()
        self._forgotten: set[Process] = set()
        self._raised = 0
        self._told = ConfigureCluster()

    def lead(self) -> None:
        """This node leads and its proposals are taken."""
        self._leading = True
        self._gone_since.clear()
        self._lost.clear()
        self._forgotten.clear()
        self._raised = 0
        self._told = ConfigureCluster()
        self._check()

    def follow(self) -> None:
        self._leading = False
        for timer in (self._check_timer, self._due_timer):
            if timer is not None:
                timer.cancel()
        self._check_timer = self._due_timer = self._due_at = None

    def applied(self) -> None:
        """An entry has been applied: timers may have come or gone."""
        leader_clock = self._proposer.leader_clock
        if not self._leading or leader_clock is None:
            return
        due_ms = self._pump.machine.next_due_ms()
        if due_ms is None:
            return
        due_at = self._clock.monotonic() + max(0, due_ms - leader_clock.now_ms()) / 1000
        if self._due_at is not None and self._due_at <= due_at + 0.001:
            return
        if self._due_timer is not None:
            self._due_timer.cancel()
        self._due_at = due_at
        self._due_timer = self._scheduler.call_at(due_at, self._due)

    def _due(self) -> None:
        """A timer is due. The log's time goes on with any entry; with an empty one if no other is on its way."""
        self._due_timer = self._due_at = None
        leader_clock = self._proposer.leader_clock
        if not self._leading or leader_clock is None:
            return
        due_ms = self._pump.machine.next_due_ms()
        if due_ms is not None and due_ms <= leader_clock.now_ms():
            self._proposer.tick()
        else:
            self.applied()

    def _check(self) -> None:
        """Looks after the members, and for a timer whose entry the log has not taken."""
        now = self._clock.monotonic()
        processes = self._processes()
        self._find_gone(processes, now)
        self._raise_version(processes)
        self._tell_addresses()
        self._members.name_founders()
        self._members.give_votes()
        self.applied()
        self._check_timer = self._scheduler.call_at(now + CHECK_SECONDS, self._check)

    def _tell_addresses(self) -> None:
        """The machine names the members to workers."""
        configured = self._configured()
        if configured not in (self._told, cluster_config.members(self._view)):
            self._told = configured
            self._proposer.submit_own("konik.ConfigureCluster", configured.SerializeToString(deterministic=True))

    def _raise_version(self, processes: Mapping[str, Peer | None]) -> None:
        """To the latest version that every member has: not before each of them has said so."""
        present = [peer.machine_version for peer in processes.values() if peer is not None]
        if len(present) == len(processes) and min(present) > max(self._raised, version.in_force(self._view)):
            self._raised = min(present)
            log.info("the machine's version rises", version=self._raised)
            request = RaiseVersion(version=self._raised)
            self._proposer.submit_own("konik.RaiseVersion", request.SerializeToString(deterministic=True))

    def _find_gone(self, processes: Mapping[str, Peer | None], now: float) -> None:
        """Finds the processes that the machine still counts on: replaced by others, or out of reach for long."""
        for node, peer in processes.items():
            if peer is None:
                self._gone_since.setdefault(node, now)
            else:
                self._gone_since.pop(node, None)
        for process in dedup.sessions(self._view):
            peer = processes.get(process.node)
            if process.node not in processes:
                if self._members.is_settled():  # what is submitted for a list that is given up would outlive it
                    self._forget(process)
            elif peer is not None and peer.process != process.nonce:
                self._forget(process)
            elif peer is not None:
                self._lost.discard(process)
            elif now - self._gone_since[process.node] >= self.node_loss_seconds:
                self._lose(process)

    def _forget(self, process: Process) -> None:
        """It has ended: another one of the same node is there, or the node is no member any more."""
        if process not in self._forgotten:
            self._forgotten.add(process)
            log.info("a process has ended", node=process.node)
            request = ForgetNode(node=process.node, nonce=process.nonce)
            self._proposer.submit_own("konik.ForgetNode", request.SerializeToString(deterministic=True))

    def _lose(self, process: Process) -> None:
        """It may live, but nobody can reach it."""
        if process not in self._lost:
            self._lost.add(process)
            log.warning("a node is out of reach; its tasks go to others", node=process.node)
            request = LoseNode(node=process.node, nonce=process.nonce)
            self._proposer.submit_own("konik.LoseNode", request.SerializeToString(deterministic=True))
