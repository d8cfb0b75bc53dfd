import errno
import os
from pathlib import Path

import pytest

from konik.cluster.store.errors import CorruptState, SnapshotRefused
from konik.cluster.store.image import Image
from konik.cluster.store.opening import open_store
from konik.cluster.store.snapshot import Incoming, export, incoming_directory, install


@pytest.fixture
def leader(bench):
    store = bench.store("leader", node="leader")
    for number in range(1000):
        store.put(b"t%04d" % number, b"%d" % number * 10)
    bench.checkpoint(store, 50, 3, {"members": b"three"})
    return store


@pytest.fixture
def follower(bench):
    store = bench.store("follower", node="follower")
    store.put(b"t0000", b"old")
    bench.checkpoint(store, 10, 1)
    store.put(b"t-live", b"never in a checkpoint")
    return store


def exported(bench, store):
    copies: list = []
    export(store, bench.thread, copies.append, bench.fatal.append)
    bench.run()
    assert not bench.fatal
    return copies[0]


def incoming(copy, store, **changes):
    announced = {
        "checkpoint_index": copy.checkpoint.index,
        "checkpoint_term": copy.checkpoint.term,
        "size": copy.size,
        "checksum": copy.checksum,
    }
    return Incoming(store.image.path, **(announced | changes))


def fill(copy, arriving, chunk: int = 5000) -> None:
    while data := copy.read(arriving.received, chunk):
        arriving.write(arriving.received, data)


def outcome(bench, store, arriving, applied: int = 10):
    heard: list = []
    install(store, bench.thread, arriving, applied, heard.append, heard.append)
    bench.run()
    return heard[0]


def test_a_copy_is_the_last_checkpoint_and_not_what_came_after(bench, leader, follower) -> None:
    before = dict(leader.scan(b"t", b"u"))
    leader.put(b"t-later", b"")
    copy = exported(bench, leader)
    leader.put(b"t-later-still", b"")
    arriving = incoming(copy, follower)
    fill(copy, arriving)
    bench.checkpoint(leader, 60, 3)
    assert outcome(bench, follower, arriving) == follower.checkpoint
    assert (follower.checkpoint.index, follower.checkpoint.term) == (50, 3)
    assert follower.checkpoint.meta == {"members": b"three"}
    assert follower.checkpoint.node == "follower"
    assert dict(follower.scan(b"t", b"u")) == before
    assert follower.recount() == follower.checkpoint.hash


def test_an_installed_state_goes_on_and_survives_a_restart(bench, leader, follower) -> None:
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    fill(copy, arriving)
    outcome(bench, follower, arriving)
    follower.put(b"t-next", b"next")
    bench.checkpoint(follower, 51, 3)
    pairs = dict(follower.scan(b"t", b"u"))
    bench.close(follower)
    again = bench.store("follower", node="follower")
    assert dict(again.scan(b"t", b"u")) == pairs
    assert again.checkpoint.index == 51
    assert not incoming_directory(again.image.path).exists()


def test_a_copy_leaves_no_file_once_it_is_closed(bench, leader) -> None:
    copy = exported(bench, leader)
    assert copy.size > 0
    copy.close()
    assert sorted(path.name for path in bench.directory.iterdir()) == ["leader"]


def test_no_copy_is_made_of_a_damaged_state(bench, leader) -> None:
    bench.close(leader)
    path = bench.directory / "leader" / "data.mdb"
    path.write_bytes(path.read_bytes().replace(b"%d" % 777 * 10, b"%d" % 778 * 10))
    copies: list = []
    export(bench.store("leader", node="leader"), bench.thread, copies.append, bench.fatal.append)
    bench.run()
    assert not copies
    assert isinstance(bench.fatal[0], CorruptState)


def test_folds_under_way_are_given_up_at_an_install(bench, leader, follower) -> None:
    fold = follower.mark()
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    fill(copy, arriving)
    outcome(bench, follower, arriving)
    assert list(fold) == [] and fold.sum is None


