"""The text forms of ids: what users type, read in logs and use as idempotency keys."""

from konik.api.pb.ids_pb2 import TaskRunId, WfRunId

PARENT_SEPARATOR = "_"


def wf_run_id(text: str) -> WfRunId:
    """Parses `parent_child`; a run without a parent is its bare id."""
    parent, separator, own = text.rpartition(PARENT_SEPARATOR)
    if not separator:
        return WfRunId(id=text)
    return WfRunId(id=own, parent_wf_run_id=wf_run_id(parent))


def wf_run_id_text(run: WfRunId) -> str:
    """`parent_child`, as deep as the run's parents go."""
    if not run.HasField("parent_wf_run_id"):
        return run.id
    return wf_run_id_text(run.parent_wf_run_id) + PARENT_SEPARATOR + run.id


def task_run_id_text(task_run: TaskRunId) -> str:
    """`<wfRunId>/<taskGuid>`: unique in a cluster and the same for every attempt."""
    return f"{wf_run_id_text(task_run.wf_run_id)}/{task_run.task_guid}"
