"""One WfRun in the hands of one command: its threads, its NodeRuns and its compiled WfSpec."""

from konik.api.pb.enums_pb2 import COMPLETED, ERROR, EXCEPTION, LHStatus
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.wf_run_pb2 import ThreadRun, WfRun
from konik.statemachine import keys
from konik.statemachine.context import Context
from konik.statemachine.plan.compiled import NodePlan, Plan, ThreadPlan
from konik.statemachine.rejection import not_found
from konik.statemachine.tables import NODE_RUNS, WF_RUNS, node_run_part, wf_spec_key

TERMINAL: frozenset[LHStatus] = frozenset((COMPLETED, ERROR, EXCEPTION))
FAILED: frozenset[LHStatus] = frozenset((ERROR, EXCEPTION))


class Run:
    """The WfRun, and what is asked of it again and again while it is advanced."""

    __slots__ = ("context", "plan", "prefix", "threads", "wf_run")

    def __init__(self, context: Context, prefix: bytes, wf_run: WfRun, plan: Plan) -> None:
        self.context = context
        self.prefix = prefix
        self.wf_run = wf_run
        self.plan = plan
        self.threads: dict[int, ThreadRun] = {thread.number: thread for thread in wf_run.thread_runs}

    @property
    def now_ms(self) -> int:
        return self.context.now_ms

    def save(self) -> None:
        self.context.save(WF_RUNS, self.prefix + keys.PART_WF_RUN, self.wf_run)

    def thread_plan(self, thread: ThreadRun) -> ThreadPlan:
        return self.plan.threads[thread.thread_spec_name]

    def node_plan(self, thread: ThreadRun, name: str) -> NodePlan:
        return self.plan.threads[thread.thread_spec_name].nodes[name]

    def node_run(self, thread: ThreadRun, position: int | None = None) -> NodeRun:
        """The thread's current NodeRun, or the one at `position`."""
        place = thread.current_node_position if position is None else position
        found = self.context.load(NODE_RUNS, self.prefix + node_run_part(thread.number, place))
        if found is None:
            raise AssertionError(f"thread {thread.number} has no NodeRun {place}")
        return found

    def save_node_run(self, node_run: NodeRun) -> None:
        id = node_run.id
        key = self.prefix + node_run_part(id.thread_run_number, id.position)
        self.context.save(NODE_RUNS, key, node_run)

    def children(self, thread: ThreadRun) -> list[ThreadRun]:
        """The direct children, in the order of their creation."""
        return [self.threads[number] for number in thread.child_thread_ids]

    def parent(self, thread: ThreadRun) -> ThreadRun | None:
        return self.threads[thread.parent_thread_id] if thread.HasField("parent_thread_id") else None


def find(context: Context, wf_run_id: WfRunId) -> Run | None:
    """The WfRun of that id, or None."""
    prefix = keys.wf_run(context.tenant, wf_run_id)
    wf_run = context.load(WF_RUNS, prefix + keys.PART_WF_RUN)
    if wf_run is None:
        return None
    plan = context.plan(wf_spec_key(context.tenant, wf_run.wf_spec_id))
    if plan is None:
        raise AssertionError(f"the WfSpec of WfRun {keys.wf_run_text(wf_run_id)} is gone")
    return Run(context, prefix, wf_run, plan)


def require(context: Context, wf_run_id: WfRunId) -> Run:
    """The WfRun of that id.

    Raises:
        Rejection: NOT_FOUND.
    """
    run = find(context, wf_run_id)
    if run is None:
        raise not_found(f"Couldn't find WfRun {keys.wf_run_text(wf_run_id)}")
    return run
