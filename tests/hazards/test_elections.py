"""How pysyncobj 0.3.17 elects. Konik: one vote per member, pre-vote, check-quorum, transfer under load."""

import pytest

from tests.hazards.lab import Lab, Library

FOLLOWER, CANDIDATE, LEADER = 0, 1, 2


def test_one_members_vote_delivered_twice_makes_a_leader_of_five(library: Library) -> None:
    lab = Lab(library, others=("B", "C", "D", "E"))
    lab.set("raftElectionDeadline", 0)
    lab.tick()
    for _ in range(2):
        lab.hear("B", "response_vote", term=lab.replica.raftCurrentTerm)
    assert lab.replica._isLeader()


def test_a_strangers_vote_counts(replica: Lab) -> None:
    replica.set("raftElectionDeadline", 0)
    replica.tick()
    replica.hear("X", "response_vote", term=replica.replica.raftCurrentTerm)
    assert replica.replica._isLeader()


def test_a_stranger_is_given_a_vote(replica: Lab) -> None:
    replica.hear("X", "request_vote", term=5, last_log_term=5, last_log_index=50)
    assert [(peer, message["type"]) for peer, message in replica.taken()] == [("X", "response_vote")]


def test_the_late_answer_of_a_removed_node_is_an_error(leader: Lab) -> None:
    with pytest.raises(KeyError):
        leader.acknowledge("X", 2)


def test_a_node_with_an_empty_disk_votes_at_once(replica: Lab) -> None:
    replica.hear("B", "request_vote", term=5, last_log_term=0, last_log_index=1)
    assert [message["type"] for _, message in replica.taken()] == ["response_vote"]


def test_a_node_that_was_cut_off_deposes_a_good_leader(leader: Lab) -> None:
    leader.hear("C", "request_vote", term=40, last_log_term=0, last_log_index=1)
    assert not leader.replica._isLeader()
    assert leader.replica.raftCurrentTerm == 40
    assert leader.taken() == [], "and gets no vote, since its log is behind"


def test_a_leader_without_a_quorum_goes_on_for_30_seconds_and_then_campaigns_at_once(leader: Lab) -> None:
    leader.now += 29
    leader.tick()
    assert leader.replica._isLeader()

    leader.now += 2
    leader.tick()
    assert leader.private("raftState") == FOLLOWER

    leader.tick()
    assert (leader.private("raftState"), leader.replica.raftCurrentTerm) == (CANDIDATE, 2)


def test_an_election_that_was_refused_is_tried_again_only_after_a_full_timeout(replica: Lab) -> None:
    replica.set("raftElectionDeadline", 0)
    replica.tick()
    assert replica.private("raftState") == CANDIDATE
    assert replica.private("raftElectionDeadline") >= replica.now + 0.5
    assert {message["type"] for _, message in replica.taken()} == {"request_vote"}, "there is no pre-vote, either"


def test_a_vote_that_is_refused_is_not_answered(replica: Lab) -> None:
    for node in ("B", "C"):
        replica.hear(node, "request_vote", term=5, last_log_term=0, last_log_index=1)
    assert [peer for peer, _ in replica.taken()] == ["B"]


def test_a_transfer_is_denied_whenever_an_entry_is_in_flight(leader: Lab) -> None:
    denied = leader.library.root.FAIL_REASON.REQUEST_DENIED
    errors: list[int] = []
    for value in range(5):
        leader.put(str(value))
        leader.tick()
        leader.replica.transferLeadership(callback=lambda _result, error: errors.append(error))
        leader.acknowledge("B", leader.last)
        leader.tick()
    assert errors == [denied] * 5
