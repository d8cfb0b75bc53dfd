"""The same customer check with Konik's own SDK: several servers, plain functions as tasks, operators in conditions.

konik dev --nodes 3                             # in one terminal
python examples/quickstart/with_konik_sdk.py    # in another; stop any node meanwhile
"""

import asyncio
import sys
from dataclasses import dataclass
from typing import Annotated

from konik.sdk import (
    Client,
    CorrelatedEventConfig,
    LHErrorType,
    LHStatus,
    TaskContext,
    ThreadBuilder,
    Var,
    Worker,
    Workflow,
    task,
)

SERVERS = "localhost:2023,localhost:2024,localhost:2025"


@dataclass
class Customer:
    name: str
    email: str


@task
def check_identity(customer: Customer, ssn: Annotated[int, Var(masked=True)], context: TaskContext) -> str:
    """Hands the customer to the agency, once however often it is tried: the key stays the same."""
    if context.attempt_number == 0:
        raise ConnectionError("the agency is busy")
    return f"case {context.idempotency_key} for {customer.name}"


@task
async def write_to(customer: Customer, text: str) -> None:
    """Sends a letter."""
    print(f"to {customer.email}: {text}")


def check_customer(wf: ThreadBuilder) -> None:
    customer = wf.declare_json_obj("customer").required()
    ssn = wf.declare_int("ssn").masked().required()
    score = wf.declare_int("score", 0)

    def give_up(handler: ThreadBuilder) -> None:
        handler.fail("customer-not-verified", "The agency did not answer in time.")

    wf.execute("check-identity", customer, ssn, retries=3)
    answer = wf.wait_for_event(
        "agency-answered",
        timeout=300,
        correlation_id=customer.with_json_path("$.email"),
        return_type=int,
        correlated_event_config=CorrelatedEventConfig(delete_after_first_correlation=True),
    )
    wf.handle_error(answer, give_up, LHErrorType.TIMEOUT)
    score.assign(answer)
    wf.do_if(
        (score > 50) & (score <= 100), lambda body: body.execute("write-to", customer, "You are verified.")
    ).do_else(lambda body: body.execute("write-to", customer, "We could not verify you."))


async def main(servers: str) -> None:
    async with Client(servers) as client:
        worker = Worker(client, [check_identity, write_to])
        await worker.register()
        await Workflow("check-customer", check_customer).register(client)
        working = asyncio.create_task(worker.run())

        customer = Customer("Obi-Wan Kenobi", "obiwan@jedi.temple")
        run = await client.run_wf("check-customer", {"customer": customer, "ssn": 123456789})
        await client.put_correlated_event(customer.email, "agency-answered", 87)
        while (run := await client.get_wf_run(run.id)).status == LHStatus.RUNNING:
            await asyncio.sleep(0.1)
        print(f"run {run.id.id}: {LHStatus.Name(run.status)}")

        worker.stop()
        await working


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else SERVERS))
