"""A little world of Raft cores in which nothing happens by itself: every message, sync and second is moved by hand.

It stands in for the driver, and tells all that a core wants done, in words.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import product

from konik.cluster.raft.core import Core
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.log import Log, recover
from konik.cluster.raft.membership import FOUNDER, Member, Membership, is_membership, unpack
from konik.cluster.raft.messages import (
    Append,
    AppendAnswer,
    Commit,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    Message,
    RequestVote,
    TimeoutNow,
    VoteAnswer,
)
from konik.cluster.raft.ready import Ready, Settings, Vow

CHANCE = 0.5
"""No luck is involved: an election timeout is always halfway between the least and the greatest."""


def describe_entry(entry: Entry) -> str:
    what = str(unpack(entry.data)) if is_membership(entry.data) else entry.data.decode()
    return f"{entry.index}/{entry.term} {what or '-'}"


def describe_entries(entries: tuple[Entry, ...]) -> str:
    return ", ".join(map(describe_entry, entries))


def describe(message: Message) -> str:
    match message:
        case RequestVote(term, pre, last_index, last_term):
            return f"{'PreVote' if pre else 'RequestVote'} for term {term}, log ends at {last_index}/{last_term}"
        case VoteAnswer(term, pre, granted):
            return f"{'PreVoteAnswer' if pre else 'VoteAnswer'} {'yes' if granted else 'no'}, term {term}"
        case Append(term, number, prev_index, prev_term, commit, entries):
            place = f"behind {prev_index}/{prev_term}: {describe_entries(entries) or 'nothing'}"
            return f"Append #{number} of term {term}, commit {commit}, {place}"
        case AppendAnswer(term, number, ok, index):
            return f"AppendAnswer to #{number} in term {term}: {'holds up to' if ok else 'wants from'} {index}"
        case Heartbeat(term, number, commit):
            return f"Heartbeat #{number} of term {term}, commit {commit}"
        case HeartbeatAnswer(term, number):
            return f"HeartbeatAnswer to #{number} in term {term}"
        case Commit(term, commit):
            return f"Commit {commit} in term {term}"
        case TimeoutNow(term):
            return f"TimeoutNow in term {term}"


def kind_of(message: Message) -> str:
    return describe(message).split()[0]


@dataclass
class Disk:
    """What a crash leaves, and the writes that it does not."""

    vow: Vow = Vow(0, None, 0)
    entries: list[Entry] = field(default_factory=lambda: [Entry(0, 0, b"")])
    checkpoint: tuple[int, int] = (0, 0)
    membership: Membership | None = None
    """The list at the checkpoint; None: that which the log began with."""
    pending: list[Ready] = field(default_factory=list)

    def sync(self, number: int | None) -> int | None:
        """Write `number`, and all before it (None: all), become what a crash leaves; returns the last one's number."""
        synced = None
        while self.pending and (number is None or self.pending[0].number <= number):
            ready = self.pending.pop(0)
            synced = ready.number
            assert ready.vow is not None
            self.vow = ready.vow
            if ready.entries:
                first = ready.entries[0].index
                self.entries = [] if ready.reset else [entry for entry in self.entries if entry.index < first]
                self.entries += ready.entries
        return synced


class Replica:
    def __init__(self, name: str, founders: Membership, settings: Settings, disk: Disk, clock: float) -> None:
        self.name, self.disk, self.clock = name, disk, clock
        self.held: list[tuple[int, str, Message]] = []
        entries, replaced = recover(disk.entries, *disk.checkpoint)
        if replaced:
            disk.entries = list(entries)
        log, applied, me = Log(entries), disk.checkpoint[0], founders.get(name)
        directories = (name.lower(), *FOUNDER) if me is None or not me.directory else (me.directory,)
        listed = disk.membership or founders
        self.core = Core(name, directories, listed, settings, disk.vow, log, applied, clock, CHANCE)
        self.known = self.standing()

    def standing(self) -> str:
        core = self.core
        leader = f" of {core.leader}" if core.leader and core.leader != self.name else ""
        return f"{core.role.value}{leader} in term {core.term}"


