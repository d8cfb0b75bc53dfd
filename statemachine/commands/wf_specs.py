"""WfSpecs: put as a new version, and deleted.

A version that is deleted can no longer be started or seen, but the WfRuns that it started go on: it moves to a place of
its own, where only they look. Its number is free again, and a new version that takes it takes that place over too.
"""

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.metadata_requests_pb2 import DeleteWfSpecRequest, PutWfSpecRequest
from konik.api.pb.security_pb2 import ACL_WORKFLOW, WRITE_METADATA
from konik.api.pb.wf_spec_pb2 import WfSpec
from konik.statemachine.context import Context
from konik.statemachine.plan.check import check
from konik.statemachine.plan.definitions import StoredDefinitions
from konik.statemachine.plan.versions import latest_key, succeed
from konik.statemachine.registry import command
from konik.statemachine.rejection import not_found
from konik.statemachine.tables import DELETED_WF_SPECS, WF_SPECS, deleted_wf_spec_key, wf_spec_key
from konik.statemachine.timestamps import set_timestamp


@command("PutWfSpec", PutWfSpecRequest, (ACL_WORKFLOW, WRITE_METADATA))
def put_wf_spec(context: Context, request: PutWfSpecRequest) -> WfSpec:
    """Stores the next version, or returns the latest one if it is the same, whatever updates the caller allows.

    Raises INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION or UNIMPLEMENTED.
    """
    definitions = StoredDefinitions(context)
    spec = check(request, definitions)
    key = latest_key(context, request.name)
    latest = None if key is None else context.load(WF_SPECS, key)
    successor = succeed(spec, latest, request.allowed_updates, definitions)
    if successor is latest:
        return latest
    set_timestamp(successor.created_at, context.now_ms)
    key = wf_spec_key(context.tenant, successor.id)
    context.save(WF_SPECS, key, successor)
    context.remove(DELETED_WF_SPECS, deleted_wf_spec_key(key))
    return successor


@command("DeleteWfSpec", DeleteWfSpecRequest, (ACL_WORKFLOW, WRITE_METADATA))
def delete_wf_spec(context: Context, request: DeleteWfSpecRequest) -> Empty:
    """Deletes exactly the given version. Raises NOT_FOUND."""
    id = request.id
    key = latest_key(context, id.name, id.major_version, id.revision)
    spec = None if key is None else context.load(WF_SPECS, key)
    if key is None or spec is None:
        raise not_found(f"Couldn't find provided WfSpec {id.name} {id.major_version}.{id.revision}")
    context.remove(WF_SPECS, key)
    context.save(DELETED_WF_SPECS, deleted_wf_spec_key(key), spec)
    return Empty()
