"""The frame: a SyncObj whose protocol is Konik's core, whose log is the LMDB journal, and whose network is our
transport.

pysyncobj gives the configuration, the node, journal and transport contracts, the book of connections, status and the
call for leadership transfer. No protocol code of the library runs, and no thread: what it would do by itself is barred,
and what it shows is copied from the core when asked for.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from pysyncobj import FAIL_REASON, SyncObj, SyncObjConf
from pysyncobj.node import Node

from konik.cluster.clock import Clock, Scheduler
from konik.cluster.disk import Snapshots
from konik.cluster.driver import Driver
from konik.cluster.frame import PRIVATE, bar_pickle, check_library, private, raise_bars
from konik.cluster.journal import LmdbJournal
from konik.cluster.network import Frame, PeerFrame
from konik.cluster.raft.core import Core
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Settings
from konik.cluster.raft.roles import Role
from konik.cluster.transport import TcpTransport

DEFAULT_SETTINGS = Settings()

STATES = {Role.FOLLOWER: 0, Role.PRE_CANDIDATE: 1, Role.CANDIDATE: 1, Role.LEADER: 2}
"""The library's numbers for roles."""


class Replica(SyncObj):  # type: ignore[misc]  # pysyncobj has no types
    """One member: the methods of its `driver`, and what pysyncobj lets be seen and asked."""

    def __init__(
        self,
        core: Core,
        journal: LmdbJournal,
        transport: TcpTransport,
        snapshots: Snapshots,
        *,
        clock: Clock,
        scheduler: Scheduler,
        chance: Callable[[], float],
        on_committed: Callable[[Sequence[Entry]], None],
        on_read: Callable[[Hashable, int | None], None],
        on_change: Callable[[], None],
        on_installed: Callable[[int, int], None],
        on_peer_message: Callable[[str, PeerFrame], None],
        on_connection: Callable[[str, bool], None],
        fatal: Callable[[BaseException], None],
        applied: Callable[[], int] | None = None,
        settings: Settings = DEFAULT_SETTINGS,
    ) -> None:
        """As `Driver`, and: `on_connection(peer, up)` hears of connections; `applied` tells the index of the state,
        where that is another one than of what was handed out; `settings` are shown as the library's configuration.

        Raises RuntimeError if this is not the pysyncobj that the frame was written for.
        """
        self.driver = driver = Driver(
            core,
            journal,
            self,
            snapshots,
            clock=clock,
            scheduler=scheduler,
            chance=chance,
            on_committed=on_committed,
            on_read=on_read,
            on_change=on_change,
            on_installed=on_installed,
            on_peer_message=on_peer_message,
            fatal=fatal,
        )
        self.core = core
        self.start, self.stop = driver.start, driver.stop
        self.propose, self.read, self.transfer, self.cut = driver.propose, driver.read, driver.transfer, driver.cut
        self._applied = applied or (lambda: core.applied)
        self._on_connection, self._transport = on_connection, transport
        bar_pickle()
        nodes = list(transport.nodes.values())
        SyncObj.__init__(self, Node(core.me), nodes, _configuration(settings), transport=transport)
        check_library(self)
        self._set("raftLog", journal)
        transport.setOnMessageReceivedCallback(self._received)
        transport.setOnNodeConnectedCallback(self._connected)
        transport.setOnNodeDisconnectedCallback(self._disconnected)

    # between driver and transport

    def send(self, peer: str, frame: Frame) -> bool:
        """As `Network.send`. A member of a list that the transport has not heard of yet is not connected."""
        node = self._transport.nodes.get(peer)
        return node is not None and self._transport.send(node, frame)

    def _received(self, node: Node, frame: Frame) -> None:
        self.driver.received(node.id, frame)

    def _connected(self, node: Node) -> None:
        self._get("onNodeConnected")(node)
        self.driver.connected(node.id, True)
        self._on_connection(node.id, True)

    def _disconnected(self, node: Node) -> None:
        self._get("onNodeDisconnected")(node)
        self.driver.connected(node.id, False)
        self._on_connection(node.id, False)

    # what pysyncobj lets be asked

    def transferLeadership(
        self, node: Node | str | None = None, callback: Callable[[None, int], None] | None = None
    ) -> None:
        """Begin to hand leadership over. `callback(None, reason)` hears only whether it has begun."""
        begun = self.transfer(node.id if isinstance(node, Node) else node)
        if callback is not None:
            callback(None, FAIL_REASON.SUCCESS if begun else FAIL_REASON.REQUEST_DENIED)

    def destroy(self) -> None:
        """Stop working. Transport and journal are their owner's to close."""
        self.stop()

    def getStatus(self) -> dict[str, Any]:
        """The library's picture of the cluster."""
        self._copy_from_core()
        status: dict[str, Any] = SyncObj.getStatus(self)
        return status

    def isReady(self) -> bool:
        """A leader is known, and all that is committed here is applied."""
        core = self.core
        return core.leader is not None and self._applied() >= core.commit

    @property
    def raftLastApplied(self) -> int:
        return self._applied()

    @property
    def raftCommitIndex(self) -> int:
        return self.core.commit

    @property
    def raftCurrentTerm(self) -> int:
        return self.core.term

    def _isLeader(self) -> bool:
        return self.core.role is Role.LEADER

    def _getLeader(self) -> Node | None:
        leader = self.core.leader
        return self.selfNode if leader == self.core.me else self._transport.nodes.get(leader or "")

    def _getTerm(self) -> int:
        return self.core.term

    def _copy_from_core(self) -> None:
        core = self.core
        nodes = {peer: self._transport.nodes[peer] for peer in core.peers if peer in self._transport.nodes}
        progress = core.progress
        shown = {
            "otherNodes": set(nodes.values()),
            "raftState": STATES[core.role],
            "raftLeader": self._getLeader(),
            "raftNextIndex": {nodes[peer]: place.next for peer, place in progress.items() if peer in nodes},
            "raftMatchIndex": {nodes[peer]: place.match for peer, place in progress.items() if peer in nodes},
            "leaderCommitIndex": core.commit if core.leader is not None else None,
        }
        for name, value in shown.items():
            self._set(name, value)

    # the library's private attributes, all by way of the table in `frame`

    def _get(self, name: str) -> Any:
        assert name in PRIVATE, f"{name} is not in the table of private names"
        return getattr(self, private(name))

    def _set(self, name: str, value: object) -> None:
        assert name in PRIVATE, f"{name} is not in the table of private names"
        setattr(self, private(name), value)


raise_bars(Replica)


def _configuration(settings: Settings) -> SyncObjConf:
    """For show: no timer of the library runs. It insists on more than three heartbeats in the least timeout."""
    least = max(settings.min_timeout, 3.1 * settings.heartbeat)
    most = max(settings.max_timeout, 1.1 * least)
    return SyncObjConf(
        autoTick=False,
        appendEntriesPeriod=settings.heartbeat,
        raftMinTimeout=least,
        raftMaxTimeout=most,
        connectionTimeout=2 * most,
        leaderFallbackTimeout=least,
        appendEntriesBatchSizeBytes=settings.batch_bytes,
    )
