"""Who vouches for the nodes of a cluster: certificates for mutual TLS between them."""

from pathlib import Path

import trustme


class Authority:
    """Gives each node the files that its configuration names."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory
        self._ca = trustme.CA()
        self.root = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.root))

    def table(self, node: str, name: str | None = None) -> str:
        """Of the node's configuration, with a certificate for `name`, by default its own."""
        issued = self._ca.issue_cert(name or node)
        certificate, key = self._directory / f"{node}.pem", self._directory / f"{node}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return f'[tls]\nca = "{self.root}"\ncertificate = "{certificate}"\nkey = "{key}"\n'
