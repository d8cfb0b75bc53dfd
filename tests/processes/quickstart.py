"""The know-your-customer workflow of LittleHorse's quickstart: verify somebody, wait for the verdict, tell them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from littlehorse.model import (
    CorrelatedEventConfig,
    ExternalEventDefId,
    LHErrorType,
    PutCorrelatedEventRequest,
    WfRun,
)
from littlehorse.worker import LHType, WorkerContext
from littlehorse.workflow import WorkflowThread
from published_client import PublishedClient, value

VERIFY, NOTIFY, NOTIFY_NOT = "verify-identity", "notify-customer-verified", "notify-customer-not-verified"
EVENT = "identity-verified"
NOT_VERIFIED = "customer-not-verified"

WAITS_FOR_EVENT = 2
"""Position of the node that waits: entrypoint, task, event."""

SocialSecurityNumber = Annotated[int, LHType("ssn", masked=True)]

Attempt = tuple[str, str, int]
"""WfRun, task guid and number of an attempt."""


@dataclass
class Journal:
    """What the worker itself has done, to be compared with what the cluster says."""

    executed: Counter[Attempt] = field(default_factory=Counter)

    def write(self, context: WorkerContext) -> None:
        self.executed[context.wf_run_id.id, context.task_run_id.task_guid, context.attempt_number] += 1

    @property
    def twice(self) -> list[Attempt]:
        return [attempt for attempt, times in self.executed.items() if times > 1]


def quickstart(event_timeout_s: int = 60) -> Callable[[WorkflowThread], None]:
    """The workflow; without a verdict in time it ends with the exception `customer-not-verified`."""

    def entrypoint(wf: WorkflowThread) -> None:
        full_name = wf.declare_str("full-name").searchable().required()
        email = wf.declare_str("email").searchable().required()
        ssn = wf.declare_int("ssn").masked().required()
        verified = wf.declare_bool("identity-verified").searchable()
        wf.execute(VERIFY, full_name, email, ssn, retries=3)
        verdict = wf.wait_for_event(
            EVENT,
            timeout=event_timeout_s,
            correlation_id=email,
            auto_register=True,
            correlated_event_config=CorrelatedEventConfig(delete_after_first_correlation=True),
        )
        wf.handle_error(verdict, lambda handler: handler.fail(NOT_VERIFIED, "no verdict in time"), LHErrorType.TIMEOUT)
        verified.assign(verdict)
        wf.do_if(
            verified.is_equal_to(True),
            lambda then: then.execute(NOTIFY, full_name, email),
        ).do_else(lambda otherwise: otherwise.execute(NOTIFY_NOT, full_name, email))

    return entrypoint


def open_for_customers(client: PublishedClient, journal: Journal) -> None:
    """Workers for the three tasks, and the workflow as `quickstart`."""

    async def verify(full_name: str, email: str, ssn: SocialSecurityNumber, context: WorkerContext) -> str:
        journal.write(context)
        return f"{full_name} is looked into"

    async def notify(full_name: str, email: str, context: WorkerContext) -> str:
        journal.write(context)
        return f"{full_name} is told"

    client.work(verify, VERIFY)
    client.work(notify, NOTIFY)
    client.work(notify, NOTIFY_NOT)
    client.deploy("quickstart", quickstart())


def new_customer(client: PublishedClient, email: str, workflow: str = "quickstart") -> WfRun:
    """A WfRun for a customer of that address."""
    return client.run(workflow, full_name="Obi-Wan Kenobi", email=email, ssn=123_456_789)


def give_verdict(client: PublishedClient, email: str, verified: bool) -> None:
    """The event that the customer's WfRun waits for."""
    client.stub.PutCorrelatedEvent(
        PutCorrelatedEventRequest(
            key=email, external_event_def_id=ExternalEventDefId(name=EVENT), content=value(verified)
        )
    )
