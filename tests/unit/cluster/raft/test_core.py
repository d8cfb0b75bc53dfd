"""The door of the core: what can be asked and seen, and that nothing else decides."""

import ast
import sys
from pathlib import Path
from typing import get_args

import pytest

from konik.cluster.raft import core as core_module
from konik.cluster.raft.core import OUTDATED, STEPS, Core
from konik.cluster.raft.invariant import BrokenInvariant
from konik.cluster.raft.log import Log
from konik.cluster.raft.membership import FOUNDER, Membership
from konik.cluster.raft.messages import (
    KINDS,
    Append,
    AppendAnswer,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    Message,
    RequestVote,
    VoteAnswer,
)
from konik.cluster.raft.progress import Mode
from konik.cluster.raft.ready import Ready, Settings, Vow
from konik.cluster.raft.roles import Role

SETTINGS = Settings()


def follower(me: str = "A", now: float = 10.0) -> Core:
    return Core(
        me, FOUNDER, Membership.of("A", "B", "C"), SETTINGS, Vow(0, None, 0), Log([Entry(0, 0, b"")]), 0, now, 0.5
    )


def drain(core: Core) -> list[Ready]:
    """All it wants done; every write is synced at once."""
    done = []
    while ready := core.ready():
        done.append(ready)
        if ready.vow:
            core.synced(ready.number)
    return done


def leader() -> Core:
    core = follower()
    core.tick(core.wake_at, 0.5)
    core.step("B", VoteAnswer(1, True, True))
    core.step("B", VoteAnswer(1, False, True))
    drain(core)
    core.step("B", AppendAnswer(1, 2, True, 1))
    drain(core)
    assert core.role is Role.LEADER and core.commit == 1
    return core


def test_every_kind_of_message_has_a_step() -> None:
    assert set(KINDS) == set(STEPS) == set(get_args(Message))


def test_every_request_that_waits_for_an_answer_gets_one_when_it_is_outdated() -> None:
    assert set(OUTDATED) == {RequestVote, Append, Heartbeat}


def test_the_kinds_keep_their_numbers_on_the_wire() -> None:
    assert [kind.__name__ for kind in KINDS] == [
        "RequestVote",
        "VoteAnswer",
        "Append",
        "AppendAnswer",
        "Heartbeat",
        "HeartbeatAnswer",
        "Commit",
        "TimeoutNow",
    ]


def test_a_new_follower_wants_nothing_done_and_waits_for_its_election_timeout() -> None:
    core = follower(now=10.0)
    assert core.ready() is None
    assert core.wake_at == pytest.approx(10.0 + (SETTINGS.min_timeout + SETTINGS.max_timeout) / 2)
    assert (core.me, core.membership.voters, core.peers) == ("A", ("A", "B", "C"), ("B", "C"))
    assert (core.role, core.term, core.leader, core.commit, core.applied) == (Role.FOLLOWER, 0, None, 0, 0)
    assert core.progress == {} and not core.is_transferring


@pytest.mark.parametrize(("chance", "timeout"), [(0.0, 0.3), (1.0, 0.6)])
def test_chance_spreads_election_timeouts_from_the_least_to_the_greatest(chance: float, timeout: float) -> None:
    core = follower(now=0.0)
    core.tick(0.0, chance)
    core.step("B", Heartbeat(1, 1, 0))
    assert core.wake_at == pytest.approx(timeout)


def test_time_does_not_go_back() -> None:
    core = follower(now=10.0)
    core.tick(5.0, 0.5)
    core.step("B", Heartbeat(1, 1, 0))
    assert core.wake_at > 10.0


def test_a_leader_wakes_for_heartbeats_and_for_the_end_of_a_transfer() -> None:
    core = leader()
    assert core.wake_at == pytest.approx(10.45 + SETTINGS.heartbeat)
    core.transfer("B")
    assert core.is_transferring
    core.tick(core.wake_at, 0.5)
    core.step("B", HeartbeatAnswer(1, 1))
    drain(core)
    core.tick(core.wake_at, 0.5)
    drain(core)
    assert not core.is_transferring


