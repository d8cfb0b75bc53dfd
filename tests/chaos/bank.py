"""A bank: a transfer debits one account and credits another one, and is made up for if that is closed.

The accounts are the workers'. They book a task once, however often it is attempted, and fail now and then: before they
have booked, or behind it. So money that goes astray is the cluster's doing: a task left out, done twice, or undone.
"""

import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from littlehorse.exceptions import LHTaskException
from littlehorse.worker import WorkerContext
from users import User
from workloads import COMPLETED, RETRIES, TASK_TIMEOUT_SECONDS, Workload, ended

from konik.sdk import Client, Task, TaskContext, TaskException, ThreadBuilder

TRANSFER = "transfer"
DEBIT, CREDIT, REFUND = "debit", "credit", "refund"
ACCOUNT_CLOSED = "account-closed"

ACCOUNTS, CLOSED = range(10), frozenset({7, 9})
AMOUNT_MAX = 100
FAILURES = 0.1
"""Share of attempts that fail before they have booked, and again of those that have."""


def transfer(wf: ThreadBuilder) -> None:
    source, target, amount = wf.declare_int("source"), wf.declare_int("target"), wf.declare_int("amount")
    options = {"retries": RETRIES, "timeout_seconds": TASK_TIMEOUT_SECONDS}
    wf.execute(DEBIT, source, amount, **options)
    credited = wf.execute(CREDIT, target, amount, **options)
    wf.handle_exception(credited, lambda handler: handler.execute(REFUND, source, amount, **options), ACCOUNT_CLOSED)


@dataclass(frozen=True)
class Booking:
    run: str
    task: str
    account: int
    amount: int


class Bank:
    """The accounts, and the tasks of two workers on them, one with each client. They may come from several threads."""

    def __init__(self, chance: Random) -> None:
        self._chance, self._lock = chance, threading.Lock()
        self.bookings: dict[tuple[str, str], Booking] = {}
        """By WfRun and task guid."""
        self.attempts: Counter[tuple[str, str, int]] = Counter()

    def _book(self, context: TaskContext | WorkerContext, task: str, account: int, amount: int) -> None:
        run, guid = context.task_run_id.wf_run_id.id, context.task_run_id.task_guid
        with self._lock:
            self.attempts[run, guid, context.attempt_number] += 1
            self._fail_at_times()
            self.bookings.setdefault((run, guid), Booking(run, task, account, amount))
            self._fail_at_times()

    def _fail_at_times(self) -> None:
        if self._chance.random() < FAILURES:
            raise RuntimeError("the bank's computer is down")

    def tasks(self) -> list[Task[..., None]]:
        """Those of Konik's worker, which opens a broken stream again at once."""

        async def debit(account: int, amount: int, context: TaskContext) -> None:
            self._book(context, DEBIT, account, -amount)

        async def credit(account: int, amount: int, context: TaskContext) -> None:
            if account in CLOSED:
                raise TaskException(ACCOUNT_CLOSED, f"account {account} takes no money")
            self._book(context, CREDIT, account, amount)

        async def refund(account: int, amount: int, context: TaskContext) -> None:
            self._book(context, REFUND, account, amount)

        return [Task(debit), Task(credit), Task(refund)]

    def credit(self) -> Callable[[int, int, WorkerContext], Awaitable[None]]:
        """The same as the published worker has it. That one opens a broken stream again with its next heartbeat, which
        is a minute later at most."""

        async def credit(account: int, amount: int, context: WorkerContext) -> None:
            if account in CLOSED:
                raise LHTaskException(ACCOUNT_CLOSED, f"account {account} takes no money")
            self._book(context, CREDIT, account, amount)

        return credit

    @property
    def sum(self) -> int:
        """Of what all accounts have gained; nothing, when no transfer is under way."""
        return sum(booking.amount for booking in self.bookings.values())

    def of(self, run: str) -> list[Booking]:
        """A transfer's bookings, in the order in which they were made."""
        return [booking for booking in self.bookings.values() if booking.run == run]


@dataclass(frozen=True)
class Order:
    source: int
    target: int
    amount: int


class Transfers(Workload):
    def __init__(self, chance: Random, bank: Bank) -> None:
        super().__init__(chance)
        self._bank = bank
        self._orders: dict[str, Order] = {}

    async def act(self, user: User) -> None:
        source, target = self.chance.sample([*ACCOUNTS], 2)
        run, order = self.new_id(), Order(source, target, self.chance.randint(1, AMOUNT_MAX))
        self._orders[run] = order
        await user.run(TRANSFER, run, vars(order))

    def expected(self, run: str) -> list[Booking]:
        """What has to come of a transfer."""
        order = self._orders[run]
        debit = Booking(run, DEBIT, order.source, -order.amount)
        if order.target in CLOSED:
            return [debit, Booking(run, REFUND, order.source, order.amount)]
        return [debit, Booking(run, CREDIT, order.target, order.amount)]

    async def findings(self, client: Client) -> list[str]:
        found = []
        for run, status in (await ended(client, [*self._orders])).items():
            if status != COMPLETED:
                found.append(f"transfer {run} is {status}")
            expected, booked = self.expected(run), self._bank.of(run)
            if booked != expected:
                found.append(f"transfer {run}: booked {booked}, expected {expected}")
        if self._bank.sum:
            found.append(f"the sum of all accounts is off by {self._bank.sum}")
        twice = [attempt for attempt, times in self._bank.attempts.items() if times > 1]
        return found + [f"attempt {attempt} was executed twice" for attempt in twice]
