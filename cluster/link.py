"""One TCP connection between two members: bytes in, frames out, and the reverse.

A link knows nothing of Raft. It hands over frames only after its owner has accepted the other side's hello, and is
closed at the first bytes that are not a frame. A peer that does not read must cost neither memory nor time.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

from konik.cluster.network import Frame, Hello
from konik.cluster.standing import Standing
from konik.cluster.tls import certified_names
from konik.cluster.wire import Splitter, Wire, WireError

HELLO_SECONDS_MAX = 2.0
WRITE_BYTES_MAX = 32 << 20
"""More than this waiting for a peer to read closes the connection: above the windows of appends and of snapshots."""
UNREAD_SECONDS_MAX = 5.0
"""A peer that takes nothing, or does not confirm what it was sent, for this long loses the connection."""

SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_SECONDS_MAX * 1000)),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


class Owner(Protocol):
    """Who decides about links."""

    def opened(self, link: "Link") -> None:
        """The connection stands, nobody has said anything yet."""

    def greeted(self, link: "Link", hello: Hello) -> None:
        """The other side introduces itself: set `link.peer`, or close the link."""

    def heard(self, link: "Link", frame: Frame) -> None:
        """A frame from `link.peer`."""

    def lost(self, link: "Link", reason: str) -> None:
        """The connection is closed."""


class Link(asyncio.Protocol):
    def __init__(self, owner: Owner, wire: Wire, hello: Hello, dialled: str | None = None) -> None:
        """`dialled` is the member that this side has called; None: the other side has called."""
        self.dialled = dialled
        self.peer: str | None = None
        """Who is at the other end, once that is known and accepted."""
        self.standing = Standing.AHEAD
        """As whom it is heard, once it is accepted."""
        self.closed = asyncio.Event()
        self._owner, self._wire, self._hello = owner, wire, hello
        self._splitter = Splitter()
        self._reason = "closed by the other side"
        self._deadline: asyncio.TimerHandle | None = None

    def introduce(self) -> None:
        """Say who this side is: the caller at once, the called one only to a caller whom it has accepted."""
        self._transport.write(self._wire.encode(self._hello))

    def send(self, frame: Frame) -> None:
        """Never waits. Closes the link when too much is waiting already."""
        self._transport.write(self._wire.encode(frame))
        if self._transport.get_write_buffer_size() > WRITE_BYTES_MAX:
            self.close(f"{WRITE_BYTES_MAX} bytes are waiting for it to read")

    def close(self, reason: str) -> None:
        """At once; what was not sent yet is dropped."""
        if not self._transport.is_closing():
            self._reason = reason
            self._transport.abort()

    @property
    def names(self) -> frozenset[str] | None:
        """The names in the other side's certificate; None without TLS."""
        certificate = self._transport.get_extra_info("peercert")
        return None if certificate is None else certified_names(certificate)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        plain = self._transport.get_extra_info("socket")
        for level, option, value in SOCKET_OPTIONS:
            plain.setsockopt(level, option, value)
        self._expect("no hello", HELLO_SECONDS_MAX)
        self._owner.opened(self)
        if self.dialled is not None:
            self.introduce()

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._splitter.feed(data):
                if self._transport.is_closing():
                    return
                self._take(self._wire.decode(body))
        except WireError as error:
            self.close(str(error))

    def pause_writing(self) -> None:
        self._expect("it does not read", UNREAD_SECONDS_MAX)

    def resume_writing(self) -> None:
        self._relax()

    def connection_lost(self, error: Exception | None) -> None:
        self._relax()
        self.closed.set()
        self._owner.lost(self, self._reason if error is None else str(error))

    def _take(self, frame: Frame | Hello) -> None:
        if isinstance(frame, Hello) is not (self.peer is None):
            raise WireError(f"a {type(frame).__name__} where none belongs")
        if isinstance(frame, Hello):
            self._relax()
            self._owner.greeted(self, frame)
        else:
            self._owner.heard(self, frame)

    def _expect(self, reason: str, seconds: float) -> None:
        self._relax()
        close: Callable[[str], None] = self.close
        self._deadline = asyncio.get_running_loop().call_later(seconds, close, f"{reason} for {seconds} s")

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
