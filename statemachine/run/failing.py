"""What happens when a node fails: a handler thread, or the failure of the thread and of what waits for it."""

from konik.api.pb.enums_pb2 import HALTED
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.wf_run_pb2 import (
    FAILURE_HANDLER,
    HandlingFailureHaltReason,
    ParentHalted,
    PendingFailureHandler,
    PendingFailureHandlerHaltReason,
    ThreadHaltReason,
    ThreadRun,
)
from konik.statemachine.run import halting, threads, variables
from konik.statemachine.run.failure import NodeFailure, handler_for
from konik.statemachine.run.node_type import NODE_TYPES, At
from konik.statemachine.run.run import TERMINAL, Run
from konik.statemachine.timestamps import set_timestamp


def fail_node(run: Run, thread: ThreadRun, node_run: NodeRun, failure: NodeFailure) -> None:
    """The node has failed. A handler is launched once the thread stands still; without one the thread fails.

    A node fails a second time when the way on from a handled failure leads nowhere; that is not handled again.
    """
    first = not node_run.failures
    record(run, thread, node_run, failure)
    handlers = run.node_plan(thread, node_run.node_name).node.failure_handlers
    handler = handler_for(failure.name, handlers) if first else None
    if handler is None:
        fail_thread(run, thread, failure)
        return
    run.wf_run.pending_failures.append(
        PendingFailureHandler(failed_thread_run=thread.number, handler_spec_name=handler.handler_spec_name)
    )
    reason = PendingFailureHandlerHaltReason(node_run_position=node_run.id.position)
    halting.halt(run, thread, ThreadHaltReason(pending_failure=reason))


def record(run: Run, thread: ThreadRun, node_run: NodeRun, failure: NodeFailure) -> None:
    """The node ends with the failure, whatever follows from that."""
    recorded = node_run.failures.add(failure_name=failure.name, message=failure.message)
    if failure.content is not None:
        recorded.content.CopyFrom(failure.content)
    node_run.status = failure.status
    node_run.error_message = failure.message
    set_timestamp(node_run.end_time, run.now_ms)
    run.save_node_run(node_run)
    plan = run.node_plan(thread, node_run.node_name)
    NODE_TYPES[plan.kind].ended(At(run, thread, node_run, plan))


def fail_thread(run: Run, thread: ThreadRun, failure: NodeFailure) -> None:
    """The thread ends with the failure; its children stand still; whoever it was a handler for fails with it."""
    reason = ThreadHaltReason(parent_halted=ParentHalted(parent_thread_id=thread.number))
    for child in run.children(thread):
        halting.halt(run, child, reason)
    threads.fail(run, thread, failure.status, failure.message)
    if thread.type == FAILURE_HANDLER and thread.HasField("failure_being_handled"):
        parent = run.parent(thread)
        if parent is not None and parent.status not in TERMINAL:
            fail_thread(run, parent, failure)


def launch_handlers(run: Run) -> bool:
    """Starts the handlers of those threads that stand still by now. True if something changed."""
    if not run.wf_run.pending_failures:
        return False
    ready = [pending for pending in run.wf_run.pending_failures if _may_start(run, pending)]
    for pending in ready:
        run.wf_run.pending_failures.remove(pending)
        thread = run.threads[pending.failed_thread_run]
        if thread.status == HALTED:
            _launch(run, thread, pending.handler_spec_name)
    return bool(ready)


def _may_start(run: Run, pending: PendingFailureHandler) -> bool:
    status = run.threads[pending.failed_thread_run].status
    return status == HALTED or status in TERMINAL


def _launch(run: Run, thread: ThreadRun, handler_name: str) -> None:
    node_run = run.node_run(thread)
    failure = node_run.failures[-1]
    plan = run.plan.threads[handler_name]
    inputs = variables.handler_input(plan, failure.content if failure.HasField("content") else None)
    try:
        handler = threads.start(run, plan, FAILURE_HANDLER, thread, inputs)
    except NodeFailure:
        fail_thread(run, thread, NodeFailure(failure.failure_name, failure.message))
        return
    handler.failure_being_handled.thread_run_number = thread.number
    handler.failure_being_handled.node_run_position = node_run.id.position
    handler.failure_being_handled.failure_number = len(node_run.failures) - 1
    node_run.failure_handler_ids.append(handler.number)
    failure.failure_handler_threadrun_id = handler.number
    run.save_node_run(node_run)
    for reason in thread.halt_reasons:
        if reason.HasField("pending_failure"):
            reason.handling_failure.CopyFrom(HandlingFailureHaltReason(handler_thread_id=handler.number))
