"""What only the leader does: the time of the log, timers that are due, the members' addresses, and lost nodes."""

from collections.abc import Callable, Mapping

from konik.api.pb.internal_pb2 import ConfigureCluster, ForgetNode
from konik.cluster.clock import Clock, Scheduler, Timer
from konik.cluster.proposer import Proposer
from konik.cluster.pump import Pump
from konik.statemachine import cluster_config, dedup
from konik.statemachine.view import View

NODE_LOSS_SECONDS = 5.0
"""How long a member is out of reach before its process counts as lost."""

CHECK_SECONDS = 0.25

Submit = Callable[[str, bytes], object]


class Duties:
    """Begins with `lead` and ends with `follow`."""

    def __init__(
        self,
        node: str,
        members: ConfigureCluster,
        view: View,
        pump: Pump,
        proposer: Proposer,
        clock: Clock,
        scheduler: Scheduler,
        submit: Submit,
        processes: Callable[[], Mapping[str, bytes | None]],
    ) -> None:
        """`processes` gives the nonce of each member's process, None for one that is out of reach."""
        self._node, self._members, self._view = node, members, view
        self._pump, self._proposer = pump, proposer
        self._clock, self._scheduler = clock, scheduler
        self._submit, self._processes = submit, processes
        self._leading = False
        self._check_timer: Timer | None = None
        self._due_timer: Timer | None = None
        self._due_at: float | None = None
        self._gone_since: dict[str, float] = {}
        self._forgotten: set[tuple[str, bytes]] = set()

    def lead(self) -> None:
        """This node leads and its proposals are taken."""
        self._leading = True
        self._gone_since.clear()
        self._forgotten.clear()
        if cluster_config.members(self._view) != self._members:
            self._submit("konik.ConfigureCluster", self._members.SerializeToString(deterministic=True))
        self._check()
        self.applied()

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
        """Finds processes that the machine still counts on and that are gone: replaced, or out of reach for long."""
        if not self._leading:
            return
        now = self._clock.monotonic()
        processes = self._processes()
        for node, nonce in processes.items():
            if nonce is not None:
                self._gone_since.pop(node, None)
            else:
                self._gone_since.setdefault(node, now)
        for node, nonce in dedup.sessions(self._view):
            if self._is_gone(node, nonce, processes, now) and (node, nonce) not in self._forgotten:
                self._forgotten.add((node, nonce))
                request = ForgetNode(node=node, nonce=nonce)
                self._submit("konik.ForgetNode", request.SerializeToString(deterministic=True))
        self._check_timer = self._scheduler.call_at(now + CHECK_SECONDS, self._check)

    def _is_gone(self, node: str, nonce: bytes, processes: Mapping[str, bytes | None], now: float) -> bool:
        if node not in processes:
            return True
        current = processes[node]
        if current is not None:
            return current != nonce
        return now - self._gone_since[node] >= NODE_LOSS_SECONDS
