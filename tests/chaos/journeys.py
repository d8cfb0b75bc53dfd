"""Long WfRuns: tasks that fail and are tried again, timers between them, some of them bound to fail for good."""

from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

from littlehorse.worker import WorkerContext
from users import User
from workloads import COMPLETED, ERROR, RETRIES, TASK_TIMEOUT_SECONDS, Workload, ended

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import ListNodeRunsRequest, NodeRunList
from konik.sdk import Client, Task, TaskContext, ThreadBuilder

JOURNEY = "journey"
FRAGILE, STEADY = "fragile-step", "steady-step"
LEGS, SLEEP_SECONDS = 2, 1
ALWAYS = 1_000
"""Failures that no number of retries makes up for."""


def journey(wf: ThreadBuilder) -> None:
    failures = wf.declare_int("failures")
    options = {"retries": RETRIES, "timeout_seconds": TASK_TIMEOUT_SECONDS}
    for _ in range(LEGS):
        wf.execute(STEADY, **options)
        wf.sleep(SLEEP_SECONDS)
        wf.execute(FRAGILE, failures, **options)


class Steps:
    """The tasks of two workers, one with each client."""

    def __init__(self) -> None:
        self.attempts: Counter[tuple[str, str, int]] = Counter()

    def tasks(self) -> list[Task[..., None]]:
        """Those of Konik's worker."""

        async def fragile(failures: int, context: TaskContext) -> None:
            self._note(context)
            if context.attempt_number < failures:
                raise RuntimeError(f"attempt {context.attempt_number} is one of those that fail")

        async def steady(context: TaskContext) -> None:
            self._note(context)

        return [Task(fragile, FRAGILE), Task(steady, STEADY)]

    def steady(self) -> Callable[[WorkerContext], Awaitable[None]]:
        """The same as the published worker has it."""

        async def steady(context: WorkerContext) -> None:
            self._note(context)

        return steady

    def _note(self, context: TaskContext | WorkerContext) -> None:
        of = context.task_run_id
        self.attempts[of.wf_run_id.id, of.task_guid, context.attempt_number] += 1


class Journeys(Workload):
    def __init__(self, chance: Random, steps: Steps) -> None:
        super().__init__(chance)
        self._steps = steps
        self._failures: dict[str, int] = {}

    async def act(self, user: User) -> None:
        run = self.new_id()
        self._failures[run] = self.chance.choice((0, 0, 1, 2, ALWAYS))
        await user.run(JOURNEY, run, {"failures": self._failures[run]})

    async def findings(self, client: Client) -> list[str]:
        found = []
        for run, status in (await ended(client, [*self._failures])).items():
            planned = ERROR if self._failures[run] == ALWAYS else COMPLETED
            if status != planned:
                found.append(f"journey {run} is {status}, planned {planned}")
            nodes = await client.call("ListNodeRuns", ListNodeRunsRequest(wf_run_id=WfRunId(id=run)), NodeRunList)
            for node in nodes.results:
                slept = node.end_time.ToNanoseconds() - node.arrival_time.ToNanoseconds()
                if node.HasField("sleep") and node.HasField("end_time") and slept < SLEEP_SECONDS * 1_000_000_000:
                    found.append(f"journey {run} slept {slept / 1e9} s instead of {SLEEP_SECONDS} s")
        twice = [attempt for attempt, times in self._steps.attempts.items() if times > 1]
        return found + [f"attempt {attempt} was executed twice" for attempt in twice]
