"""Reading what the engine has stored, for tests."""

from engine import Engine

from konik.api.pb.enums_pb2 import LHStatus, TaskStatus
from konik.api.pb.ids_pb2 import NodeRunId, TaskRunId, VariableId, WfRunId
from konik.api.pb.node_run_pb2 import Failure, NodeRun
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import ThreadRun, WfRun


def run_of(engine: Engine, id: str = "run") -> WfRun:
    run: WfRun = engine.get("GetWfRun", WfRunId(id=id), WfRun)
    return run


def status_of(engine: Engine, id: str = "run") -> str:
    return LHStatus.Name(run_of(engine, id).status)


def node_run(engine: Engine, thread: int, position: int, id: str = "run") -> NodeRun:
    node_run_id = NodeRunId(wf_run_id=WfRunId(id=id), thread_run_number=thread, position=position)
    found: NodeRun = engine.get("GetNodeRun", node_run_id, NodeRun)
    return found


def node_status(engine: Engine, thread: int, position: int, id: str = "run") -> str:
    return LHStatus.Name(node_run(engine, thread, position, id).status)


def thread(engine: Engine, number: int, id: str = "run") -> ThreadRun:
    """Fails if there is no such thread."""
    (found,) = [thread for thread in run_of(engine, id).thread_runs if thread.number == number]
    return found


def thread_status(engine: Engine, number: int, id: str = "run") -> str:
    return LHStatus.Name(thread(engine, number, id).status)


def last_failure(engine: Engine, thread_number: int, position: int, id: str = "run") -> Failure:
    return node_run(engine, thread_number, position, id).failures[-1]


def history(engine: Engine, thread_number: int = 0, id: str = "run") -> list[str]:
    """What kind of node the thread was at, and what came of it, from its first node on."""
    positions = range(thread(engine, thread_number, id).current_node_position + 1)
    return [_visit(node_run(engine, thread_number, position, id)) for position in positions]


def _visit(visited: NodeRun) -> str:
    return f"{visited.node_name.partition('-')[2]} {LHStatus.Name(visited.status)}"


def task_run(engine: Engine, guid: str, id: str = "run") -> TaskRun:
    found: TaskRun = engine.get("GetTaskRun", TaskRunId(wf_run_id=WfRunId(id=id), task_guid=guid), TaskRun)
    return found


def attempts(engine: Engine, guid: str, id: str = "run") -> list[str]:
    return [TaskStatus.Name(attempt.status) for attempt in task_run(engine, guid, id).attempts]


def variable(engine: Engine, name: str, thread: int = 0, id: str = "run") -> VariableValue:
    variable_id = VariableId(wf_run_id=WfRunId(id=id), thread_run_number=thread, name=name)
    found: Variable = engine.get("GetVariable", variable_id, Variable)
    return found.value