def test_a_leader_shows_how_far_its_peers_are() -> None:
    core = leader()
    assert core.leader == "A"
    assert list(core.progress) == ["B", "C"]
    assert (core.progress["B"].match, core.progress["B"].mode) == (1, Mode.REPLICATE)
    assert (core.progress["C"].match, core.progress["C"].mode) == (0, Mode.PROBE)


def test_proposals_of_one_turn_leave_in_one_append_and_one_write() -> None:
    core = leader()
    assert [core.propose(b"x"), core.propose(b"y")] == [2, 3]
    (ready,) = drain(core)
    entries = (Entry(2, 1, b"x"), Entry(3, 1, b"y"))
    assert ready.entries == entries
    assert [message.entries for peer, message in ready.before if isinstance(message, Append)] == [entries]


def test_what_was_handed_over_is_not_handed_over_again() -> None:
    core = leader()
    core.propose(b"x")
    assert core.ready() is not None
    assert core.ready() is None


def test_a_follower_takes_no_proposal_no_read_and_no_transfer() -> None:
    core = follower()
    assert core.propose(b"x") is None
    assert not core.read("r")
    assert not core.transfer()
    core.resign()
    core.snapshot_started("B", 1)
    core.snapshot_done("B", 1)
    assert core.ready() is None


def test_a_connection_of_nobody_known_means_nothing() -> None:
    for core in (follower(), leader()):
        core.connected("X", True)
        core.connected("X", False)
        assert core.ready() is None


def test_the_log_is_not_cut_behind_what_was_handed_out_to_be_applied() -> None:
    core = leader()
    core.propose(b"x")
    drain(core)
    assert core.cut(2) == 1
    assert core.cut(0) == 1


def test_a_replica_that_is_not_among_the_members_waits_for_a_leader() -> None:
    core = follower("X")
    for _ in range(3):
        core.tick(core.wake_at, 0.5)
        assert core.ready() is None and core.role is Role.FOLLOWER and not core.is_voter


@pytest.mark.parametrize(("commit", "applied"), [(3, 0), (0, 3), (0, -1)])
def test_a_replica_whose_disk_does_not_fit_together_does_not_start(commit: int, applied: int) -> None:
    log = Log([Entry(0, 0, b""), Entry(1, 0, b"")])
    with pytest.raises(BrokenInvariant, match="out of order"):
        Core("A", FOUNDER, Membership.of("A"), SETTINGS, Vow(0, None, commit), log, applied, 0.0, 0.5)


def test_what_is_known_to_be_committed_is_applied_from_the_checkpoint_on() -> None:
    log = Log([Entry(index, 1, b"%d" % index) for index in range(6)])
    core = Core("A", FOUNDER, Membership.of("A", "B", "C"), SETTINGS, Vow(1, None, 4), log, 2, 0.0, 0.5)
    (ready,) = drain(core)
    assert [entry.index for entry in ready.committed] == [3, 4]
    assert ready.vow is None


def test_nothing_impure_is_imported() -> None:
    """No I/O, clock, randomness or thread can be in the core: it imports nothing that has one."""
    allowed = {"collections", "dataclasses", "enum", "functools", "itertools", "json", "typing"}
    folder = Path(core_module.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                inside = name.startswith("konik.cluster.raft")
                assert inside or name.split(".")[0] in allowed, f"{path.name} imports {name}"


def test_sets_are_not_walked() -> None:
    """The order of a set changes with the hash seed: no loop, and no call that keeps order, is over one."""
    folder = Path(core_module.__file__).parent
    literals = [
        (path.name, node.lineno)
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Set | ast.SetComp) and path.name != "outbox.py"
    ]
    assert literals == [], "only the table in outbox.py, which is asked and never walked, is a set"
    assert sys.flags.optimize == 0
