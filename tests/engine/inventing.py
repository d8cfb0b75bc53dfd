"""Random workflows: tasks, events, sleeps, branches, loops and handlers, in each other."""

from collections.abc import Callable
from random import Random

from littlehorse.model import ExponentialBackoffRetryPolicy
from littlehorse.workflow import NodeOutput, WfRunVariable, WorkflowThread

DEPTH_MAX = 2
"""How deep branches, loops and handlers lie in each other."""

STATEMENTS_MAX = 3
"""Of one body."""

TURNS_MAX = 2
"""Of a loop."""

POLICY = ExponentialBackoffRetryPolicy(base_interval_ms=400, multiplier=2.0, max_delay_ms=1000)


def invented(chance: Random) -> Callable[[WorkflowThread], None]:
    """A workflow over the tasks and events of stories, with a variable n. Declaring it draws from `chance`."""
    inventor = Inventor(chance)
    return inventor.begin


class Inventor:
    """Draws one workflow."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.loops = 0

    def begin(self, thread: WorkflowThread) -> None:
        self.entrypoint = thread
        self.n = thread.declare_int("n", default_value=0)
        self.body(thread, 0)

    def body(self, thread: WorkflowThread, depth: int) -> None:
        for _ in range(self.chance.randint(1, STATEMENTS_MAX)):
            self.chance.choice(_FLAT if depth == DEPTH_MAX else _ALL)(self, thread, depth)

    def task(self, thread: WorkflowThread, depth: int) -> None:
        policy = self.chance.choice((None, POLICY))
        tries, seconds = self.chance.choice((None, 1, 2)), self.chance.choice((None, 5))
        done = thread.execute("work", self.n, retries=tries, timeout_seconds=seconds, exponential_backoff=policy)
        self.handle(thread, done, depth)
        if self.chance.random() < 0.5:
            self.n.assign(done)

    def repair(self, thread: WorkflowThread, depth: int) -> None:
        self.handle(thread, thread.execute("repair"), depth)

    def event(self, thread: WorkflowThread, depth: int) -> None:
        name, key = self.chance.choice((("paid", None), ("signed", "k1"), ("signed", None)))
        arrived = thread.wait_for_event(name, timeout=self.chance.choice((-1, 5, 30)), correlation_id=key)
        self.handle(thread, arrived, depth)

    def sleep(self, thread: WorkflowThread, depth: int) -> None:
        thread.sleep(self.chance.choice((1, 30, self.n)))

    def count(self, thread: WorkflowThread, depth: int) -> None:
        self.n.assign(self.chance.choice((self.n.add(1), self.n.subtract(1), self.n.divide(self.n), 7)))

    def branch(self, thread: WorkflowThread, depth: int) -> None:
        branches = thread.do_if(self.n.is_greater_than(0), lambda body: self.arm(body, depth + 1))
        if self.chance.random() < 0.5:
            branches.do_else(lambda body: self.arm(body, depth + 1))

    def arm(self, thread: WorkflowThread, depth: int) -> None:
        """A body that may end the thread."""
        self.body(thread, depth)
        match self.chance.randrange(6):
            case 0:
                thread.fail("given-up", "in an arm", self.n)
            case 1:
                thread.complete()

    def loop(self, thread: WorkflowThread, depth: int) -> None:
        turn = self.counter(thread)

        def body(inner: WorkflowThread) -> None:
            self.body(inner, depth + 1)
            turn.assign(turn.add(1))

        turn.assign(0)
        thread.do_while(turn.is_less_than(TURNS_MAX), body)

    def counter(self, thread: WorkflowThread) -> WfRunVariable:
        self.loops += 1
        return thread.declare_int(f"turn{self.loops}", default_value=0)

    def handle(self, thread: WorkflowThread, node: NodeOutput, depth: int) -> None:
        if depth == DEPTH_MAX or thread is not self.entrypoint:
            return  # the SDK names handlers after their node alone: those of two threads may collide
        handlers: tuple[Callable[..., None] | None, ...] = (
            None,
            thread.handle_error,
            thread.handle_any_failure,
            lambda *of: thread.handle_exception(*of, "broken"),
        )
        handle = self.chance.choice(handlers)
        if handle is not None:
            handle(node, lambda child: self.arm(child, depth + 1))


_FLAT = (Inventor.task, Inventor.repair, Inventor.event, Inventor.sleep, Inventor.count)
_ALL = (*_FLAT, Inventor.branch, Inventor.loop)
