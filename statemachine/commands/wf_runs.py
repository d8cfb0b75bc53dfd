"""RunWf and DeleteWfRun."""

from typing import Any

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.enums_pb2 import RUNNING
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest, RunWfRequest
from konik.api.pb.security_pb2 import ACL_WORKFLOW, RUN, WRITE_METADATA
from konik.api.pb.wf_run_pb2 import ENTRYPOINT, WfRun
from konik.statemachine import keys
from konik.statemachine.context import Context
from konik.statemachine.names import is_name
from konik.statemachine.plan.compiled import Plan
from konik.statemachine.plan.versions import latest_key
from konik.statemachine.registry import command
from konik.statemachine.rejection import already_exists, invalid, not_built, not_found
from konik.statemachine.run import advance, events, threads, variables
from konik.statemachine.run.run import Run
from konik.statemachine.tables import (
    EXTERNAL_EVENTS,
    NODE_RUNS,
    TASK_RUNS,
    VARIABLES,
    WF_RUNS,
    Table,
)
from konik.statemachine.tasks import attempts
from konik.statemachine.tasks.task import Task
from konik.statemachine.timestamps import set_timestamp


@command("RunWf", RunWfRequest, (ACL_WORKFLOW, RUN))
def run_wf(context: Context, request: RunWfRequest) -> WfRun:
    """Starts a WfRun and moves it as far as it goes."""
    if not request.wf_spec_name:
        raise invalid("wf_spec_name is missing")
    if request.HasField("id") and not is_name(request.id):
        raise invalid(f"{request.id!r} is no WfRun id: letters, digits and inner hyphens only")
    plan = _plan(context, request)
    id = WfRunId(id=request.id if request.HasField("id") else context.new_id())
    if request.HasField("parent_wf_run_id"):
        raise not_built("parent_wf_run_id", "starting a child of a WfRun")
    prefix = keys.wf_run(context.tenant, id)
    if context.load(WF_RUNS, prefix + keys.PART_WF_RUN) is not None:
        raise already_exists(f"WfRun with id {id.id} already exists!")
    inputs = variables.check_inputs(plan.entrypoint, request.variables)
    wf_run = WfRun(id=id, wf_spec_id=plan.spec.id, status=RUNNING)
    set_timestamp(wf_run.start_time, context.now_ms)
    run = Run(context, prefix, wf_run, plan)
    threads.start(run, plan.entrypoint, ENTRYPOINT, None, inputs)
    advance.advance(run)
    return run.wf_run


def _plan(context: Context, request: RunWfRequest) -> Plan:
    """The version asked for: exactly that one, the newest of a major version, or the newest of all."""
    major = request.major_version if request.HasField("major_version") and request.major_version >= 0 else None
    revision = request.revision if major is not None and request.HasField("revision") else None
    key = latest_key(context, request.wf_spec_name, major, revision)
    plan = None if key is None else context.plan(key)
    if plan is None:
        raise not_found(f"Couldn't find specified WfSpec {request.wf_spec_name}")
    return plan


@command("DeleteWfRun", DeleteWfRunRequest, (ACL_WORKFLOW, WRITE_METADATA))
def delete_wf_run(context: Context, request: DeleteWfRunRequest) -> Empty:
    """Removes the WfRun with all that belongs to it, in whatever state it is. An unknown one is gone already."""
    prefix = keys.wf_run(context.tenant, request.id)
    for key, raw in list(context.scan(prefix, keys.after(prefix))):
        table = _TABLES.get(key[len(prefix) : len(prefix) + 1])
        if table is None:
            context.txn.delete(key)
            continue
        if table is NODE_RUNS:
            events.wait_no_more(context, NODE_RUNS.parse(raw))
        elif table is TASK_RUNS:
            attempts.forget(Task(context, key, TASK_RUNS.parse(raw)))
        context.remove(table, key)
    return Empty()


_TABLES: dict[bytes, Table[Any]] = {
    keys.PART_WF_RUN: WF_RUNS,
    keys.PART_NODE_RUN: NODE_RUNS,
    keys.PART_TASK_RUN: TASK_RUNS,
    keys.PART_VARIABLE: VARIABLES,
    keys.PART_EXTERNAL_EVENT: EXTERNAL_EVENTS,
}