class World:
    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.settings = Settings()
        self.members: tuple[str, ...] = ()
        self.joined: dict[str, Member] = {}
        self.replicas: dict[str, Replica] = {}
        self.disks: dict[str, Disk] = defaultdict(Disk)
        self.network: dict[tuple[str, str], list[Message]] = defaultdict(list)

    def start(self, name: str) -> None:
        try:
            founders = Membership.of(*self.members)
            if name in self.joined:
                founders = founders.including(self.joined[name])
            self.replicas[name] = Replica(name, founders, self.settings, self.disks[name], 0.0)
        except BrokenInvariant as broken:
            self.say(f"{name} refuses to start: {broken}")
            return
        self.carry_out(self.replicas[name])

    def crash(self, name: str) -> None:
        self.disks[name].pending.clear()
        self.replicas.pop(name, None)

    def act(self, name: str, what: Callable[[Core], None]) -> None:
        """Give a core one input and do what it then wants done."""
        replica = self.replicas.get(name)
        if replica is None:
            self.say(f"{name} does not run")
            return
        try:
            what(replica.core)
            self.carry_out(replica)
        except BrokenInvariant as broken:
            self.say(f"{name} stops: {broken}")
            self.crash(name)

    def carry_out(self, replica: Replica) -> None:
        name = replica.name
        self.tell_standing(replica)
        if ready := replica.core.ready():
            for peer, message in ready.before:
                self.send(name, peer, message)
            if ready.vow:
                replica.disk.pending.append(ready)
                self.say(f"{name} writes #{ready.number}: {describe_write(ready)}")
            for peer, message in ready.after:
                replica.held.append((ready.number, peer, message))
            self.release(replica)
            if ready.committed:
                self.say(f"{name} applies {describe_entries(ready.committed)}")
            for token, index in ready.reads:
                self.say(f"{name} can read {token}" + (f" at {index}" if index is not None else " no more"))
            for peer in ready.snapshots:
                self.say(f"{name} must copy its state to {peer}")
        if replica.core.ready():
            self.say(f"{name} wants more, though nothing has happened")

    def tell_standing(self, replica: Replica) -> None:
        if replica.known != (standing := replica.standing()):
            replica.known = standing
            self.say(f"{replica.name} is {standing}")

    def send(self, sender: str, receiver: str, message: Message) -> None:
        self.network[sender, receiver].append(message)
        self.say(f"{sender}->{receiver} {describe(message)}")

    def release(self, replica: Replica) -> None:
        unsynced = replica.disk.pending[0].number if replica.disk.pending else None
        while replica.held and (unsynced is None or replica.held[0][0] < unsynced):
            _, peer, message = replica.held.pop(0)
            self.send(replica.name, peer, message)

    def sync(self, name: str, number: int | None = None) -> None:
        replica = self.replicas.get(name)
        synced = replica.disk.sync(number) if replica else None
        if replica and synced is not None:
            self.say(f"{name} has synced #{synced}")
            self.release(replica)
            self.act(name, lambda core: core.synced(synced))

    def deliver(self, sender: str, receiver: str, kind: str | None, keep: bool) -> int:
        """Whatever is on this way, of one kind if one is named; returns how much that was."""
        way = self.network[sender, receiver]
        chosen = [message for message in way if kind in (None, kind_of(message))]
        if not keep:
            self.network[sender, receiver] = [message for message in way if message not in chosen]
        for message in chosen:
            if receiver in self.replicas:
                self.act(receiver, partial(Core.step, sender=sender, message=message))
        return len(chosen)

    def lose(self, sender: str, receiver: str, kind: str | None) -> None:
        way = self.network[sender, receiver]
        self.network[sender, receiver] = [message for message in way if kind not in (None, kind_of(message))]

    def settle(self, names: Iterable[str]) -> None:
        """Sync and deliver among `names` until nothing moves."""
        names = sorted(names)
        moved = True
        while moved:
            moved = any(name in self.replicas and self.replicas[name].disk.pending for name in names)
            for name in names:
                self.sync(name)
            for sender, receiver in product(names, names):
                moved |= self.deliver(sender, receiver, None, keep=False) > 0


def describe_write(ready: Ready) -> str:
    assert ready.vow is not None
    vow = ready.vow
    start = "the log anew " if ready.reset else "log "
    log = f", {start}{describe_entries(ready.entries)}" if ready.entries else ""
    return f"term {vow.term}, vote {vow.vote or '-'}, commit {vow.commit}{log}"
