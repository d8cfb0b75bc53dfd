"""A node of a new cluster made from a backup: what it begins with, what is refused, and what an interruption leaves."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from backup_making import INDEX, OLD, TERM, backup_of, configuration, state

from konik.cluster import journal_layout
from konik.cluster.backup_file import BackupRefused
from konik.cluster.config import Config, ConfigurationError
from konik.cluster.identity import DirectoryRefused, NotBootstrapped, WrongDirectory
from konik.cluster.journal import LINEAGE_TERMS, LmdbJournal
from konik.cluster.journal_layout import Extent
from konik.cluster.node import STATE_DIRECTORY, make_data_directory
from konik.cluster.raft.membership import unpack
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow
from konik.cluster.restore import restore_data_directory
from konik.cluster.store import image
from konik.cluster.store.image import MEMBERS
from konik.cluster.store.opening import open_store
from konik.cluster.store.sealed import SEAL_BYTES, seal
from konik.statemachine import cluster_config
from konik.statemachine.version import KNOWN, UnknownVersion

PAIRS = {b"t%04d" % number: b"%d" % number * 20 for number in range(2_000)}


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    store = state(tmp_path)
    store.write(PAIRS)
    file = backup_of(store, tmp_path / "backup")
    store.close()
    return file


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configuration(tmp_path / "data")


def opened(config: Config) -> LmdbJournal:
    """The log as `konik server` opens it."""
    path = str(config.data_dir / "log.lmdb")
    return LmdbJournal.open(path, config.node, config.cluster_bytes, lambda work: None, lambda error: None)


def content(config: Config) -> dict[bytes, bytes]:
    """What a node is restored to, which is opened as `konik server` does; asserts what must hold of every one."""
    log = opened(config)
    assert log.load() == (Vow(TERM + LINEAGE_TERMS, None, INDEX), [Entry(INDEX, TERM, b"")])
    log.close()
    store = open_store(config.data_dir / STATE_DIRECTORY, config.cluster_bytes, config.node)
    try:
        checkpoint = store.checkpoint
        assert (checkpoint.cluster, checkpoint.node) == (config.cluster_bytes, config.node)
        assert (checkpoint.index, checkpoint.term) == (INDEX, TERM)
        assert store.recount() == checkpoint.hash
        return dict(store.scan(b"t", b"u"))
    finally:
        store.close()


def test_all_nodes_begin_with_the_state_of_the_backup_and_a_log_of_its_last_entry(backup: Path, tmp_path: Path) -> None:
    nodes = [configuration(tmp_path / name, name) for name in ("n1", "n2", "n3")]
    for config in nodes:
        assert restore_data_directory(config, backup).node == "o1"
    assert [content(config) for config in nodes] == [PAIRS] * 3
    logs = [opened(config) for config in nodes]
    assert len({log.identity.directory for log in logs}) == 3, "each directory is known by an id of its own"
    assert {log.identity.cluster for log in logs} == {nodes[0].cluster_bytes}
    for log in logs:
        log.close()


def test_the_members_are_those_of_the_new_cluster(backup: Path, config: Config) -> None:
    restore_data_directory(config, backup)
    store = open_store(config.data_dir / STATE_DIRECTORY, config.cluster_bytes, config.node)
    assert unpack(store.checkpoint.meta[MEMBERS]).voters == tuple(sorted(config.members))
    store.close()


def test_workers_are_not_sent_to_the_members_of_the_old_cluster(tmp_path: Path, config: Config) -> None:
    store = state(tmp_path)
    store.write(PAIRS)
    store.put(cluster_config.KEY, b"the old members")
    file = backup_of(store, tmp_path / "backup")
    store.close()
    restore_data_directory(config, file)
    assert content(config) == PAIRS
    store = open_store(config.data_dir / STATE_DIRECTORY, config.cluster_bytes, config.node)
    assert store.get(cluster_config.KEY) is None
    store.close()


def test_only_state_and_log_are_left(backup: Path, config: Config) -> None:
    restore_data_directory(config, backup)
    assert sorted(path.name for path in config.data_dir.iterdir()) == ["log.lmdb", "state.lmdb"]


def test_a_cluster_with_the_id_of_the_old_one_is_refused(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Choose another cluster_id"):
        restore_data_directory(configuration(tmp_path / "data", cluster_id=OLD), backup)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("made_by", ["bootstrap", "restore"])
def test_a_directory_that_was_made_before_is_refused_and_left_as_it_was(
    backup: Path, config: Config, made_by: str
) -> None:
    if made_by == "bootstrap":
        make_data_directory(config)
    else:
        restore_data_directory(config, backup)
    before = files(config.data_dir)
    with pytest.raises(WrongDirectory, match="was made before, and a backup makes a new node"):
        restore_data_directory(config, backup)
    assert files(config.data_dir) == before


def files(directory: Path) -> dict[str, bytes]:
    """All that is in a directory, but for what LMDB keeps of its readers."""
    found = (path for path in directory.rglob("*") if path.is_file() and path.name != "lock.mdb")
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_damaged_backup_is_refused_and_nothing_is_made(backup: Path, config: Config, place: str) -> None:
    damaged = bytearray(backup.read_bytes())
    damaged[{"first": 0, "middle": len(damaged) // 2, "last": -1}[place]] ^= 1
    backup.write_bytes(damaged)
    with pytest.raises(BackupRefused):
        restore_data_directory(config, backup)
    assert not config.data_dir.exists()


def test_a_backup_that_was_cut_short_is_refused_and_nothing_is_made(backup: Path, config: Config) -> None:
    backup.write_bytes(backup.read_bytes()[:-1])
    with pytest.raises(BackupRefused, match="cut short"):
        restore_data_directory(config, backup)
    assert not config.data_dir.exists()


def test_a_backup_of_a_later_release_is_refused(tmp_path: Path, config: Config) -> None:
    store = state(tmp_path)
    file = backup_of(store, tmp_path / "backup", machine_version=KNOWN + 1)
    store.close()
    with pytest.raises(UnknownVersion, match="install a later one"):
        restore_data_directory(config, file)
    assert not config.data_dir.exists()


def refused_state(config: Config, file: Path) -> str:
    with pytest.raises(BackupRefused) as refusal:
        restore_data_directory(config, file)
    with pytest.raises(NotBootstrapped):
        opened(config)
    assert [path.name for path in config.data_dir.iterdir()] == ["log.lmdb"], "what is no node's log"
    return str(refusal.value)


def test_a_state_whose_hash_is_wrong_is_refused(tmp_path: Path, config: Config) -> None:
    store = state(tmp_path)
    store.write(PAIRS)
    file = backup_of(store, tmp_path / "backup", hash=1)
    store.close()
    assert "has a wrong hash" in refused_state(config, file)


def test_a_state_that_was_damaged_before_it_was_copied_is_refused(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = state(tmp_path)
    store.write(PAIRS)
    with monkeypatch.context() as patch:
        patch.setattr(image, "seal", flipped)
        patch.setattr(image, "unseal", lambda key, record: record[:-SEAL_BYTES])  # a copy that looks at nothing
        file = backup_of(store, tmp_path / "backup")
    store.close()
    assert "take another backup, of another node" in refused_state(config, file)


def flipped(key: bytes, value: bytes) -> bytes:
    """A record as a disk returns it that has flipped one bit of one of them."""
    record = bytearray(seal(key, value))
    record[0] ^= key == b"t1000"
    return bytes(record)


def test_a_state_of_another_entry_than_described_is_refused(tmp_path: Path, config: Config) -> None:
    store = state(tmp_path)
    file = backup_of(store, tmp_path / "backup", index=INDEX + 1)
    store.close()
    assert "is not that of its description" in refused_state(config, file)


def test_a_state_without_a_log_is_nobodys_to_write_over(backup: Path, config: Config) -> None:
    open_store(config.data_dir / STATE_DIRECTORY, config.cluster_bytes, config.node, base=(9, 1)).close()
    before = files(config.data_dir / STATE_DIRECTORY)
    with pytest.raises(DirectoryRefused, match="is a state without a log"):
        restore_data_directory(config, backup)
    assert files(config.data_dir / STATE_DIRECTORY) == before


def test_the_state_is_on_the_disk_before_its_name_is_and_both_before_the_log_counts(
    backup: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    fsync, rename, begin = os.fsync, os.rename, journal_layout.begin

    def synced(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        steps.append(path.relative_to(config.data_dir.parent).as_posix())
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        steps.append("rename")
        rename(source, target)

    def begun(*arguments: Any) -> Extent:
        steps.append("log")
        return begin(*arguments)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(journal_layout, "begin", begun)
    restore_data_directory(config, backup)
    unfinished = "data/state.lmdb.restored"
    assert steps == [f"{unfinished}/data.mdb", unfinished, "rename", "data", "log", "data/log.lmdb", "data", "."]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from backup_making import configuration
from konik.cluster import backup_file, journal, journal_layout, restore
from konik.cluster.store.image import Image

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(owner, name):
    real = getattr(owner, name)
    def wrapped(*arguments, **options):
        result = real(*arguments, **options)
        die()
        return result
    setattr(owner, name, wrapped)

def before(owner, name):
    setattr(owner, name, die)

def in_the_middle_of_the_copy():
    real = backup_file.read_copy
    def chunks(*arguments):
        for chunk in real(*arguments):
            yield chunk[:5_000]
            die()
    def verified(*arguments):
        backup_file.read_copy = chunks
    backup_file.verify = verified

{kill}
restore.restore_data_directory(configuration(Path(sys.argv[2])), Path(sys.argv[3]))
die()
"""

