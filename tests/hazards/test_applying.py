"""How pysyncobj 0.3.17 applies entries and answers callers. Konik: its own pump, proposer and version gate."""

import pytest

from tests.hazards.lab import Lab


def test_an_exception_in_apply_is_met_again_at_every_tick(alone: Lab) -> None:
    for value in ("a", "boom", "b"):
        alone.put(value)
    alone.tick()
    for _ in range(3):
        with pytest.raises(ValueError, match="boom"):
            alone.tick()
    assert alone.applied == [(3, "a"), (4, "boom"), (4, "boom"), (4, "boom")]
    assert alone.answers == [("a", 0)], "the callers of the other two never hear anything"


def test_an_unknown_code_version_makes_what_follows_be_applied_twice(alone: Lab) -> None:
    alone.put("a")
    alone.replica._applyCommand(alone.library.pickle.dumps(7), None, 3)
    alone.put("b")
    alone.put("c")
    alone.tick(4)
    values = [value for _, value in alone.applied]
    assert values[:3] == ["a", "b", "c"]
    assert values.count("c") > 1


def test_one_tick_applies_the_whole_backlog(alone: Lab) -> None:
    for value in range(2000):
        alone.put(str(value))
    alone.tick()
    assert alone.applied == []
    alone.tick()
    assert len(alone.applied) == 2000


def test_the_caller_of_a_truncated_entry_never_hears_of_it(leader: Lab) -> None:
    leader.put("x")
    leader.tick()
    append = {"term": 9, "commit_index": 1, "entries": [], "prevLogIdx": 1, "prevLogTerm": 0}
    leader.hear("B", "append_entries", **append)
    leader.tick(3)
    assert (leader.last, leader.answers) == (1, [])


def test_a_follower_forwards_by_itself_with_numbers_that_begin_at_1_after_each_start(replica: Lab) -> None:
    append = {"term": 1, "commit_index": 1, "entries": [], "prevLogIdx": 1, "prevLogTerm": 0}
    replica.hear("B", "append_entries", **append)
    replica.taken()
    replica.put("x")
    replica.tick()
    assert [(peer, message["type"], message["request_id"]) for peer, message in replica.taken()] == [
        ("B", "apply_command", 1)
    ]
