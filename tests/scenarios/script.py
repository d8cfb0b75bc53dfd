"""The language of the scenario files: a block of commands, a line of dashes, and what the cores then did.

Lines that begin with # are for the reader. Commands are the methods of `Stage`, whose docstrings say what they do.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from konik.cluster.raft import messages
from konik.cluster.raft.core import Core
from konik.cluster.raft.membership import Member, Membership
from konik.cluster.raft.messages import Entry, Message
from konik.cluster.raft.ready import Settings, Vow
from tests.scenarios.world import CHANCE, Disk, World, describe_entries

DASHES = "----"
SILENCE = "(nothing)"


class Stage:
    """One public method for each command; the words behind the command's name are its arguments."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.world = World(self.lines.append)

    def run(self, command: str) -> None:
        name, *words = command.split()
        spoken = len(self.lines)
        if name == "quietly":
            self.run(" ".join(words))
            self.lines[spoken:] = [line for line in self.lines[spoken:] if is_alarm(line)]
        else:
            getattr(self, name)(*words)

    # -- making replicas ------------------------------------------------------------------------------------------

    def cluster(self, *words: str) -> None:
        """cluster A B C [setting=value …]: new replicas with empty logs."""
        names, given = split(words)
        self.world = World(self.lines.append)
        settings: dict[str, Any] = {name: number(value) for name, value in given.items()}
        self.world.settings = replace(Settings(), **settings)
        self.world.members = tuple(names)
        for name in names:
            self.world.start(name)

    def disk(self, name: str, *words: str) -> None:
        """disk A term=3 log=1,1,2 [base=5] [vote=B] [commit=1] [checkpoint=5/1]: start A from this.

        `log` gives the terms of the entries behind index 0, or from `base` on.
        """
        _, given = split(words)
        terms = [int(term) for term in given.get("log", "").split(",") if term]
        base = int(given.get("base", "0"))
        if "base" not in given:
            terms.insert(0, 0)
        entries = [Entry(base + i, term, f"{base + i}".encode() if base + i else b"") for i, term in enumerate(terms)]
        index, term = map(int, given.get("checkpoint", f"{base}/{terms[0]}").split("/"))
        vow = Vow(int(given["term"]), given.get("vote"), int(given.get("commit", "0")))
        self.world.disks[name] = Disk(vow, entries, (index, term))
        self.world.start(name)

    def crash(self, *names: str) -> None:
        """crash A: what is not synced is gone, and what has not left will not leave."""
        for name in names:
            self.world.crash(name)

    def restart(self, *names: str) -> None:
        """restart A: from its disk."""
        for name in names:
            self.world.start(name)

    # -- moving the world -----------------------------------------------------------------------------------------

    def tick(self, names: str, seconds: str = "0") -> None:
        """tick A 0.3, tick A,B 0.3: for these it is so much later."""
        for name in names.split(","):
            replica = self.world.replicas[name]
            replica.clock += float(seconds)
            self._act(name, partial(Core.tick, now=replica.clock, chance=CHANCE))

    def later(self, name: str, seconds: str, held_up: str = "0") -> None:
        """later A 0.5 [0.4]: it is so much later, but A has yet to read what came meanwhile; `tick A` when it has.

        For 0.4 s of them it was held up itself.
        """
        replica = self.world.replicas[name]
        replica.clock += float(seconds)
        self._act(name, partial(Core.at, now=replica.clock, held_up=float(held_up)))

    def timeout(self, name: str) -> None:
        """timeout A: its time comes to do what it waits for: a follower's to campaign, a leader's for heartbeats."""
        if (replica := self.world.replicas.get(name)) is None:
            self.lines.append(f"{name} does not run")
            return
        self.tick(name, str(max(0.0, replica.core.wake_at - replica.clock)))

    def sync(self, *words: str) -> None:
        """sync A B: all they have written is durable; sync A 3: up to that write."""
        for name in (word for word in words if not word.isdigit()):
            self.world.sync(name, int(words[-1]) if words[-1].isdigit() else None)

    def deliver(self, *words: str) -> None:
        """deliver A->B C->B [Kind] [keep]: what is on these ways arrives; keep: and will arrive again."""
        ways, kind, keep = route(words)
        for sender, receiver in ways:
            if not self.world.deliver(sender, receiver, kind, keep):
                self.lines.append(f"{sender}->{receiver} has nothing to deliver")

    def lose(self, *words: str) -> None:
        """lose A->B [Kind]: what is on this way is gone."""
        ways, kind, _ = route(words)
        for way in ways:
            self.world.lose(*way, kind)

    def settle(self, *names: str) -> None:
        """settle [A B]: sync and deliver among these (or all) until nothing moves; what goes to others stays behind."""
        self.world.settle(names or self.world.members)

    def campaign(self, name: str, *voters: str) -> None:
        """campaign A B: A's election timeout passes and B votes; what A says as a leader stays on its way."""
        self.timeout(name)
        for question, answer in (("PreVote", "PreVoteAnswer"), ("RequestVote", "VoteAnswer")):
            self.sync(name)
            for voter in voters:
                self.world.deliver(name, voter, question, keep=False)
                self.sync(voter)
                self.world.deliver(voter, name, answer, keep=False)

        self._forget_requests()

    def elect(self, name: str, *voters: str) -> None:
        """elect A [B]: A's election timeout passes, and these settle with it (or all)."""
        self.timeout(name)
        self.settle(*((name, *voters) if voters else ()))
        self._forget_requests()

    def hear(self, name: str, sender: str, kind: str, *fields: str) -> None:
        """hear B A Append term=2 number=1 prev=1/1 commit=0 entries=2/2:x,3/2:y: B gets this, whoever has said it."""
        message: Message = getattr(messages, kind)(**message_fields(split(fields)[1]))
        self._act(name, lambda core: core.step(sender, message))

    # -- asking a core for something ------------------------------------------------------------------------------

    def propose(self, name: str, *values: str) -> None:
        """propose A x y: an entry for each value, in one turn of the loop."""

        def propose_all(core: Core) -> None:
            for value in values:
                index = core.propose(value.encode())
                self.lines.append(f"{name} refuses {value}" if index is None else f"{name} takes {value} as {index}")

        self._act(name, propose_all)

    def read(self, name: str, *tokens: str) -> None:
        """read A r1 r2: linearisable reads."""

        def read_all(core: Core) -> None:
            self.lines.extend(f"{name} refuses {token}" for token in tokens if not core.read(token))

        self._act(name, read_all)

    def transfer(self, name: str, target: str | None = None) -> None:
        """transfer A [B]: hand leadership over."""

        def begin(core: Core) -> None:
            if not core.transfer(target):
                self.lines.append(f"{name} refuses to hand over")

        self._act(name, begin)

    def join(self, name: str, directory: str) -> None:
        """join D d1: D starts in an empty data directory d1, to be taken in. What it was before is lost."""
        if name in self.world.replicas:
            self.world.crash(name)
        self.world.joined[name] = Member(name, False, directory)
        self.world.disks[name] = Disk()
        self.world.start(name)

    def change(self, name: str, *members: str) -> None:
        """change A A B (D:d1): A shall have another list of members; D, in the data directory d1, only learns.

        Without a directory, a member is who it was.
        """

        def begin(core: Core) -> None:
            listed = [core.membership.get(word) or member(word) for word in members]
            if core.change(Membership(tuple(sorted(listed)))) is None:
                self.lines.append(f"{name} does not change the members")

        self._act(name, begin)

    def members(self, *names: str) -> None:
        """members A B: the list in force at each, and what it makes of them."""
        for name in names:
            if name not in self.world.replicas:
                self.lines.append(f"{name} does not run")
                continue
            core = self.world.replicas[name].core
            vote = "a vote" if core.is_voter else "no vote"
            self.lines.append(f"{name} has {vote} among {core.membership}")

    def resign(self, name: str) -> None:
        self._act(name, Core.resign)

    def connection(self, name: str, peer: str, state: str) -> None:
        """connection A B up: A's connection to B came up (or went down)."""
        self._act(name, lambda core: core.connected(peer, state == "up"))

    def handicap(self, name: str) -> None:
        """handicap A: its clock is off."""
        self.world.replicas[name].core.handicap = True

    def checkpoint(self, name: str, index: str) -> None:
        """checkpoint A 5: its state at 5 is durable; the log, also on disk, is cut as far as the core allows."""

        def cut(core: Core) -> None:
            term = core.log.term_at(int(index))
            assert term is not None
            disk = self.world.disks[name]
            disk.checkpoint, disk.membership = (int(index), term), core.membership_at(int(index))
            base = core.cut(int(index))
            disk.entries = [entry for entry in disk.entries if entry.index >= base]
            self.lines.append(f"{name} has a log from {base} to {core.log.last}")

        self._act(name, cut)

    def copying(self, name: str, peer: str, index: str) -> None:
        """copying A B 5: A begins to send B a copy of its state at 5."""
        self._act(name, lambda core: core.snapshot_started(peer, int(index)))

    def copied(self, name: str, peer: str, index: str) -> None:
        """copied A B 5: B says that it has installed it; copied A B failed: it has not."""
        self._act(name, lambda core: core.snapshot_done(peer, int(index) if index != "failed" else None))

    def install(self, name: str, index: str, term: str, *members: str) -> None:
        """install B 5 1 [A B C]: its state is replaced by a copy taken at 5/1 [when these were the members]."""
        self.world.disks[name].checkpoint = int(index), int(term)

        def replaced(core: Core) -> None:
            membership = Membership(tuple(map(member, members))) if members else core.membership
            self.world.disks[name].membership = membership
            core.installed(int(index), int(term), membership)

        self._act(name, replaced)

    # -- looking --------------------------------------------------------------------------------------------------

    def status(self, *names: str) -> None:
        """status A B: role, commit index and log of each."""
        for name in names:
            replica = self.world.replicas.get(name)
            if replica is None:
                self.lines.append(f"{name} does not run")
                continue
            core = replica.core
            log = describe_entries(core.log.slice(core.log.base, core.log.last))
            self.lines.append(f"{name} is {replica.standing()}, commit {core.commit}, log {log}")

    def progress(self, name: str) -> None:
        """progress A: how far the leader A knows its peers to be."""
        replica = self.world.replicas.get(name)
        if replica is None:
            self.lines.append(f"{name} does not run")
            return
        for peer, known in replica.core.progress.items():
            self.lines.append(f"{name} sees {peer} hold up to {known.match}, next {known.next}, {known.mode.value}")

    def _forget_requests(self) -> None:
        """Those who were not to vote were not asked."""
        for sender, receiver in list(self.world.network):
            self.world.lose(sender, receiver, "PreVote")
            self.world.lose(sender, receiver, "RequestVote")

    def _act(self, name: str, what: Callable[[Core], None]) -> None:
        self.world.act(name, what)


