"""What is left of a cluster, made a new one: what counts from then on, what is refused, what an interruption leaves."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lmdb
import pytest
from survivor_making import CHECKPOINT, ENTRIES, NEW, OLD, PAIRS, VOW, configuration, left_of_a_cluster

from konik.cluster import entries
from konik.cluster.config import Config, ConfigurationError
from konik.cluster.identity import DirectoryInUse, NotBootstrapped, WrongDirectory
from konik.cluster.journal import DEFAULT_LIMITS, LINEAGE_TERMS, LmdbJournal
from konik.cluster.journal_writer import Limits
from konik.cluster.node import LOG_DIRECTORY, STATE_DIRECTORY, make_data_directory
from konik.cluster.raft.membership import Member, Membership, unpack
from konik.cluster.raft.messages import Entry
from konik.cluster.raft.ready import Vow
from konik.cluster.recover import RecoveryRefused, survivor
from konik.cluster.store.errors import ForeignState
from konik.cluster.store.image import MAP_BYTES, Image
from konik.cluster.store.opening import open_store
from konik.statemachine import entry
from konik.statemachine.version import KNOWN, UnknownVersion

LAST = ENTRIES[-1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    left_of_a_cluster(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def config(data: Path) -> Config:
    return configuration(data, NEW)


def opened(config: Config, limits: Limits = DEFAULT_LIMITS) -> LmdbJournal:
    """The log as `konik server` opens it."""
    path = str(config.data_dir / LOG_DIRECTORY)
    return LmdbJournal.open(path, config.node, config.cluster_bytes, lambda work: None, lambda error: None, limits)


def starts(config: Config) -> None:
    """Opens log and state as `konik server` does; raises what that raises."""
    opened(config).close()
    open_store(config.data_dir / STATE_DIRECTORY, config.cluster_bytes, config.node).close()


def recovered(config: Config) -> Entry:
    with survivor(config) as left:
        return left.found_cluster()


def files(directory: Path) -> dict[str, bytes]:
    """All that is in a directory, but for what LMDB keeps of its readers."""
    found = (path for path in directory.rglob("*") if path.is_file() and path.name != "lock.mdb")
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def assert_recovered(config: Config, before: Sequence[Entry] = ENTRIES) -> None:
    """Log and state are those of the only member of the new cluster, and have all that was there before."""
    log = opened(config)
    try:
        me, own = config.me, log.identity.directory.hex()
        alone = Member("n1", True, own, str(me.peer), str(me.client))
        last = Entry(before[-1].index + 1, VOW.term + LINEAGE_TERMS, Membership((alone,)).pack())
        assert log.load() == (Vow(last.term, None, last.index), [*before, last])
        assert log.founders == Membership((alone,)), "old lists in the log name another directory of a founder"
        assert log.directories == {}, "nobody of the old cluster is known any more"
    finally:
        log.close()
    store = open_store(config.data_dir / STATE_DIRECTORY, config.cluster_bytes, "n1")
    try:
        assert (store.checkpoint.index, store.checkpoint.term) == CHECKPOINT
        assert store.recount() == store.checkpoint.hash
        assert dict(store.scan(b"t", b"u")) == PAIRS
    finally:
        store.close()


def test_the_node_becomes_the_only_member_and_everything_it_had_counts(config: Config) -> None:
    assert recovered(config).index == LAST.index + 1
    assert_recovered(config)


def test_its_directory_is_another_one_than_before(config: Config) -> None:
    with survivor(config) as left:
        old = left._journal.identity
        left.found_cluster()
    log = opened(config)
    assert (log.identity.node, log.identity.cluster) == (old.node, config.cluster_bytes)
    assert log.identity.directory != old.directory
    log.close()


def test_it_says_what_is_left(config: Config) -> None:
    with survivor(config) as left:
        found = left.remains
    assert (found.node, found.cluster) == ("n1", configuration(config.data_dir, OLD).cluster_bytes)
    assert (found.index, found.term) == (LAST.index, LAST.term)
    assert found.time_ms == entries.unpack(ENTRIES[-2].data).time_ms, "the last entry has no time"
    assert found.committed == VOW.commit
    assert found.members.names == ("n1", "n2", "n3") and found.votes


def test_the_latest_list_of_members_is_told(tmp_path: Path) -> None:
    listed = Membership.of("n2", "n3").including(Member("n1", False, "d"))
    log = [*ENTRIES, Entry(LAST.index + 1, LAST.term, listed.pack())]
    left_of_a_cluster(tmp_path / "data", log)
    with survivor(configuration(tmp_path / "data", NEW)) as left:
        assert left.remains.members == listed
        assert not left.remains.votes


def test_a_checkpoint_that_the_log_does_not_reach_is_known_to_be_committed(tmp_path: Path) -> None:
    """A copy of the state was installed, and a crash came before the log followed."""
    left_of_a_cluster(tmp_path / "data", ENTRIES[:2], VOW._replace(commit=1))
    config = configuration(tmp_path / "data", NEW)
    with survivor(config) as left:
        found = left.remains
        assert (found.index, found.term) == CHECKPOINT
        assert found.committed == CHECKPOINT[0]
        left.found_cluster()
    assert_recovered(config, [Entry(*CHECKPOINT, b"")])


@pytest.mark.parametrize("cluster", [OLD, NEW])
def test_to_look_changes_nothing(data: Path, cluster: str) -> None:
    before = files(data)
    with survivor(configuration(data, cluster)):
        pass
    assert files(data) == before
    starts(configuration(data, OLD))


def test_a_log_without_room_does_not_keep_it_from_being_recovered(tmp_path: Path) -> None:
    """Its map is no larger than what is in it."""
    more = [Entry(LAST.index + number, LAST.term, ENTRIES[-2].data) for number in range(1, 2_000)]
    left_of_a_cluster(tmp_path / "data", [*ENTRIES, *more])
    config = configuration(tmp_path / "data", OLD)
    log = opened(config, Limits(map_bytes=1 << 14))
    log.load()
    log.found(log.identity, Membership.of("n1"), Entry(more[-1].index + 1, 9, b""))
    log.close()
    log = opened(config)
    assert log.load().vow == Vow(9, None, more[-1].index + 1)
    log.close()


def test_a_disk_that_takes_no_more_leaves_what_can_be_recovered_later(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise lmdb.DiskError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image, "write", full)
        with pytest.raises(RecoveryRefused, match="No space.*run the same again"):
            recovered(config)
    starts(configuration(config.data_dir, OLD))
    recovered(config)
    assert_recovered(config)


# what is refused


def assert_refused(config: Config, error: type[Exception], why: str) -> None:
    before = files(config.data_dir)
    with pytest.raises(error, match=why), survivor(config) as left:
        left.found_cluster()
    assert files(config.data_dir) == before


def test_a_cluster_with_the_id_of_the_old_one_is_refused(data: Path) -> None:
    assert_refused(configuration(data, OLD), ConfigurationError, "choose another cluster_id")
    starts(configuration(data, OLD))


def test_a_node_that_runs_is_refused(data: Path, config: Config) -> None:
    log = opened(configuration(data, OLD))
    assert_refused(config, DirectoryInUse, "stop that one first")
    log.close()


def test_a_node_that_is_looked_at_does_not_start(data: Path, config: Config) -> None:
    with survivor(config), pytest.raises(DirectoryInUse):
        opened(configuration(data, OLD))


def test_the_directory_of_another_node_is_refused(data: Path) -> None:
    assert_refused(configuration(data, NEW, "n2"), WrongDirectory, "belongs to node 'n1'")


def test_a_directory_that_was_never_made_is_refused(tmp_path: Path) -> None:
    assert_refused(configuration(tmp_path / "nothing", NEW), NotBootstrapped, "holds no log")


def test_a_node_that_has_never_started_has_nothing_to_go_on_with(tmp_path: Path) -> None:
    make_data_directory(configuration(tmp_path / "data", OLD))
    assert_refused(configuration(tmp_path / "data", NEW), RecoveryRefused, "has never taken part")


def flip(file: Path, content: bytes) -> None:
    """One bit of what the file holds of that."""
    raw = bytearray(file.read_bytes())
    assert (place := raw.rfind(content)) > 0
    raw[place] ^= 1
    file.write_bytes(raw)


@pytest.mark.parametrize("content", [ENTRIES[1].data, ENTRIES[-2].data], ids=["an entry", "the last entry with data"])
def test_a_damaged_log_is_refused(data: Path, config: Config, content: bytes) -> None:
    flip(data / LOG_DIRECTORY / "data.mdb", content)
    assert_refused(config, RecoveryRefused, "restore a backup")


def test_a_damaged_state_is_refused(data: Path, config: Config) -> None:
    flip(data / STATE_DIRECTORY / "data.mdb", PAIRS[b"t1000"])
    assert_refused(config, RecoveryRefused, "restore a backup")


def test_a_state_whose_hash_is_wrong_is_refused(data: Path, config: Config) -> None:
    image = Image(data / STATE_DIRECTORY, MAP_BYTES)
    found = image.checkpoint()
    assert found is not None
    image.write(replace(found, hash=found.hash ^ 1), {})
    image.close()
    assert_refused(config, RecoveryRefused, "has a wrong hash.*restore a backup")


def test_a_log_that_begins_behind_the_state_is_refused(tmp_path: Path) -> None:
    first = CHECKPOINT[0] + 1
    left_of_a_cluster(tmp_path / "data", ENTRIES[first:], base=ENTRIES[first])
    assert_refused(configuration(tmp_path / "data", NEW), RecoveryRefused, "behind the checkpoint.*restore a backup")


def test_an_entry_of_a_later_release_is_refused(tmp_path: Path) -> None:
    later = Entry(LAST.index + 1, LAST.term, entries.pack(entry.Entry(KNOWN + 1, 1, (), ())))
    left_of_a_cluster(tmp_path / "data", [*ENTRIES, later])
    assert_refused(configuration(tmp_path / "data", NEW), UnknownVersion, "install a later one")


# what an interruption leaves

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from survivor_making import NEW, configuration
from konik.cluster import journal, journal_layout, recover
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

{kill}
with recover.survivor(configuration(Path(sys.argv[2]), NEW)) as left:
    left.found_cluster()
die()
"""