def test_a_checkpoint_that_waits_for_space_is_given_up_at_an_install(
    bench, leader, follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    fill(copy, arriving)

    def full(image: Image, *arguments: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    checkpointer = bench.checkpointer(follower)
    with monkeypatch.context() as patch:
        patch.setattr(Image, "write", full)
        checkpointer.start(11, 1, {}, lambda checkpoint: pytest.fail("it was replaced"))
        bench.run()
    assert checkpointer.trouble
    outcome(bench, follower, arriving)
    bench.advance(100)
    assert follower.checkpoint.index == 50
    assert checkpointer.trouble is None
    assert not bench.fatal
    bench.checkpoint(follower, 51, 3)


def test_a_checkpoint_queued_behind_an_install_is_given_up(bench, leader, follower) -> None:
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    fill(copy, arriving)
    heard: list = []
    install(follower, bench.thread, arriving, 10, heard.append, heard.append)
    bench.checkpointer(follower).start(11, 1, {}, lambda checkpoint: pytest.fail("it was replaced"))
    bench.run()
    assert heard == [follower.checkpoint] and follower.checkpoint.index == 50
    assert not bench.fatal


@pytest.mark.parametrize(
    ("changes", "applied", "why"),
    [
        ({"checksum": bytes(16)}, 10, "checksum"),
        ({"checkpoint_index": 51}, 10, "announced"),
        ({"checkpoint_term": 4}, 10, "announced"),
        ({}, 50, "applied here already"),
    ],
    ids=["checksum", "index", "term", "not newer"],
)
def test_a_copy_that_is_not_what_was_announced_or_not_newer_changes_nothing(
    bench, leader, follower, changes, applied, why
) -> None:
    before = dict(follower.scan(b"t", b"u"))
    copy = exported(bench, leader)
    arriving = incoming(copy, follower, **changes)
    fill(copy, arriving)
    refusal = outcome(bench, follower, arriving, applied)
    assert isinstance(refusal, SnapshotRefused) and why in str(refusal)
    assert dict(follower.scan(b"t", b"u")) == before
    assert not incoming_directory(follower.image.path).exists()
    bench.close(follower)
    assert bench.store("follower", node="follower").checkpoint.index == 10


def test_a_copy_is_on_the_disk_before_its_name_counts_and_the_name_before_the_answer(
    bench, leader, follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    fill(copy, arriving)
    steps = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        steps.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).relative_to(bench.directory).as_posix())
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    outcome(bench, follower, arriving)
    assert steps == ["follower.incoming/data.mdb", "follower.incoming", "rename", "follower"]


def test_a_copy_of_another_cluster_is_refused(bench, follower) -> None:
    stranger = open_store(bench.directory / "stranger", b"another cluster!", "x", base=(90, 1))
    copy = exported(bench, stranger)
    stranger.close()
    arriving = incoming(copy, follower)
    fill(copy, arriving)
    assert "the copy is of cluster" in str(outcome(bench, follower, arriving))


def test_an_incomplete_copy_is_refused(bench, leader, follower) -> None:
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    arriving.write(0, copy.read(0, 5000))
    assert not arriving.complete
    assert "ends after 5000" in str(outcome(bench, follower, arriving))


def test_chunks_that_come_twice_do_nothing_and_gaps_are_refused(bench, leader, follower) -> None:
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    arriving.write(0, copy.read(0, 100))
    arriving.write(0, copy.read(0, 100))
    assert arriving.received == 100
    with pytest.raises(SnapshotRefused, match="do not follow"):
        arriving.write(200, copy.read(200, 100))
    with pytest.raises(SnapshotRefused, match="do not follow"):
        arriving.write(100, bytes(copy.size))
    fill(copy, arriving)
    assert arriving.complete
    assert outcome(bench, follower, arriving) == follower.checkpoint


def test_an_abandoned_copy_leaves_nothing(bench, leader, follower) -> None:
    copy = exported(bench, leader)
    arriving = incoming(copy, follower)
    fill(copy, arriving)
    arriving.abandon()
    assert not incoming_directory(follower.image.path).exists()
