"""What the faults are made of does what it is named for: without that, nodes that survive them show nothing."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import Disk, SlowDisk, can_be_slow
from machines import NODES
from network import Network, remove_leftovers
from permission import permitted_or_skipped
from stepped_server import Step

ONE, OTHER, THIRD = NODES
PORT = 7
ANSWER_SECONDS_MAX = 0.5

HEAR = f"""
import socket
ear = socket.socket(type=socket.SOCK_DGRAM)
ear.bind(("", {PORT}))
ear.settimeout({ANSWER_SECONDS_MAX})
print("ready", flush=True)
try:
    print(ear.recv(10).decode())
except TimeoutError:
    print("nothing")
"""
SAY = f"""
import socket, sys
socket.socket(type=socket.SOCK_DGRAM).sendto(b"hello", (sys.argv[1], {PORT}))
"""

LEAVE = """
import os, signal
from network import Network
Network(["node-1"]).__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    yield from permitted_or_skipped(lambda: Network(NODES))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    yield from permitted_or_skipped(lambda: Disk(tmp_path / "disk"))


def hears(network: Network, node: str, source: str) -> bool:
    """Whether the node gets what that one sends to it."""
    hearing = [*network.command(node), sys.executable, "-c", HEAR]
    with subprocess.Popen(hearing, stdout=subprocess.PIPE, text=True) as ear:
        assert ear.stdout is not None and ear.stdout.readline() == "ready\n"
        subprocess.run([*network.command(source), sys.executable, "-c", SAY, network.hosts[node]], check=True)
        return ear.stdout.readline() == "hello\n"


def round_trip(network: Network, node: str) -> float | None:
    """Seconds until a client learns that nobody listens there; None if it learns nothing."""
    began = time.monotonic()
    try:
        socket.create_connection((network.hosts[node], PORT), ANSWER_SECONDS_MAX)
    except ConnectionRefusedError:
        return time.monotonic() - began
    except TimeoutError:
        return None
    raise AssertionError("somebody listens there")


def test_nodes_and_clients_reach_each_other(network: Network) -> None:
    assert hears(network, ONE, OTHER) and hears(network, OTHER, ONE)
    assert round_trip(network, ONE) is not None


def test_a_node_that_is_unplugged_is_out_of_reach_until_it_is_plugged_in(network: Network) -> None:
    network.unplug(ONE)
    assert round_trip(network, ONE) is None
    assert not hears(network, ONE, OTHER) and not hears(network, OTHER, ONE)
    assert hears(network, THIRD, OTHER)
    network.plug(ONE)
    assert round_trip(network, ONE) is not None


def test_a_deaf_node_does_not_hear_one_other_and_is_heard(network: Network) -> None:
    network.deafen(ONE, OTHER)
    assert not hears(network, ONE, OTHER)
    assert hears(network, OTHER, ONE) and hears(network, ONE, THIRD)
    network.listen(ONE, OTHER)
    assert hears(network, ONE, OTHER)


def test_a_slow_cable_takes_its_time_in_both_directions(network: Network) -> None:
    network.slow(ONE, delay_ms=40, jitter_ms=10, loss=0.0)
    took = [round_trip(network, ONE) for _ in range(5)]
    network.fast(ONE)
    assert all(seconds is not None and seconds >= 0.06 for seconds in took), took
    again = round_trip(network, ONE)
    assert again is not None and again < 0.06


def test_a_slow_cable_loses_what_it_is_told_to(network: Network) -> None:
    network.slow(ONE, delay_ms=0, jitter_ms=0, loss=1.0)
    assert round_trip(network, ONE) is None
    network.fast(ONE)


def test_what_a_process_has_left_that_was_killed_is_removed(network: Network) -> None:
    before = _names()
    subprocess.run([sys.executable, "-c", LEAVE], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    assert _names() > before
    remove_leftovers()
    assert _names() == before


def _names() -> set[str]:
    """Of all namespaces and interfaces."""
    listed = [subprocess.check_output(["ip", *what], text=True) for what in (["netns"], ["-brief", "link"])]
    return {line.split()[0].partition("@")[0] for lines in listed for line in lines.splitlines()}


@pytest.mark.skipif(not can_be_slow(), reason="needs control groups for disks of the first kind")
def test_a_slow_disk_writes_as_often_as_it_is_told_to(disk: Disk) -> None:
    assert _seconds_to_sync(disk) < 0.1
    slow = SlowDisk(disk, writes_per_second=5)
    slow.start([os.getpid()])
    took = _seconds_to_sync(disk)
    slow.end()
    assert took >= 0.1
    assert _seconds_to_sync(disk) < 0.1


def _seconds_to_sync(disk: Disk) -> float:
    """The longer one of two: the first may come at once."""
    took = []
    with (disk.place / "file").open("wb", buffering=0) as file:
        for _ in range(2):
            began = time.monotonic()
            file.write(os.urandom(10_000))
            os.fdatasync(file.fileno())
            took.append(time.monotonic() - began)
    return max(took)


def test_a_full_disk_takes_nothing_until_there_is_room(disk: Disk) -> None:
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        (disk.place / "file").write_bytes(bytes(10_000))
    disk.make_room()
    assert (disk.place / "file").write_bytes(bytes(10_000))


def test_a_step_of_a_clock_is_seen_by_whoever_looks_at_its_file(tmp_path: Path) -> None:
    set_here, seen_there = Step(tmp_path / "clock"), Step(tmp_path / "clock")
    assert seen_there.seconds == 0.0
    set_here.seconds = -3_600.0
    assert seen_there.seconds == -3_600.0
