"""Random histories of a cluster: workflows, workers, events, leaders that change, nodes that go, and nonsense.

A story makes one choice after the other and remembers the entries that came of them. The same choices make the same
story, so that two machines, or two processes, can be compared.
"""

from random import Random
from typing import Any

from engine import NONCE, MemoryView
from google.protobuf.message import Message
from inventing import invented
from littlehorse.model import ExponentialBackoffRetryPolicy
from littlehorse.workflow import WorkflowThread
from workshop import Cluster, compiled, value

from konik.api.pb.enums_pb2 import (
    TASK_EXCEPTION,
    TASK_FAILED,
    TASK_INPUT_VAR_SUB_ERROR,
    TASK_OUTPUT_SERDE_ERROR,
    TASK_RUNNING,
    TASK_SUCCESS,
    TASK_TIMEOUT,
)
from konik.api.pb.event_requests_pb2 import (
    DeleteCorrelatedEventRequest,
    PutCorrelatedEventRequest,
    PutExternalEventRequest,
)
from konik.api.pb.external_event_pb2 import CorrelatedEventConfig
from konik.api.pb.ids_pb2 import CorrelatedEventId, ExternalEventDefId, TaskDefId, WfRunId
from konik.api.pb.internal_pb2 import ForgetNode, LoseNode, OfferTickets, ReturnAttempts, WithdrawTickets
from konik.api.pb.metadata_requests_pb2 import DeleteTaskDefRequest, PutTaskDefRequest
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest, RunWfRequest
from konik.api.pb.task_requests_pb2 import PollTaskResponse, RegisterTaskWorkerRequest, ReportTaskRun
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine import term
from konik.statemachine.entry import ClientId, Command, CommandId, Entry, Result, refused
from konik.statemachine.machine import Machine
from konik.statemachine.registry import METHODS, Kind
from konik.statemachine.rejection import Code
from konik.statemachine.tasks.delivery import Delivery
from konik.statemachine.version import KNOWN

Recorded = tuple[int, Entry | int]
"""What was applied at an index: an entry, or the term that began there."""

Process = tuple[str, bytes]
"""The name of a node, and which of its processes."""

RUNS = ("a", "b", "c", "d")
INVENTED = ("invented-1", "invented-2")
WORKFLOWS = ("retrying", "waiting", "sleeping", "deciding", "correlating", "empty", "missing", *INVENTED * 2)
TASKS = ("work", "repair")
EVENTS = ("paid", "signed")
KEYS = ("k1", "k2")
NODES = ("node-2", "node-3")
COMMAND_METHODS = tuple(sorted(name for name, method in METHODS.items() if method.kind is not Kind.QUERY))
VALUES: tuple[Any, ...] = (
    None,
    0,
    7,
    -(2**63),
    2**63 - 1,
    1.5,
    float("nan"),
    "text",
    "",
    True,
    b"\xff",
    VariableValue(json_obj='{"a": [1, 2.0]}'),
    VariableValue(json_obj="{oops"),
    VariableValue(json_arr="[3]"),
    VariableValue(json_arr="null"),
    VariableValue(struct={}),
    VariableValue(utc_timestamp={"seconds": 2**62, "nanos": -1}),
)
WAITS_MS = (0, 1, 400, 1000, 5000, 30_000, 60_000, 700_000)
STATUSES = (
    TASK_SUCCESS,
    TASK_FAILED,
    TASK_TIMEOUT,
    TASK_EXCEPTION,
    TASK_OUTPUT_SERDE_ERROR,
    TASK_INPUT_VAR_SUB_ERROR,
    TASK_RUNNING,
)


def retrying(thread: WorkflowThread) -> None:
    policy = ExponentialBackoffRetryPolicy(base_interval_ms=500, multiplier=2.0, max_delay_ms=1500)
    n = thread.declare_int("n", default_value=0)
    first = thread.execute("work", n, retries=2)
    thread.handle_error(first, lambda handler: handler.execute("repair", retries=1, exponential_backoff=policy))
    n.assign(first)
    thread.execute("work", n, retries=2, exponential_backoff=policy, timeout_seconds=5)


