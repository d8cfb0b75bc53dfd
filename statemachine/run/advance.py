"""Moving a WfRun on: passes over its threads, each thread by at most one node per pass, until nothing changes."""

from collections.abc import Callable

from konik.api.pb.enums_pb2 import COMPLETED, HALTED, HALTING, RUNNING, LHStatus
from konik.api.pb.wf_run_pb2 import ThreadRun
from konik.api.pb.wf_spec_pb2 import Edge
from konik.statemachine import limits
from konik.statemachine.run import failing, halting, outputs, threads, variables
from konik.statemachine.run.failure import NodeFailure, as_failure
from konik.statemachine.run.node_type import NODE_TYPES, At
from konik.statemachine.run.run import TERMINAL, Run
from konik.statemachine.run.variables import Scope
from konik.statemachine.timestamps import set_timestamp
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import condition


def advance(run: Run) -> None:
    """Moves the WfRun as far as it can go without an event from outside, and saves it."""
    for _ in range(limits.PASSES_PER_COMMAND_MAX):
        if not _pass(run):
            break
    else:
        if run.threads[0].status not in TERMINAL:
            _fail(run, _SPINNING)
    _settle_status(run)
    run.save()


def _pass(run: Run) -> bool:
    """False if another one would change nothing."""
    goes_on = failing.launch_handlers(run)
    threads_now = run.wf_run.thread_runs
    place = 0
    while place < len(threads_now):  # threads that start during the pass are moved in it, too
        goes_on |= _step(run, threads_now[place])
        place += 1
    return goes_on


_SPINNING = (
    f"the WfRun did not come to rest within {limits.PASSES_PER_COMMAND_MAX} steps of one command; is there a loop?"
)


def abort(run: Run, message: str) -> None:
    """Ends the WfRun for a reason that lies outside of it, and saves it."""
    if run.threads[0].status not in TERMINAL:
        _fail(run, message)
    run.save()


def _fail(run: Run, message: str) -> None:
    """Thread 0 fails where it stands, whatever handlers there are."""
    thread = run.threads[0]
    failure = NodeFailure("INTERNAL_ERROR", message)
    failing.record(run, thread, run.node_run(thread), failure)
    failing.fail_thread(run, thread, failure)


def _settle_status(run: Run) -> None:
    """Until thread 0 ends, the WfRun is HALTED if somebody has stopped thread 0, else RUNNING."""
    first = run.threads[0]
    if first.status not in TERMINAL:
        run.wf_run.status = HALTED if first.status == HALTED and _is_stopped(first) else RUNNING


def _is_stopped(thread: ThreadRun) -> bool:
    return any(reason.HasField("manual_halt") for reason in thread.halt_reasons)


def _step(run: Run, thread: ThreadRun) -> bool:
    act = _STEPS.get(thread.status)
    return act is not None and act(run, thread)


def _step_running(run: Run, thread: ThreadRun) -> bool:
    node_run = run.node_run(thread)
    plan = run.node_plan(thread, node_run.node_name)
    at = At(run, thread, node_run, plan)
    try:
        if node_run.failures:
            goes_on = _go_on(at, Scope(run, thread), with_mutations=False)
        elif not NODE_TYPES[plan.kind].proceed(at):
            return False
        else:
            goes_on = _complete(at)
    except (NodeFailure, EvaluationError) as error:
        failing.fail_node(run, thread, node_run, as_failure(error))
        return True
    return goes_on or len(run.threads) > 1  # what one thread does may be what another one waits for


_STEPS: dict[LHStatus, Callable[[Run, ThreadRun], bool]] = {
    RUNNING: _step_running,
    HALTING: halting.try_finish,
    HALTED: halting.resume_if_over,
}


def _complete(at: At) -> bool:
    """The node's work is done: the thread leaves it, or ends with it. False if it waits now, wherever it is."""
    node_type = NODE_TYPES[at.plan.kind]
    at.node_run.status = COMPLETED
    if not at.node_run.HasField("end_time"):
        set_timestamp(at.node_run.end_time, at.run.now_ms)
    at.run.save_node_run(at.node_run)
    node_type.ended(at)
    if at.plan.kind == "exit":
        threads.complete(at.run, at.thread)
        return True
    output = node_type.output(at)
    outputs.keep(at.run, at.thread, at.plan.name, output)
    return _go_on(at, Scope(at.run, at.thread, at.plan.name, output), with_mutations=True)


def _go_on(at: At, scope: Scope, with_mutations: bool) -> bool:
    """Leaves the node; False if the thread waits now.

    Failing to find a way out is a failure of the node that is left.
    """
    edge = _take_edge(at, scope, with_mutations)
    return activate(at.run, at.thread, edge.sink_node_name)


def _take_edge(at: At, scope: Scope, with_mutations: bool) -> Edge:
    """The first edge whose condition holds, with its mutations carried out."""
    for edge in at.plan.node.outgoing_edges:
        kind = edge.WhichOneof("edge_condition")
        try:
            if kind is None or condition(getattr(edge, kind), scope):
                if with_mutations and edge.variable_mutations:
                    variables.mutate(at.run, edge.variable_mutations, scope, at.plan.name)
                return edge
        except EvaluationError as error:
            raise EvaluationError(f"Failed evaluating edge with sink node {edge.sink_node_name}: {error}") from error
    raise EvaluationError("no outgoing edge has a condition that holds")


def activate(run: Run, thread: ThreadRun, node_name: str) -> bool:
    """The thread arrives at the node. False if it waits there."""
    thread.current_node_position += 1
    plan = run.node_plan(thread, node_name)
    node_type = NODE_TYPES[plan.kind]
    node_run = threads.new_node_run(run, thread, plan)
    try:
        node_type.arrive(At(run, thread, node_run, plan))
    except (NodeFailure, EvaluationError) as error:
        failing.fail_node(run, thread, node_run, as_failure(error))
        return True
    return not node_type.always_waits
