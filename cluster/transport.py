"""The connections of one member to all others, over TCP: who dials whom, who is believed, who is told when one breaks.

It fills pysyncobj's transport contract. Of two members the one with the higher id dials, again and again; the other one
too, with less zeal, since it may not be known there yet. A member is heard only after a hello that fits: a protocol
that both speak, same cluster, under TLS the certificate's name, and a place in the list of members (`standing`). Of a
member's connections only the newest is heard.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import Protocol

import pysyncobj.transport
import structlog
from pysyncobj.node import Node

from konik.cluster.frame import barred
from konik.cluster.link import Link
from konik.cluster.network import Frame, Hello
from konik.cluster.raft.membership import Membership
from konik.cluster.standing import NoMember, Standing, counts, standing
from konik.cluster.tls import Address, InsecureTransport, TlsFiles, refuse_plain
from konik.cluster.wire import Wire

REDIAL_SECONDS_MIN = 0.05
REDIAL_SECONDS_MAX = 0.25
"""Short: until a node that was restarted is reached again, the other two have nobody to fall back on."""
DIAL_SECONDS_MAX = 1.0
DIAL_BACK_SECONDS = 1.0
"""How often the one with the lower id dials, who should be dialled."""

log = structlog.get_logger()


class Acquaintances(Protocol):
    """Who remembers with which directories founders were met: a list that names them may be given up again."""

    @property
    def directories(self) -> Mapping[str, bytes]:
        """By peer."""

    def record_directory(self, peer: str, directory: bytes) -> None:
        """From now on `peer` is known by this directory."""


class Refused(Exception):
    """A hello that does not fit; the text says why, and what to do."""


class TcpTransport(pysyncobj.transport.Transport):  # type: ignore[misc]  # pysyncobj has no types
    def __init__(
        self,
        hello: Hello,
        listen: Address,
        peers: Mapping[str, Address],
        wire: Wire,
        acquaintances: Acquaintances,
        tls: TlsFiles | None,
    ) -> None:
        """`hello` is what this member says of itself; until `take_up` the members are this one and `peers`.

        Raises InsecureTransport without `tls`, unless all addresses are loopback.
        """
        if tls is None:
            refuse_plain([listen, *peers.values()])
        super().__init__(None, Node(hello.node), [])
        self.nodes = {name: Node(name, address=peers[name]) for name in sorted(peers)}
        self.hellos: dict[str, Hello] = {}
        """The latest hello of each peer, connected or not."""
        self.on_applicant: Callable[[Hello], None] = lambda hello: None
        """Hears of whoever is of this cluster, and no member."""
        self._membership = Membership.of(hello.node, *peers)
        self._hello, self._listen, self._wire = hello, listen, wire
        self._acquaintances, self._tls = acquaintances, tls
        self._links: dict[str, Link] = {}
        self._greeting: set[Link] = set()
        self._complaints: dict[str, str] = {}  # peer -> what was logged last, so that a redial says nothing new
        self._dialling: dict[str, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen and dial. Raises OSError if the address is taken."""
        loop = asyncio.get_running_loop()
        context = self._tls.server_context() if self._tls else None
        self._server = await loop.create_server(lambda: Link(self, self._wire, self._hello), *self._listen, ssl=context)
        for name in self.nodes:
            self._begin_dialling(name)

    async def close(self) -> None:
        """Close everything. No callback comes any more."""
        self.setOnNodeConnectedCallback(None)
        self.setOnNodeDisconnectedCallback(None)
        self.setOnMessageReceivedCallback(None)
        if self._server is not None:
            self._server.close()
        for task in self._dialling.values():
            task.cancel()
        await asyncio.gather(*self._dialling.values(), return_exceptions=True)
        links = [*self._links.values(), *self._greeting]
        for link in links:
            link.close("this node stops")
        await asyncio.gather(*(link.closed.wait() for link in links))
        if self._server is not None:
            await self._server.wait_closed()

    def take_up(self, membership: Membership, since: int, peers: Mapping[str, Address]) -> None:
        """Another list of members is in force, from index `since` on, with these addresses of the others."""
        self._membership, self._hello = membership, self._hello._replace(members_since=since)
        for name in [*self._dialling]:
            if peers.get(name) != self.nodes[name].address:
                self._dialling.pop(name).cancel()
        for name, link in self._links.items():
            try:
                link.standing = self._standing(self.hellos[name])
                self._remember(self.hellos[name], link.standing)
            except NoMember as refusal:
                link.close(str(refusal))
        for name in [name for name in self.nodes if name not in peers and name not in self._links]:
            del self.nodes[name]
        for name, address in peers.items():
            self.nodes.setdefault(name, Node(name)).address = address
            if name not in self._dialling and self._server is not None:
                self._begin_dialling(name)

    @property
    def port(self) -> int:
        """Where it listens; of use when port 0 was asked for."""
        assert self._server is not None, "the transport has not started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def member(self, name: str) -> Hello | None:
        """What the member of that name says of itself, if there is a connection to it."""
        return self._heard_as(Standing.MEMBER, name)

    def ahead(self, name: str) -> Hello | None:
        """The same of one that is connected without being a member by the list that this node has."""
        return self._heard_as(Standing.AHEAD, name)

    def _heard_as(self, standing: Standing, name: str) -> Hello | None:
        link = self._links.get(name)
        return self.hellos[name] if link is not None and link.standing is standing else None

    def disconnect(self, peer: str, reason: str) -> None:
        """Break the connection to `peer`, if there is one."""
        if (link := self._links.get(peer)) is not None:
            link.close(reason)

    # pysyncobj's contract

    def send(self, node: Node, message: Frame) -> bool:
        """As `Network.send`, to a node of `nodes`."""
        link = self._links.get(node.id)
        if link is None:
            return False
        link.send(message)
        return True

    addNode = barred("addNode", "members change by log entries")
    dropNode = barred("dropNode", "members change by log entries")

    def setOnUtilityMessageCallback(self, message: str, callback: object) -> None:
        """The library's own administration messages are not spoken here."""

    # dialling

    def _begin_dialling(self, peer: str) -> None:
        self._dialling[peer] = asyncio.get_running_loop().create_task(self._keep_dialling(peer))

    async def _keep_dialling(self, peer: str) -> None:
        pause = REDIAL_SECONDS_MIN
        while True:
            if self._hello.node < peer:
                await asyncio.sleep(DIAL_BACK_SECONDS)
                if peer in self._links:
                    continue
            link = await self._dial(peer)
            if link is not None:
                await link.closed.wait()
            pause = REDIAL_SECONDS_MIN if link is not None and link.peer else min(2 * pause, REDIAL_SECONDS_MAX)
            await asyncio.sleep(pause)

    async def _dial(self, peer: str) -> Link | None:
        host, port = self.nodes[peer].address
        if self._tls is None:
            try:
                refuse_plain([(host, port)])
            except InsecureTransport as error:
                self._complain(peer, str(error))
                return None
        context = self._tls.client_context() if self._tls else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DIAL_SECONDS_MAX):
                _, link = await loop.create_connection(
                    lambda: Link(self, self._wire, self._hello, peer),
                    host,
                    port,
                    ssl=context,
                    server_hostname=peer if context else None,
                )
            return link
        except ConnectionRefusedError:
            if peer not in self._links:
                self._onNodeDisconnected(self.nodes[peer])  # nobody listens: whoever waits for this member need not
        except ssl.SSLError as error:
            self._complain(peer, f"TLS with {peer} at {host}:{port} failed: {error}")
        except OSError as error:
            self._complain(peer, f"{peer} at {host}:{port} cannot be reached: {str(error) or 'no answer'}")
        return None

    # link.Owner

    def opened(self, link: Link) -> None:
        self._greeting.add(link)

    def greeted(self, link: Link, hello: Hello) -> None:
        try:
            link.standing = self._check(link, hello)
        except (Refused, NoMember) as refusal:
            self._complain(hello.node if hello.node in self.nodes else "a stranger", str(refusal))
            link.close("this node refused it")
            return
        peer = hello.node
        self._complaints.pop(peer, None)
        self._greeting.discard(link)
        self._remember(hello, link.standing)
        self.nodes.setdefault(peer, Node(peer))
        if (older := self._links.pop(peer, None)) is not None:
            older.close("replaced by a newer connection")
            self._onNodeDisconnected(self.nodes[peer])
        link.peer, self._links[peer], self.hellos[peer] = peer, link, hello
        if link.dialled is None:
            link.introduce()
        self._onNodeConnected(self.nodes[peer])

    def heard(self, link: Link, frame: Frame) -> None:
        assert link.peer is not None
        if self._links.get(link.peer) is link and counts(frame, link.standing):
            self._onMessageReceived(self.nodes[link.peer], frame)

    def lost(self, link: Link, reason: str) -> None:
        self._greeting.discard(link)
        if link.peer is not None and self._links.get(link.peer) is link:
            del self._links[link.peer]
            log.info("connection lost", peer=link.peer, reason=reason)
            self._onNodeDisconnected(self.nodes[link.peer])
            if link.peer not in self._membership.names:
                del self.nodes[link.peer]
        elif link.peer is None and link.dialled is not None:
            self._complain(link.dialled, f"{link.dialled} does not accept this node: {reason}; its log says why")

    def _standing(self, hello: Hello) -> Standing:
        recorded = self._acquaintances.directories.get(hello.node)
        return standing(hello, self._membership, self._hello.members_since, recorded)

    def _remember(self, hello: Hello, standing: Standing) -> None:
        if standing is Standing.MEMBER and hello.founder and hello.node not in self._acquaintances.directories:
            self._acquaintances.record_directory(hello.node, hello.directory)

    def _check(self, link: Link, hello: Hello) -> Standing:
        """Raises Refused, or NoMember of somebody that could be one."""
        ours, peer, names = self._hello, hello.node, link.names
        if min(hello.version, ours.version) < max(hello.oldest_version, ours.oldest_version):
            raise Refused(
                f"{peer} speaks protocols {hello.oldest_version} to {hello.version}, this node "
                f"{ours.oldest_version} to {ours.version}: upgrade all nodes to a release between the two first"
            )
        if hello.cluster != ours.cluster:
            raise Refused(
                f"{peer} belongs to cluster {hello.cluster.hex()}, this node to {ours.cluster.hex()}: "
                "one of them has the address or the data directory of another cluster"
            )
        if peer == ours.node or link.dialled not in (None, peer):
            raise Refused(f"{peer!r} answers where {link.dialled or 'a member'} should: check the members' addresses")
        if names is not None and peer not in names:
            raise Refused(f"{peer}'s certificate is for {sorted(names)}: a member's certificate must name its id")
        try:
            return self._standing(hello)
        except NoMember:
            self.on_applicant(hello)
            raise

    def _complain(self, peer: str, complaint: str) -> None:
        if self._complaints.get(peer) != complaint:
            self._complaints[peer] = complaint
            log.warning(complaint, peer=peer)
