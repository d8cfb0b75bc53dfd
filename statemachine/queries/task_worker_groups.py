"""Reading which workers there are."""

from konik.api.pb.ids_pb2 import TaskDefId
from konik.api.pb.security_pb2 import ACL_TASK_WORKER_GROUP, READ
from konik.api.pb.task_requests_pb2 import TaskWorkerGroup
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.registry import query
from konik.statemachine.tables import TASK_WORKER_GROUPS, task_worker_group_key


@query("GetTaskWorkerGroup", TaskDefId, (ACL_TASK_WORKER_GROUP, READ))
def get_task_worker_group(reader: Reader, request: TaskDefId) -> TaskWorkerGroup:
    """Raises NOT_FOUND until a worker has registered for the TaskDef."""
    return get(reader, TASK_WORKER_GROUPS, task_worker_group_key(reader.tenant, request.name))
