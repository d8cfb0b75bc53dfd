from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from konik.cluster.store.thread import Job, StateThread


class ByHand(Executor):
    """Holds what was submitted until the test runs it."""

    def __init__(self) -> None:
        self.held: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.held.append((fn, Future()))
        return self.held[-1][1]

    def work(self) -> None:
        job, future = self.held.pop()
        try:
            future.set_result(job())
        except BaseException as error:
            future.set_exception(error)


@pytest.fixture
def executor() -> ByHand:
    return ByHand()


@pytest.fixture
def thread(executor: ByHand) -> StateThread:
    return StateThread(lambda work, *arguments: work(*arguments), executor)


def logged(log: list[str], name: str, **changes: Any) -> Job[None]:
    steps: dict[str, Any] = {
        "prepare": lambda: log.append(f"prepare {name}"),
        "run": lambda: log.append(f"run {name}"),
        "done": lambda _: log.append(f"done {name}"),
        "failed": lambda error: log.append(f"failed {name}: {error}"),
    }
    return Job(**(steps | changes))


def test_a_job_is_prepared_only_when_the_one_before_has_ended(thread: StateThread, executor: ByHand) -> None:
    log: list[str] = []
    thread.submit(logged(log, "first"))
    thread.submit(logged(log, "second"))
    assert log == ["prepare first"] and len(executor.held) == 1
    executor.work()
    executor.work()
    assert log == ["prepare first", "run first", "done first", "prepare second", "run second", "done second"]


def fail() -> None:
    raise OSError("no")


@pytest.mark.parametrize("step", ["prepare", "run"])
def test_a_job_that_fails_is_told_and_the_next_one_runs(thread: StateThread, executor: ByHand, step: str) -> None:
    log: list[str] = []
    thread.submit(logged(log, "first", **{step: fail}))
    thread.submit(logged(log, "second"))
    while executor.held:
        executor.work()
    assert "failed first: no" in log and log[-1] == "done second"


def test_a_job_submitted_from_the_end_of_another_waits_for_those_before_it(
    thread: StateThread, executor: ByHand
) -> None:
    log: list[str] = []
    thread.submit(logged(log, "first", done=lambda _: thread.submit(logged(log, "third"))))
    thread.submit(logged(log, "second"))
    while executor.held:
        executor.work()
    assert [step for step in log if step.startswith("run")] == ["run first", "run second", "run third"]


def test_after_the_close_nothing_begins_and_nobody_hears_of_what_was_under_way(
    thread: StateThread, executor: ByHand
) -> None:
    """The state is closed then: whoever would go on with it would stop the process."""
    log: list[str] = []
    thread.submit(logged(log, "first"))
    thread.submit(logged(log, "second"))
    thread.close()
    executor.work()
    assert log == ["prepare first", "run first"]
