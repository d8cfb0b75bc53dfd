"""Reading TaskRuns."""

from konik.api.pb.ids_pb2 import TaskRunId
from konik.api.pb.queries_pb2 import ListTaskRunsRequest, SearchTaskRunRequest, TaskRunIdList, TaskRunList
from konik.api.pb.security_pb2 import ACL_TASK, ACL_WORKFLOW, READ
from konik.api.pb.task_run_pb2 import TaskRun
from konik.statemachine import indexes, keys
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.queries.masking import mask_task_run
from konik.statemachine.queries.paging import created, everything, fill, in_key
from konik.statemachine.registry import query
from konik.statemachine.tables import TASK_RUNS, task_run_key


@query("GetTaskRun", TaskRunId, (ACL_WORKFLOW, READ))
def get_task_run(reader: Reader, request: TaskRunId) -> TaskRun:
    task_run = get(reader, TASK_RUNS, task_run_key(reader.tenant, request))
    mask_task_run(task_run)
    return task_run


@query("ListTaskRuns", ListTaskRunsRequest, (ACL_TASK, READ))
def list_task_runs(reader: Reader, request: ListTaskRunsRequest) -> TaskRunList:
    prefix = keys.wf_run(reader.tenant, request.wf_run_id) + keys.PART_TASK_RUN
    page = fill(reader, request, TaskRunList(), everything(prefix))
    for task_run in page.results:
        mask_task_run(task_run)
    return page


@query("SearchTaskRun", SearchTaskRunRequest, (ACL_TASK, READ))
def search_task_run(reader: Reader, request: SearchTaskRunRequest) -> TaskRunIdList:
    """In the order in which they were scheduled. The status is that of the TaskRun, not that of an attempt."""
    status = request.status if request.HasField("status") else None
    if not in_key(status):
        return TaskRunIdList()
    prefix = indexes.task_runs(reader.tenant, request.task_def_name, status)
    return fill(reader, request, TaskRunIdList(), created(prefix, request))
