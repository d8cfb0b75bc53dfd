"""One pysyncobj replica alone: its transport only remembers, its clock only moves when a test says so.

The library under test is a private copy, so that nothing done to the one in `sys.modules` changes what is seen here.
Tests look at private attributes; that is the price of showing what the library does inside.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

NAME = "pysyncobj"
REGULAR, NOOP, MEMBERSHIP = b"\0", b"\1", b"\2"
"""First bytes of the library's log entries."""


class Library:
    """The modules of a copy of pysyncobj that nobody else has."""

    def __init__(self) -> None:
        self.root = import_module(NAME)
        self.syncobj: Any = self.module("syncobj")
        self.journal = self.module("journal")
        self.pickle = self.module("pickle")
        self.serializer = self.module("serializer")
        self.node = self.module("node")
        self.transport = self.module("transport")

    def module(self, name: str) -> ModuleType:
        return import_module(f"{NAME}.{name}")


@contextmanager
def private_library() -> Iterator[Library]:
    """A copy that stands in `sys.modules` meanwhile, since pickle looks there for the classes of what it reads."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == NAME}
    try:
        yield Library()
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == NAME]:
            del sys.modules[name]
        sys.modules.update(kept)


class Lab:
    """Replica A, what it has sent, and a hand on its clock."""

    def __init__(
        self, library: Library, others: tuple[str, ...] = ("B", "C"), journal: Any = None, **conf: Any
    ) -> None:
        self.library = library
        self.now = 1000.0
        self.clock_step = 0.0  # by which each look at the clock moves it
        self.outbox: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[tuple[Any, int]] = []  # (result, error) that callers of `put` were told
        library.syncobj.monotonicTime = self._look_at_the_clock
        if journal is not None:
            library.syncobj.createJournal = lambda _file: journal
        settings = {
            "autoTick": False,
            "raftMinTimeout": 0.5,
            "raftMaxTimeout": 1.0,
            "logCompactionMinEntries": 10**9,
            "logCompactionMinTime": 10**9,
        }
        self.replica = _replica_class(library)(
            "A",
            list(others),
            library.root.SyncObjConf(**{**settings, **conf}),
            transportClass=_transport_class(library, self.outbox),
            nodeClass=library.node.Node,
        )
        self.nodes = {node.id: node for node in self.private("otherNodes")}
        for node in self.nodes.values():
            self.private("transport")._onNodeConnected(node)

    def _look_at_the_clock(self) -> float:
        self.now += self.clock_step
        return self.now

    # -- moving it ------------------------------------------------------------------------------------------------

    def private(self, name: str) -> Any:
        return getattr(self.replica, f"_SyncObj__{name}")

    def call(self, name: str, *arguments: Any) -> Any:
        return self.private(name)(*arguments)

    def set(self, name: str, value: Any) -> None:
        assert hasattr(self.replica, f"_SyncObj__{name}"), f"the library has no {name}"
        setattr(self.replica, f"_SyncObj__{name}", value)

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.replica.doTick()

    def hear(self, node: str, kind: str, **fields: Any) -> None:
        sender = self.nodes.get(node) or self.library.node.Node(node)
        self.private("transport")._onMessageReceived(sender, {"type": kind, **fields})

    def taken(self) -> list[tuple[str, dict[str, Any]]]:
        """What it has sent since this was last asked."""
        sent = self.outbox[:]
        self.outbox.clear()
        return sent

    def put(self, value: str) -> None:
        self.replica.put(value, callback=lambda result, error: self.answers.append((result, error)))

    # -- leading --------------------------------------------------------------------------------------------------

    def elect(self) -> None:
        self.set("raftElectionDeadline", 0)
        self.tick()
        for node in self.nodes:
            if not self.replica._isLeader():
                self.hear(node, "response_vote", term=self.replica.raftCurrentTerm)
        assert self.replica._isLeader()

    def acknowledge(self, node: str, index: int, **fields: Any) -> None:
        answer = {"next_node_idx": index + 1, "reset": False, "success": True}
        self.hear(node, "next_node_idx", **{**answer, **fields})

    @property
    def last(self) -> int:
        return int(self.private("raftLog")[-1][1])

    @property
    def applied(self) -> list[tuple[int, str]]:
        """(index, value) in the order in which they were applied."""
        applied: list[tuple[int, str]] = self.replica.applied
        return applied


def _transport_class(library: Library, outbox: list[tuple[str, dict[str, Any]]]) -> type:
    class RememberingTransport(library.transport.Transport):  # type: ignore[misc, name-defined]
        def send(self, node: Any, message: dict[str, Any]) -> bool:
            outbox.append((node.id, message))
            return True

    return RememberingTransport


def _replica_class(library: Library) -> type:
    class Replica(library.root.SyncObj):  # type: ignore[misc, name-defined]
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            self.applied: list[tuple[int, str]] = []
            super().__init__(*arguments, **keywords)

        @library.root.replicated  # type: ignore[untyped-decorator]
        def put(self, value: str) -> str:
            self.applied.append((self.raftLastApplied + 1, value))
            if value == "boom":
                raise ValueError(value)
            return value

    return Replica


def command(library: Library, value: str) -> bytes:
    """The log entry of `put(value)`."""
    return REGULAR + bytes(library.pickle.dumps((0, (value,))))


def journal_of(library: Library, entries: dict[int, bytes], term: int) -> Any:
    """A journal in memory that a stopped replica has left."""
    journal = library.journal.MemoryJournal()
    for index, entry in entries.items():
        journal.add(entry, index, term)
    journal.setCurrentTerm(term, None)
    return journal
