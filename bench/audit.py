"""Was anything lost, or done twice? Pure comparison of what callers were told with what the cluster holds at the end.

The journal holds what each caller and the worker saw. A command that was acknowledged must have its effect, exactly
once; one whose outcome is unknown may have it once or not at all. Nothing here talks to a cluster.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from konik.api.pb.enums_pb2 import LHStatus, TaskStatus
from konik.api.pb.external_event_pb2 import ExternalEvent
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.task_run_pb2 import TaskRun

# How long before a kill the last acknowledgement is looked for, and how long after it the longest silence.
BEFORE_KILL_S = 1.0

TASKS_PER_RUN = 2
EVENTS_PER_RUN = 1


@dataclass(frozen=True, order=True)
class Attempt:
    """One attempt of one task, as a worker receives it."""

    run: str
    guid: str
    number: int

    def __str__(self) -> str:
        return f"{self.run}/{self.guid}#{self.number}"


@dataclass
class Journal:
    """What the callers and the worker saw. Ids of runs and guids of events are the callers' own, and never reused."""

    runs: set[str] = field(default_factory=set)  # RunWf acknowledged
    events: dict[str, str] = field(default_factory=dict)  # run → guid, PutExternalEvent acknowledged
    reports: dict[Attempt, int] = field(default_factory=dict)  # → output, ReportTask acknowledged
    executions: Counter[Attempt] = field(default_factory=Counter)  # deliveries to the worker
    unknown: list[str] = field(default_factory=list)  # commands without an answer that says what became of them
    refused: list[str] = field(default_factory=list)  # commands refused for a reason that no failure explains
    asked: set[str] = field(default_factory=set)  # every run that was asked for, whatever came of it
    acknowledged_at: list[float] = field(default_factory=list)  # monotonic seconds, in order

    @property
    def acknowledged(self) -> int:
        return len(self.runs) + len(self.events) + len(self.reports)


@dataclass(frozen=True)
class Held:
    """What the cluster holds of one run at the end; `status` is None if it does not know the run."""

    status: "LHStatus | None"
    task_runs: Sequence[TaskRun] = ()
    events: Sequence[ExternalEvent] = ()
    node_runs: Sequence[NodeRun] = ()


@dataclass(frozen=True)
class Verdict:
    """Findings, each as text that names the command."""

    lost: list[str]
    duplicated: list[str]
    superseded: list[str]


def audit(journal: Journal, held: Mapping[str, Held]) -> Verdict:
    """Compares the journal with every run that was asked for."""
    superseded = sorted(str(attempt) for attempt in journal.reports if _is_superseded(attempt, held))
    lost = [*_lost_runs(journal, held), *_lost_events(journal, held), *_lost_reports(journal, held)]
    return Verdict(sorted(lost), sorted(_duplicates(journal, held)), superseded)


def _lost_runs(journal: Journal, held: Mapping[str, Held]) -> Iterator[str]:
    for run in journal.runs:
        status = held[run].status
        if status != LHStatus.COMPLETED:
            yield f"RunWf {run}: {'unknown to the cluster' if status is None else LHStatus.Name(status)}"


def _lost_events(journal: Journal, held: Mapping[str, Held]) -> Iterator[str]:
    for run, guid in journal.events.items():
        mine = [event for event in held[run].events if event.id.guid == guid]
        if not mine:
            yield f"PutExternalEvent {run}/{guid}: absent"
        elif not mine[0].claimed:
            yield f"PutExternalEvent {run}/{guid}: not claimed"


def _lost_reports(journal: Journal, held: Mapping[str, Held]) -> Iterator[str]:
    for attempt, output in journal.reports.items():
        task_run = _task_run(attempt, held)
        if task_run is None or attempt.number >= len(task_run.attempts):
            yield f"ReportTask {attempt}: no such attempt"
            continue
        kept = task_run.attempts[attempt.number]
        if kept.status == TaskStatus.TASK_TIMEOUT:
            if task_run.status != TaskStatus.TASK_SUCCESS:
                yield f"ReportTask {attempt}: timed out, and the TaskRun is {TaskStatus.Name(task_run.status)}"
        elif kept.status != TaskStatus.TASK_SUCCESS:
            yield f"ReportTask {attempt}: {TaskStatus.Name(kept.status)}"
        elif kept.output.int != output:
            yield f"ReportTask {attempt}: reported {output}, but {kept.output.int} is kept"


def _is_superseded(attempt: Attempt, held: Mapping[str, Held]) -> bool:
    """The attempt had timed out before its report came, and a later one made the TaskRun succeed."""
    task_run = _task_run(attempt, held)
    return (
        task_run is not None
        and attempt.number < len(task_run.attempts)
        and task_run.attempts[attempt.number].status == TaskStatus.TASK_TIMEOUT
        and task_run.status == TaskStatus.TASK_SUCCESS
    )


def _task_run(attempt: Attempt, held: Mapping[str, Held]) -> TaskRun | None:
    found = [task_run for task_run in held[attempt.run].task_runs if task_run.id.task_guid == attempt.guid]
    return found[0] if found else None


def _duplicates(journal: Journal, held: Mapping[str, Held]) -> Iterator[str]:
    for attempt, times in journal.executions.items():
        if times > 1:
            yield f"attempt {attempt} was executed {times} times"
    for run, state in held.items():
        if len(state.task_runs) > TASKS_PER_RUN:
            yield f"run {run} has {len(state.task_runs)} TaskRuns instead of {TASKS_PER_RUN}"
        if len(state.events) > EVENTS_PER_RUN:
            yield f"run {run} has {len(state.events)} events instead of {EVENTS_PER_RUN}"
        for guid, times in _claims(state.node_runs).items():
            if times > 1:
                yield f"event {run}/{guid} was claimed {times} times"


def _claims(node_runs: Iterable[NodeRun]) -> Counter[str]:
    return Counter(
        node_run.external_event.external_event_id.guid
        for node_run in node_runs
        if node_run.external_event.HasField("external_event_id")
    )


def gap(acknowledged_at: Sequence[float], killed_at: float, until: float) -> float:
    """The longest time without an acknowledgement, in seconds, from shortly before a kill until `until`.

    Silence that was still going on at `until` counts as far as it was seen.
    """
    start = killed_at - BEFORE_KILL_S
    moments = [start, *(moment for moment in acknowledged_at if start < moment < until), until]
    # What ended before the kill is not its doing.
    return max(later - earlier for earlier, later in zip(moments, moments[1:], strict=False) if later > killed_at)
