"""Reading ExternalEvents."""

from konik.api.pb.external_event_pb2 import ExternalEvent
from konik.api.pb.ids_pb2 import ExternalEventId
from konik.api.pb.queries_pb2 import (
    ExternalEventIdList,
    ExternalEventList,
    ListExternalEventsRequest,
    SearchExternalEventRequest,
)
from konik.api.pb.security_pb2 import ACL_EXTERNAL_EVENT, READ
from konik.statemachine import indexes, keys
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.queries.paging import created, everything, fill
from konik.statemachine.registry import query
from konik.statemachine.rejection import invalid
from konik.statemachine.tables import EXTERNAL_EVENTS, external_event_def_key, external_event_key


@query("GetExternalEvent", ExternalEventId, (ACL_EXTERNAL_EVENT, READ))
def get_external_event(reader: Reader, request: ExternalEventId) -> ExternalEvent:
    return get(reader, EXTERNAL_EVENTS, external_event_key(reader.tenant, request))


@query("ListExternalEvents", ListExternalEventsRequest, (ACL_EXTERNAL_EVENT, READ))
def list_external_events(reader: Reader, request: ListExternalEventsRequest) -> ExternalEventList:
    """Also those that came before the WfRun was started."""
    prefix = keys.wf_run(reader.tenant, request.wf_run_id) + keys.PART_EXTERNAL_EVENT
    return fill(reader, request, ExternalEventList(), everything(prefix))


@query("SearchExternalEvent", SearchExternalEventRequest, (ACL_EXTERNAL_EVENT, READ))
def search_external_event(reader: Reader, request: SearchExternalEventRequest) -> ExternalEventIdList:
    """Raises INVALID_ARGUMENT for an ExternalEventDef that is not given or does not exist."""
    name = request.external_event_def_id.name
    if not name.strip():
        raise invalid("external_event_def_id is required")
    if reader.txn.get(external_event_def_key(reader.tenant, name)) is None:
        raise invalid(f'ExternalEventDef "{name}" does not exist.')
    claimed = request.is_claimed if request.HasField("is_claimed") else None
    prefix = indexes.external_events(reader.tenant, name, claimed)
    return fill(reader, request, ExternalEventIdList(), created(prefix, request))
