"""Reading TaskDefs."""

from konik.api.pb.ids_pb2 import TaskDefId
from konik.api.pb.queries_pb2 import SearchTaskDefRequest, TaskDefIdList
from konik.api.pb.security_pb2 import ACL_TASK, ACL_WORKFLOW, READ
from konik.api.pb.task_def_pb2 import TaskDef
from konik.statemachine import keys
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.queries.paging import everything, fill
from konik.statemachine.registry import query
from konik.statemachine.tables import TASK_DEFS, task_def_key


@query("GetTaskDef", TaskDefId, (ACL_TASK, READ))
def get_task_def(reader: Reader, request: TaskDefId) -> TaskDef:
    key = task_def_key(reader.tenant, request.name)
    return get(reader, TASK_DEFS, key, f"Couldn't find TaskDef {request.name}")


# The permission is that of WfSpecs, as in the server that clients know: existing principals are set up for it.
@query("SearchTaskDef", SearchTaskDefRequest, (ACL_WORKFLOW, READ))
def search_task_def(reader: Reader, request: SearchTaskDefRequest) -> TaskDefIdList:
    """In the order of names."""
    wanted = everything(keys.TASK_DEF + keys.text(reader.tenant) + keys.text_prefix(request.prefix))
    return fill(reader, request, TaskDefIdList(), wanted, pick=_id)


def _id(raw: bytes) -> bytes:
    return TASK_DEFS.parse(raw).id.SerializeToString()
