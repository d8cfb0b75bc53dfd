"""Whatever happens in whatever order, a store is a plain dict that a crash sets back to its last checkpoint."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from konik.cluster.store import checkpoint as checkpoint_module
from konik.cluster.store import hash as hash_module
from konik.cluster.store import store as store_module
from konik.cluster.store.hash import MODULUS, pair_hash

KEYS = st.tuples(st.sampled_from(b"ab"), st.integers(0, 12)).map(bytes)
WRITE = st.tuples(st.just("put"), KEYS, st.binary(max_size=2)) | st.tuples(st.just("delete"), KEYS)
LOOK = (
    st.tuples(st.just("get"), KEYS)
    | st.tuples(st.just("scan"), st.sampled_from(b"ab"), st.integers(0, 12), st.integers(0, 13))
    | st.tuples(st.just("first"), st.sampled_from(b"ab"), st.integers(0, 6), st.integers(7, 13))
    | st.just(("mark",))
)
LIFE = st.sampled_from([("turn",), ("turn",), ("checkpoint",), ("run",), ("crash",)])
STEPS = st.lists(WRITE | WRITE | LOOK | LIFE, max_size=60)
NAMES = count()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so small that a short history meets them."""
    monkeypatch.setattr(store_module, "TOMBSTONES_WALKED_MAX", 1)
    monkeypatch.setattr(hash_module, "SLICE_KEYS", 2)
    monkeypatch.setattr(checkpoint_module, "DRAIN_SLICE_KEYS", 2)


def total(pairs: dict[bytes, bytes]) -> int:
    return sum(pair_hash(key, value) for key, value in pairs.items()) % MODULUS


class History:
    """A store and the dict that it should be, through one list of steps."""

    def __init__(self, bench) -> None:
        self.bench, self.name = bench, f"state-{next(NAMES)}"
        self.store = bench.store(self.name)
        self.checkpointer = bench.checkpointer(self.store)
        self.model: dict[bytes, bytes] = {}
        self.durable = 0  # index of the last checkpoint that was reported
        self.frozen: dict[int, dict[bytes, bytes]] = {0: {}}
        self.folds: list[tuple[object, int]] = []

    def put(self, key: bytes, value: bytes) -> None:
        self.store.put(key, value)
        self.model[key] = value

    def delete(self, key: bytes) -> None:
        self.store.delete(key)
        self.model.pop(key, None)

    def get(self, key: bytes) -> None:
        assert self.store.get(key) == self.model.get(key)

    def scan(self, table: int, low: int, high: int) -> None:
        start, stop = bytes([table, low]), bytes([table, high])
        expected = sorted(pair for pair in self.model.items() if start <= pair[0] < stop)
        assert list(self.store.scan(start, stop)) == expected

    def first(self, table: int, low: int, high: int) -> None:
        start, stop = bytes([table, low]), bytes([table, high])
        expected = min((pair for pair in self.model.items() if start <= pair[0] < stop), default=None)
        assert self.store.first(start, stop) == expected

    def mark(self) -> None:
        self.folds.append((self.store.mark(), total(self.model)))

    def checkpoint(self) -> None:
        if self.store.frozen is not None:
            return
        index = self.durable + 1
        self.frozen[index] = dict(self.model)

        def done(checkpoint) -> None:
            assert checkpoint.hash == total(self.frozen[index])
            self.durable = index

        self.checkpointer.start(index, 1, {}, done)

    def turn(self) -> None:
        if self.folds:
            next(self.folds[-1][0], None)  # the newest first: order must not matter
        self.bench.turn()

    def run(self) -> None:
        self.bench.run()

    def crash(self) -> None:
        self.bench.run_nothing_more()
        self.bench.close(self.store)
        self.store = self.bench.store(self.name)
        self.checkpointer = self.bench.checkpointer(self.store)
        found = self.store.checkpoint.index
        assert found in (self.durable, self.durable + 1)  # the next one may be written and not reported yet
        self.durable, self.model, self.folds = found, dict(self.frozen[found]), []
        assert self.store.recount() == self.store.checkpoint.hash == total(self.model)

    def end(self) -> None:
        for fold, expected in self.folds:
            list(fold)
            assert fold.sum == expected
        self.run()
        assert not self.bench.fatal
        assert self.store.recount() == total(self.model)
        self.bench.close(self.store)


@settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_a_store_is_a_dict_that_a_crash_sets_back_to_its_last_checkpoint(bench, small, steps) -> None:
    history = History(bench)
    for name, *arguments in steps:
        getattr(history, name)(*arguments)
    history.end()


@settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    writes=st.lists(WRITE, min_size=1, max_size=30),
    plans=st.tuples(*[st.lists(st.sampled_from(["", "checkpoint", "mark", "turn"]), min_size=30, max_size=30)] * 2),
)
def test_two_replicas_that_mark_and_checkpoint_at_other_times_have_equal_hashes(bench, small, writes, plans) -> None:
    sums = []
    for plan in plans:
        history = History(bench)
        for (name, *arguments), extra in zip(writes, plan, strict=False):
            getattr(history, name)(*arguments)
            if extra:
                getattr(history, extra)()
        history.mark()
        sums.append(history.folds[-1][0])
        history.end()
    assert sums[0].sum == sums[1].sum is not None
