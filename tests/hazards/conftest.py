"""What every test of the pinned library needs: a copy of its own, and silence."""

import logging
from collections.abc import Iterator

import pytest

from tests.hazards.lab import Lab, Library, private_library


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """The library logs what goes wrong, and goes on."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def library() -> Iterator[Library]:
    with private_library() as library:
        yield library


@pytest.fixture
def replica(library: Library) -> Lab:
    """One of three, that follows nobody yet."""
    return Lab(library)


@pytest.fixture
def leader(library: Library) -> Lab:
    """One of three, elected, whose first entry (at 2, in term 1) B has acknowledged."""
    lab = Lab(library)
    lab.elect()
    lab.tick()
    lab.acknowledge("B", lab.last)
    lab.tick()
    assert (lab.last, lab.replica.raftCommitIndex, lab.replica.raftCurrentTerm) == (2, 2, 1)
    lab.taken()
    return lab


@pytest.fixture
def alone(library: Library) -> Lab:
    """The only member of its cluster."""
    lab = Lab(library, others=())
    lab.elect()
    lab.tick()
    return lab
