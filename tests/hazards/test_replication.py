"""How pysyncobj 0.3.17 replicates. Konik: compare, skip what matches, number the answers, bound what is on its way."""

import pytest

from tests.hazards.lab import Lab, Library, command


def test_a_duplicate_drops_acknowledged_entries(replica: Lab) -> None:
    first, second = ((command(replica.library, value), index, 1) for index, value in ((2, "x"), (3, "y")))
    append = {"term": 1, "commit_index": 1, "prevLogIdx": 1, "prevLogTerm": 0}
    replica.hear("B", "append_entries", entries=[first], **append)
    replica.hear("B", "append_entries", entries=[second], **{**append, "prevLogIdx": 2, "prevLogTerm": 1})
    assert (replica.last, replica.taken()[-1][1]["next_node_idx"]) == (3, 4)

    replica.hear("B", "append_entries", entries=[first], **append)
    assert replica.last == 2, "the entry at 3 was acknowledged, and is gone"


def test_what_was_committed_here_is_truncated(replica: Lab) -> None:
    entry = (command(replica.library, "x"), 2, 1)
    append = {"term": 1, "prevLogIdx": 1, "prevLogTerm": 0}
    replica.hear("B", "append_entries", entries=[entry], commit_index=2, **append)
    replica.tick()
    assert replica.applied == [(2, "x")]

    replica.hear("B", "append_entries", entries=[], commit_index=1, **append)
    assert replica.last == 1


def test_a_commit_index_covers_entries_that_nobody_has_compared(leader: Lab) -> None:
    for value in ("mine1", "mine2", "mine3"):
        leader.put(value)
    leader.tick()
    assert leader.applied == []

    leader.hear("B", "append_entries", term=9, commit_index=4)
    leader.tick()
    assert leader.applied == [(3, "mine1"), (4, "mine2")], "entries of a deposed leader that nobody else has"


def test_the_snapshot_branch_tells_callers_of_lost_entries_that_they_succeeded(leader: Lab) -> None:
    for value in ("lost1", "lost2"):
        leader.put(value)
    leader.tick()
    leader.hear("B", "append_entries", term=9, commit_index=600, serialized=None)
    leader.tick()
    assert leader.answers == [("lost1", 0), ("lost2", 0)]


def test_a_conflict_walks_back_one_entry_for_each_round_trip(leader: Lab) -> None:
    for value in range(50):
        leader.put(str(value))
    leader.tick()
    leader.taken()
    trips, prev = 0, leader.last
    while True:
        trips += 1
        term = 9 if prev > 2 else 1
        append = {"term": 9, "commit_index": 2, "entries": [], "prevLogIdx": prev, "prevLogTerm": term}
        leader.hear("B", "append_entries", **append)
        answer = leader.taken()[-1][1]
        if answer["success"]:
            break
        prev = answer["next_node_idx"] - 1
    assert trips == 51


def test_an_answer_carries_neither_a_term_nor_what_it_answers(replica: Lab) -> None:
    append = {"term": 7, "commit_index": 1, "entries": [], "prevLogIdx": 1, "prevLogTerm": 0}
    replica.hear("B", "append_entries", **append)
    assert [set(message) for _, message in replica.taken()] == [{"type", "next_node_idx", "reset", "success"}]


def test_an_old_acknowledgement_counts_in_a_later_term(leader: Lab) -> None:
    for value in ("x", "y"):
        leader.put(value)
    leader.tick()
    leader.hear("B", "request_vote", term=7, last_log_term=0, last_log_index=0)
    leader.elect()
    leader.tick()
    assert leader.replica.raftCurrentTerm == 8

    leader.acknowledge("C", leader.last)
    leader.tick()
    assert leader.replica.raftCommitIndex == leader.last, "what C said to any leader, in any term, is enough"


def test_an_old_refusal_moves_the_next_index_back(leader: Lab) -> None:
    next_index = leader.private("raftNextIndex")
    assert next_index[leader.nodes["B"]] == 3
    leader.acknowledge("B", 1, reset=True, success=False)
    assert next_index[leader.nodes["B"]] == 2


def test_a_whole_backlog_is_handed_over_in_one_call(library: Library) -> None:
    lab = Lab(library, appendEntriesBatchSizeBytes=1 << 16)
    lab.elect()
    lab.tick()
    lab.taken()
    for index in range(3, 2003):
        lab.private("raftLog").add(bytes(2000), index, 1)
    lab.call("sendAppendEntries")
    handed = {"B": 0, "C": 0}
    for peer, message in lab.taken():
        handed[peer] += sum(len(entry[0]) for entry in message["entries"])
    assert handed == {"B": 2000 * 2000, "C": 2000 * 2000}


def test_followers_learn_of_a_commit_only_with_the_next_batch_or_heartbeat(leader: Lab) -> None:
    leader.put("x")
    leader.tick()
    leader.now += 1
    leader.tick()
    leader.taken()

    leader.acknowledge("B", leader.last)
    leader.tick()
    assert (leader.replica.raftCommitIndex, leader.answers) == (3, [("x", 0)])
    assert leader.taken() == []


def test_a_restored_commit_index_makes_the_leader_look_at_every_entry(library: Library) -> None:
    class CountingJournal(library.journal.MemoryJournal):  # type: ignore[misc, name-defined]
        looks = 0

        def __getitem__(self, item: object) -> object:
            CountingJournal.looks += 1
            return super().__getitem__(item)

    journal = CountingJournal()
    for index in range(1, 2001):
        journal.add(command(library, "x"), index, 3)
    journal.setCurrentTerm(3, None)
    lab = Lab(library, journal=journal)
    lab.set("raftLastApplied", 2000)
    lab.elect()
    assert lab.replica.raftCommitIndex == 1, "all 2,000 were committed before the restart"
    lab.acknowledge("B", lab.last)
    CountingJournal.looks = 0
    lab.tick()
    assert CountingJournal.looks > 2000, "one look at the journal or more for each, in one tick"


def test_peers_are_walked_in_the_order_of_a_set(replica: Lab) -> None:
    assert isinstance(replica.private("otherNodes"), set)


@pytest.mark.parametrize("name", ["monotonicTime", "random"])
def test_clock_and_randomness_are_bound_by_name(library: Library, name: str) -> None:
    assert hasattr(library.syncobj, name)
