"""Reading WfSpecs, and finding the version that a search means."""

from konik.api.pb.ids_pb2 import WfSpecId
from konik.api.pb.metadata_requests_pb2 import GetLatestWfSpecRequest
from konik.api.pb.queries_pb2 import SearchWfSpecRequest, WfSpecIdList
from konik.api.pb.security_pb2 import ACL_WORKFLOW, READ
from konik.api.pb.wf_spec_pb2 import WfSpec
from konik.statemachine import indexes, keys
from konik.statemachine.context import Reader
from konik.statemachine.plan.compiled import Plan
from konik.statemachine.plan.versions import latest_key
from konik.statemachine.queries.getting import get, require_natural
from konik.statemachine.queries.paging import everything, fill
from konik.statemachine.registry import query
from konik.statemachine.rejection import invalid, not_found
from konik.statemachine.tables import WF_SPECS, wf_spec_key

_MISSING = "Couldn't find specified WfSpec"


@query("GetWfSpec", WfSpecId, (ACL_WORKFLOW, READ))
def get_wf_spec(reader: Reader, request: WfSpecId) -> WfSpec:
    """Exactly this version; a number that is not given is 0."""
    require_natural(request.major_version, request.revision, missing=_MISSING)
    return get(reader, WF_SPECS, wf_spec_key(reader.tenant, request), _MISSING)


@query("GetLatestWfSpec", GetLatestWfSpecRequest, (ACL_WORKFLOW, READ))
def get_latest_wf_spec(reader: Reader, request: GetLatestWfSpecRequest) -> WfSpec:
    """The highest version, or the highest revision of a major version."""
    key = latest_key(reader, request.name, request.major_version if request.HasField("major_version") else None)
    if key is None:
        raise not_found(_MISSING)
    return get(reader, WF_SPECS, key, _MISSING)


@query("SearchWfSpec", SearchWfSpecRequest, (ACL_WORKFLOW, READ))
def search_wf_spec(reader: Reader, request: SearchWfSpecRequest) -> WfSpecIdList:
    """In the order of names and versions; the users of a TaskDef in the order of their creation."""
    if request.task_def_name:
        prefix = indexes.wf_specs_of_task_def(reader.tenant, request.task_def_name)
    elif request.name:
        prefix = indexes.wf_specs(reader.tenant) + keys.text(request.name)
    else:
        prefix = indexes.wf_specs(reader.tenant) + keys.text_prefix(request.prefix)
    return fill(reader, request, WfSpecIdList(), everything(prefix))


def require_version(reader: Reader, name: str, major: int | None, revision: int | None) -> Plan:
    """The WfSpec that a search names: the latest version, that of a major version, or exactly one.

    Raises:
        Rejection: INVALID_ARGUMENT: there is none.
    """
    key = latest_key(reader, name, major, revision)
    plan = None if key is None else reader.plan(key)
    if plan is None:
        version = "".join(f".{number}" for number in (major, revision) if number is not None)
        raise invalid(f"there is no WfSpec {name}{version and f' {version[1:]}'}")
    return plan
