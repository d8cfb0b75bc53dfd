"""Threads that are stopped for a while: when they stand still, who stands still with them, and when they go on.

Who stops a thread, and most of what starts child threads, comes with other methods and nodes; so these tests reach into
the WfRun where those will.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from littlehorse.workflow import WorkflowThread
from reading import history, node_status, status_of, thread, thread_status
from workshop import Cluster

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.wf_run_pb2 import (
    CHILD,
    INTERRUPT,
    HaltedByParentNodeHaltReason,
    Interrupted,
    ManualHalt,
    ThreadHaltReason,
)
from konik.statemachine.context import Context, Plans
from konik.statemachine.plan.compiled import ThreadPlan
from konik.statemachine.run import advance, halting, threads
from konik.statemachine.run import run as runs
from konik.statemachine.run.run import Run

MANUAL = ThreadHaltReason(manual_halt=ManualHalt())


def works_and_ends(thread: WorkflowThread) -> None:
    thread.handle_error(thread.execute("risky"), lambda handler: handler.execute("repair"))


@pytest.fixture
def shop(cluster: Cluster) -> Cluster:
    """A WfRun whose thread 0 waits for a task."""
    for name in ("risky", "repair"):
        cluster.put_task_def(name)
    cluster.put_workflow(works_and_ends)
    cluster.start()
    return cluster


@contextmanager
def inside(cluster: Cluster) -> Iterator[Run]:
    """The WfRun in the hands of a command, which is advanced in the end."""
    cluster.index += 1
    context = Context(cluster.view, Plans(), "default", "anonymous", cluster.now_ms, cluster.index, 0)
    run = runs.require(context, WfRunId(id="run"))
    yield run
    advance.advance(run)
    context.commit()


def halt(cluster: Cluster, number: int, reason: ThreadHaltReason = MANUAL) -> None:
    with inside(cluster) as run:
        halting.halt(run, run.threads[number], reason)


def take_back(cluster: Cluster, number: int, reason: ThreadHaltReason = MANUAL) -> None:
    with inside(cluster) as run:
        run.threads[number].halt_reasons.remove(reason)


def handler_plan(run: Run) -> ThreadPlan:
    """Of the other thread, which waits for the task `repair`."""
    (plan,) = (plan for name, plan in run.plan.threads.items() if name != "entrypoint")
    return plan


def child(cluster: Cluster) -> int:
    """Thread 0 has a child that waits for the task `repair`; its number."""
    with inside(cluster) as run:
        return threads.start(run, handler_plan(run), CHILD, run.threads[0], {}).number


def reasons(cluster: Cluster, number: int) -> list[str | None]:
    return [reason.WhichOneof("reason") for reason in thread(cluster, number).halt_reasons]


def test_a_thread_whose_task_nobody_has_taken_stands_still_when_the_task_has_ended(shop: Cluster) -> None:
    halt(shop, 0)
    assert (thread_status(shop, 0), node_status(shop, 0, 1), status_of(shop)) == ("HALTING", "HALTING", "RUNNING")
    shop.do("risky")
    assert (thread_status(shop, 0), node_status(shop, 0, 1), status_of(shop)) == ("HALTED", "HALTED", "HALTED")
    take_back(shop, 0)
    assert status_of(shop) == "COMPLETED"
    assert history(shop)[1:] == ["risky-TASK COMPLETED", "exit-EXIT COMPLETED"]


def test_a_thread_goes_on_only_when_its_last_reason_is_over(shop: Cluster) -> None:
    other = ThreadHaltReason(halted_by_parent=HaltedByParentNodeHaltReason(waiting_node_run_position=1))
    halt(shop, 0)
    halt(shop, 0, other)
    halt(shop, 0)
    shop.do("risky")
    assert reasons(shop, 0) == ["manual_halt", "halted_by_parent"]
    take_back(shop, 0)
    assert thread_status(shop, 0) == "HALTED"
    take_back(shop, 0, other)
    assert status_of(shop) == "COMPLETED"


def test_children_stand_still_with_their_parent_and_go_on_with_it(shop: Cluster) -> None:
    number = child(shop)
    halt(shop, 0)
    shop.do("risky")
    assert (thread_status(shop, 0), thread_status(shop, number)) == ("HALTING", "HALTING"), "the child has a task out"
    shop.do("repair")
    assert (thread_status(shop, 0), thread_status(shop, number)) == ("HALTED", "HALTED")
    assert reasons(shop, number) == ["parent_halted"]
    take_back(shop, 0)
    assert thread_status(shop, number) == "COMPLETED"
    assert status_of(shop) == "COMPLETED"


def test_the_child_of_a_parent_that_failed_stays_where_it_is(shop: Cluster) -> None:
    number = child(shop)
    with inside(shop) as run:
        advance.abort(run, "enough")
    shop.do("repair")
    assert thread_status(shop, number) == "HALTED"
    with inside(shop):
        """Whatever moves the WfRun moves the child no more."""
    assert (thread_status(shop, number), status_of(shop)) == ("HALTED", "ERROR")


def test_a_handler_goes_on_while_its_parent_waits_for_it_alone(shop: Cluster) -> None:
    shop.fail_task("risky")
    handler = thread(shop, 0).halt_reasons[0].handling_failure.handler_thread_id
    halt(shop, 0)
    shop.do("repair")
    assert thread_status(shop, handler) == "HALTED"
    assert reasons(shop, 0) == ["handling_failure", "manual_halt"]
    take_back(shop, 0)
    assert thread_status(shop, handler) == "COMPLETED"
    assert status_of(shop) == "COMPLETED"


def test_an_interrupted_thread_goes_on_when_the_handler_has_completed(shop: Cluster) -> None:
    halt(shop, 0)
    shop.do("risky")
    with inside(shop) as run:
        first = run.threads[0]
        handler = threads.start(run, handler_plan(run), INTERRUPT, first, {}).number
        del first.halt_reasons[:]
        first.halt_reasons.add(interrupted=Interrupted(interrupt_thread_id=handler))
    assert (thread_status(shop, 0), thread_status(shop, handler)) == ("HALTED", "RUNNING")
    shop.do("repair")
    assert (thread_status(shop, handler), status_of(shop)) == ("COMPLETED", "COMPLETED")


@pytest.mark.parametrize(
    ("reason", "waits"),
    [
        (MANUAL, False),
        (ThreadHaltReason(halted_by_parent=HaltedByParentNodeHaltReason(waiting_node_run_position=1)), False),
        (ThreadHaltReason(interrupted=Interrupted(interrupt_thread_id=0)), True),
    ],
    ids=lambda it: it.WhichOneof("reason") if isinstance(it, ThreadHaltReason) else str(it),
)
def test_an_exit_waits_for_children_that_may_go_on_and_for_no_others(
    shop: Cluster, reason: ThreadHaltReason, waits: bool
) -> None:
    number = child(shop)
    halt(shop, number, reason)
    shop.do("repair")
    assert thread_status(shop, number) == "HALTED"
    shop.do("risky")
    assert status_of(shop) == ("RUNNING" if waits else "COMPLETED")
