"""Members find each other, believe only whom they should, and hear at once when somebody is gone."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs

from konik.cluster import link as links
from konik.cluster import transport as transports
from konik.cluster.frame import Barred
from konik.cluster.network import PROTOCOL_VERSION, Hello, SnapshotChunk
from konik.cluster.raft.membership import Member as Listed
from konik.cluster.raft.membership import Membership
from konik.cluster.raft.messages import Append, Entry, Heartbeat, RequestVote, VoteAnswer
from konik.cluster.tls import Address, InsecureTransport, TlsFiles, refuse_plain
from konik.cluster.transport import TcpTransport
from konik.cluster.wire import Wire, number

pytestmark = pytest.mark.asyncio

CLUSTER = b"c" * 16
SECONDS_MAX = float(os.environ.get("KONIK_TEST_SECONDS_MAX", "10.0"))
NOWHERE = ("127.0.0.1", 1)


class Memory:
    """Remembers the directories of peers for as long as the test takes."""

    def __init__(self) -> None:
        self.directories: dict[str, bytes] = {}

    def record_directory(self, peer: str, directory: bytes) -> None:
        self.directories[peer] = directory


class Member:
    """A transport, and what it reports."""

    def __init__(
        self,
        name: str,
        peers: dict[str, Address],
        tls: TlsFiles | None = None,
        memory: Memory | None = None,
        **hello: Any,
    ) -> None:
        self.memory = memory or Memory()
        self.reports: asyncio.Queue[Any] = asyncio.Queue()
        fields = {
            "version": PROTOCOL_VERSION,
            "cluster": CLUSTER,
            "node": name,
            "directory": name.encode() * 16,
            "process": name.upper().encode() * 16,
            "pid": 1,
            "client_address": "",
            "machine_version": 1,
            "peer_address": "",
            "founder": True,
            "members_since": 0,
        }
        wire = Wire({"note": (number,)})
        self.transport = TcpTransport(Hello(**{**fields, **hello}), ("127.0.0.1", 0), peers, wire, self.memory, tls)
        self.transport.setOnNodeConnectedCallback(lambda node: self.reports.put_nowait((node.id, "up")))
        self.transport.setOnNodeDisconnectedCallback(lambda node: self.reports.put_nowait((node.id, "down")))
        self.transport.setOnMessageReceivedCallback(lambda node, frame: self.reports.put_nowait((node.id, frame)))

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.transport.port

    def send(self, peer: str, frame: Any) -> bool:
        return self.transport.send(self.transport.nodes[peer], frame)

    async def report(self) -> Any:
        async with asyncio.timeout(SECONDS_MAX):
            return await self.reports.get()

    async def until(self, wanted: Any) -> None:
        while await self.report() != wanted:
            pass


@contextlib.asynccontextmanager
async def running(*members: Member) -> AsyncIterator[None]:
    for member in members:
        await member.transport.start()
    try:
        yield
    finally:
        for member in members:
            await member.transport.close()


@contextlib.asynccontextmanager
async def pair(**of_b: Any) -> AsyncIterator[tuple[Member, Member]]:
    """Members "a", who listens, and "b", who dials."""
    tls_of_a = of_b.pop("tls_of_a", None)
    a = Member("a", {"b": NOWHERE}, tls=tls_of_a, memory=of_b.pop("memory_of_a", None))
    async with running(a):
        b = Member(of_b.pop("name", "b"), {"a": a.address}, **of_b)
        async with running(b):
            yield a, b


async def complaint(logs: list[Any], words: str) -> None:
    """Wait until somebody has logged this."""
    async with asyncio.timeout(SECONDS_MAX):
        while not any(words in entry["event"] for entry in logs):
            await asyncio.sleep(0)


# -- meeting --------------------------------------------------------------------------------------------------------


async def test_two_members_meet_and_talk() -> None:
    async with pair() as (a, b):
        assert await a.report() == ("b", "up")
        assert await b.report() == ("a", "up")
        heartbeat, note = Heartbeat(1, 2, 3), ("note", 4)
        assert a.send("b", heartbeat) and a.send("b", note) and b.send("a", note)
        assert [await b.report(), await b.report()] == [("a", heartbeat), ("a", note)]
        assert await a.report() == ("b", note)


async def test_members_meet_whose_releases_speak_one_protocol_in_common() -> None:
    async with pair(version=PROTOCOL_VERSION + 1) as (a, b):
        assert await a.report() == ("b", "up")
        assert await b.report() == ("a", "up")


async def test_each_knows_what_the_other_said_of_itself() -> None:
    async with pair(client_address="here:2023", pid=77) as (a, b):
        await a.until(("b", "up"))
        assert (a.transport.hellos["b"].client_address, a.transport.hellos["b"].pid) == ("here:2023", 77)
        assert a.memory.directories == {"b": b"b" * 16}
        await b.until(("a", "up"))
        assert b.memory.directories == {"a": b"a" * 16}


async def test_frames_of_any_size_arrive_whole_and_in_order() -> None:
    sizes = [0, 10, 3_000_000, 5, 70_000]
    frames: list[Any] = [Append(1, i, 0, 0, 0, (Entry(1, 1, bytes(size)),)) for i, size in enumerate(sizes)]
    frames.insert(2, SnapshotChunk((1, 1), 0, bytes(1 << 20)))
    async with pair() as (a, b):
        await a.until(("b", "up"))
        await b.until(("a", "up"))
        for frame in frames:
            b.send("a", frame)
        for frame in frames:
            assert await a.report() == ("b", frame)


async def test_without_a_connection_nothing_is_sent() -> None:
    a = Member("a", {"b": NOWHERE})
    async with running(a):
        assert not a.send("b", Heartbeat(1, 1, 1))
        assert a.transport.member("b") is None


# -- parting --------------------------------------------------------------------------------------------------------


async def test_a_member_that_goes_is_missed_at_once_and_found_again_when_it_is_back() -> None:
    a = Member("a", {"b": NOWHERE})
    b = Member("b", {"a": NOWHERE})
    async with running(a):
        b.transport.nodes["a"].address = a.address
        async with running(b):
            await a.until(("b", "up"))
        assert await a.report() == ("b", "down")
        back = Member("b", {"a": a.address})
        async with running(back):
            assert await a.report() == ("b", "up")


async def test_a_broken_connection_is_dialled_anew() -> None:
    async with pair() as (a, b):
        await a.until(("b", "up"))
        await b.until(("a", "up"))
        a.transport.disconnect("b", "for the test")
        assert [await b.report(), await b.report()] == [("a", "down"), ("a", "up")]
        assert [await a.report(), await a.report()] == [("b", "down"), ("b", "up")]


async def test_a_refused_dial_tells_that_nobody_is_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        b = Member("b", {"a": closed.getsockname()})
        async with running(b):
            assert await b.report() == ("a", "down")


async def test_a_newer_connection_replaces_the_older_which_is_heard_no_more() -> None:
    a = Member("a", {"b": NOWHERE})
    async with running(a):
        first, second = Member("b", {"a": a.address}), Member("b", {"a": a.address}, process=b"2" * 16)
        async with running(first):
            await a.until(("b", "up"))
            await first.until(("a", "up"))
            older = a.transport._links["b"]
            async with running(second):
                assert [await a.report(), await a.report()] == [("b", "down"), ("b", "up")]
                assert a.transport.hellos["b"].process == b"2" * 16
                a.transport.heard(older, Heartbeat(9, 9, 9))
                await second.until(("a", "up"))
                second.send("a", Heartbeat(1, 1, 1))
                assert await a.report() == ("b", Heartbeat(1, 1, 1))


async def test_a_peer_that_does_not_read_loses_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "WRITE_BYTES_MAX", 1 << 20)
    async with pair() as (a, b):
        await a.until(("b", "up"))
        await b.until(("a", "up"))
        b.transport._links["a"]._transport.pause_reading()
        chunk = SnapshotChunk((1, 1), 0, bytes(1 << 20))
        for _ in range(200):
            a.send("b", chunk)
            if a.transport.member("b") is None:
                break
            await asyncio.sleep(0)
        assert await a.report() == ("b", "down")


async def test_a_peer_that_takes_nothing_for_too_long_loses_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "UNREAD_SECONDS_MAX", 0.05)
    async with pair() as (a, b):
        await a.until(("b", "up"))
        await b.until(("a", "up"))
        b.transport._links["a"]._transport.pause_reading()
        for _ in range(20):
            a.send("b", SnapshotChunk((1, 1), 0, bytes(1 << 20)))
        assert await a.report() == ("b", "down")


async def test_who_connects_and_says_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "HELLO_SECONDS_MAX", 0.05)
    a = Member("a", {"b": NOWHERE})
    async with running(a):
        reader, writer = await asyncio.open_connection(*a.address)
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), SECONDS_MAX)
        writer.close()
    assert a.reports.empty()


# -- believing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_b", "words"),
    [
        ({"cluster": b"x" * 16}, "belongs to cluster 7878"),
        (
            {"version": PROTOCOL_VERSION + 2, "oldest_version": PROTOCOL_VERSION + 1},
            "upgrade all nodes to a release between the two first",
        ),
        ({"name": "x"}, "x is no member"),
        ({"name": "a"}, "check the members' addresses"),
    ],
)
async def test_a_stranger_is_refused_with_the_reason(of_b: dict[str, Any], words: str) -> None:
    with capture_logs() as logs:
        a = Member("a", {"b": NOWHERE})
        async with running(a):
            writer = (await asyncio.open_connection(*a.address))[1]
            stranger = {"name": "b", "version": PROTOCOL_VERSION, "cluster": CLUSTER, "oldest_version": 1, **of_b}
            version, cluster, name, oldest = (stranger[key] for key in ("version", "cluster", "name", "oldest_version"))
            hello = Hello(version, cluster, name, b"b" * 16, b"B" * 16, 1, "", 1, "", True, 0, oldest)
            writer.write(Wire().encode(hello) + Wire().encode(Heartbeat(1, 1, 1)))
            await complaint(logs, words)
            writer.close()
    assert a.reports.empty()


async def test_a_member_with_another_directory_than_recorded_is_refused() -> None:
    memory = Memory()
    memory.record_directory("b", b"known before....")
    with capture_logs() as logs:
        async with pair(memory_of_a=memory) as (a, b):
            await complaint(logs, "another data directory")
            assert a.reports.empty() and memory.directories["b"] == b"known before...."
            assert a.transport.member("b") is None


NAMED = Membership.of("a").including(Listed("b", True, (b"b" * 16).hex()))


async def test_who_has_joined_is_not_remembered_for_the_founder_of_its_name() -> None:
    a = Member("a", {})
    async with running(a):
        a.transport.take_up(NAMED, 5, {})
        b = Member("b", {"a": a.address}, founder=False)
        async with running(b):
            await a.until(("b", "up"))
            assert a.memory.directories == {}


async def test_a_founder_that_was_met_under_a_list_that_is_given_up_stays_known() -> None:
    a = Member("a", {})
    async with running(a):
        a.transport.take_up(NAMED, 5, {})
        async with running(Member("b", {"a": a.address})):
            await a.until(("b", "up"))
        a.transport.take_up(Membership.of("a", "b"), 0, {})
        assert a.memory.directories == {"b": b"b" * 16}


async def test_a_founder_that_comes_to_be_a_member_while_it_is_heard_is_remembered() -> None:
    memory = Memory()
    a = Member("a", {}, memory=memory)
    async with running(a):
        a.transport.take_up(NAMED, 5, {})
        async with running(Member("b", {"a": a.address})):
            await a.until(("b", "up"))
            memory.directories.clear()
            a.transport.take_up(NAMED, 7, {})
            assert memory.directories == {"b": b"b" * 16}


async def test_who_is_refused_is_told_to_look_there_once_and_never_believes_to_be_connected() -> None:
    memory = Memory()
    memory.record_directory("b", b"known before....")
    with capture_logs() as logs:
        async with pair(memory_of_a=memory) as (_, b):
            dials = 0
            while dials < 3:
                link = await anew(b, "a")
                await link.closed.wait()
                dials += 1
            assert b.reports.empty()
    for words in ("another data directory", "a does not accept this node"):
        assert sum(words in entry["event"] for entry in logs) == 1


async def anew(member: Member, peer: str) -> links.Link:
    """The next connection that `member` opens."""
    async with asyncio.timeout(SECONDS_MAX):
        while not member.transport._greeting:
            await asyncio.sleep(0)
        return next(link for link in member.transport._greeting if link.dialled == peer)


async def test_a_member_that_answers_at_the_address_of_another_is_refused() -> None:
    with capture_logs() as logs:
        a = Member("a", {"c": NOWHERE})
        async with running(a):
            c = Member("c", {"a": NOWHERE, "b": a.address})
            async with running(c):
                await complaint(logs, "'a' answers where b should")
                assert c.transport.member("a") is None and c.transport.member("b") is None


@pytest.mark.parametrize(
    "junk", [b"\0\0\0\1\xc1", b"\xff\xff\xff\xff", Wire().encode(Heartbeat(1, 1, 1)), b"GET / HTTP/1.1\r\n"]
)
async def test_junk_closes_the_connection_and_nothing_else(junk: bytes) -> None:
    a = Member("a", {"b": NOWHERE})
    async with running(a):
        reader, writer = await asyncio.open_connection(*a.address)
        writer.write(junk)
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), SECONDS_MAX)
        writer.close()
        b = Member("b", {"a": a.address})
        async with running(b):
            assert await a.report() == ("b", "up")


async def test_a_second_hello_closes_the_connection() -> None:
    async with pair() as (a, b):
        await a.until(("b", "up"))
        await b.until(("a", "up"))
        b.transport._links["a"].send(b.transport._hello)
        assert await a.report() == ("b", "down")


# -- lists of members ----------------------------------------------------------------------------------------------


async def test_who_is_no_member_any_more_loses_its_connection_and_is_told_why() -> None:
    with capture_logs() as logs:
        async with pair() as (a, b):
            await a.until(("b", "up"))
            a.transport.take_up(Membership.of("a"), 5, {})
            assert await a.report() == ("b", "down")
            await complaint(logs, "b is no member")
            assert "b" not in a.transport.nodes


async def test_a_new_member_is_dialled_by_whoever_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "DIAL_BACK_SECONDS", 0.01)
    a, b = Member("a", {}), Member("b", {}, founder=False)
    async with running(a, b):
        learner = Membership.of("a").including(Listed("b", False, (b"b" * 16).hex()))
        b.transport.take_up(Membership.of("a", "b"), 0, {})
        a.transport.take_up(learner, 5, {"b": b.address})
        await a.until(("b", "up"))
        await b.until(("a", "up"))
        assert a.send("b", Heartbeat(1, 2, 3))
        assert await b.report() == ("a", Heartbeat(1, 2, 3))


async def test_who_asks_to_be_taken_in_is_refused_and_made_known() -> None:
    a = Member("a", {})
    asked: asyncio.Queue[Hello] = asyncio.Queue()
    a.transport.on_applicant = asked.put_nowait
    async with running(a):
        b = Member("b", {"a": a.address}, founder=False, peer_address="here:7000")
        async with running(b):
            async with asyncio.timeout(SECONDS_MAX):
                hello = await asked.get()
            assert (hello.node, hello.peer_address) == ("b", "here:7000")
            assert a.reports.empty() and a.transport.member("b") is None


async def test_of_one_with_a_later_list_all_is_heard_but_its_answers_until_the_list_is_here() -> None:
    a = Member("a", {})
    async with running(a):
        b = Member("b", {"a": a.address}, founder=False, members_since=7)
        async with running(b):
            await a.until(("b", "up"))
            await b.until(("a", "up"))
            ahead = a.transport.ahead("b")
            assert ahead is not None and ahead.members_since == 7 and a.transport.member("b") is None
            answer, question = VoteAnswer(1, False, True), RequestVote(1, False, 0, 0)
            b.send("a", answer)
            b.send("a", question)
            assert await a.report() == ("b", question)
            a.transport.take_up(Membership.of("a").including(Listed("b", True, (b"b" * 16).hex())), 7, {})
            b.send("a", answer)
            assert await a.report() == ("b", answer)
            assert a.transport.ahead("b") is None and a.transport.member("b") is not None


# -- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certificate(authority: trustme.CA, directory: Path, name: str, trusted: trustme.CA | None = None) -> TlsFiles:
    directory.mkdir(exist_ok=True)
    issued = authority.issue_cert(name)
    paths = [directory / f"{name}.{kind}.pem" for kind in ("certificate", "key", "authority")]
    issued.cert_chain_pems[0].write_to_path(paths[0])
    issued.private_key_pem.write_to_path(paths[1])
    (trusted or authority).cert_pem.write_to_path(paths[2])
    return TlsFiles(*map(str, paths))


async def test_members_talk_under_tls(authority: trustme.CA, tmp_path: Path) -> None:
    async with pair(tls_of_a=certificate(authority, tmp_path, "a"), tls=certificate(authority, tmp_path, "b")) as (
        a,
        b,
    ):
        await a.until(("b", "up"))
        await b.until(("a", "up"))
        b.send("a", Heartbeat(1, 2, 3))
        assert await a.report() == ("b", Heartbeat(1, 2, 3))


async def test_a_certificate_that_names_somebody_else_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with pair(
            tls_of_a=certificate(authority, tmp_path, "a"), tls=certificate(authority, tmp_path, "other")
        ) as (a, _):
            await complaint(logs, "b's certificate is for ['other']")
            assert a.transport.member("b") is None


async def test_a_certificate_of_another_authority_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    forger = trustme.CA()
    with capture_logs() as logs:
        async with pair(
            tls_of_a=certificate(authority, tmp_path, "a"),
            tls=certificate(forger, tmp_path / "forged", "b", trusted=authority),
        ) as (a, b):
            await complaint(logs, "a does not accept this node")
            assert a.reports.empty() and a.transport.member("b") is None


async def test_plain_tcp_is_refused_under_tls(authority: trustme.CA, tmp_path: Path) -> None:
    async with pair(tls_of_a=certificate(authority, tmp_path, "a")) as (a, b):
        await (await anew(b, "a")).closed.wait()
        assert a.reports.empty() and b.reports.empty()


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "konik-1", "::", "2001:db8::1"])
async def test_plain_tcp_beyond_this_machine_is_refused(host: str) -> None:
    with pytest.raises(InsecureTransport, match="configure certificates"):
        Member("a", {"b": (host, 7000)})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
async def test_plain_tcp_within_this_machine_is_allowed(host: str) -> None:
    refuse_plain([(host, 7000)])


# -- pysyncobj's contract -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["addNode", "dropNode"])
async def test_pysyncobj_cannot_change_the_members(method: str) -> None:
    with pytest.raises(Barred, match=method):
        getattr(Member("a", {}).transport, method)(None)
