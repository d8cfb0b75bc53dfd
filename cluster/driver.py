"""Carries out what the core wants done, over whatever disk, network and clock it is given.

There is one driver: a server runs it over LMDB, TCP and an asyncio loop, the simulator over inventions of its own. Work
is done in turns. Whatever happens (a frame, a sync, a proposal, a timer) waits for the next turn, which begins as soon
as the loop is free, so that all that came together leaves together.

What must never happen here: a message of `Ready.after` leaves before the write that it waits for is synced; a failed
turn is followed by another one.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from functools import partial

from konik.cluster.clock import Clock, Scheduler, Timer
from konik.cluster.disk import Journal, Snapshots
from konik.cluster.network import Frame, Network, PeerFrame, SnapshotFrame, SnapshotOffer, SnapshotOver
from konik.cluster.raft.core import Core
from konik.cluster.raft.log import Log, recover
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Entry, Message
from konik.cluster.raft.ready import Ready, Settings
from konik.cluster.raft.roles import Role
from konik.cluster.snapshot_traffic import SnapshotTraffic

PAUSE_MAX_HEARTBEATS = 1.5
"""A driver takes a turn at least so often. What a turn comes later than that, it was held up."""


def core_from_disk(
    me: str,
    directories: tuple[str, ...],
    membership: Membership,
    settings: Settings,
    journal: Journal,
    checkpoint: tuple[int, int],
    now: float,
    chance: float,
) -> Core:
    """The replica that `journal` remembers, with the state as of `checkpoint` (index, term) and its list of members.

    What the start-up rule decides about the log is durable when this returns.
    """
    stored = journal.load()
    entries, replaced = recover(stored.entries, *checkpoint)
    if replaced:
        stored = journal.reset(entries[0])
    return Core(me, directories, membership, settings, stored.vow, Log(entries), checkpoint[0], now, chance)


class Driver:
    """One replica at work. Everything here runs on the loop's thread.

    The callbacks, all called within a turn and none of them waited for:

    * `on_committed(entries)`: apply them, in this order; each index once, but see `on_installed`
    * `on_read(token, index)`: serve the read once `index` is applied; None: this replica does not lead, ask anew
    * `on_change()`: role, term, leader, list of members, or `trouble` is another one
    * `on_installed(index, term)`: the state is a copy as of that entry now; what is committed behind it follows
    * `on_peer_message(peer, frame)`: a frame that `send` took on the other side
    * `fatal(error)`: this replica must not go on; it will do nothing more
    """

    def __init__(
        self,
        core: Core,
        journal: Journal,
        network: Network,
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
        fatal: Callable[[BaseException], None],
    ) -> None:
        self.core = core
        self.trouble: str | None = None
        """Why the log cannot be written at the moment; proposals are refused meanwhile."""
        self._journal, self._network = journal, network
        self._monotonic, self._scheduler, self._chance = clock.monotonic, scheduler, chance
        self._on_committed, self._on_read, self._on_change = on_committed, on_read, on_change
        self._on_installed, self._on_peer_message, self._fatal = on_installed, on_peer_message, fatal
        self._snapshots = snapshots
        self._traffic = SnapshotTraffic(snapshots, clock.monotonic, self)
        self._inbox: deque[Callable[[], None]] = deque()
        self._held: deque[tuple[int, str, Frame]] = deque()  # (write to wait for, peer, frame)
        self._replaced: tuple[str, SnapshotOffer, Membership] | None = None  # another state, the core does not know yet
        self._owed: list[tuple[str, Frame]] = []  # waits for the next write
        self._synced = 0
        self._awake = self._stopped = False
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._turned = clock.monotonic()
        self._pause_max = PAUSE_MAX_HEARTBEATS * core.settings.heartbeat  # seconds between two turns
        self._seen = (core.role, core.term, core.leader, core.membership_since)

    # what may be asked of it

    def start(self) -> None:
        self._turned = self._monotonic()
        self._journal.start(self._when_synced, self._when_troubled)
        self.wake()

    def stop(self) -> None:
        """No turn begins any more. The journal and the network are their owner's to close."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def wake(self) -> None:
        """Take a turn as soon as the loop is free."""
        if not self._awake and not self._stopped:
            self._awake = True
            self._scheduler.call_soon(self._take_turn)

    def propose(self, data: bytes) -> int | None:
        """The index that the entry has if it commits in this term; None: not here, or not now (see `Core.propose`)."""
        if self.trouble is not None:
            return None
        self.wake()
        return self.core.propose(data)

    def change(self, membership: Membership) -> int | None:
        """Let this list of members follow the one in force; None: not here, or not now (see `Core.change`)."""
        if self.trouble is not None:
            return None
        self.wake()
        return self.core.change(membership)

    def read(self, token: Hashable) -> bool:
        """Ask for a linearisable read; `on_read` will name the token. False: not here."""
        self.wake()
        return self.core.read(token)

    def transfer(self, target: str | None = None) -> bool:
        """Begin to hand leadership over, to `target` or to the best. False: cannot be."""
        self.wake()
        return self.core.transfer(target)

    def cut(self, index: int) -> None:
        """A checkpoint at `index` is durable: the log need not reach further back."""
        self._journal.cut(self.core.cut(index))

    def send(self, peer: str, frame: Frame) -> bool:
        """Send a frame that is not Raft's, in order with those that are. False: there is no connection."""
        return self._network.send(peer, frame)

    def received(self, peer: str, frame: Frame) -> None:
        """The network brings a frame from `peer`."""
        self.later(partial(self._hear, peer, frame))

    def connected(self, peer: str, up: bool) -> None:
        """The connection to `peer` stands, or was reset, refused or closed."""
        self.later(partial(self._note_connection, peer, up))

    # a turn

    def _take_turn(self) -> None:
        self._awake = False
        if self._stopped:
            return
        try:
            # A voter must know how long ago its leader was heard when a candidate asks, but give nobody up for lost
            # before it has read what waits: it may have been held up itself, by its disk or by other processes.
            now = self._monotonic()
            self.core.at(now, max(0.0, now - self._turned - self._pause_max))
            self._turned = now
            for _ in range(len(self._inbox)):
                self._inbox.popleft()()
            self.core.tick(now, self._chance())
            self._tell_of_replaced_state()
            self._yield_office()
            # One Ready says everything. What the callbacks add to it has woken the next turn.
            if (ready := self.core.ready()) is not None:
                self._carry_out(ready)
            self._notice_change()
            self._traffic.expire()
            self._set_timer()
        except BaseException as error:
            self.stop()
            self._fatal(error)
            raise

    def _carry_out(self, ready: Ready) -> None:
        for peer, message in ready.before:
            self._network.send(peer, message)
        if ready.vow is not None:
            self._journal.write(ready.number, ready.vow, ready.entries, ready.reset)
        self._held.extend((ready.number, peer, message) for peer, message in ready.after)
        if ready.vow is not None and self._owed:
            self._held.extend((ready.number, peer, frame) for peer, frame in self._owed)
            self._owed.clear()
        self._release()
        if ready.committed:
            self._on_committed(ready.committed)
        for token, index in ready.reads:
            self._on_read(token, index)
        for peer in ready.snapshots:
            self._traffic.start(peer, self.core.term)

    def _release(self) -> None:
        while self._held and self._held[0][0] <= self._synced:
            _, peer, frame = self._held.popleft()
            self._network.send(peer, frame)

    def _notice_change(self) -> None:
        core = self.core
        now = (core.role, core.term, core.leader, core.membership_since)
        if now == self._seen:
            return
        if self._seen[0] is Role.LEADER and now[0] is not Role.LEADER:
            self._traffic.stop()
        self._seen = now
        self._on_change()

    def _set_timer(self) -> None:
        """An earlier timer may stand: its turn will set the next one.

        There is one in any case, so that a turn that comes later tells that this process was held up.
        """
        when = min(self.core.wake_at, self._turned + self._pause_max)
        if self._timer is None or when < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._timer_at = self._scheduler.call_at(when, self._when_due), when

    # what happens to it

    def later(self, work: Callable[[], None]) -> None:
        """Do `work` in the next turn, after what came before it."""
        self._inbox.append(work)
        self.wake()

    def _when_due(self) -> None:
        self._timer = None
        self.wake()

    def _when_synced(self, number: int) -> None:
        self.later(partial(self._note_sync, number))

    def _when_troubled(self, reason: str | None) -> None:
        self.later(partial(self._note_trouble, reason))

    def _note_sync(self, number: int) -> None:
        self._synced = number
        self.core.synced(number)
        self._release()

    def _note_connection(self, peer: str, up: bool) -> None:
        """Up or down: what was on its way is lost."""
        self.core.connected(peer, up)
        self._traffic.lost(peer)

    def _note_trouble(self, reason: str | None) -> None:
        self.trouble = reason
        if reason is not None:
            self.core.transfer()
        self._on_change()

    def _yield_office(self) -> None:
        """A leader that cannot write hands over to one that can or, when nobody takes it, lets the others elect."""
        if self.trouble is not None and not self.core.is_alone and not self.core.is_transferring:
            self.core.resign()

    def _hear(self, peer: str, frame: Frame) -> None:
        if isinstance(frame, Message):
            self.core.step(peer, frame)
        elif isinstance(frame, SnapshotFrame):
            self._traffic.received(peer, frame)
        else:
            self._on_peer_message(peer, frame)

    # what the snapshot traffic reports

    def snapshot_started(self, peer: str, index: int) -> None:
        self.core.snapshot_started(peer, index)

    def snapshot_done(self, peer: str, index: int | None) -> None:
        self.core.snapshot_done(peer, index)

    def is_news(self, index: int) -> bool:
        """Only a follower's state may be replaced, and only by a later one."""
        return self.core.role is Role.FOLLOWER and index > self.core.applied

    def snapshot_installed(self, sender: str, offer: SnapshotOffer) -> None:
        self._replaced = (sender, offer, self._snapshots.membership())

    def _tell_of_replaced_state(self) -> None:
        """The log follows by the start-up rule, and the sender is told once that is durable too.

        Installing takes time, and this replica may have become something else than a follower meanwhile. A candidate
        has nothing to hand out to be applied, so it waits until it is elected or follows.
        """
        if self._replaced is None:
            return
        self.core.resign()
        if self.core.role is Role.FOLLOWER:
            (sender, offer, membership), self._replaced = self._replaced, None
            self.core.installed(offer.last_index, offer.last_term, membership)
            self._owed.append((sender, SnapshotOver(offer.transfer, True)))
            self._on_installed(offer.last_index, offer.last_term)
