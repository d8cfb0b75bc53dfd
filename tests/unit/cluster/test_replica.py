"""The frame around pysyncobj: what it lets be seen and asked, and that nothing of the library's protocol can run."""

import ast
import asyncio
import contextlib
import gzip
import inspect
import os
import pickle
import queue
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pysyncobj
import pysyncobj.pickle
import pytest
from pysyncobj import FAIL_REASON, SyncObj
from pysyncobj.journal import MemoryJournal

from konik.cluster import frame as frames
from konik.cluster import replica as replicas
from konik.cluster.clock import LoopScheduler, SystemClock
from konik.cluster.driver import core_from_disk
from konik.cluster.frame import BARRED, PICKLING_MODULES, PRIVATE, Barred, NoPickle, check_library, private
from konik.cluster.identity import Identity
from konik.cluster.journal import LmdbJournal, bootstrap
from konik.cluster.network import PROTOCOL_VERSION, Hello
from konik.cluster.raft.membership import FOUNDER, Membership
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Settings
from konik.cluster.raft.roles import Role
from konik.cluster.replica import Replica
from konik.cluster.tls import Address
from konik.cluster.transport import TcpTransport
from konik.cluster.wire import Wire, number

pytestmark = pytest.mark.asyncio

CLUSTER = b"c" * 16
SECONDS_MAX = 20.0
QUICK = Settings(min_timeout=0.1, max_timeout=0.2, heartbeat=0.03)


class NoCopies:
    """No copy of the state is asked for here."""


