"""WorkflowEventDefs: what a WfRun may throw to those who await it. Their type never changes."""

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.event_requests_pb2 import DeleteWorkflowEventDefRequest, PutWorkflowEventDefRequest
from konik.api.pb.security_pb2 import ACL_WORKFLOW_EVENT, WRITE_METADATA
from konik.api.pb.workflow_event_pb2 import WorkflowEventDef
from konik.statemachine.canonical import same
from konik.statemachine.context import Context
from konik.statemachine.intake import admitted
from konik.statemachine.names import require_workflow_event_name
from konik.statemachine.registry import command
from konik.statemachine.rejection import already_exists, not_found
from konik.statemachine.tables import WORKFLOW_EVENT_DEFS, workflow_event_def_key
from konik.statemachine.timestamps import set_timestamp


@command("PutWorkflowEventDef", PutWorkflowEventDefRequest, (ACL_WORKFLOW_EVENT, WRITE_METADATA))
def put_workflow_event_def(context: Context, request: PutWorkflowEventDefRequest) -> WorkflowEventDef:
    """Stores the WorkflowEventDef, or returns the stored one if its type is the same; no type given means no content.

    Raises INVALID_ARGUMENT, ALREADY_EXISTS for another type, or UNIMPLEMENTED.
    """
    require_workflow_event_name(request.name)
    request = admitted(request, f"WorkflowEventDef {request.name}")
    content_type = request.content_type
    key = workflow_event_def_key(context.tenant, request.name)
    stored = context.load(WORKFLOW_EVENT_DEFS, key)
    if stored is None:
        return _store(context, key, WorkflowEventDef(content_type=content_type), request.name)
    if not same(content_type, stored.content_type):
        raise already_exists(f"WorkflowEventDef with name {request.name} already exists with different type!")
    return stored


def _store(context: Context, key: bytes, made: WorkflowEventDef, name: str) -> WorkflowEventDef:
    made.id.name = name
    set_timestamp(made.created_at, context.now_ms)
    context.save(WORKFLOW_EVENT_DEFS, key, made)
    return made


@command("DeleteWorkflowEventDef", DeleteWorkflowEventDefRequest, (ACL_WORKFLOW_EVENT, WRITE_METADATA))
def delete_workflow_event_def(context: Context, request: DeleteWorkflowEventDefRequest) -> Empty:
    """Raises NOT_FOUND."""
    key = workflow_event_def_key(context.tenant, request.id.name)
    if context.load(WORKFLOW_EVENT_DEFS, key) is None:
        raise not_found(f"Couldn't find provided WorkflowEventDef {request.id.name}")
    context.remove(WORKFLOW_EVENT_DEFS, key)
    return Empty()
