"""Copies of the state on their way: what is in flight is bounded, what breaks off is forgotten on both sides."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hand_clock import HandClock

from konik.cluster import snapshot_traffic
from konik.cluster.network import (
    SnapshotChunk,
    SnapshotOffer,
    SnapshotOver,
    SnapshotReceived,
    SnapshotWithdrawn,
)
from konik.cluster.snapshot_traffic import STALL_SECONDS_MAX, SnapshotTraffic

CHUNK_BYTES = 10
TERM = 6


class Copy:
    index, term, checksum = 70, 3, b"sum"

    def __init__(self, size: int) -> None:
        self.size, self.closed = size, False

    def chunks(self) -> Iterator[bytes]:
        return (bytes(min(CHUNK_BYTES, self.size - start)) for start in range(0, self.size, CHUNK_BYTES))

    def close(self) -> None:
        self.closed = True


class Installation:
    def __init__(self) -> None:
        self.bytes = b""
        self.done: Callable[[bool], None] | None = None
        self.abandoned = False

    def write(self, chunk: bytes) -> None:
        assert not self.abandoned and self.done is None
        self.bytes += chunk

    def finish(self, done: Callable[[bool], None]) -> None:
        self.done = done

    def abandon(self) -> None:
        self.abandoned = True


class Desk:
    """The traffic's driver and its store."""

    def __init__(self, clock: HandClock) -> None:
        self.traffic = SnapshotTraffic(self, clock.monotonic, self)  # type: ignore[arg-type]
        self.happened: list[Any] = []
        self.taken: list[Callable[[Any], None]] = []
        self.installations: list[Installation] = []
        self.news = True

    def events(self) -> list[Any]:
        happened, self.happened = self.happened, []
        return happened

    def later(self, work: Callable[[], None]) -> None:
        work()

    def send(self, peer: str, frame: Any) -> None:
        self.happened.append((peer, frame))

    def snapshot_started(self, peer: str, index: int) -> None:
        self.happened.append(("started", peer, index))

    def snapshot_done(self, peer: str, index: int | None) -> None:
        self.happened.append(("done", peer, index))

    def is_news(self, index: int) -> bool:
        return self.news

    def snapshot_installed(self, sender: str, offer: SnapshotOffer) -> None:
        self.happened.append(("installed", sender, offer.last_index))

    def take(self, taken: Callable[[Any], None]) -> None:
        self.taken.append(taken)

    def install(self, index: int, term: int, size: int, checksum: bytes) -> Installation:
        self.installations.append(Installation())
        return self.installations[-1]

    def send_copy(self, size: int) -> Copy:
        """Start to send one to "b"."""
        copy = Copy(size)
        self.traffic.start("b", TERM)
        self.taken.pop()(copy)
        return copy

    def offer(self, size: int, transfer: int = 4) -> Installation:
        """Be offered one by "b"."""
        self.traffic.received("b", SnapshotOffer((TERM, transfer), 70, 3, size, b"sum"))
        return self.installations[-1]


