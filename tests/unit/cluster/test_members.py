"""What a leader does when it is asked to take somebody in, or to remove one."""

from types import SimpleNamespace

import pytest
from hand_clock import HandClock

from konik.cluster.members import ASKS_SECONDS, BEHIND_ENTRIES_MAX, SILENT_SECONDS, Members
from konik.cluster.network import PROTOCOL_VERSION, Hello, Peer
from konik.cluster.raft.core import PeerProgress
from konik.cluster.raft.membership import Member, Membership
from konik.cluster.raft.progress import Mode
from konik.statemachine.rejection import Code, Rejection

NEW = b"n" * 16


def hello(node: str, directory: bytes = NEW) -> Hello:
    return Hello(PROTOCOL_VERSION, b"c" * 16, node, directory, b"p" * 16, 1, "host:2023", 1, "host:7000", False, 0)


class Bench:
    """The leader "a" with the members "b" and "c", who answer. A change is in force at once, committed by `commit`."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.core = SimpleNamespace(
            membership=Membership.of("a", "b", "c"), membership_since=0, commit=100, progress={}
        )
        self.core.log = SimpleNamespace(last=100)
        self.connected = {"b", "c"}
        self.ahead: dict[str, Hello] = {}
        self.met: dict[str, bytes] = {}
        self.members = Members(
            "a",
            lambda: self,  # type: ignore[arg-type, return-value]  # in what is asked of a driver
            self.peer,
            self.ahead.get,
            self.met.get,
            lambda: 1,
            clock,
        )
        for peer in ("b", "c"):
            self.hear(peer)

    def peer(self, name: str) -> Peer | None:
        return Peer(b"p" * 16, 1) if name in self.connected else None

    def hear(self, peer: str, match: int = 100, mode: Mode = Mode.REPLICATE) -> None:
        self.core.progress[peer] = PeerProgress(match, match + 1, mode, self.clock.monotonic())

    def change(self, membership: Membership) -> int | None:
        if self.core.commit < self.core.membership_since:
            return None
        self.core.log.last += 1
        self.core.membership, self.core.membership_since = membership, self.core.log.last
        return self.core.log.last

    def commit(self) -> None:
        self.core.commit = self.core.log.last

    def refusal(self, method: str, name: str) -> str:
        before = self.core.membership
        with pytest.raises(Rejection) as refused:
            getattr(self.members, method)(name)
        assert refused.value.code is Code.FAILED_PRECONDITION and self.core.membership is before
        return refused.value.message


@pytest.fixture
def bench(clock: HandClock) -> Bench:
    return Bench(clock)


def test_a_node_that_asks_is_taken_in_as_a_learner_and_votes_once_it_has_caught_up(bench: Bench) -> None:
    bench.members.applied(hello("d"))
    assert not bench.members.add("d")
    assert bench.core.membership.get("d") == Member("d", False, NEW.hex(), "host:7000", "host:2023")
    bench.connected.add("d")
    bench.hear("d", match=0, mode=Mode.SNAPSHOT)
    bench.members.give_votes()
    assert not bench.members.add("d"), "it copies"
    bench.commit()
    bench.hear("d", match=bench.core.log.last - BEHIND_ENTRIES_MAX - 1)
    bench.members.give_votes()
    assert bench.core.membership.voters == ("a", "b", "c")
    bench.hear("d", match=bench.core.log.last - BEHIND_ENTRIES_MAX)
    bench.members.give_votes()
    assert bench.core.membership.voters == ("a", "b", "c", "d")
    assert not bench.members.add("d"), "the list is not committed yet"
    bench.commit()
    assert bench.members.add("d")


def test_nobody_is_taken_in_who_does_not_ask(bench: Bench, clock: HandClock) -> None:
    assert "start it with --join" in bench.refusal("add", "d")
    bench.members.applied(hello("d"))
    clock.advance(ASKS_SECONDS + 0.1)
    assert "start it with --join" in bench.refusal("add", "d")


def test_a_member_that_lost_its_disk_first_loses_its_vote(bench: Bench) -> None:
    bench.connected.discard("c")
    assert "does not answer" in bench.refusal("add", "c")
    bench.members.applied(hello("c"))
    assert not bench.members.add("c")
    assert bench.core.membership.voters == ("a", "b")
    assert bench.core.membership.get("c") == Member("c", False, NEW.hex(), "host:7000", "host:2023")


def test_a_member_that_answers_is_not_replaced(bench: Bench) -> None:
    bench.members.applied(hello("c"))
    assert "stop the one that is to go" in bench.refusal("add", "c")


def test_a_change_waits_for_the_one_before_it(bench: Bench) -> None:
    bench.members.applied(hello("d"))
    bench.members.applied(hello("e"))
    bench.members.add("d")
    assert not bench.members.add("e")
    assert bench.core.membership.get("e") is None


def test_a_member_is_removed_once_the_list_without_it_is_committed(bench: Bench) -> None:
    assert not bench.members.remove("c")
    assert bench.core.membership.names == ("a", "b")
    assert not bench.members.remove("c")
    bench.commit()
    assert bench.members.remove("c")


def test_the_leader_is_not_removed(bench: Bench) -> None:
    assert "konik leader transfer" in bench.refusal("remove", "a")


@pytest.mark.parametrize("silent", ["its connection is gone", "it says nothing"])
def test_a_removal_that_leaves_too_few_who_answer_is_refused(bench: Bench, clock: HandClock, silent: str) -> None:
    if silent == "it says nothing":
        clock.advance(SILENT_SECONDS + 0.1)
        bench.hear("c")
    else:
        bench.connected.discard("b")
    assert "b does not answer" in bench.refusal("remove", "c")
    assert not bench.members.remove("b"), "the silent one may go"


def test_a_removal_that_leaves_too_few_who_have_everything_is_refused(bench: Bench) -> None:
    bench.hear("b", match=10)
    assert "b is behind" in bench.refusal("remove", "c")


def test_a_learner_that_copies_is_not_replaced_by_another_of_its_name(bench: Bench, clock: HandClock) -> None:
    bench.connected.discard("c")
    bench.members.applied(hello("c"))
    bench.members.add("c")
    bench.commit()
    bench.connected.add("c")
    bench.hear("c", match=0, mode=Mode.SNAPSHOT)
    bench.members.applied(hello("c", b"o" * 16))
    assert "stop the one that is to go" in bench.refusal("add", "c")
    clock.advance(SILENT_SECONDS + 0.1)
    bench.hear("b")
    bench.members.add("c")
    assert bench.core.membership.get("c") == Member("c", False, (b"o" * 16).hex(), "host:7000", "host:2023"), "silent"


def test_who_is_heard_without_being_a_member_can_be_taken_in(bench: Bench) -> None:
    """Its log has a list that was given up: so it is not refused, and need not ask."""
    bench.ahead["d"] = hello("d")
    assert not bench.members.add("d")
    assert bench.core.membership.get("d") == Member("d", False, NEW.hex(), "host:7000", "host:2023")


def test_founders_are_named_in_the_list_as_they_are_met(bench: Bench) -> None:
    founders = bench.core.membership
    bench.members.name_founders()
    assert bench.core.membership is founders, "none was met"
    bench.met |= {"a": b"a" * 16, "b": b"b" * 16}
    bench.members.name_founders()
    named = bench.core.membership
    assert named.members == (Member("a", True, "61" * 16), Member("b", True, "62" * 16), Member("c"))
    bench.met["c"] = b"c" * 16
    bench.members.name_founders()
    assert bench.core.membership is named, "a change is under way"
    bench.commit()
    bench.members.name_founders()
    whole = bench.core.membership
    assert whole.unnamed == () and whole.voters == ("a", "b", "c")
    bench.commit()
    bench.met["c"] = b"x" * 16
    bench.members.name_founders()
    assert bench.core.membership is whole, "once and for all"


def test_who_has_joined_is_not_named_anew(bench: Bench) -> None:
    bench.core.membership = Membership.of("a", "b").including(Member("c", True, NEW.hex()))
    bench.met |= {name: b"o" * 16 for name in ("a", "b", "c")}
    bench.members.name_founders()
    assert bench.core.membership.get("c") == Member("c", True, NEW.hex())


def test_a_member_is_not_replaced_by_one_that_was_founded_anew(bench: Bench) -> None:
    bench.connected.discard("c")
    bench.members.applied(hello("c")._replace(founder=True))
    assert "start it with --join" in bench.refusal("add", "c")


def test_a_founder_that_was_removed_may_come_back_as_it_is(bench: Bench) -> None:
    bench.members.remove("c")
    bench.commit()
    bench.members.applied(hello("c")._replace(founder=True))
    assert "was founded anew" in bench.refusal("add", "c"), "with another directory than it was met with, if it was"
    bench.met["c"] = NEW
    assert not bench.members.add("c")
    assert bench.core.membership.get("c") == Member("c", False, NEW.hex(), "host:7000", "host:2023")


def test_a_node_of_too_early_a_release_is_not_taken_in(bench: Bench) -> None:
    bench.members.applied(hello("d")._replace(machine_version=0))
    assert "install a later release" in bench.refusal("add", "d")