class Member:
    """A replica over a real journal and real connections. Its state machine is a list."""

    def __init__(self, name: str, peers: dict[str, Address], directory: Path, members: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        path = str(directory / name)
        bootstrap(path, Identity(CLUSTER, name, os.urandom(16)), Membership.of(*members))
        self.errors: queue.Queue[BaseException] = queue.Queue()
        self.journal = LmdbJournal.open(path, name, CLUSTER, loop.call_soon_threadsafe, self.errors.put)
        hello = Hello(
            PROTOCOL_VERSION, CLUSTER, name, self.journal.identity.directory, os.urandom(16), 1, "", 1, "", True, 0
        )
        self.transport = TcpTransport(hello, ("127.0.0.1", 0), peers, Wire({"note": (number,)}), self.journal, None)
        clock = SystemClock()
        core = core_from_disk(name, FOUNDER, self.journal.founders, QUICK, self.journal, (0, 0), clock.monotonic(), 0.5)
        self.applied: list[bytes] = []
        self.heard: list[Any] = []
        self.connections: list[tuple[str, bool]] = []
        self.moved = asyncio.Event()
        self.replica = Replica(
            core,
            self.journal,
            self.transport,
            NoCopies(),  # type: ignore[arg-type]
            clock=clock,
            scheduler=LoopScheduler(loop, clock),
            chance=lambda: {"a": 0.1, "b": 0.5, "c": 0.9}[name],
            on_committed=self.apply,
            on_read=lambda token, index: self.move(),
            on_change=self.move,
            on_installed=lambda index, term: None,
            on_peer_message=lambda peer, frame: self.heard.append((peer, frame)) or self.move(),
            on_connection=lambda peer, up: self.connections.append((peer, up)),
            fatal=self.errors.put,
            settings=QUICK,
        )

    def apply(self, entries: Sequence[Entry]) -> None:
        self.applied += [entry.data for entry in entries if entry.data]
        self.move()

    def move(self) -> None:
        self.moved.set()

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            while not holds():
                self.moved.clear()
                await self.moved.wait()

    async def close(self) -> None:
        self.replica.destroy()
        await self.transport.close()
        self.journal.close()
        assert self.errors.empty()


@contextlib.asynccontextmanager
async def alone(directory: Path) -> AsyncIterator[Member]:
    member = Member("a", {}, directory, ["a"])
    await member.transport.start()
    member.replica.start()
    try:
        yield member
    finally:
        await member.close()


@contextlib.asynccontextmanager
async def three(directory: Path) -> AsyncIterator[list[Member]]:
    members: list[Member] = []
    for name in "abc":
        peers = {other: ("127.0.0.1", 1) for other in "abc" if other != name}
        peers |= {member.replica.core.me: ("127.0.0.1", member.transport.port) for member in members}
        members.append(Member(name, peers, directory, "abc"))
        await members[-1].transport.start()
    for member in members:
        member.replica.start()
    try:
        yield members
    finally:
        for member in members:
            await member.close()


async def leader_of(members: list[Member]) -> Member:
    for member in members:
        await member.until(lambda core=member.replica.core: core.leader is not None)
    name = members[0].replica.core.leader
    return next(member for member in members if member.replica.core.me == name)


# -- at work --------------------------------------------------------------------------------------------------------


async def test_three_replicas_elect_replicate_and_apply(tmp_path: Path) -> None:
    async with three(tmp_path) as members:
        leader = await leader_of(members)
        for command in (b"one", b"two", b"three"):
            assert leader.replica.propose(command) is not None
        for member in members:
            await member.until(lambda member=member: member.applied == [b"one", b"two", b"three"])


async def test_when_the_leader_goes_the_others_go_on(tmp_path: Path) -> None:
    async with three(tmp_path) as members:
        leader = await leader_of(members)
        others = [member for member in members if member is not leader]
        leader.replica.propose(b"before")
        for member in others:
            await member.until(lambda member=member: member.applied == [b"before"])
        leader.replica.stop()
        await leader.transport.close()
        for member in others:
            await member.until(lambda core=member.replica.core: core.leader not in (None, leader.replica.core.me))
        new = next(member for member in others if member.replica.core.role is Role.LEADER)
        new.replica.propose(b"after")
        for member in others:
            await member.until(lambda member=member: member.applied == [b"before", b"after"])
            assert (leader.replica.core.me, False) in member.connections


async def test_what_was_applied_is_applied_again_after_a_restart(tmp_path: Path) -> None:
    async with alone(tmp_path) as member:
        await member.until(lambda: member.replica.core.role is Role.LEADER)
        member.replica.propose(b"kept")
        await member.until(lambda: member.applied == [b"kept"])
    loop = asyncio.get_running_loop()
    journal = LmdbJournal.open(str(tmp_path / "a"), "a", CLUSTER, loop.call_soon_threadsafe, print)
    assert [entry.data for entry in journal.load().entries] == [b"", b"", b"kept"]
    journal.close()


async def test_frames_beside_rafts_go_to_the_peer(tmp_path: Path) -> None:
    async with three(tmp_path) as members:
        leader = await leader_of(members)
        other = next(member for member in members if member is not leader)
        assert leader.replica.driver.send(other.replica.core.me, ("note", 5))
        await other.until(lambda: (leader.replica.core.me, ("note", 5)) in other.heard)


# -- what pysyncobj shows -------------------------------------------------------------------------------------------


async def test_status_shows_the_cores_state(tmp_path: Path) -> None:
    async with three(tmp_path) as members:
        leader = await leader_of(members)
        leader.replica.propose(b"x")
        await leader.until(lambda: leader.applied == [b"x"])
        status, core = leader.replica.getStatus(), leader.replica.core
        other = next(name for name in "abc" if name != core.me)
        assert status["version"] == "0.3.17"
        assert (status["state"], status["leader"].id, status["self"].id) == (2, core.me, core.me)
        assert (status["raft_term"], status["commit_idx"], status["last_applied"]) == (
            core.term,
            core.commit,
            core.commit,
        )
        assert (status["log_len"], status["has_quorum"]) == (core.log.last + 1, True)
        assert status[f"match_idx_server_{other}"] == core.progress[other].match
        assert leader.replica._isLeader() and leader.replica._getLeader().id == core.me
        assert leader.replica.isReady() and leader.replica._isReady()


async def test_leadership_can_be_transferred_by_pysyncobjs_call(tmp_path: Path) -> None:
    async with three(tmp_path) as members:
        leader = await leader_of(members)
        target = next(member for member in members if member is not leader)
        await target.until(lambda: target.replica.core.commit == leader.replica.core.commit > 0)
        answers: list[Any] = []
        leader.replica.transferLeadership(target.replica.core.me, lambda _, reason: answers.append(reason))
        await target.until(lambda: target.replica.core.role is Role.LEADER)
        leader.replica.transferLeadership(callback=lambda _, reason: answers.append(reason))
        assert answers == [FAIL_REASON.SUCCESS, FAIL_REASON.REQUEST_DENIED]


async def test_no_thread_runs_but_the_journals(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    async with alone(tmp_path) as member:
        await member.until(lambda: member.replica.core.role is Role.LEADER)
        assert [thread.name for thread in set(threading.enumerate()) - before] == ["konik-journal"]
        assert not member.replica.tick_thread_alive()


# -- what pysyncobj must not do -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", sorted(BARRED))
async def test_ways_around_consensus_are_barred(method: str, tmp_path: Path) -> None:
    async with alone(tmp_path) as member:
        with pytest.raises(Barred, match=method):
            getattr(member.replica, method)(b"anything", None)


async def test_every_barred_method_is_one_of_pysyncobjs() -> None:
    assert [name for name in BARRED if not hasattr(SyncObj, name)] == []


HARMLESS = {
    "_destroy",  # calls destroy, which is ours
    "_getConf",
    "_getEncryptor",
    "_getFuncName",
    "_getRaftLogSize",
    "_getStatus",
    "_isReady",
    "_printStatus",
    "_transferLeadership",  # calls transferLeadership, which is ours
    "getCodeVersion",
    "isNodeConnected",
    "printStatus",
    "tick_thread_alive",
    "waitBinded",
    "waitReady",
}
"""Methods of SyncObj that only tell something, or call what is ours."""


async def test_every_method_of_pysyncobj_is_barred_ours_or_harmless() -> None:
    theirs = {name for name, value in vars(SyncObj).items() if inspect.isfunction(value) and not name.startswith("__")}
    public = {name for name in theirs if not name.startswith("_SyncObj__")}
    assert public - set(vars(Replica)) == HARMLESS


async def test_no_private_name_is_missing(tmp_path: Path) -> None:
    async with alone(tmp_path) as member:
        check_library(member.replica)


async def test_a_missing_private_name_stops_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with alone(tmp_path) as member:
        monkeypatch.setattr(frames, "PRIVATE", {**PRIVATE, "raftWhatever": "a name that went away"})
        with pytest.raises(RuntimeError, match="raftWhatever"):
            check_library(member.replica)


async def test_another_release_of_pysyncobj_stops_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with alone(tmp_path) as member:
        monkeypatch.setattr(pysyncobj.version, "VERSION", "0.3.18")
        with pytest.raises(RuntimeError, match=r"0\.3\.18 is installed, Konik needs 0\.3\.17"):
            check_library(member.replica)


async def test_every_private_name_in_the_code_is_in_the_table_and_the_reverse() -> None:
    tree = ast.parse(inspect.getsource(replicas))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert set(PRIVATE) <= texts
    assert [text for text in texts if "_SyncObj__" in text] == []
    assert private("raftLog") == "_SyncObj__raftLog"


# -- pickle ---------------------------------------------------------------------------------------------------------


async def test_what_the_library_calls_pickle_raises_in_all_its_modules(tmp_path: Path) -> None:
    async with alone(tmp_path):
        for module in PICKLING_MODULES:
            assert module.pickle is NoPickle
        for name in ("dump", "dumps", "load", "loads", "to_bytes"):
            with pytest.raises(Barred):
                getattr(NoPickle, name)(b"anything")


async def test_no_module_of_the_library_that_knows_pickle_is_forgotten() -> None:
    folder = Path(pysyncobj.__file__).parent
    knowing = {path.stem for path in folder.glob("*.py") if "import pysyncobj.pickle as pickle" in path.read_text()}
    assert knowing == {module.__name__.rpartition(".")[2] for module in PICKLING_MODULES}


async def test_the_stubs_cover_all_that_the_library_uses() -> None:
    used = {name for name in vars(pysyncobj.pickle) if callable(getattr(pysyncobj.pickle, name)) and name[0] != "_"}
    assert used - {"unpack"} == {name for name in vars(NoPickle) if not name.startswith("__")}


class Trap:
    """Unpickled, it would run code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("/nowhere/at/all",)


async def test_pickled_bytes_from_a_dump_are_not_run(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.write_bytes(gzip.compress(pickle.dumps(Trap())))
    async with alone(tmp_path) as member:
        serializer = vars(member.replica)["_SyncObj__serializer"]
        vars(serializer)["_Serializer__fileName"] = str(dump)
        with pytest.raises(Barred, match="pickle.load"):
            serializer.deserialize()
        with pytest.raises(Barred):
            member.replica._SyncObj__loadDumpFile(clearJournal=False)


async def test_the_librarys_memory_journal_is_gone(tmp_path: Path) -> None:
    async with alone(tmp_path) as member:
        assert vars(member.replica)["_SyncObj__raftLog"] is member.journal
        assert not isinstance(member.journal, MemoryJournal)
