"""What must be true whatever happens: Raft's safety properties, and what clients are promised.

The checks look at what leaves a replica and what is on its disk, not into the core.
"""

from collections.abc import Mapping, Sequence

from sim_disk import Checkpoint, Disk
from sim_world import Violation

from konik.cluster.network import Frame
from konik.cluster.raft.messages import AppendAnswer, Entry, VoteAnswer
from konik.cluster.raft.ready import Vow


class Checks:
    def __init__(self, disks: Mapping[str, Disk]) -> None:
        self._disks = disks
        self._leaders: dict[int, str] = {}  # term -> leader
        self._votes: dict[tuple[str, int], str] = {}  # (voter, term) -> candidate
        self._seen: dict[tuple[int, int], tuple[bytes, int]] = {}  # (index, term) -> (data, term of the entry before)
        self.committed: list[Entry] = [Entry(0, 0, b"")]
        self._states: list[bytes] = [b""]
        self.acknowledged: dict[bytes, int] = {}  # command -> index
        self.acknowledged_top = 0

    # Raft figure 3

    def leads(self, name: str, term: int) -> None:
        """Election safety."""
        other = self._leaders.setdefault(term, name)
        if other != name:
            raise Violation(f"{other} and {name} both lead term {term}")

    def keeps(self, name: str, vow: Vow, entries: Sequence[Entry]) -> None:
        """What is durable: votes are given once; an index and a term name one entry with one history (log matching)."""
        if vow.vote is not None and self._votes.setdefault((name, vow.term), vow.vote) != vow.vote:
            raise Violation(f"{name} votes twice in term {vow.term}")
        for before, entry in zip(entries, entries[1:], strict=False):
            known = self._seen.setdefault((entry.index, entry.term), (entry.data, before.term))
            if known != (entry.data, before.term):
                raise Violation(f"two entries {entry.index} of term {entry.term}: {known} {(entry.data, before.term)}")

    def sends(self, name: str, peer: str, frame: Frame) -> None:
        """A promise leaves only once it is durable."""
        disk = self._disks[name]
        match frame:
            case VoteAnswer(term, False, True) if (disk.vow.term, disk.vow.vote) != (term, peer) and (
                disk.vow.term <= term
            ):
                raise Violation(f"{name} grants {peer} its vote in term {term}, on its disk is {disk.vow}")
            case AppendAnswer(term, _, True, index) if disk.vow.term <= term and not disk.reaches(index):
                raise Violation(f"{name} acknowledges entry {index}, its disk ends at {disk.extent.last}")

    def applies(self, name: str, before: Checkpoint, entry: Entry, after: Checkpoint) -> None:
        """State machine safety: in order, the same everywhere, durable on a majority."""
        if entry.index != before.index + 1:
            raise Violation(f"{name} applies entry {entry.index} after {before.index}")
        if entry.index == len(self.committed):
            holders = sum(disk.held(entry.index, entry.term) for disk in self._disks.values())
            if holders <= len(self._disks) // 2:
                raise Violation(f"entry {entry.index} is committed, durable on {holders} of {len(self._disks)}")
            self.committed.append(entry)
            self._states.append(after.state)
        elif entry.index > len(self.committed):
            raise Violation(f"{name} applies entry {entry.index}, nobody applied {len(self.committed)}")
        if self.committed[entry.index] != entry:
            raise Violation(f"entry {entry.index} was {self.committed[entry.index]}, {name} applies {entry}")
        if self._states[entry.index] != after.state:
            raise Violation(f"the state of {name} differs at {entry.index}")

    # clients

    def acknowledges(self, command: bytes, entry: Entry) -> None:
        if entry.data != command:
            raise Violation(f"{command!r} is acknowledged, committed is {entry}")
        self.acknowledged[command] = entry.index
        self.acknowledged_top = max(self.acknowledged_top, entry.index)

    def serves(self, index: int, needed: int) -> None:
        if index < needed:
            raise Violation(f"a read at {index} misses entry {needed}, acknowledged before the read was asked for")

    def at_the_end(self) -> None:
        """What was acknowledged is there, once."""
        commands = [entry.data for entry in self.committed if entry.data]
        if len(commands) != len(set(commands)):
            raise Violation("a command was committed twice")
        for command, index in self.acknowledged.items():
            if self.committed[index].data != command:
                raise Violation(f"{command!r} was acknowledged at {index}, there is {self.committed[index]} now")
