"""The log in memory, and the rule by which it is found again at start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.log import ENTRY_OVERHEAD_BYTES, Log, recover
from konik.cluster.raft.messages import Entry


def entries_of(terms: list[int], first: int = 0) -> list[Entry]:
    return [Entry(first + place, term, f"{first + place}/{term}".encode()) for place, term in enumerate(terms)]


def log_of(terms: list[int], first: int = 0) -> Log:
    return Log(entries_of(terms, first))


rising_terms = st.lists(st.integers(0, 4), min_size=1, max_size=12).map(sorted)


class LogAgainstAList(RuleBasedStateMachine):
    """Whatever is done to a log, it holds what a plain list of entries would."""

    @initialize(first=st.integers(0, 5), term=st.integers(0, 2))
    def begin(self, first: int, term: int) -> None:
        self.model = [Entry(first, term, b"")]
        self.log = Log(self.model)

    @rule(rise=st.integers(0, 2), data=st.binary(max_size=4))
    def append(self, rise: int, data: bytes) -> None:
        entry = Entry(self.model[-1].index + 1, self.model[-1].term + rise, data)
        self.log.append(entry)
        self.model.append(entry)

    @precondition(lambda self: len(self.model) > 1)
    @rule(draw=st.data())
    def truncate(self, draw: st.DataObject) -> None:
        place = draw.draw(st.integers(1, len(self.model) - 1))
        self.log.truncate(self.model[place].index)
        del self.model[place:]

    @rule(draw=st.data())
    def cut(self, draw: st.DataObject) -> None:
        place = draw.draw(st.integers(0, len(self.model) - 1))
        self.log.cut(self.model[place].index)
        del self.model[:place]

    @invariant()
    def holds_the_same(self) -> None:
        log, model = self.log, self.model
        assert (log.base, log.last, log.last_term) == (model[0].index, model[-1].index, model[-1].term)
        assert len(log) == len(model)
        assert log.slice(log.base, log.last) == tuple(model)
        assert log.bytes == sum(len(entry.data) + ENTRY_OVERHEAD_BYTES for entry in model)
        assert [log.term_at(entry.index) for entry in model] == [entry.term for entry in model]
        assert log.term_at(log.base - 1) is None and log.term_at(log.last + 1) is None


TestLogAgainstAList = LogAgainstAList.TestCase


@given(mine=rising_terms, theirs=rising_terms)
def test_after_its_news_are_taken_over_the_log_holds_what_was_sent(mine: list[int], theirs: list[int]) -> None:
    mine[0] = theirs[0] = 0
    log, sent = log_of(mine), tuple(entries_of(theirs))[1:]
    news = log.news(sent)
    if news:
        if news[0].index <= log.last:
            log.truncate(news[0].index)
        log.extend(news)
    assert log.slice(1, len(sent)) == sent


@given(terms=rising_terms, draw=st.data())
def test_what_the_log_holds_is_no_news(terms: list[int], draw: st.DataObject) -> None:
    first = draw.draw(st.integers(0, len(terms) - 1))
    last = draw.draw(st.integers(first - 1, len(terms) - 1))
    log = log_of(terms)
    assert log.news(log.slice(first, last)) == ()


def test_what_lies_before_the_base_is_no_news() -> None:
    log = log_of([3, 3], first=5)
    assert log.news((Entry(4, 1, b"other"), Entry(5, 2, b"other"), Entry(6, 3, b"6/3"))) == ()


def test_a_batch_ends_when_it_reaches_its_bytes_and_holds_at_least_one_entry() -> None:
    log = log_of([1, 1, 1, 1])
    one = len(b"1/1") + ENTRY_OVERHEAD_BYTES
    assert log.batch(1, 1) == (log.slice(1, 1), one)
    assert log.batch(1, one) == (log.slice(1, 1), one)
    assert log.batch(1, one + 1) == (log.slice(1, 2), 2 * one)
    assert log.batch(1, 100 * one) == (log.slice(1, 3), 3 * one)
    assert log.batch(4, 100 * one) == ((), 0)
    assert log.batch(1, 0) == ((), 0)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [Entry(0, 0, b""), Entry(2, 1, b"")],
        [Entry(0, 0, b""), Entry(0, 0, b"")],
        [Entry(0, 2, b""), Entry(1, 1, b"")],
    ],
    ids=["nothing", "a gap", "an index twice", "a term that goes back"],
)
def test_a_log_is_not_made_of(entries: list[Entry]) -> None:
    with pytest.raises(BrokenInvariant):
        Log(entries)


def test_the_base_is_not_truncated() -> None:
    with pytest.raises(BrokenInvariant, match="truncation at 5 of a log that begins at 5"):
        log_of([1, 1], first=5).truncate(5)


@pytest.mark.parametrize("index", [4, 7])
def test_a_log_is_not_cut_where_it_has_no_entry(index: int) -> None:
    with pytest.raises(BrokenInvariant, match=f"cut at {index}"):
        log_of([1, 1], first=5).cut(index)


@pytest.mark.parametrize(("first", "last"), [(4, 5), (5, 7), (7, 5)])
def test_a_slice_outside_of_the_log_is_refused(first: int, last: int) -> None:
    with pytest.raises(BrokenInvariant, match="asked for"):
        log_of([1, 1], first=5).slice(first, last)


@given(terms=rising_terms, first=st.integers(0, 6), index=st.integers(0, 20), term=st.integers(0, 4))
def test_a_recovered_log_holds_the_checkpoint_and_says_whether_it_is_new(
    terms: list[int], first: int, index: int, term: int
) -> None:
    stored = entries_of(terms, first)
    if first > index:
        with pytest.raises(BrokenInvariant, match="behind the checkpoint"):
            recover(stored, index, term)
        return
    entries, replaced = recover(stored, index, term)
    assert Log(entries).term_at(index) == term
    assert replaced == all((entry.index, entry.term) != (index, term) for entry in stored)
    assert entries == ([Entry(index, term, b"")] if replaced else stored)


def test_a_replica_without_any_log_begins_at_its_checkpoint() -> None:
    assert recover([], 7, 2) == ([Entry(7, 2, b"")], True)


def test_a_stored_log_with_a_gap_is_refused() -> None:
    with pytest.raises(BrokenInvariant, match="from 1 to 3 has 2 entries"):
        recover([Entry(1, 1, b""), Entry(3, 1, b"")], 1, 1)
