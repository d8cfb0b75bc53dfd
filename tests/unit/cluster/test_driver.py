"""The driver's order of doing things: what leaves when, what waits for which sync, who is told what."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hand_clock import HandClock

from konik.cluster.disk import Stored
from konik.cluster.driver import Driver, core_from_disk
from konik.cluster.network import (
    SnapshotChunk,
    SnapshotOffer,
    SnapshotOver,
    SnapshotReceived,
)
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.membership import FOUNDER, Membership
from konik.cluster.raft.messages import (
    Append,
    AppendAnswer,
    Commit,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    RequestVote,
    TimeoutNow,
    VoteAnswer,
)
from konik.cluster.raft.ready import Settings, Vow
from konik.cluster.raft.roles import Role

ELECTION = 1.0
"""Seconds after which a follower surely campaigns."""


class ScriptedJournal:
    """A journal that syncs when the test says so, and puts all it is asked for into one list with what is sent."""

    def __init__(self, events: list[Any], stored: Stored) -> None:
        self.events, self.stored, self.cuts = events, stored, list[int]()
        self.asked_for = 0

    def load(self) -> Stored:
        return self.stored

    def reset(self, base: Entry) -> Stored:
        self.events.append(("reset", base))
        return Stored(self.stored.vow._replace(commit=base.index), [base])

    def start(self, synced: Callable[[int], None], trouble: Callable[[str | None], None]) -> None:
        self.synced, self.trouble = synced, trouble

    def write(self, number: int, vow: Vow, entries: Sequence[Entry], reset: bool = False) -> None:
        self.events.append(("write", number, vow, [*entries], reset))
        self.asked_for = number

    def cut(self, index: int) -> None:
        self.cuts.append(index)


class ScriptedCopies:
    """Copies of the state: taken and installed when the test says so."""

    def __init__(self) -> None:
        self.taken: list[Callable[[Any], None]] = []
        self.finished: list[Callable[[bool], None]] = []
        self.written: list[bytes] = []
        self.abandoned = 0

    def take(self, taken: Callable[[Any], None]) -> None:
        self.taken.append(taken)

    def install(self, index: int, term: int, size: int, checksum: bytes) -> "ScriptedCopies":
        return self

    def membership(self) -> Membership:
        return Membership.of("a", "b", "c")

    def write(self, chunk: bytes) -> None:
        self.written.append(chunk)

    def finish(self, done: Callable[[bool], None]) -> None:
        self.finished.append(done)

    def abandon(self) -> None:
        self.abandoned += 1


class Bench:
    """A driver of "a" with nothing real around it. `events` is what it does, in order."""

    def __init__(
        self,
        clock: HandClock,
        members: tuple[str, ...] = ("a", "b", "c"),
        stored: Stored = Stored(Vow(0, None, 0), [Entry(0, 0, b"")]),  # noqa: B008
        checkpoint: tuple[int, int] = (0, 0),
    ) -> None:
        self.clock, self.members = clock, members
        self.events: list[Any] = []
        self.applied: list[Entry] = []
        self.changes = 0
        self.errors: list[BaseException] = []
        self.journal, self.copies = ScriptedJournal(self.events, stored), ScriptedCopies()
        core = core_from_disk(
            "a", FOUNDER, Membership.of(*members), Settings(), self.journal, checkpoint, clock.monotonic(), 0.5
        )
        self.core = core
        self.driver = Driver(
            core,
            self.journal,
            self,
            self.copies,
            clock=clock,
            scheduler=clock,
            chance=lambda: 0.5,
            on_committed=self.commit,
            on_read=lambda token, index: self.events.append(("read", token, index)),
            on_change=self.change,
            on_installed=lambda index, term: self.events.append(("installed", index, term)),
            on_peer_message=lambda peer, frame: self.events.append(("heard", peer, frame)),
            fatal=self.errors.append,
        )
        self.driver.start()

    def send(self, peer: str, frame: Any) -> bool:
        self.events.append((peer, frame))
        return True

    def commit(self, entries: Sequence[Entry]) -> None:
        self.applied.extend(entries)

    def change(self) -> None:
        self.changes += 1

    def turn(self, seconds: float = 0.0) -> list[Any]:
        """Let it work; what it did since the last time."""
        self.clock.advance(seconds)
        done, self.events[:] = [*self.events], []
        return done

    def receive(self, peer: str, *frames: Any) -> list[Any]:
        for frame in frames:
            self.driver.received(peer, frame)
        return self.turn()

    def sync(self, number: int) -> list[Any]:
        self.journal.synced(number)
        return self.turn()

    def elect(self, acknowledging: tuple[str, ...]) -> None:
        """Make it leader of term 1, its first entry synced and acknowledged by these."""
        self.turn(ELECTION)
        self.receive("b", VoteAnswer(1, True, True))
        self.sync(1)
        self.receive("b", VoteAnswer(1, False, True))
        assert self.core.role is Role.LEADER
        self.sync(2)
        for peer in acknowledging:
            self.receive(peer, AppendAnswer(1, 0, True, 1))
        assert self.core.commit == 1
        self.turn()


@pytest.fixture
def bench(clock: HandClock) -> Bench:
    return Bench(clock)


@pytest.fixture
def leader(bench: Bench) -> Bench:
    bench.elect(acknowledging=("b", "c"))
    return bench


def sent(events: list[Any], kind: type) -> list[tuple[str, Any]]:
    return [(event[0], event[1]) for event in events if len(event) == 2 and isinstance(event[1], kind)]


def test_a_vote_leaves_only_after_its_sync(bench: Bench) -> None:
    before = bench.receive("b", RequestVote(3, False, 0, 0))
    assert before == [("write", 1, Vow(3, "b", 0), [], False)]
    assert bench.sync(1) == [("b", VoteAnswer(3, False, True))]


def test_an_acknowledgement_leaves_only_after_its_sync_and_a_sign_of_life_at_once(bench: Bench) -> None:
    entry = Entry(1, 1, b"x")
    events = bench.receive("b", Append(1, 1, 0, 0, 0, (entry,)), Heartbeat(1, 2, 0))
    assert events == [("b", HeartbeatAnswer(1, 2)), ("write", 1, Vow(1, None, 0), [entry], False)]
    assert bench.sync(1) == [("b", AppendAnswer(1, 1, True, 1))]


def test_what_waits_leaves_in_order_each_with_its_own_sync(bench: Bench) -> None:
    bench.receive("b", Append(1, 1, 0, 0, 0, (Entry(1, 1, b"x"),)))
    bench.receive("b", Append(1, 2, 1, 1, 0, (Entry(2, 1, b"y"),)))
    bench.receive("b", Append(1, 3, 2, 1, 0, ()))
    assert bench.sync(1) == [("b", AppendAnswer(1, 1, True, 1))]
    assert bench.sync(2) == [("b", AppendAnswer(1, 2, True, 2)), ("b", AppendAnswer(1, 3, True, 2))]


def test_a_driver_that_does_not_wait_for_the_sync_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def release(driver: Driver) -> None:
        while driver._held:
            _, peer, frame = driver._held.popleft()
            driver.send(peer, frame)

    monkeypatch.setattr(Driver, "_release", release)
    with pytest.raises(AssertionError):
        test_a_vote_leaves_only_after_its_sync(bench)


def test_a_leader_sends_before_it_writes_so_that_all_write_at_the_same_time(leader: Bench) -> None:
    assert leader.driver.propose(b"x") == 2
    events = leader.turn()
    entry = Entry(2, 1, b"x")
    assert [(peer, append.entries) for peer, append in sent(events, Append)] == [("b", (entry,)), ("c", (entry,))]
    assert events[2:] == [("write", 3, Vow(1, "a", 1), [entry], False)]


def test_a_leader_commits_when_one_follower_and_itself_have_synced(leader: Bench) -> None:
    leader.driver.propose(b"x")
    leader.turn()
    leader.receive("b", AppendAnswer(1, 0, True, 2))
    assert leader.applied == [Entry(1, 1, b"")]
    assert sent(leader.sync(3), Commit) == [("b", Commit(1, 2))]
    assert leader.applied == [Entry(1, 1, b""), Entry(2, 1, b"x")]


def test_a_leader_commits_without_itself_when_both_followers_have_synced(leader: Bench) -> None:
    leader.driver.propose(b"x")
    leader.turn()
    leader.receive("b", AppendAnswer(1, 0, True, 2))
    leader.receive("c", AppendAnswer(1, 0, True, 2))
    assert leader.applied[-1] == Entry(2, 1, b"x")


def test_a_single_node_applies_nothing_before_its_own_sync(clock: HandClock) -> None:
    alone = Bench(clock, members=("a",))
    alone.turn(ELECTION)
    alone.driver.propose(b"x")
    alone.turn()
    assert alone.core.role is Role.LEADER and alone.applied == []
    alone.sync(alone.journal.asked_for)
    assert alone.applied[-1].data == b"x"


def test_what_comes_together_leaves_together(leader: Bench) -> None:
    for number in range(5):
        leader.driver.propose(b"%d" % number)
    events = leader.turn()
    assert [len(append.entries) for _, append in sent(events, Append)] == [5, 5]
    assert [event[0] for event in events] == ["b", "c", "write"]


def test_a_read_waits_for_a_round_of_heartbeats(leader: Bench) -> None:
    assert leader.driver.read("token")
    events = leader.turn()
    numbers = {heartbeat.number for _, heartbeat in sent(events, Heartbeat)}
    assert ("read", "token", 1) not in events and len(numbers) == 1
    assert ("read", "token", 1) in leader.receive("c", HeartbeatAnswer(1, numbers.pop()))


def test_a_read_that_waits_when_leadership_is_lost_is_given_back(leader: Bench) -> None:
    leader.driver.read("token")
    leader.turn()
    assert ("read", "token", None) in leader.receive("b", Heartbeat(7, 1, 0))


def test_a_follower_neither_proposes_nor_reads(bench: Bench) -> None:
    assert bench.driver.propose(b"x") is None
    assert bench.driver.read("token") is False
    assert bench.driver.transfer() is False


def test_leadership_is_handed_over(leader: Bench) -> None:
    assert leader.driver.transfer("c")
    assert sent(leader.turn(), TimeoutNow) == [("c", TimeoutNow(1))]


def test_a_follower_campaigns_by_the_timer_alone(bench: Bench) -> None:
    assert sent(bench.turn(0.5), RequestVote) == [
        ("b", RequestVote(1, True, 0, 0)),
        ("c", RequestVote(1, True, 0, 0)),
    ]


def test_a_follower_reads_what_waits_before_it_takes_its_leader_for_lost(bench: Bench) -> None:
    bench.receive("b", Heartbeat(1, 1, 0))
    bench.turn(0.35)
    bench.clock.now += 0.14  # its deadline passes
    assert sent(bench.receive("b", Heartbeat(1, 2, 0)), RequestVote) == []
    assert sent(bench.turn(ELECTION), RequestVote) != []


def test_a_leader_reads_what_waits_before_it_gives_up_its_office(leader: Bench) -> None:
    leader.turn(0.2)
    leader.clock.now += 0.14  # the minimum timeout passes
    leader.receive("b", HeartbeatAnswer(1, 1))
    assert leader.core.role is Role.LEADER
    leader.turn(ELECTION)
    assert leader.core.role is not Role.LEADER


def test_a_follower_that_was_held_up_itself_goes_on_waiting_for_its_leader(bench: Bench) -> None:
    bench.receive("b", Heartbeat(1, 1, 0))
    bench.clock.now += ELECTION
    assert sent(bench.turn(0.1), RequestVote) == []
    assert sent(bench.turn(ELECTION), RequestVote) != []


def test_a_leader_that_was_held_up_itself_goes_on_waiting_for_its_followers(leader: Bench) -> None:
    leader.clock.now += ELECTION
    leader.turn(0.1)
    assert leader.core.role is Role.LEADER
    leader.turn(ELECTION)
    assert leader.core.role is not Role.LEADER


def test_who_is_asked_for_a_vote_knows_how_long_ago_its_leader_was_heard(bench: Bench) -> None:
    bench.receive("b", Heartbeat(1, 1, 0))
    bench.turn(0.25)
    bench.clock.now += 0.1  # the minimum timeout passes
    assert sent(bench.receive("c", RequestVote(2, True, 0, 0)), VoteAnswer) == [("c", VoteAnswer(2, True, True))]


def test_a_lost_connection_to_the_leader_shortens_the_wait(bench: Bench) -> None:
    bench.receive("b", Heartbeat(1, 1, 0))
    bench.driver.connected("b", False)
    assert sent(bench.turn(0.15), RequestVote) != []


def test_frames_beside_rafts_are_handed_up_in_their_place(bench: Bench) -> None:
    events = bench.receive("b", ("note", 1), Heartbeat(1, 1, 0), ("note", 2))
    assert events == [
        ("heard", "b", ("note", 1)),
        ("heard", "b", ("note", 2)),
        ("b", HeartbeatAnswer(1, 1)),
        ("write", 1, Vow(1, None, 0), [], False),
    ]


def test_changes_of_leader_are_told_once(bench: Bench) -> None:
    bench.receive("b", Heartbeat(1, 1, 0))
    bench.receive("b", Heartbeat(1, 2, 0))
    assert bench.changes == 1
    bench.receive("c", Heartbeat(2, 1, 0))
    assert bench.changes == 2


def test_a_cut_goes_no_further_than_the_core_allows(leader: Bench) -> None:
    leader.driver.cut(1)
    leader.driver.cut(1000)
    assert leader.journal.cuts == [1, 1]


# -- a full disk ----------------------------------------------------------------------------------------------------


def test_a_leader_that_cannot_write_refuses_proposals_and_hands_over(leader: Bench) -> None:
    leader.journal.trouble("the disk is full")
    assert sent(leader.turn(), TimeoutNow) == [("b", TimeoutNow(1))]
    assert leader.driver.trouble == "the disk is full"
    assert leader.driver.propose(b"x") is None


def test_a_leader_that_cannot_write_resigns_when_nobody_takes_over(leader: Bench) -> None:
    leader.journal.trouble("the disk is full")
    leader.turn()
    assert leader.core.role is Role.LEADER
    leader.turn(Settings().transfer)
    assert leader.core.role is not Role.LEADER


def test_a_single_node_that_cannot_write_keeps_its_office_and_refuses(clock: HandClock) -> None:
    alone = Bench(clock, members=("a",))
    alone.turn(ELECTION)
    alone.journal.trouble("the disk is full")
    alone.turn(ELECTION)
    assert alone.core.role is Role.LEADER
    assert alone.driver.propose(b"x") is None
    alone.journal.trouble(None)
    alone.turn()
    assert alone.driver.propose(b"x") is not None


# -- the start ------------------------------------------------------------------------------------------------------


def test_a_log_that_holds_the_checkpoint_is_kept(clock: HandClock) -> None:
    entries = [Entry(3, 1, b"c"), Entry(4, 1, b"d"), Entry(5, 2, b"e")]
    bench = Bench(clock, stored=Stored(Vow(2, None, 3), entries), checkpoint=(4, 1))
    assert bench.turn() == []
    assert (bench.core.log.base, bench.core.log.last, bench.core.commit) == (3, 5, 4)


@pytest.mark.parametrize("checkpoint", [(9, 2), (5, 1)], ids=["ends before it", "holds another entry"])
def test_a_log_without_the_checkpoints_entry_begins_anew_durably(clock: HandClock, checkpoint: tuple[int, int]) -> None:
    entries = [Entry(3, 1, b"c"), Entry(4, 1, b"d"), Entry(5, 2, b"e")]
    bench = Bench(clock, stored=Stored(Vow(2, None, 3), entries), checkpoint=checkpoint)
    assert bench.events[0] == ("reset", Entry(*checkpoint, b""))
    assert (bench.core.log.base, bench.core.log.last) == (checkpoint[0], checkpoint[0])


def test_a_log_that_begins_behind_the_checkpoint_stops_the_node(clock: HandClock) -> None:
    with pytest.raises(BrokenInvariant):
        Bench(clock, stored=Stored(Vow(2, None, 3), [Entry(3, 1, b"c")]), checkpoint=(2, 1))


def test_what_was_committed_is_applied_again_after_a_start(clock: HandClock) -> None:
    entries = [Entry(3, 1, b"c"), Entry(4, 1, b"d"), Entry(5, 1, b"e")]
    bench = Bench(clock, stored=Stored(Vow(1, None, 4), entries), checkpoint=(3, 1))
    bench.turn()
    assert bench.applied == [Entry(4, 1, b"d")]


# -- failing --------------------------------------------------------------------------------------------------------


def test_a_failed_turn_is_the_last(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def apply(entries: Sequence[Entry]) -> None:
        raise BrokenInvariant("two and two are five")

    monkeypatch.setattr(bench.driver, "_on_committed", apply)
    bench.driver.received("b", Append(1, 1, 0, 0, 1, (Entry(1, 1, b"x"),)))
    with pytest.raises(BrokenInvariant):
        bench.turn()
    assert [str(error) for error in bench.errors] == ["two and two are five"]
    bench.turn()
    assert bench.receive("b", Heartbeat(1, 2, 1)) == []
    assert bench.turn(ELECTION) == []


def test_a_stopped_driver_does_nothing(bench: Bench) -> None:
    bench.driver.stop()
    assert bench.receive("b", Heartbeat(1, 1, 0)) == []
    assert bench.turn(ELECTION) == []


# -- copies of the state --------------------------------------------------------------------------------------------


class Copy:
    index, term, size, checksum = 1, 1, 6, b"sum"

    def __init__(self) -> None:
        self.closed = False

    def chunks(self) -> Any:
        return iter([b"abc", b"def"])

    def close(self) -> None:
        self.closed = True


def test_a_follower_below_the_log_gets_a_copy_of_the_state(bench: Bench) -> None:
    bench.elect(acknowledging=("b",))
    for _ in range(3):
        bench.driver.propose(b"x")
    bench.turn()
    bench.receive("b", AppendAnswer(1, 0, True, 4))
    bench.sync(3)
    bench.driver.cut(3)
    bench.driver.connected("c", True)
    append = dict(sent(bench.turn(0.2), Append))["c"]
    bench.receive("c", AppendAnswer(1, append.number, False, 1))
    copy = Copy()
    bench.copies.taken.pop()(copy)
    events = bench.turn()
    assert events == [
        ("c", SnapshotOffer((1, 1), 1, 1, 6, b"sum")),
        ("c", SnapshotChunk((1, 1), 0, b"abc")),
        ("c", SnapshotChunk((1, 1), 3, b"def")),
    ]
    bench.receive("c", SnapshotReceived((1, 1), 3), SnapshotReceived((1, 1), 6), SnapshotOver((1, 1), True))
    assert copy.closed and bench.core.progress["c"].mode.value != "snapshot"


def offered(bench: Bench, index: int = 50) -> list[Any]:
    return bench.receive(
        "b", Heartbeat(4, 1, 0), SnapshotOffer((4, 7), index, 4, 6, b"sum"), SnapshotChunk((4, 7), 0, b"abcdef")
    )


def test_an_installed_copy_is_answered_only_when_the_log_has_followed(bench: Bench) -> None:
    events = offered(bench)
    assert ("b", SnapshotReceived((4, 7), 6)) in events and sent(events, SnapshotOver) == []
    bench.sync(1)
    bench.copies.finished.pop()(True)
    events = bench.turn()
    assert events == [("installed", 50, 4), ("write", 2, Vow(4, None, 50), [Entry(50, 4, b"")], True)]
    assert bench.sync(2) == [("b", SnapshotOver((4, 7), True))]
    assert (bench.core.log.base, bench.core.commit, bench.core.applied) == (50, 50, 50)


def test_a_copy_that_could_not_be_installed_is_answered_as_such(bench: Bench) -> None:
    offered(bench)
    bench.copies.finished.pop()(False)
    assert bench.turn() == [("b", SnapshotOver((4, 7), False))]


def test_a_copy_of_what_is_applied_already_is_refused(bench: Bench) -> None:
    bench.receive("b", Append(4, 1, 0, 0, 1, (Entry(1, 4, b"x"),)))
    assert ("b", SnapshotOver((4, 7), False)) in offered(bench, index=1)
    assert bench.copies.finished == []


def test_a_candidate_learns_of_its_new_state_once_it_follows(bench: Bench) -> None:
    offered(bench)
    bench.sync(1)
    bench.turn(ELECTION)
    assert bench.core.role is Role.PRE_CANDIDATE
    bench.copies.finished.pop()(True)
    assert ("installed", 50, 4) not in bench.turn()
    assert ("installed", 50, 4) in bench.receive("c", Heartbeat(5, 1, 0))
    assert bench.core.applied == 50
