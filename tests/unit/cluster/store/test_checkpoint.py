import errno
import os
import shutil
from types import SimpleNamespace

import lmdb
import pytest

from konik.cluster.store import checkpoint as module
from konik.cluster.store.checkpoint import CheckpointSettings
from konik.cluster.store.image import PAGE_BYTES, Image


def test_a_checkpoint_is_due_after_so_many_commands(bench) -> None:
    checkpointer = bench.checkpointer(bench.store(), CheckpointSettings(commands_max=10))
    assert not checkpointer.due_after(commands=4)
    assert not checkpointer.due_after(commands=5)
    assert checkpointer.due_after(commands=0), "an entry without commands, too, would have to be applied again"


def test_a_checkpoint_is_due_after_so_many_keys(bench) -> None:
    store = bench.store()
    checkpointer = bench.checkpointer(store, CheckpointSettings(keys_max=2))
    store.put(b"t1", b"")
    assert not checkpointer.due_after(commands=1)
    store.put(b"t2", b"")
    assert checkpointer.due_after(commands=1)


def test_a_checkpoint_is_due_after_so_many_bytes(bench) -> None:
    store = bench.store()
    checkpointer = bench.checkpointer(store, CheckpointSettings(bytes_max=100))
    store.put(b"t1", b"x" * 97)
    assert not checkpointer.due_after(commands=1)
    store.put(b"t1", b"x" * 98)
    assert checkpointer.due_after(commands=1)


def test_a_checkpoint_is_due_after_so_many_seconds(bench) -> None:
    checkpointer = bench.checkpointer(bench.store(), CheckpointSettings(seconds_max=60))
    bench.now = 59.9
    assert not checkpointer.due_after(commands=1)
    bench.now = 60.0
    assert checkpointer.due_after(commands=1)


def test_none_is_due_while_one_is_under_way(bench) -> None:
    store = bench.store()
    checkpointer = bench.checkpointer(store, CheckpointSettings(commands_max=10))
    checkpointer.start(1, 1, {}, lambda checkpoint: None)
    assert not checkpointer.due_after(commands=10)
    bench.run()
    assert checkpointer.due_after(commands=1), "what came meanwhile counts"


def test_what_was_counted_does_not_count_any_more_once_a_checkpoint_has_begun(bench) -> None:
    checkpointer = bench.checkpointer(bench.store(), CheckpointSettings(commands_max=10, seconds_max=60))
    bench.now = 50.0
    assert checkpointer.due_after(commands=10)
    checkpointer.start(1, 1, {}, lambda checkpoint: None)
    bench.run()
    bench.now = 70.0
    assert not checkpointer.due_after(commands=9)


def test_what_was_counted_does_not_count_any_more_once_another_state_is_installed(bench) -> None:
    store = bench.store()
    checkpointer = bench.checkpointer(store, CheckpointSettings(commands_max=10, seconds_max=60))
    bench.now = 50.0
    assert not checkpointer.due_after(commands=9)
    store.reopen()
    bench.now = 70.0
    assert not checkpointer.due_after(commands=9)
    assert checkpointer.due_after(commands=1)


def test_changes_made_meanwhile_belong_to_the_next_checkpoint(bench) -> None:
    store = bench.store()
    store.put(b"t1", b"first")
    done = []
    bench.checkpointer(store).start(1, 1, {}, done.append)
    store.put(b"t1", b"second")
    bench.run()
    assert store.get(b"t1") == b"second"
    assert store.image.get(b"t1") == b"first"
    assert done == [store.checkpoint] == [store.image.checkpoint()]
    assert store.occupancy().frozen_keys == 0


def test_statistics_tell_what_the_last_one_took(bench) -> None:
    store = bench.store()
    store.put(b"t1", b"")
    checkpointer = bench.checkpointer(store)
    checkpointer.start(1, 1, {}, lambda checkpoint: None)
    bench.now = 2.5
    bench.run()
    assert checkpointer.statistics == module.CheckpointStatistics(checkpoints=1, last_seconds=2.5, last_keys=1)


