"""The engine with shorthands for what tests do again and again."""

from collections.abc import Callable
from typing import Any

from engine import Engine
from littlehorse.workflow import Workflow

from konik.api.pb.enums_pb2 import TASK_EXCEPTION, VariableType
from konik.api.pb.event_requests_pb2 import (
    PutCorrelatedEventRequest,
    PutExternalEventDefRequest,
    PutExternalEventRequest,
)
from konik.api.pb.external_event_pb2 import CorrelatedEvent, CorrelatedEventConfig, ExternalEvent
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest, RunWfRequest
from konik.api.pb.task_run_pb2 import LHTaskException
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_run_pb2 import WfRun


def value(of: Any) -> VariableValue:
    if isinstance(of, VariableValue):
        return of
    kind = {bool: "bool", int: "int", float: "double", str: "str", bytes: "bytes"}
    return VariableValue() if of is None else VariableValue(**{kind[type(of)]: of})


def compiled(entrypoint: Callable[..., Any], name: str) -> PutWfSpecRequest:
    """What the published SDK makes of the function."""
    return PutWfSpecRequest.FromString(Workflow(name, entrypoint).compile().SerializeToString())


class Cluster(Engine):
    """The engine with shorthands for what these tests do again and again."""

    def put_task_def(self, name: str, *inputs: str, returns: str | None = None) -> None:
        request = PutTaskDefRequest(name=name)
        for input in inputs:
            variable, _, kind = input.partition(":")
            request.input_vars.add(name=variable).type_def.primitive_type = VariableType.Value(kind)
        if returns is not None:
            request.return_type.return_type.primitive_type = VariableType.Value(returns)
        self.call("PutTaskDef", request)

    def put_workflow(
        self,
        entrypoint: Callable[..., Any],
        name: str = "wf",
        change: Callable[[PutWfSpecRequest], None] = lambda compiled: None,
    ) -> None:
        """Compiles the function and registers it; `change` adds what the SDK cannot say."""
        request = compiled(entrypoint, name)
        change(request)
        self.call("PutWfSpec", request)

    def put_event_def(
        self,
        name: str,
        type: str | None = None,
        retention_s: int | None = None,
        correlated: CorrelatedEventConfig | None = None,
    ) -> None:
        request = PutExternalEventDefRequest(name=name, correlated_event_config=correlated)
        if type is not None:
            request.content_type.return_type.primitive_type = VariableType.Value(type)
        if retention_s is not None:
            request.retention_policy.seconds_after_put = retention_s
        self.call("PutExternalEventDef", request)

    def start(self, id: str = "run", name: str = "wf", **variables: Any) -> WfRun:
        given = {key: value(of) for key, of in variables.items()}
        run: WfRun = self.call("RunWf", RunWfRequest(wf_spec_name=name, id=id, variables=given), WfRun)
        return run

    def delete(self, id: str = "run") -> None:
        self.call("DeleteWfRun", DeleteWfRunRequest(id=WfRunId(id=id)))

    def event(self, name: str, content: Any = None, id: str = "run", **more: Any) -> ExternalEvent:
        """Sends an event to a WfRun; `more` may say guid, thread_run_number and node_run_position."""
        request = PutExternalEventRequest(wf_run_id=WfRunId(id=id), content=value(content), **more)
        request.external_event_def_id.name = name
        event: ExternalEvent = self.call("PutExternalEvent", request, ExternalEvent)
        return event

    def correlate(self, name: str, key: str, content: Any = None) -> CorrelatedEvent:
        request = PutCorrelatedEventRequest(key=key, content=value(content))
        request.external_event_def_id.name = name
        event: CorrelatedEvent = self.call("PutCorrelatedEvent", request, CorrelatedEvent)
        return event

    def do(self, task_def: str, output: Any = None) -> None:
        """A worker takes the next task and finishes it well."""
        task = self.poll(task_def)
        assert task is not None, f"no task waits for a worker of {task_def}"
        self.report(task, output=value(output))

    def throw(self, task_def: str, name: str, message: str = "", content: Any = None) -> None:
        """A worker takes the next task and ends it with an exception."""
        task = self.poll(task_def)
        assert task is not None, f"no task waits for a worker of {task_def}"
        exception = LHTaskException(name=name, message=message)
        if content is not None:
            exception.content.CopyFrom(value(content))
        self.report(task, status=TASK_EXCEPTION, exception=exception)

    def fail_task(self, task_def: str) -> None:
        task = self.poll(task_def)
        assert task is not None, f"no task waits for a worker of {task_def}"
        self.fail(task)
