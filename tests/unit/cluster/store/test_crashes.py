"""A process killed at any step of a checkpoint or an install leaves a state that opens: the old one or the new one."""

import subprocess
import sys
from pathlib import Path

import pytest

PREPARE = """
import os, signal, sys
from collections import deque
from pathlib import Path
from konik.cluster.store import checkpoint, image, snapshot, thread
from konik.cluster.store.checkpoint import Checkpointer
from konik.cluster.store.image import Checkpoint, Image
from konik.cluster.store.opening import open_store

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def after(owner, name, when=lambda: True):
    real = getattr(owner, name)
    def wrapped(*arguments, **options):
        result = real(*arguments, **options)
        if when():
            die()
        return result
    setattr(owner, name, wrapped)

def before(owner, name):
    setattr(owner, name, die)

def write(store, index, value):
    pairs = {b"t%04d" % number: value for number in range(1000)}
    found = store.checkpoint
    store.image.write(Checkpoint(found.cluster, found.node, index, 1, 0, {}), pairs, lambda: None)
    store.image.renew()

directory = Path(sys.argv[1])
follower = open_store(directory / "follower", b"cluster-of-tests", "a")
write(follower, 10, b"old")
"""

CHECKPOINT = """
turns = deque()
class Loop:
    monotonic = staticmethod(lambda: 0.0)
    call_soon = turns.append
    call_at = None
later = lambda work, *arguments: turns.append(lambda: work(*arguments))
pauses = iter([lambda: None, %s])
for number in range(1000):
    follower.put(b"t%%04d" %% number, b"new")
done = lambda found: die()
Checkpointer(follower, thread.StateThread(later), Loop, Loop, on_fatal=die, pause=lambda: next(pauses, lambda: None)()
    ).start(20, 1, {}, done)
while True:
    if turns:
        turns.popleft()()
"""

INSTALL = """
leader = open_store(directory / "leader", b"cluster-of-tests", "b")
write(leader, 20, b"new")
with open(directory / "copy", "wb") as file:
    leader.image.copy(file.fileno())
with open(directory / "copy", "rb", buffering=0) as file:
    copy = snapshot.Export(file, leader.checkpoint)
    incoming = snapshot.Incoming(follower.image.path, 20, 1, copy.size, copy.checksum)
    incoming.write(0, copy.read(0, 10_000))
    %s
    incoming.write(10_000, copy.read(10_000, copy.size))
incoming.put_in_place(b"cluster-of-tests", "a", 10)
die()
"""


def state_after(directory: Path, script: str) -> tuple[int, bytes]:
    """Run `script`, which kills itself; open what it left, twice."""
    killed = subprocess.run([sys.executable, "-c", PREPARE + script, str(directory)], capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    found = {look(directory) for _ in range(2)}
    assert len(found) == 1
    return found.pop()


def look(directory: Path) -> tuple[int, bytes]:
    from konik.cluster.store.opening import open_store

    store = open_store(directory / "follower", b"cluster-of-tests", "a")
    values = {value for _, value in store.scan(b"t", b"u")}
    assert len(values) == 1 and len(list(store.scan(b"t", b"u"))) == 1000
    found = store.checkpoint.index, values.pop()
    store.close()
    assert not list(directory.glob("*.incoming"))
    return found


OLD, NEW = (10, b"old"), (20, b"new")


def test_killed_in_the_middle_of_writing_a_checkpoint_the_old_state_stands(tmp_path: Path) -> None:
    assert state_after(tmp_path, CHECKPOINT % "die") == OLD


def test_killed_between_a_checkpoints_commit_and_the_loop_hearing_of_it_the_new_state_stands(tmp_path: Path) -> None:
    assert state_after(tmp_path, "after(Image, 'write')\n" + CHECKPOINT % "lambda: None") == NEW


def test_killed_when_a_checkpoint_is_reported_the_new_state_stands(tmp_path: Path) -> None:
    assert state_after(tmp_path, CHECKPOINT % "lambda: None") == NEW


@pytest.mark.parametrize(
    ("kill", "expected"),
    [
        pytest.param("incoming._file.flush(); die()", OLD, id="half received"),
        pytest.param("before(snapshot.os, 'fsync')", OLD, id="before the sync"),
        pytest.param("before(snapshot, 'adopt')", OLD, id="before it is marked as ours"),
        pytest.param("before(snapshot.os, 'replace')", OLD, id="before the rename"),
        pytest.param("after(snapshot.os, 'replace')", NEW, id="after the rename"),
        pytest.param("before(snapshot, 'remove_incoming')", NEW, id="before tidying up"),
        pytest.param("pass", NEW, id="at the end"),
    ],
)
def test_killed_at_any_step_of_an_install_the_state_is_the_old_or_the_new_one(
    tmp_path: Path, kill: str, expected: tuple[int, bytes]
) -> None:
    assert state_after(tmp_path, INSTALL % kill) == expected
