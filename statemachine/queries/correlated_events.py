"""Reading CorrelatedEvents."""

from konik.api.pb.external_event_pb2 import CorrelatedEvent
from konik.api.pb.ids_pb2 import CorrelatedEventId
from konik.api.pb.queries_pb2 import CorrelatedEventIdList, SearchCorrelatedEventRequest
from konik.api.pb.security_pb2 import ACL_EXTERNAL_EVENT, READ
from konik.statemachine import indexes
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.queries.paging import created, fill
from konik.statemachine.registry import query
from konik.statemachine.tables import CORRELATED_EVENTS, correlated_event_key


@query("GetCorrelatedEvent", CorrelatedEventId, (ACL_EXTERNAL_EVENT, READ))
def get_correlated_event(reader: Reader, request: CorrelatedEventId) -> CorrelatedEvent:
    return get(reader, CORRELATED_EVENTS, correlated_event_key(reader.tenant, request))


@query("SearchCorrelatedEvent", SearchCorrelatedEventRequest, (ACL_EXTERNAL_EVENT, READ))
def search_correlated_event(reader: Reader, request: SearchCorrelatedEventRequest) -> CorrelatedEventIdList:
    """Nothing for an ExternalEventDef that does not exist, unlike the search for ExternalEvents."""
    made = request.has_external_events if request.HasField("has_external_events") else None
    prefix = indexes.correlated_events(reader.tenant, request.external_event_def_id.name, made)
    return fill(reader, request, CorrelatedEventIdList(), created(prefix, request))
