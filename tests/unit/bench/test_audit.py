"""The audit on histories that are known to be good or bad."""

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.enums_pb2 import LHStatus, TaskStatus
from konik.api.pb.external_event_pb2 import ExternalEvent
from konik.api.pb.ids_pb2 import ExternalEventId, TaskRunId
from konik.api.pb.node_run_pb2 import ExternalEventNodeRun, NodeRun
from konik.api.pb.task_run_pb2 import TaskAttempt, TaskRun
from konik.api.pb.values_pb2 import VariableValue
from konik.bench.audit import BEFORE_KILL_S, Attempt, Held, Journal, audit, gap

SUCCESS, TIMEOUT, FAILED = TaskStatus.TASK_SUCCESS, TaskStatus.TASK_TIMEOUT, TaskStatus.TASK_FAILED


def attempt(status: int = SUCCESS, output: int = 0) -> TaskAttempt:
    return TaskAttempt(status=status, output=VariableValue(int=output))


def task_run(guid: str, *attempts: TaskAttempt) -> TaskRun:
    return TaskRun(id=TaskRunId(task_guid=guid), attempts=attempts, status=attempts[-1].status)


def event(guid: str = "e", claimed: bool = True) -> ExternalEvent:
    return ExternalEvent(id=ExternalEventId(guid=guid), claimed=claimed)


def claim(guid: str = "e") -> NodeRun:
    return NodeRun(external_event=ExternalEventNodeRun(external_event_id=ExternalEventId(guid=guid)))


GOOD = Held(
    LHStatus.COMPLETED,
    (task_run("0-1", attempt(output=11)), task_run("0-3", attempt(output=12))),
    (event(),),
    (claim(), NodeRun()),
)


def history() -> Journal:
    """One run that was started, got its event, and had both its tasks reported."""
    first, second = Attempt("r", "0-1", 0), Attempt("r", "0-3", 0)
    return Journal(
        runs={"r"},
        asked={"r"},
        events={"r": "e"},
        reports={first: 11, second: 12},
        executions=Counter([first, second]),
    )


def but(**changes: object) -> dict[str, Held]:
    return {"r": dataclasses.replace(GOOD, **changes)}


def test_a_good_history_has_nothing_wrong() -> None:
    verdict = audit(history(), {"r": GOOD})
    assert (verdict.lost, verdict.duplicated, verdict.superseded) == ([], [], [])
    assert history().acknowledged == 4


def test_nothing_acknowledged_means_nothing_to_lose() -> None:
    verdict = audit(Journal(asked={"r"}), {"r": Held(None)})
    assert (verdict.lost, verdict.duplicated) == ([], [])


@pytest.mark.parametrize(
    ("held", "finding"),
    [
        (but(status=None), "RunWf r: unknown to the cluster"),
        (but(status=LHStatus.RUNNING), "RunWf r: RUNNING"),
        (but(status=LHStatus.ERROR), "RunWf r: ERROR"),
        (but(events=()), "PutExternalEvent r/e: absent"),
        (but(events=(event("other"),)), "PutExternalEvent r/e: absent"),
        (but(events=(event(claimed=False),)), "PutExternalEvent r/e: not claimed"),
        (but(task_runs=GOOD.task_runs[:1]), "ReportTask r/0-3#0: no such attempt"),
        (
            but(task_runs=(task_run("0-1", attempt(output=99)), GOOD.task_runs[1])),
            "ReportTask r/0-1#0: reported 11, but 99 is kept",
        ),
        (
            but(task_runs=(task_run("0-1", attempt(FAILED)), GOOD.task_runs[1])),
            "ReportTask r/0-1#0: TASK_FAILED",
        ),
        (
            but(task_runs=(task_run("0-1", attempt(TIMEOUT)), GOOD.task_runs[1])),
            "ReportTask r/0-1#0: timed out, and the TaskRun is TASK_TIMEOUT",
        ),
    ],
)
def test_an_acknowledged_command_without_its_effect_is_lost(held: dict[str, Held], finding: str) -> None:
    assert audit(history(), held).lost == [finding]


def test_a_report_that_came_after_the_timeout_is_superseded_by_a_later_attempt() -> None:
    held = but(task_runs=(task_run("0-1", attempt(TIMEOUT), attempt(output=13)), GOOD.task_runs[1]))
    verdict = audit(history(), held)
    assert verdict.lost == []
    assert verdict.superseded == ["r/0-1#0"]


@pytest.mark.parametrize(
    ("held", "finding"),
    [
        (but(node_runs=(claim(), claim())), "event r/e was claimed 2 times"),
        (but(events=(event(), event("again"))), "run r has 2 events instead of 1"),
        (
            but(task_runs=(*GOOD.task_runs, task_run("0-5", attempt()))),
            "run r has 3 TaskRuns instead of 2",
        ),
    ],
)
def test_an_effect_that_came_twice_is_a_duplicate(held: dict[str, Held], finding: str) -> None:
    assert audit(history(), held).duplicated == [finding]


def test_an_attempt_that_the_worker_saw_twice_is_a_duplicate() -> None:
    journal = history()
    journal.executions[Attempt("r", "0-1", 0)] += 1
    assert audit(journal, {"r": GOOD}).duplicated == ["attempt r/0-1#0 was executed 2 times"]


def test_an_unknown_command_may_have_had_its_effect_once() -> None:
    journal = Journal(asked={"r"}, unknown=["RunWf r: UNAVAILABLE: gone"])
    assert audit(journal, {"r": GOOD}).duplicated == []
    twice = {"r": dataclasses.replace(GOOD, node_runs=(claim(), claim()))}
    assert audit(journal, twice).duplicated == ["event r/e was claimed 2 times"]


def test_the_gap_is_the_longest_silence_around_the_kill() -> None:
    assert gap([9.9, 10.0, 10.4, 10.5], killed_at=10.0, until=10.6) == pytest.approx(0.4)


def test_silence_that_ended_before_the_kill_is_not_its_doing() -> None:
    assert gap([9.1, 9.9, 10.0, 10.1, 10.2], killed_at=9.95, until=10.2) == pytest.approx(0.1)


def test_silence_across_the_kill_counts_from_the_last_acknowledgement() -> None:
    assert gap([9.8, 10.5, 10.6, 11.0], killed_at=10.0, until=11.0) == pytest.approx(0.7)


def test_silence_that_has_not_ended_counts_as_far_as_it_was_seen() -> None:
    assert gap([9.9, 10.1], killed_at=10.0, until=15.0) == pytest.approx(4.9)
    assert gap([], killed_at=10.0, until=15.0) == pytest.approx(5.0 + BEFORE_KILL_S)


@given(st.lists(st.floats(0, 20), max_size=30).map(sorted))
def test_another_acknowledgement_never_makes_a_gap_longer(moments: list[float]) -> None:
    without = gap(moments, killed_at=10.0, until=15.0)
    for extra in (9.5, 10.0, 12.0):
        assert gap(sorted([*moments, extra]), killed_at=10.0, until=15.0) <= without
