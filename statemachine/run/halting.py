"""Stopping a thread for a while, and letting it go on: the reasons, and when each is over."""

from collections.abc import Callable

from google.protobuf.message import Message

from konik.api.pb.enums_pb2 import COMPLETED, HALTED, HALTING, RUNNING
from konik.api.pb.wf_run_pb2 import INTERRUPT, ParentHalted, ThreadHaltReason, ThreadRun
from konik.statemachine.run.node_type import NODE_TYPES, At
from konik.statemachine.run.run import FAILED, TERMINAL, Run

# While these are all that holds a parent, its handler thread may run: else the two would wait for each other.
_HANDLER_REASONS = frozenset(("interrupted", "handling_failure"))


def halt(run: Run, thread: ThreadRun, reason: ThreadHaltReason) -> None:
    """Adds a reason for the thread to stop, and stops it and its children as soon as their work allows it."""
    if thread.status in TERMINAL:
        return
    kind = reason.WhichOneof("reason")
    if reason not in thread.halt_reasons:
        thread.halt_reasons.append(reason)
    if thread.status != HALTED:
        thread.status = HALTING
    parent_halted = ThreadHaltReason(parent_halted=ParentHalted(parent_thread_id=thread.number))
    for child in run.children(thread):
        runs_beside = child.type == INTERRUPT and kind == "pending_interrupt"
        if not runs_beside:
            halt(run, child, parent_halted)
    try_finish(run, thread)


def try_finish(run: Run, thread: ThreadRun) -> bool:
    """HALTING becomes HALTED once the node has stopped and all children have. True if the thread stands still."""
    if thread.status in TERMINAL or thread.status == HALTED:
        return True
    stopped = _stop_node(run, thread)
    for child in run.children(thread):
        stopped = try_finish(run, child) and stopped
    if stopped and thread.status == HALTING:
        thread.status = HALTED
    return stopped


def _stop_node(run: Run, thread: ThreadRun) -> bool:
    node_run = run.node_run(thread)
    if node_run.status not in (RUNNING, HALTING):
        return True
    plan = run.node_plan(thread, node_run.node_name)
    stopped = NODE_TYPES[plan.kind].can_halt(At(run, thread, node_run, plan))
    wanted = HALTED if stopped else HALTING
    if node_run.status != wanted:
        node_run.status = wanted
        run.save_node_run(node_run)
    return stopped


def resume_if_over(run: Run, thread: ThreadRun) -> bool:
    """Drops the reasons that are over; a HALTED thread without reasons runs again. True if something changed."""
    over = [reason for reason in thread.halt_reasons if is_over(run, thread, reason)]
    for reason in over:
        _END_OF_REASON.get(reason.WhichOneof("reason") or "", _nothing)(run, thread)
        thread.halt_reasons.remove(reason)
    if thread.halt_reasons:
        return bool(over)
    thread.status = RUNNING
    node_run = run.node_run(thread)
    if node_run.status == HALTED:
        node_run.status = RUNNING
        run.save_node_run(node_run)
    return True


def is_over(run: Run, thread: ThreadRun, reason: ThreadHaltReason) -> bool:
    kind = reason.WhichOneof("reason")
    if kind is None:
        raise AssertionError(f"thread {thread.number} is halted without a reason")
    return _IS_OVER[kind](run, thread, getattr(reason, kind))


def _never(run: Run, thread: ThreadRun, detail: Message) -> bool:
    del run, thread, detail
    return False


def _parent_goes_on(run: Run, thread: ThreadRun, detail: Message) -> bool:
    del detail
    parent = run.parent(thread)
    if parent is None:
        raise AssertionError("the entrypoint has no parent that could be halted")
    if parent.status in FAILED:
        return False
    if parent.status in (RUNNING, COMPLETED):
        return True
    kinds = {reason.WhichOneof("reason") for reason in parent.halt_reasons}
    return kinds <= _HANDLER_REASONS and thread.number in _handlers(parent)


def _handlers(thread: ThreadRun) -> set[int]:
    """The numbers of the handler threads that `thread` waits for."""
    numbers = set()
    for reason in thread.halt_reasons:
        if reason.HasField("handling_failure"):
            numbers.add(reason.handling_failure.handler_thread_id)
        elif reason.HasField("interrupted"):
            numbers.add(reason.interrupted.interrupt_thread_id)
    return numbers


def _failure_handler_ended(run: Run, thread: ThreadRun, detail: Message) -> bool:
    del thread
    number: int = detail.handler_thread_id  # type: ignore[attr-defined]  # the table below pairs it with its message
    return run.threads[number].status in TERMINAL


def _interrupt_handler_completed(run: Run, thread: ThreadRun, detail: Message) -> bool:
    del thread
    number: int = detail.interrupt_thread_id  # type: ignore[attr-defined]  # the table below pairs it with its message
    return run.threads[number].status == COMPLETED


_IS_OVER: dict[str, Callable[[Run, ThreadRun, Message], bool]] = {
    "parent_halted": _parent_goes_on,
    "interrupted": _interrupt_handler_completed,
    "pending_interrupt": _never,  # becomes `interrupted` when the handler starts
    "pending_failure": _never,  # becomes `handling_failure` when the handler starts
    "handling_failure": _failure_handler_ended,
    "manual_halt": _never,  # removed by ResumeWfRun
    "halted_by_parent": _never,
}


def _nothing(run: Run, thread: ThreadRun) -> None:
    del run, thread


def _failure_was_handled(run: Run, thread: ThreadRun) -> None:
    node_run = run.node_run(thread)
    node_run.failures[-1].was_properly_handled = True
    run.save_node_run(node_run)


_END_OF_REASON: dict[str, Callable[[Run, ThreadRun], None]] = {"handling_failure": _failure_was_handled}
