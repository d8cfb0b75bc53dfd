"""TaskDefs: what a task takes and returns. A TaskDef never changes; putting the same one again changes nothing."""

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.metadata_requests_pb2 import DeleteTaskDefRequest, PutTaskDefRequest
from konik.api.pb.security_pb2 import ACL_TASK, WRITE_METADATA
from konik.api.pb.task_def_pb2 import TaskDef
from konik.statemachine.canonical import same
from konik.statemachine.context import Context
from konik.statemachine.intake import admitted
from konik.statemachine.names import require_name
from konik.statemachine.registry import command
from konik.statemachine.rejection import already_exists, not_found
from konik.statemachine.tables import TASK_DEFS, TASK_WORKER_GROUPS, task_def_key, task_worker_group_key
from konik.statemachine.timestamps import set_timestamp


@command("PutTaskDef", PutTaskDefRequest, (ACL_TASK, WRITE_METADATA))
def put_task_def(context: Context, request: PutTaskDefRequest) -> TaskDef:
    """Stores the TaskDef, or returns the stored one if it is the same in everything, the description included.

    Raises INVALID_ARGUMENT, ALREADY_EXISTS for a different TaskDef of this name, or UNIMPLEMENTED.
    """
    require_name("TaskDef", request.name)
    request = admitted(request, f"TaskDef {request.name}")
    made = _task_def(context, request)
    key = task_def_key(context.tenant, request.name)
    stored = context.load(TASK_DEFS, key)
    if stored is None:
        context.save(TASK_DEFS, key, made)
        return made
    made.created_at.CopyFrom(stored.created_at)
    if not same(made, stored):
        raise already_exists(f"TaskDef [{request.name}] already exists and is immutable.")
    return stored


def _task_def(context: Context, request: PutTaskDefRequest) -> TaskDef:
    made = TaskDef(input_vars=request.input_vars, return_type=request.return_type)
    made.id.name = request.name
    if request.HasField("description"):
        made.description = request.description
    set_timestamp(made.created_at, context.now_ms)
    return made


@command("DeleteTaskDef", DeleteTaskDefRequest, (ACL_TASK, WRITE_METADATA))
def delete_task_def(context: Context, request: DeleteTaskDefRequest) -> Empty:
    """Also forgets the workers that registered for it. WfSpecs that use it stay as they are.

    Raises NOT_FOUND.
    """
    name = request.id.name
    key = task_def_key(context.tenant, name)
    if context.load(TASK_DEFS, key) is None:
        raise not_found(f"Couldn't find provided TaskDef {name}")
    context.remove(TASK_DEFS, key)
    context.remove(TASK_WORKER_GROUPS, task_worker_group_key(context.tenant, name))
    return Empty()
