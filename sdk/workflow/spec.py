"""A workflow program and what it compiles to: one PutWfSpecRequest, and the event definitions that go with it."""

from dataclasses import dataclass
from typing import Any, Self

from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest, PutWorkflowEventDefRequest
from konik.api.pb.expressions_pb2 import ExponentialBackoffRetryPolicy
from konik.api.pb.external_event_pb2 import CorrelatedEventConfig
from konik.api.pb.metadata_requests_pb2 import AllowedUpdateType, PutWfSpecRequest
from konik.api.pb.values_pb2 import ReturnType
from konik.api.pb.wf_spec_pb2 import ThreadSpec, WfSpec, WorkflowRetentionPolicy
from konik.sdk.client import Client
from konik.sdk.errors import WorkflowError
from konik.sdk.typedefs import type_definition
from konik.sdk.workflow.threads import ThreadBuilder, ThreadFunction

ENTRYPOINT = "entrypoint"


@dataclass(frozen=True)
class TaskDefaults:
    """What a task gets that does not say otherwise."""

    timeout_seconds: int | None = None
    retries: int | None = None
    exponential_backoff: ExponentialBackoffRetryPolicy | None = None


class Workflow:
    """A named program. `entrypoint` is called with a ThreadBuilder each time the workflow is compiled."""

    def __init__(self, name: str, entrypoint: ThreadFunction, parent_wf: str | None = None) -> None:
        self.name = name
        self._entrypoint = entrypoint
        self._parent = parent_wf
        self._updates: AllowedUpdateType | None = None
        self._retention: WorkflowRetentionPolicy | None = None
        self.task_defaults = TaskDefaults()
        self._threads: dict[str, ThreadFunction] = {}
        self._current: ThreadBuilder | None = None
        self.external_events: dict[str, PutExternalEventDefRequest] = {}
        self.workflow_events: dict[str, PutWorkflowEventDefRequest] = {}

    def with_update_type(self, update_type: AllowedUpdateType) -> Self:
        """Which changes against the version before may be registered."""
        self._updates = update_type
        return self

    def with_retention_policy(self, policy: WorkflowRetentionPolicy) -> Self:
        """How long finished runs are kept."""
        self._retention = policy
        return self

    def with_retry_policy(
        self, retries: int | None = None, exponential_backoff: ExponentialBackoffRetryPolicy | None = None
    ) -> Self:
        """What tasks without options of their own do on failure."""
        self.task_defaults = TaskDefaults(self.task_defaults.timeout_seconds, retries, exponential_backoff)
        return self

    def with_task_timeout_seconds(self, timeout_seconds: int) -> Self:
        """How long tasks without a timeout of their own may run."""
        old = self.task_defaults
        self.task_defaults = TaskDefaults(timeout_seconds, old.retries, old.exponential_backoff)
        return self

    def compile(self) -> PutWfSpecRequest:
        """Runs the program and gives the request that registers it. Raises WorkflowError.

        Thread functions run one after the other, not inside each other: one may name further ones, which follow.
        """
        self._threads = {ENTRYPOINT: self._entrypoint}
        self.external_events, self.workflow_events = {}, {}
        request = PutWfSpecRequest(
            name=self.name,
            entrypoint_thread_name=ENTRYPOINT,
            allowed_updates=self._updates,
            retention_policy=self._retention,
            parent_wf_spec=WfSpec.ParentWfSpecReference(wf_spec_name=self._parent) if self._parent else None,
        )
        done = 0
        while done < len(self._threads):
            name, function = list(self._threads.items())[done]
            request.thread_specs[name].CopyFrom(self._compile_thread(function))
            done += 1
        return request

    def _compile_thread(self, function: ThreadFunction) -> ThreadSpec:
        self._current = ThreadBuilder(self)
        function(self._current)
        return self._current.finish()

    def current_thread(self) -> ThreadBuilder:
        """The thread that is being written now: where an assignment to any variable takes place."""
        assert self._current is not None, "a variable is made by a thread"
        return self._current

    def add_thread(self, name: str, function: ThreadFunction) -> str:
        """Queues a thread function to be compiled under this name, and returns the name."""
        if name in self._threads:
            raise WorkflowError(f"the workflow has a thread {name!r} already; choose another name")
        self._threads[name] = function
        return name

    def register_external_event(self, name: str, payload: Any, config: CorrelatedEventConfig | None) -> None:
        """Has the definition of an external event registered together with the workflow."""
        request = PutExternalEventDefRequest(name=name, correlated_event_config=config)
        if payload is not None:
            request.content_type.CopyFrom(ReturnType(return_type=type_definition(payload)))
        self.external_events[name] = request

    def register_workflow_event(self, name: str, payload: Any) -> None:
        """Has the definition of a workflow event registered together with the workflow."""
        request = PutWorkflowEventDefRequest(name=name)
        if payload is not None:
            request.content_type.CopyFrom(ReturnType(return_type=type_definition(payload)))
        self.workflow_events[name] = request

    async def register(self, client: Client) -> WfSpec:
        """Compiles and registers the workflow, its event definitions first. Registering again is harmless."""
        request = self.compile()
        for external in self.external_events.values():
            await client.put_external_event_def(external)
        for thrown in self.workflow_events.values():
            await client.put_workflow_event_def(thrown)
        return await client.put_wf_spec(request)