NOTHING_DONE = {
    "when all has been read": "after(recover, '_read_state')",
    "before the state is marked": "before(Image, 'write')",
}
HALF_DONE = {
    "when the state is marked": "after(Image, 'write')",
    "before the log is written": "before(journal.LmdbJournal, 'found')",
    "in the middle of what the log takes": "before(journal_layout, 'write')",
    "before the log is committed": "after(journal_layout, 'write')",
}


def kill(config: Config, point: str) -> None:
    script = KILLED.format(kill=point)
    arguments = (str(Path(__file__).parent), str(config.data_dir))
    killed = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr


@pytest.mark.parametrize("point", NOTHING_DONE.values(), ids=NOTHING_DONE)
def test_killed_before_anything_is_written_it_leaves_a_node_of_the_old_cluster(config: Config, point: str) -> None:
    kill(config, point)
    starts(configuration(config.data_dir, OLD))
    recovered(config)
    assert_recovered(config)


@pytest.mark.parametrize("point", HALF_DONE.values(), ids=HALF_DONE)
def test_killed_at_any_later_step_it_leaves_what_no_node_starts_on_and_what_can_be_recovered(
    config: Config, point: str
) -> None:
    kill(config, point)
    with pytest.raises(ForeignState):
        starts(configuration(config.data_dir, OLD))
    with pytest.raises(WrongDirectory):
        starts(config)
    with survivor(config) as left:
        assert (left.remains.index, left.remains.term) == (LAST.index, LAST.term)
        left.found_cluster()
    assert_recovered(config)


def test_what_was_interrupted_goes_on_into_the_same_cluster_alone(config: Config) -> None:
    kill(config, HALF_DONE["when the state is marked"])
    assert_refused(configuration(config.data_dir, "another"), RecoveryRefused, "with the same cluster_id")


@pytest.mark.parametrize("point", ["after(journal.LmdbJournal, 'found')", "pass"])
def test_killed_when_the_log_counts_the_node_is_whole(config: Config, point: str) -> None:
    kill(config, point)
    assert_recovered(config)
    assert_refused(config, ConfigurationError, "already, start it")


def test_a_recovered_node_can_be_recovered_again(config: Config) -> None:
    recovered(config)
    again = configuration(config.data_dir, "newer")
    last = recovered(again)
    log = opened(again)
    assert log.load().entries[-1] == last
    assert (last.index, last.term) == (LAST.index + 2, VOW.term + 2 * LINEAGE_TERMS)
    assert unpack(last.data).names == ("n1",)
    log.close()
