"""The LittleHorse quickstart, on the published client: nothing in this file knows that the server is Konik.

A customer's identity is checked by an agency that answers later, with an event. The answer decides who is notified; no
answer within the timeout fails the run with `customer-not-verified`.
"""

from littlehorse import create_task_def, create_workflow_spec
from littlehorse.config import LHConfig
from littlehorse.model import CorrelatedEventConfig, LHErrorType
from littlehorse.worker import LHTaskWorker, WorkerContext
from littlehorse.workflow import Workflow, WorkflowThread

WORKFLOW = "quickstart"
VERIFY_IDENTITY = "verify-identity"
NOTIFY_VERIFIED = "notify-customer-verified"
NOTIFY_NOT_VERIFIED = "notify-customer-not-verified"
IDENTITY_VERIFIED = "identity-verified"
NOT_VERIFIED = "customer-not-verified"


def workflow(event_timeout_seconds: int = 300) -> Workflow:
    """The workflow, which waits for the agency's answer for this long."""

    def entrypoint(wf: WorkflowThread) -> None:
        full_name = wf.declare_str("full-name").searchable().required()
        email = wf.declare_str("email").searchable().required()
        ssn = wf.declare_int("ssn").masked().required()
        verified = wf.declare_bool("identity-verified")

        def give_up(handler: WorkflowThread) -> None:
            handler.execute(NOTIFY_NOT_VERIFIED, full_name, email)
            handler.fail(NOT_VERIFIED, "The agency did not answer in time.")

        def notify_verified(body: WorkflowThread) -> None:
            body.execute(NOTIFY_VERIFIED, full_name, email)

        def notify_not_verified(body: WorkflowThread) -> None:
            body.execute(NOTIFY_NOT_VERIFIED, full_name, email)

        wf.execute(VERIFY_IDENTITY, full_name, email, ssn, retries=3)
        answer = wf.wait_for_event(
            IDENTITY_VERIFIED,
            timeout=event_timeout_seconds,
            correlation_id=email,
            return_type=bool,
            correlated_event_config=CorrelatedEventConfig(delete_after_first_correlation=True),
        )
        wf.handle_error(answer, give_up, LHErrorType.TIMEOUT)
        verified.assign(answer)
        wf.do_if(verified.is_equal_to(True), notify_verified).do_else(notify_not_verified)

    return Workflow(WORKFLOW, entrypoint)


async def verify_identity(full_name: str, email: str, ssn: int, context: WorkerContext) -> str:
    """Asks the agency, which does not answer the first time: the cluster tries again."""
    if context.attempt_number == 0:
        raise ConnectionError("the agency is busy")
    context.log(f"asked at attempt {context.attempt_number}")
    return f"The agency will check {full_name} and write to {email}."


async def notify_verified(full_name: str, email: str) -> str:
    return f"Dear {full_name}, you are verified. (to {email})"


async def notify_not_verified(full_name: str, email: str) -> str:
    return f"Dear {full_name}, we could not verify you. (to {email})"


TASKS = {
    VERIFY_IDENTITY: verify_identity,
    NOTIFY_VERIFIED: notify_verified,
    NOTIFY_NOT_VERIFIED: notify_not_verified,
}


def define(config: LHConfig, event_timeout_seconds: int = 300) -> None:
    """Registers the tasks, the event and the workflow; doing it again changes nothing."""
    for name, function in TASKS.items():
        create_task_def(function, name, config)
    create_workflow_spec(workflow(event_timeout_seconds), config)


def workers(config: LHConfig) -> list[LHTaskWorker]:
    return [LHTaskWorker(function, name, config) for name, function in TASKS.items()]
