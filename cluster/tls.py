"""Who may speak to whom: mutual TLS with certificates that carry a node's id, or plain TCP that does not leave the
machine.

A member proves its id with a certificate of the cluster's own authority, whose names include that id. What address it
is reached at proves nothing, so addresses are not compared.
"""

import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Address = tuple[str, int]
"""Host and port."""


class InsecureTransport(Exception):
    """Members would talk over a network without TLS."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files."""

    certificate: str
    """This node's, with whatever stands between it and the authority."""
    key: str
    authority: str
    """The authority that signs members' certificates, and no others."""

    def server_context(self) -> ssl.SSLContext:
        return self._context(ssl.PROTOCOL_TLS_SERVER)

    def client_context(self) -> ssl.SSLContext:
        return self._context(ssl.PROTOCOL_TLS_CLIENT)

    def _context(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.authority)
        return context


def certified_names(certificate: dict[str, Any]) -> frozenset[str]:
    """The names that a verified certificate, as `ssl` shows it, gives its holder."""
    return frozenset(name for kind, name in certificate.get("subjectAltName", ()) if kind == "DNS")


def refuse_plain(addresses: Iterable[Address]) -> None:
    """Raise InsecureTransport if one of `addresses` can be reached from outside this machine."""
    for host, port in addresses:
        if not _is_loopback(host):
            raise InsecureTransport(
                f"members would talk to {host}:{port} without TLS: configure certificates, or use loopback addresses"
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