def is_alarm(line: str) -> bool:
    """Whether it must be heard though a command was to be carried out quietly."""
    return " stops: " in line or " refuses to start: " in line


def play(script: str) -> str:
    """The script with what the cores do now as its outcomes."""
    stage, played = Stage(), []
    for block in script.strip().split("\n\n"):
        lines = block.split("\n")
        if DASHES in lines:
            lines = lines[: lines.index(DASHES)]
        commands = [line for line in lines if not line.startswith("#")]
        if commands:
            stage.lines.clear()
            for command in commands:
                stage.run(command)
            if not all(command.startswith("quietly ") for command in commands):
                lines += [DASHES, *(stage.lines or [SILENCE])]
        played.append("\n".join(lines))
    return "\n\n".join(played) + "\n"


def split(words: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """The plain words, and those of the form name=value."""
    plain = [word for word in words if "=" not in word]
    return plain, dict(word.split("=", 1) for word in words if "=" in word)


def number(value: str) -> int | float:
    return float(value) if "." in value else int(value)


def message_fields(given: dict[str, str]) -> dict[str, object]:
    """The fields of a message: prev=3/2 and last=3/2 stand for index and term, entries=4/2:x,5/2:y for entries."""
    fields: dict[str, object] = {}
    for name, value in given.items():
        if name in ("prev", "last"):
            index, term = value.split("/")
            fields |= {f"{name}_index": int(index), f"{name}_term": int(term)}
        elif name == "entries":
            fields[name] = tuple(entry(word) for word in value.split(",") if word)
        else:
            fields[name] = {"yes": True, "no": False}[value] if value in ("yes", "no") else int(value)
    return fields


def member(word: str) -> Member:
    """D:d1 has a vote, (D:d1) learns."""
    name, _, directory = word.strip("()").partition(":")
    return Member(name, not word.startswith("("), directory)


def entry(word: str) -> Entry:
    place, _, data = word.partition(":")
    index, term = place.split("/")
    return Entry(int(index), int(term), data.encode())


def route(words: tuple[str, ...]) -> tuple[list[tuple[str, str]], str | None, bool]:
    """The ways, the kind of message and whether to keep it, of a command that moves messages."""
    ways = [(sender, receiver) for sender, _, receiver in (word.partition("->") for word in words) if receiver]
    kinds = [word for word in words if "->" not in word and word != "keep"]
    return ways, kinds[0] if kinds else None, "keep" in words
