"""Reading NodeRuns."""

from konik.api.pb.enums_pb2 import STARTING
from konik.api.pb.ids_pb2 import NodeRunId
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.queries_pb2 import ListNodeRunsRequest, NodeRunIdList, NodeRunList, SearchNodeRunRequest
from konik.api.pb.security_pb2 import ACL_WORKFLOW, READ
from konik.statemachine import indexes, keys
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get, require_natural
from konik.statemachine.queries.masking import mask_node_run
from konik.statemachine.queries.paging import UNCOUNTED, created, everything, fill, in_key
from konik.statemachine.registry import query
from konik.statemachine.tables import NODE_RUNS, node_run_key


@query("GetNodeRun", NodeRunId, (ACL_WORKFLOW, READ))
def get_node_run(reader: Reader, request: NodeRunId) -> NodeRun:
    require_natural(request.thread_run_number, request.position)
    node_run = get(reader, NODE_RUNS, node_run_key(reader.tenant, request))
    mask_node_run(node_run)
    return node_run


@query("ListNodeRuns", ListNodeRunsRequest, (ACL_WORKFLOW, READ))
def list_node_runs(reader: Reader, request: ListNodeRunsRequest) -> NodeRunList:
    """In the order of threads and positions. The dashboard asks without a limit and means all of them."""
    prefix = keys.wf_run(reader.tenant, request.wf_run_id) + keys.PART_NODE_RUN
    if request.HasField("thread_run_number"):
        if not in_key(request.thread_run_number):
            return NodeRunList()
        prefix += keys.number(request.thread_run_number)
    page = fill(reader, request, NodeRunList(), everything(prefix), limit_default=UNCOUNTED)
    for node_run in page.results:
        mask_node_run(node_run)
    return page


@query("SearchNodeRun", SearchNodeRunRequest, (ACL_WORKFLOW, READ))
def search_node_run(reader: Reader, request: SearchNodeRunRequest) -> NodeRunIdList:
    """NodeRuns that wait, or waited, for an ExternalEvent. A status that is not given reads as STARTING: any."""
    status = None if request.status == STARTING else request.status
    if not in_key(status):
        return NodeRunIdList()
    prefix = indexes.node_runs(reader.tenant, request.external_event_def.name, status)
    return fill(reader, request, NodeRunIdList(), created(prefix, request))