@pytest.fixture
def desk(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(snapshot_traffic, "WINDOW_BYTES", 2 * CHUNK_BYTES)
    return Desk(clock)


def chunk(offset: int, size: int = CHUNK_BYTES, transfer: int = 1) -> SnapshotChunk:
    return SnapshotChunk((TERM, transfer), offset, bytes(size))


# -- sending --------------------------------------------------------------------------------------------------------


def test_only_a_window_of_chunks_is_ever_unconfirmed(desk: Desk) -> None:
    desk.send_copy(45)
    offer = SnapshotOffer((TERM, 1), 70, 3, 45, b"sum")
    assert desk.events() == [("started", "b", 70), ("b", offer), ("b", chunk(0)), ("b", chunk(10))]
    desk.traffic.received("b", SnapshotReceived((TERM, 1), 10))
    assert desk.events() == [("b", chunk(20))]
    desk.traffic.received("b", SnapshotReceived((TERM, 1), 30))
    assert desk.events() == [("b", chunk(30)), ("b", chunk(40, 5))]
    desk.traffic.received("b", SnapshotReceived((TERM, 1), 45))
    assert desk.events() == []


@pytest.mark.parametrize(("installed", "index"), [(True, 70), (False, None)])
def test_the_receivers_last_word_ends_a_transfer(desk: Desk, installed: bool, index: int | None) -> None:
    copy = desk.send_copy(5)
    desk.events()
    desk.traffic.received("b", SnapshotOver((TERM, 1), installed))
    assert copy.closed and desk.events() == [("done", "b", index)]


def test_a_last_word_to_an_earlier_process_of_the_leaders_node_ends_nothing(desk: Desk) -> None:
    copy = desk.send_copy(5)
    desk.events()
    desk.traffic.received("b", SnapshotOver((TERM - 1, 1), True))
    assert not copy.closed and desk.events() == []


def test_a_copy_that_cannot_be_made_is_over_at_once(desk: Desk) -> None:
    desk.traffic.start("b", TERM)
    desk.taken.pop()(None)
    assert desk.events() == [("done", "b", None)]


def test_a_copy_that_is_ready_when_nobody_wants_it_any_more_is_closed(desk: Desk) -> None:
    desk.traffic.start("b", TERM)
    desk.traffic.stop()
    copy = Copy(5)
    desk.taken.pop()(copy)
    assert copy.closed and desk.events() == [("b", SnapshotWithdrawn((TERM, 1))), ("done", "b", None)]


def test_a_second_start_forgets_the_first(desk: Desk) -> None:
    first = desk.send_copy(45)
    second = desk.send_copy(5)
    desk.events()
    assert first.closed and not second.closed
    desk.traffic.received("b", SnapshotReceived((TERM, 1), 10))
    desk.traffic.received("b", SnapshotOver((TERM, 1), True))
    assert desk.events() == []


def test_who_leads_no_longer_withdraws_its_copies(desk: Desk) -> None:
    copy = desk.send_copy(45)
    desk.events()
    desk.traffic.stop()
    assert copy.closed and desk.events() == [("b", SnapshotWithdrawn((TERM, 1))), ("done", "b", None)]


def test_a_lost_connection_ends_what_was_on_its_way(desk: Desk) -> None:
    copy = desk.send_copy(45)
    desk.events()
    desk.traffic.lost("c")
    assert desk.events() == []
    desk.traffic.lost("b")
    assert copy.closed and ("done", "b", None) in desk.events()


def test_a_receiver_that_confirms_nothing_is_given_up(desk: Desk, clock: HandClock) -> None:
    desk.send_copy(45)
    clock.advance(STALL_SECONDS_MAX)
    desk.traffic.received("b", SnapshotReceived((TERM, 1), 10))
    clock.advance(STALL_SECONDS_MAX)
    desk.events()
    desk.traffic.expire()
    assert desk.events() == []
    clock.advance(1.0)
    desk.traffic.expire()
    assert ("done", "b", None) in desk.events()


def test_a_receiver_that_has_everything_may_take_its_time(desk: Desk, clock: HandClock) -> None:
    desk.send_copy(5)
    desk.traffic.received("b", SnapshotReceived((TERM, 1), 5))
    clock.advance(10 * STALL_SECONDS_MAX)
    desk.events()
    desk.traffic.expire()
    assert desk.events() == []


# -- receiving ------------------------------------------------------------------------------------------------------


def test_a_copy_is_kept_confirmed_and_installed(desk: Desk) -> None:
    installation = desk.offer(15)
    desk.traffic.received("b", chunk(0, transfer=4))
    desk.traffic.received("b", chunk(10, 5, transfer=4))
    assert desk.events() == [("b", SnapshotReceived((TERM, 4), 10)), ("b", SnapshotReceived((TERM, 4), 15))]
    assert len(installation.bytes) == 15 and installation.done is not None
    installation.done(True)
    assert desk.events() == [("installed", "b", 70)]


def test_an_installation_that_fails_is_told(desk: Desk) -> None:
    installation = desk.offer(0)
    assert installation.done is not None
    installation.done(False)
    assert desk.events() == [("b", SnapshotOver((TERM, 4), False))]


@pytest.mark.parametrize(
    "wrong",
    [chunk(10, transfer=4), chunk(0, 16, transfer=4), chunk(0, 0, transfer=4)],
    ids=["not the next", "more than announced", "empty"],
)
def test_a_chunk_that_does_not_fit_ends_the_transfer(desk: Desk, wrong: SnapshotChunk) -> None:
    installation = desk.offer(15)
    desk.traffic.received("b", wrong)
    assert installation.abandoned and desk.events() == [("b", SnapshotOver((TERM, 4), False))]
    desk.traffic.received("b", chunk(0, transfer=4))
    assert desk.events() == []


@pytest.mark.parametrize(("sender", "transfer"), [("c", 4), ("b", 5)])
def test_chunks_of_another_transfer_are_not_taken(desk: Desk, sender: str, transfer: int) -> None:
    installation = desk.offer(15)
    desk.traffic.received(sender, chunk(0, transfer=transfer))
    assert installation.bytes == b"" and desk.events() == []


def test_an_offer_of_what_is_no_news_is_refused(desk: Desk) -> None:
    desk.news = False
    desk.traffic.received("b", SnapshotOffer((TERM, 4), 70, 3, 5, b"sum"))
    assert desk.installations == [] and desk.events() == [("b", SnapshotOver((TERM, 4), False))]


def test_what_is_no_news_any_more_when_all_is_there_is_not_installed(desk: Desk) -> None:
    installation = desk.offer(5)
    desk.news = False
    desk.traffic.received("b", chunk(0, 5, transfer=4))
    assert installation.abandoned and desk.events()[-1] == ("b", SnapshotOver((TERM, 4), False))


def test_a_newer_offer_takes_the_place_of_an_unfinished_one(desk: Desk) -> None:
    first = desk.offer(15)
    second = desk.offer(15, transfer=5)
    assert first.abandoned and not second.abandoned


def test_an_offer_during_an_installation_is_refused(desk: Desk) -> None:
    installation = desk.offer(0)
    desk.traffic.received("c", SnapshotOffer((TERM, 9), 80, 3, 0, b"sum"))
    assert desk.events() == [("c", SnapshotOver((TERM, 9), False))] and not installation.abandoned


@pytest.mark.parametrize("end", [lambda t: t.lost("b"), lambda t: t.received("b", SnapshotWithdrawn((TERM, 4)))])
def test_a_copy_whose_sender_is_gone_is_abandoned(desk: Desk, end: Callable[[SnapshotTraffic], None]) -> None:
    installation = desk.offer(15)
    end(desk.traffic)
    assert installation.abandoned


def test_an_installation_goes_on_though_its_sender_is_gone(desk: Desk) -> None:
    installation = desk.offer(0)
    desk.traffic.lost("b")
    assert not installation.abandoned and installation.done is not None
    installation.done(True)
    assert desk.events() == [("installed", "b", 70)]
