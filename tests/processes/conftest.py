"""What the tests with real processes share. The modules beside this file are imported by their bare names."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from server_processes import Cluster  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, help="how often test_crash.py kills all nodes at once")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes, for all tests of a module."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.bootstrap()
