import pytest

from konik.cluster.store.errors import ForeignState, StoreError
from konik.cluster.store.opening import open_store


def test_a_first_start_makes_an_empty_state_at_the_given_base(bench) -> None:
    store = bench.store(base=(7, 2))
    assert (store.checkpoint.index, store.checkpoint.term, store.checkpoint.hash) == (7, 2, 0)
    bench.close(store)
    again = bench.store(base=(9, 9))
    assert (again.checkpoint.index, again.checkpoint.term) == (7, 2)


def test_everything_of_a_checkpoint_is_there_after_a_restart(bench) -> None:
    store = bench.store()
    store.put(b"t1", b"one")
    bench.checkpoint(store, 5, 3, {"members": b"a b c"})
    store.put(b"t2", b"lost with the process, kept by the log")
    written = store.checkpoint
    bench.close(store)
    again = bench.store()
    assert again.checkpoint == written
    assert again.checkpoint.meta == {"members": b"a b c"}
    assert list(again.scan(b"t", b"u")) == [(b"t1", b"one")]
    assert again.recount() == again.checkpoint.hash != 0


def test_another_nodes_state_is_refused(bench) -> None:
    bench.close(bench.store(node="a"))
    with pytest.raises(ForeignState, match="node 'a'"):
        bench.store(node="b")


def test_another_clusters_state_is_refused(bench) -> None:
    bench.close(bench.store())
    with pytest.raises(ForeignState, match="cluster"):
        open_store(bench.directory / "state.lmdb", b"another cluster!", "a")


def test_a_file_that_is_not_a_state_is_refused(bench) -> None:
    path = bench.directory / "state.lmdb"
    path.mkdir()
    (path / "data.mdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="cannot be opened"):
        bench.store()
    assert (path / "data.mdb").read_bytes().startswith(b"not a database")


def test_what_an_unfinished_copy_left_is_removed(bench) -> None:
    left = bench.directory / "state.lmdb.incoming"
    left.mkdir()
    (left / "data.mdb").write_bytes(b"half")
    bench.store()
    assert not left.exists()