def waiting(thread: WorkflowThread) -> None:
    n = thread.declare_int("n", default_value=0)

    def handler(child: WorkflowThread) -> None:
        child.wait_for_event("paid", timeout=30)
        n.assign(n.add(1))

    paid = thread.wait_for_event("paid", timeout=5)
    thread.handle_any_failure(paid, handler)
    n.assign(paid)
    thread.execute("work", n)


def sleeping(thread: WorkflowThread) -> None:
    n = thread.declare_int("n", default_value=0)

    def turn(body: WorkflowThread) -> None:
        body.sleep(n)
        n.assign(n.add(1))

    thread.do_while(n.is_less_than(3), turn)


def deciding(thread: WorkflowThread) -> None:
    n = thread.declare_int("n", default_value=0)
    done = thread.execute("work", n)
    thread.handle_exception(done, lambda handler: handler.fail("given-up", "by the handler", n), "broken")
    thread.handle_any_failure(done, lambda handler: None)
    n.assign(n.divide(done))
    branches = thread.do_if(n.is_greater_than(0), lambda body: body.execute("repair"))
    branches.do_else(lambda body: body.fail("not-positive", "n", n))
    thread.complete(n)


def correlating(thread: WorkflowThread) -> None:
    n = thread.declare_int("n", default_value=0)
    key = thread.declare_str("key", default_value="k1")
    signed = thread.wait_for_event("signed", correlation_id=key, timeout=30)
    n.assign(signed)
    thread.wait_for_event("signed", correlation_id="k2")


