"""ExternalEventDefs: what may be sent to a WfRun from outside. A Put replaces what was there, whatever it was."""

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.event_requests_pb2 import DeleteExternalEventDefRequest, PutExternalEventDefRequest
from konik.api.pb.external_event_pb2 import ExternalEventDef
from konik.api.pb.security_pb2 import ACL_EXTERNAL_EVENT, WRITE_METADATA
from konik.statemachine.canonical import same
from konik.statemachine.context import Context
from konik.statemachine.intake import admitted
from konik.statemachine.names import require_name
from konik.statemachine.registry import command
from konik.statemachine.rejection import not_found
from konik.statemachine.tables import EXTERNAL_EVENT_DEFS, external_event_def_key
from konik.statemachine.timestamps import set_timestamp


@command("PutExternalEventDef", PutExternalEventDefRequest, (ACL_EXTERNAL_EVENT, WRITE_METADATA))
def put_external_event_def(context: Context, request: PutExternalEventDefRequest) -> ExternalEventDef:
    """Stores the ExternalEventDef over any other of its name; an equal one keeps its time of creation.

    Raises INVALID_ARGUMENT or UNIMPLEMENTED.
    """
    require_name("ExternalEventDef", request.name)
    request = admitted(request, f"ExternalEventDef {request.name}")
    made = _external_event_def(request)
    key = external_event_def_key(context.tenant, request.name)
    stored = context.load(EXTERNAL_EVENT_DEFS, key)
    if stored is not None:
        made.created_at.CopyFrom(stored.created_at)
        if same(made, stored):
            return stored
    set_timestamp(made.created_at, context.now_ms)
    context.save(EXTERNAL_EVENT_DEFS, key, made)
    return made


def _external_event_def(request: PutExternalEventDefRequest) -> ExternalEventDef:
    made = ExternalEventDef(retention_policy=request.retention_policy)
    made.id.name = request.name
    if request.HasField("content_type"):
        made.type_information.CopyFrom(request.content_type)
    if request.HasField("correlated_event_config"):
        made.correlated_event_config.CopyFrom(request.correlated_event_config)
    return made


@command("DeleteExternalEventDef", DeleteExternalEventDefRequest, (ACL_EXTERNAL_EVENT, WRITE_METADATA))
def delete_external_event_def(context: Context, request: DeleteExternalEventDefRequest) -> Empty:
    """Events that were put stay. Raises NOT_FOUND."""
    key = external_event_def_key(context.tenant, request.id.name)
    if context.load(EXTERNAL_EVENT_DEFS, key) is None:
        raise not_found(f"Couldn't find provided ExternalEventDef {request.id.name}")
    context.remove(EXTERNAL_EVENT_DEFS, key)
    return Empty()
