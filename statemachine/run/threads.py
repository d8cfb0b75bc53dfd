"""How threads start and end."""

from collections.abc import Mapping

from konik.api.pb.enums_pb2 import COMPLETED, RUNNING, LHStatus
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_run_pb2 import ENTRYPOINT, ThreadRun, ThreadType
from konik.statemachine import limits
from konik.statemachine.plan.compiled import NodePlan, ThreadPlan
from konik.statemachine.run import variables
from konik.statemachine.run.failure import NodeFailure
from konik.statemachine.run.run import Run
from konik.statemachine.timestamps import set_timestamp


def start(
    run: Run,
    plan: ThreadPlan,
    type: ThreadType,
    parent: ThreadRun | None,
    inputs: Mapping[str, VariableValue],
) -> ThreadRun:
    """A new thread, standing at its ENTRYPOINT.

    Raises:
        NodeFailure: INTERNAL_ERROR if the WfRun has as many threads as it may have.
    """
    if type != ENTRYPOINT and len(run.wf_run.thread_runs) >= limits.THREAD_RUNS_PER_WF_RUN_MAX:
        raise NodeFailure(
            "INTERNAL_ERROR",
            f"the maximum number of ThreadRuns per WfRun is {limits.THREAD_RUNS_PER_WF_RUN_MAX}",
        )
    thread = run.wf_run.thread_runs.add()
    thread.wf_spec_id.CopyFrom(run.wf_run.wf_spec_id)
    thread.number = 0 if type == ENTRYPOINT else run.wf_run.greatest_threadrun_number + 1
    thread.status = RUNNING
    thread.thread_spec_name = plan.name
    thread.type = type
    set_timestamp(thread.start_time, run.now_ms)
    run.wf_run.greatest_threadrun_number = thread.number
    run.threads[thread.number] = thread
    if parent is not None:
        thread.parent_thread_id = parent.number
        parent.child_thread_ids.append(thread.number)
    entrypoint = new_node_run(run, thread, plan.nodes[plan.entrypoint])
    entrypoint.entrypoint.SetInParent()
    variables.create(run, thread, inputs)
    return thread


def new_node_run(run: Run, thread: ThreadRun, plan: NodePlan) -> NodeRun:
    """A NodeRun at the thread's current position, RUNNING."""
    node_run = NodeRun()
    node_run.CopyFrom(plan.fresh)
    id = node_run.id
    id.wf_run_id.CopyFrom(run.wf_run.id)
    id.thread_run_number = thread.number
    id.position = thread.current_node_position
    set_timestamp(node_run.arrival_time, run.now_ms)
    run.save_node_run(node_run)
    return node_run


def complete(run: Run, thread: ThreadRun) -> None:
    _end(run, thread, COMPLETED)


def fail(run: Run, thread: ThreadRun, status: LHStatus, message: str) -> None:
    thread.error_message = message
    _end(run, thread, status)


def _end(run: Run, thread: ThreadRun, status: LHStatus) -> None:
    thread.status = status
    set_timestamp(thread.end_time, run.now_ms)
    if thread.number == 0:
        run.wf_run.status = status
        set_timestamp(run.wf_run.end_time, run.now_ms)