class Story(Cluster):
    """`go_on` makes the next thing happen."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.recorded: list[Recorded] = []
        self.gathered: list[Command] = []
        self.raft_term = 1
        self.nonces = {node: NONCE for node in NODES}
        self.numbers: dict[Process, int] = {}
        self.answered: dict[CommandId, Result] = {}
        self.open: list[Delivery] = []
        super().__init__()
        self._prepare()

    def _prepare(self) -> None:
        self.put_task_def("work", "n:INT", returns="INT")
        self.put_task_def("repair")
        self.put_event_def("paid", "INT", retention_s=20)
        self.put_event_def("signed", correlated=CorrelatedEventConfig(ttl_seconds=60))
        for entrypoint in (retrying, waiting, sleeping, deciding, correlating):
            self.put_workflow(entrypoint, name=entrypoint.__name__)
        self.put_workflow(lambda thread: None, name="empty")
        self.ready = len(self.recorded)

    def apply(self, *commands: Command, floors: tuple[CommandId, ...] = ()) -> list[Result]:
        self.recorded.append((self.index + 1, Entry(KNOWN, self.now_ms, floors, commands)))
        before = len(self.deliveries)
        results = super().apply(*commands, floors=floors)
        self.open += self.deliveries[before:]
        if self.unexpected:
            raise self.unexpected.pop()
        for command, result in zip(commands, results, strict=True):
            self.answered.setdefault(command.id, result)
        return results

    def begin_term(self, raft_term: int) -> None:
        self.recorded.append((self.index + 1, raft_term))
        super().begin_term(raft_term)

    def go_on(self) -> None:
        action = self.chance.choice(_ACTIONS)
        action(self)

    def process(self, node: str | None = None) -> Process:
        """The one that runs now on that node, or on any."""
        chosen = self.chance.choice(NODES) if node is None else node
        return chosen, self.nonces[chosen]

    def give(
        self,
        method: str,
        request: Message | bytes,
        by: Process | None = None,
        client_id: ClientId | None = None,
    ) -> None:
        """A command that some process received; often others are in the same entry."""
        process = self.process() if by is None else by
        self.numbers[process] = self.numbers.get(process, 0) + 1
        id = CommandId(*process, self.numbers[process])
        raw = request if isinstance(request, bytes) else request.SerializeToString(deterministic=True)
        self.gathered.append(Command(method, "default", "anonymous", id, client_id, raw))
        if self.chance.random() < 0.6:
            self.flush()

    def flush(self) -> None:
        commands, self.gathered = self.gathered, []
        again = [command for command in commands if self.chance.random() < 0.1]
        for command, result in zip(again, self.apply(*commands, *again)[len(commands) :], strict=True):
            assert result in (self.answered[command.id], _FORGOTTEN), "a command that came twice has two answers"


def _wf_run_id(story: Story) -> WfRunId:
    return WfRunId(id=story.chance.choice(RUNS))


def _value(story: Story) -> VariableValue:
    return value(story.chance.choice(VALUES))


def _invent(story: Story) -> None:
    """A WfSpec that nobody thought of, or another version of one."""
    story.give("PutWfSpec", compiled(invented(story.chance), story.chance.choice(INVENTED)))


def _run(story: Story) -> None:
    request = RunWfRequest(wf_spec_name=story.chance.choice(WORKFLOWS), id=story.chance.choice(RUNS))
    if story.chance.random() < 0.5:
        request.variables["n"].CopyFrom(_value(story))
    client_id = ClientId(request.id, story.now_ms - 1) if story.chance.random() < 0.3 else None
    story.give("RunWf", request, client_id=client_id)


def _delete(story: Story) -> None:
    story.give("DeleteWfRun", DeleteWfRunRequest(id=_wf_run_id(story)))


def _offer(story: Story) -> None:
    process = story.process()
    offer = OfferTickets(node=process[0], nonce=process[1])
    offer.term = story.chance.choice((term.current(story.view), term.current(story.view), 0))
    for _ in range(story.chance.randrange(4)):
        story.tickets += 1
        ticket = offer.tickets.add(tenant="default", task_def=story.chance.choice(TASKS), worker_id="w")
        ticket.stream, ticket.number = story.chance.randrange(1, 4), story.tickets
    for delivery in list(story.open):
        if (delivery.node, delivery.nonce) == process and story.chance.random() < 0.5:
            offer.delivered.append(delivery.attempt)
    story.give("konik.OfferTickets", offer, process)


def _report(story: Story) -> None:
    if not story.open:
        return
    delivery = story.chance.choice(story.open)
    if story.chance.random() < 0.8:
        story.open.remove(delivery)
    task = PollTaskResponse.FromString(delivery.response()).result
    report = ReportTaskRun(task_run_id=task.task_run_id, attempt_number=task.attempt_number)
    report.status = TASK_SUCCESS if story.chance.random() < 0.5 else story.chance.choice(STATUSES)
    report.time.FromMilliseconds(story.now_ms + story.chance.choice((-100_000, -1, 0, 1, 10**14)))
    if report.status == TASK_EXCEPTION:
        report.exception.name = story.chance.choice(("broken", "TIMEOUT", ""))
        report.exception.content.CopyFrom(_value(story))
    else:
        report.output.CopyFrom(value(3) if story.chance.random() < 0.5 else _value(story))
    story.give("ReportTask", report)


def _give_back(story: Story) -> None:
    if not story.open:
        return
    delivery = story.chance.choice(story.open)
    request = ReturnAttempts(node=delivery.node, nonce=delivery.nonce)
    request.attempts.append(delivery.attempt)
    story.give("konik.ReturnAttempts", request, (delivery.node, delivery.nonce))


def _withdraw(story: Story) -> None:
    process = story.process()
    request = WithdrawTickets(node=process[0], nonce=process[1], stream=story.chance.randrange(4))
    story.give("konik.WithdrawTickets", request, process)


def _replace_node(story: Story) -> None:
    """Another process of the same node begins; commands of the old one may still be under way."""
    old, witness = story.chance.sample(NODES, 2)
    request = ForgetNode(node=old, nonce=story.nonces[old])
    story.give("konik.ForgetNode", request, story.process(witness))
    story.nonces[old] = bytes(story.chance.randrange(256) for _ in range(16))


def _lose_node(story: Story) -> None:
    """The process cannot be reached for a while."""
    lost, witness = story.chance.sample(NODES, 2)
    story.give("konik.LoseNode", LoseNode(node=lost, nonce=story.nonces[lost]), story.process(witness))


def _event(story: Story) -> None:
    request = PutExternalEventRequest(wf_run_id=_wf_run_id(story), content=_value(story))
    request.external_event_def_id.name = story.chance.choice(EVENTS)
    if story.chance.random() < 0.3:
        request.guid = story.chance.choice(("g1", "g2"))
    if story.chance.random() < 0.3:
        request.thread_run_number = story.chance.randrange(3)
    if story.chance.random() < 0.3:
        request.node_run_position = story.chance.randrange(3)
    story.give("PutExternalEvent", request)


def _correlate(story: Story) -> None:
    request = PutCorrelatedEventRequest(key=story.chance.choice(KEYS), content=_value(story))
    request.external_event_def_id.name = story.chance.choice(EVENTS)
    story.give("PutCorrelatedEvent", request)


def _uncorrelate(story: Story) -> None:
    id = CorrelatedEventId(key=story.chance.choice(KEYS), external_event_def_id=ExternalEventDefId(name="signed"))
    story.give("DeleteCorrelatedEvent", DeleteCorrelatedEventRequest(id=id))


def _redefine(story: Story) -> None:
    """A TaskDef goes, and mostly comes back."""
    story.give("DeleteTaskDef", DeleteTaskDefRequest(id=TaskDefId(name="repair")))
    if story.chance.random() < 0.7:
        story.give("PutTaskDef", PutTaskDefRequest(name="repair"))


def _heartbeat(story: Story) -> None:
    request = RegisterTaskWorkerRequest(task_def_id=TaskDefId(name="work"))
    request.task_worker_id = story.chance.choice(("w1", "w2", "w3"))
    story.give("RegisterTaskWorker", request)


def _time_passes(story: Story) -> None:
    story.flush()
    story.now_ms += story.chance.choice(WAITS_MS)


def _term(story: Story) -> None:
    story.flush()
    story.raft_term += 1
    story.begin_term(story.raft_term)


def _floor(story: Story) -> None:
    process = story.process()
    if story.numbers.get(process, 0) > 3:
        story.flush()
        story.apply(floors=(CommandId(*process, story.numbers[process] - 2),))


def _nonsense(story: Story) -> None:
    raw = bytes(story.chance.randrange(256) for _ in range(story.chance.randrange(12)))
    story.give(story.chance.choice(_PUBLIC), raw)


_FORGOTTEN = refused(Code.ABORTED, "the outcome of this command is no longer known; look before you repeat it")
_PUBLIC = tuple(name for name in COMMAND_METHODS if METHODS[name].kind is Kind.COMMAND)
_ACTIONS = (
    *(_run,) * 6,
    *(_offer,) * 8,
    *(_report,) * 8,
    *(_event,) * 4,
    *(_time_passes,) * 4,
    *(_correlate,) * 2,
    *(_invent,) * 2,
    _delete,
    _give_back,
    _withdraw,
    _replace_node,
    _lose_node,
    _uncorrelate,
    _redefine,
    _heartbeat,
    _term,
    _floor,
    _nonsense,
)


def replay(recorded: list[Recorded], view: MemoryView) -> list[Result]:
    """Applies it all to a new machine."""

    def fail(_: Command | None, error: Exception) -> None:
        raise error

    machine = Machine(view, fail)
    results = []
    for index, applied in recorded:
        if isinstance(applied, int):
            machine.begin_term(applied)
        else:
            results += [step.result for step in machine.apply(index, applied) if step.result is not None]
    return results


def is_refusal(result: Result) -> bool:
    assert result.code is not Code.INTERNAL, result
    return result.code is not Code.OK
