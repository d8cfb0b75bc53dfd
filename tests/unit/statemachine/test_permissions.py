"""Existing principals are set up for these pairs; each surprising one is deliberate."""

import pytest

import konik.statemachine.machine  # noqa: F401  registers the methods
from konik.api.pb.security_pb2 import ACLAction, ACLResource
from konik.statemachine.registry import METHODS, Kind

READERS = {
    "ACL_WORKFLOW": "GetWfSpec GetLatestWfSpec GetWfRun GetNodeRun GetTaskRun GetVariable ListNodeRuns ListVariables "
    "SearchWfRun SearchNodeRun SearchVariable SearchWfSpec SearchTaskDef RegisterTaskWorker",
    "ACL_TASK": "GetTaskDef ListTaskRuns SearchTaskRun PollTask",
    "ACL_TASK_WORKER_GROUP": "GetTaskWorkerGroup",
    "ACL_EXTERNAL_EVENT": "GetExternalEventDef GetExternalEvent GetCorrelatedEvent ListExternalEvents "
    "SearchExternalEvent SearchCorrelatedEvent SearchExternalEventDef",
    "ACL_WORKFLOW_EVENT": "GetWorkflowEventDef SearchWorkflowEventDef",
}
RUNNERS = {
    "ACL_WORKFLOW": "RunWf StopWfRun ResumeWfRun RescueThreadRun",
    "ACL_TASK": "ReportTask",
    "ACL_EXTERNAL_EVENT": "PutExternalEvent PutCorrelatedEvent DeleteCorrelatedEvent",
}
WRITERS = {
    "ACL_WORKFLOW": "PutWfSpec DeleteWfSpec DeleteWfRun",
    "ACL_TASK": "PutTaskDef DeleteTaskDef",
    "ACL_EXTERNAL_EVENT": "PutExternalEventDef DeleteExternalEventDef",
    "ACL_WORKFLOW_EVENT": "PutWorkflowEventDef DeleteWorkflowEventDef",
}
PAIRS = {
    name: (resource, action)
    for action, table in (("READ", READERS), ("RUN", RUNNERS), ("WRITE_METADATA", WRITERS))
    for resource, names in table.items()
    for name in names.split()
} | {"Whoami": None, "GetServerVersion": None}


@pytest.mark.parametrize("name", sorted(name for name, method in METHODS.items() if method.kind is not Kind.INTERNAL))
def test_each_method_needs_the_permission_that_it_is_known_for(name: str) -> None:
    needed = METHODS[name].permission
    shown = None if needed is None else (ACLResource.Name(needed[0]), ACLAction.Name(needed[1]))
    assert shown == PAIRS[name]


def test_only_methods_of_nodes_themselves_are_internal() -> None:
    assert all(name.startswith("konik.") == (method.kind is Kind.INTERNAL) for name, method in METHODS.items())
