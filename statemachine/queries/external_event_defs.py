"""Reading ExternalEventDefs."""

from konik.api.pb.external_event_pb2 import ExternalEventDef
from konik.api.pb.ids_pb2 import ExternalEventDefId
from konik.api.pb.queries_pb2 import ExternalEventDefIdList, SearchExternalEventDefRequest
from konik.api.pb.security_pb2 import ACL_EXTERNAL_EVENT, READ
from konik.statemachine import keys
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.queries.paging import everything, fill
from konik.statemachine.registry import query
from konik.statemachine.tables import EXTERNAL_EVENT_DEFS, external_event_def_key


@query("GetExternalEventDef", ExternalEventDefId, (ACL_EXTERNAL_EVENT, READ))
def get_external_event_def(reader: Reader, request: ExternalEventDefId) -> ExternalEventDef:
    key = external_event_def_key(reader.tenant, request.name)
    return get(reader, EXTERNAL_EVENT_DEFS, key, f"Couldn't find ExternalEventDef {request.name}")


@query("SearchExternalEventDef", SearchExternalEventDefRequest, (ACL_EXTERNAL_EVENT, READ))
def search_external_event_def(reader: Reader, request: SearchExternalEventDefRequest) -> ExternalEventDefIdList:
    """In the order of names."""
    wanted = everything(keys.EXTERNAL_EVENT_DEF + keys.text(reader.tenant) + keys.text_prefix(request.prefix))
    return fill(reader, request, ExternalEventDefIdList(), wanted, pick=_id)


def _id(raw: bytes) -> bytes:
    return EXTERNAL_EVENT_DEFS.parse(raw).id.SerializeToString()
