"""What `konik dev` finds out before it starts a process."""

import socket
from pathlib import Path

import pytest

from konik.api.dev import HTTP_PORT_OFFSET, PEER_PORT_OFFSET, DevCluster
from konik.cluster.config import ConfigurationError


@pytest.mark.parametrize("offset", [0, PEER_PORT_OFFSET, HTTP_PORT_OFFSET])
def test_a_port_that_is_taken_is_named_before_anything_is_made(tmp_path: Path, offset: int) -> None:
    directory = tmp_path / "data"
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{taken} cannot be used .*--port P"):
            DevCluster(3, taken - offset - 2, directory)
    assert not directory.exists()


def test_a_directory_keeps_its_ports(tmp_path: Path) -> None:
    DevCluster(1, 20_500, tmp_path)
    with pytest.raises(ConfigurationError, match="the same --nodes and --port"):
        DevCluster(1, 20_501, tmp_path)