def test_a_tiny_map_grows_before_it_is_full(bench) -> None:
    store = bench.store(map_bytes=1 << 16)
    values = {b"t%03d" % number: os.urandom(3000) for number in range(500)}
    for key, value in values.items():
        store.put(key, value)
    bench.checkpoint(store, 1)
    assert dict(store.scan(b"t", b"u")) == values
    assert store.occupancy().map_bytes >= store.occupancy().used_bytes >= 1_500_000


def test_a_map_that_turns_out_too_small_grows_and_the_checkpoint_is_written_again(
    bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_room", lambda store: PAGE_BYTES)
    attempts = []
    write = Image.write

    def counted(image: Image, *arguments: object) -> None:
        attempts.append(image.usage().map_bytes)
        write(image, *arguments)

    monkeypatch.setattr(Image, "write", counted)
    store = bench.store(map_bytes=1 << 17)
    attempts.clear()
    for number in range(500):
        store.put(b"t%03d" % number, b"x" * 3000)
    bench.checkpoint(store, 1)
    assert len(attempts) > 1
    assert attempts == sorted(attempts) and attempts[-1] > attempts[0]
    assert len(list(store.scan(b"t", b"u"))) == 500
    assert not bench.trouble


def lmdb_error(code: int) -> lmdb.Error:
    """As LMDB itself raises it."""
    error = lmdb.Error(f"mdb_txn_commit: {errno.errorcode[code]}")
    error.code = code
    return error


FULL = {
    "ENOSPC": lmdb_error(errno.ENOSPC),
    "EDQUOT": lmdb_error(errno.EDQUOT),
    "no larger map": lmdb_error(errno.ENOMEM),
    "EIO of a write cut short": lmdb_error(errno.EIO),
    "OSError": OSError(errno.ENOSPC, "no space"),
}


@pytest.mark.parametrize("error", FULL.values(), ids=FULL)
def test_a_full_disk_is_waited_for_with_growing_patience_and_loses_nothing(
    bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    store = bench.store()
    store.put(b"t1", b"one")
    attempts, space = [], [False]
    write = Image.write

    def full(image: Image, *arguments: object) -> None:
        attempts.append(bench.now)
        if not space[0]:
            raise error
        write(image, *arguments)

    monkeypatch.setattr(Image, "write", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    checkpointer = bench.checkpointer(store, CheckpointSettings(retry_seconds=1, retry_seconds_max=4))
    done = []
    checkpointer.start(1, 1, {}, done.append)
    bench.run()
    for _ in range(62):
        bench.advance(0.25)
    assert attempts == [0, 1, 3, 7, 11, 15]
    assert len(bench.trouble) == 1 and "there is no room" in bench.trouble[0]
    store.put(b"t2", b"two")
    assert dict(store.scan(b"t", b"u")) == {b"t1": b"one", b"t2": b"two"}
    assert store.checkpoint.index == 0 and not done
    space[0] = True
    bench.advance(4)
    assert done == [store.checkpoint] and store.checkpoint.index == 1
    assert bench.trouble[-1] is None and checkpointer.trouble is None
    assert dict(store.scan(b"t", b"u")) == {b"t1": b"one", b"t2": b"two"}
    assert not bench.fatal


def test_any_other_error_of_the_disk_is_the_owners_to_die_of(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(image: Image, *arguments: object) -> None:
        raise lmdb_error(errno.EIO)

    store = bench.store()
    monkeypatch.setattr(Image, "write", broken)
    bench.checkpointer(store).start(1, 1, {}, lambda checkpoint: pytest.fail("nothing was written"))
    bench.run()
    assert [error.code for error in bench.fatal] == [errno.EIO]


def test_a_checkpoint_never_goes_back(bench) -> None:
    store = bench.store(base=(5, 2))
    with pytest.raises(AssertionError, match="after 5"):
        bench.checkpointer(store).start(4, 2, {}, lambda checkpoint: None)
