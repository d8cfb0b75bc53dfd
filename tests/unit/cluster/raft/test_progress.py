"""A peer's place in the leader's log."""

from hypothesis import given
from hypothesis import strategies as st

from konik.cluster.raft.progress import Mode, Progress

WINDOW = 10
LAST = 50
BASE = 5


def replicating(match: int, next_index: int) -> Progress:
    """A peer that has acknowledged `match`, with all up to before `next_index` in one Append on its way."""
    progress = Progress(match + 1, 1, 0.0)
    progress.accepted(match, BASE)
    progress.sent(1, next_index - match - 1, 1)
    return progress


answers = st.one_of(
    st.tuples(st.just("accepted"), st.integers(1, LAST), st.just(0)),
    st.tuples(st.just("refused"), st.integers(1, LAST), st.integers(0, 30)),
    st.tuples(st.just("alive"), st.just(0), st.integers(0, 30)),
    st.tuples(st.just("connection"), st.just(0), st.just(0)),
)


@given(st.lists(answers, max_size=40), st.integers(1, 3), st.integers(1, 4))
def test_whatever_answers_come_the_place_stays_sound(
    answers: list[tuple[str, int, int]], batch: int, size: int
) -> None:
    number, progress = 0, Progress(20, 1, 0.0)
    for kind, index, answered in answers:
        match = progress.match
        if kind == "accepted":
            progress.accepted(index, BASE)
        elif kind == "refused":
            progress.refused(min(answered, number), index, BASE, number + 1)
        elif kind == "alive":
            progress.alive(min(answered, number))
        else:
            progress.probe(progress.match + 1, number + 1)
        sent = 0
        while progress.may_send(LAST, WINDOW):
            number, sent = number + 1, sent + 1
            count = min(batch, LAST + 1 - progress.next) if progress.has_room(WINDOW) else 0
            progress.sent(number, count, count * size)
            assert sent <= LAST, "sending comes to an end"
        assert progress.match >= match, "what is acknowledged stays so"
        assert progress.match < progress.next <= LAST + 1
        assert progress.flight_bytes == sum(flight.bytes for flight in progress.flight)
        assert progress.flight_bytes < WINDOW + batch * size, "the window is passed by less than one Append"
        assert progress.mode is Mode.REPLICATE or not progress.flight
        if progress.mode is Mode.SNAPSHOT:
            assert progress.match < BASE and sent == 0


def test_a_fresh_refusal_is_followed_by_a_probe_from_the_place_it_names() -> None:
    progress = replicating(match=10, next_index=20)
    progress.refused(1, 15, BASE, 2)
    assert (progress.mode, progress.next, progress.flight_bytes) == (Mode.PROBE, 15, 0)


def test_a_refusal_never_asks_for_what_is_acknowledged() -> None:
    progress = replicating(match=10, next_index=20)
    progress.refused(1, 3, BASE, 2)
    assert progress.next == 11


def test_a_refusal_sent_before_the_place_changed_changes_nothing() -> None:
    progress = replicating(match=10, next_index=20)
    progress.refused(1, 15, BASE, 2)
    progress.refused(1, 12, BASE, 2)
    assert progress.next == 15


def test_a_peer_that_may_hold_more_than_it_asks_for_is_asked_for_the_base_first() -> None:
    progress = Progress(30, 1, 0.0)
    progress.refused(1, 2, BASE, 2)
    assert (progress.mode, progress.next) == (Mode.PROBE, BASE + 1)
    progress.refused(2, 2, BASE, 3)
    assert progress.mode is Mode.SNAPSHOT


def test_a_heartbeat_that_overtook_an_append_makes_the_leader_ask_once() -> None:
    progress = replicating(match=10, next_index=20)
    progress.alive(2)
    assert progress.may_send(19, 1)
    progress.sent(3, 0, 0)
    assert not progress.may_send(19, 1)