POINTS = {
    "when the directory is there": "after(restore, 'Identity')",
    "before the copy": "before(restore, '_copy')",
    "in the middle of the copy": "in_the_middle_of_the_copy()",
    "before the copy is synced": "before(restore.os, 'fsync')",
    "before it is marked as this node's": "before(Image, 'write')",
    "when it is marked": "after(Image, 'write')",
    "before the rename": "before(restore.os, 'rename')",
    "after the rename": "after(restore.os, 'rename')",
    "before the log is made": "before(journal_layout, 'begin')",
    "before the log is committed": "after(journal_layout, 'begin')",
}


def kill(backup: Path, config: Config, point: str) -> None:
    script = KILLED.format(kill=point)
    arguments = (str(Path(__file__).parent), str(config.data_dir), str(backup))
    killed = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_killed_at_any_step_it_leaves_what_no_node_starts_on_and_what_can_be_restored_into(
    backup: Path, config: Config, point: str
) -> None:
    kill(backup, config, point)
    with pytest.raises(NotBootstrapped):
        opened(config)
    if any(config.data_dir.glob("state*")):
        with pytest.raises(DirectoryRefused, match="restore the same backup again"):
            make_data_directory(config)
    restore_data_directory(config, backup)
    assert content(config) == PAIRS
    assert sorted(path.name for path in config.data_dir.iterdir()) == ["log.lmdb", "state.lmdb"]


@pytest.mark.parametrize("point", ["before(journal, 'sync_directory')", "pass"])
def test_killed_when_the_log_counts_the_node_is_whole(backup: Path, config: Config, point: str) -> None:
    kill(backup, config, point)
    assert content(config) == PAIRS
    with pytest.raises(WrongDirectory):
        restore_data_directory(config, backup)


@pytest.mark.parametrize("point", ["before(restore.os, 'rename')", "after(restore.os, 'rename')"])
def test_after_an_interruption_another_backup_is_taken_only_if_nothing_has_its_name_yet(
    backup: Path, config: Config, tmp_path: Path, point: str
) -> None:
    kill(backup, config, point)
    store = state(tmp_path)
    store.put(b"t-more", b"")
    other = backup_of(store, tmp_path / "other")
    store.close()
    if "before" in point:
        restore_data_directory(config, other)
        assert content(config) == PAIRS | {b"t-more": b""}
    else:
        with pytest.raises(DirectoryRefused, match="not what an earlier restore of this file has left"):
            restore_data_directory(config, other)
