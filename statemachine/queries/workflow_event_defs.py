"""Reading WorkflowEventDefs."""

from konik.api.pb.ids_pb2 import WorkflowEventDefId
from konik.api.pb.queries_pb2 import SearchWorkflowEventDefRequest, WorkflowEventDefIdList
from konik.api.pb.security_pb2 import ACL_WORKFLOW_EVENT, READ
from konik.api.pb.workflow_event_pb2 import WorkflowEventDef
from konik.statemachine import keys
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.queries.paging import everything, fill
from konik.statemachine.registry import query
from konik.statemachine.tables import WORKFLOW_EVENT_DEFS, workflow_event_def_key


@query("GetWorkflowEventDef", WorkflowEventDefId, (ACL_WORKFLOW_EVENT, READ))
def get_workflow_event_def(reader: Reader, request: WorkflowEventDefId) -> WorkflowEventDef:
    key = workflow_event_def_key(reader.tenant, request.name)
    return get(reader, WORKFLOW_EVENT_DEFS, key, f"Couldn't find WorkflowEventDef {request.name}")


@query("SearchWorkflowEventDef", SearchWorkflowEventDefRequest, (ACL_WORKFLOW_EVENT, READ))
def search_workflow_event_def(reader: Reader, request: SearchWorkflowEventDefRequest) -> WorkflowEventDefIdList:
    """In the order of names."""
    wanted = everything(keys.WORKFLOW_EVENT_DEF + keys.text(reader.tenant) + keys.text_prefix(request.prefix))
    return fill(reader, request, WorkflowEventDefIdList(), wanted, pick=_id)


def _id(raw: bytes) -> bytes:
    return WORKFLOW_EVENT_DEFS.parse(raw).id.SerializeToString()
