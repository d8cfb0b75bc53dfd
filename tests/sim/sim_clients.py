"""Those who use a cluster of whole nodes: callers who repeat what was not answered, and workers with open streams.

They stand outside. A node that dies answers nothing more, which they notice, and turn to another one.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from littlehorse.workflow import Workflow, WorkflowThread
from sim_promises import TASKS
from sim_world import Violation

from konik.api.pb.enums_pb2 import TASK_FAILED, TASK_SUCCESS, VariableType
from konik.api.pb.event_requests_pb2 import PutExternalEventDefRequest, PutExternalEventRequest
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.task_requests_pb2 import PollTaskRequest, PollTaskResponse, ReportTaskRun, ScheduledTask
from konik.cluster.polls import PollStream
from konik.cluster.store.errors import StoreError
from konik.statemachine.entry import ClientId, Process, Result
from konik.statemachine.rejection import Code
from konik.statemachine.tasks.delivery import Delivery

if TYPE_CHECKING:
    from sim_node import Node
    from sim_nodes import Nodes

ANSWER_SECONDS_MAX = 20.0
"""No call takes longer on a node that lives, whatever happens to it: its clients would have gone."""

AGAIN = frozenset((Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED))
"""What a caller tries again after."""

TASK_TIMEOUT_SECONDS = 2
ATTEMPTS = 50


def definitions() -> list[tuple[str, Message]]:
    """The commands with which a cluster begins: two WfSpecs of three tasks, one of them waiting for an event first."""
    task = PutTaskDefRequest(name="add")
    task.input_vars.add(name="n").type_def.primitive_type = VariableType.INT
    task.return_type.return_type.primitive_type = VariableType.INT
    return [
        ("PutTaskDef", task),
        ("PutExternalEventDef", PutExternalEventDefRequest(name="go")),
        ("PutWfSpec", _compiled("at-once", waits=False)),
        ("PutWfSpec", _compiled("waiting", waits=True)),
    ]


def _compiled(name: str, waits: bool) -> PutWfSpecRequest:
    def workflow(thread: WorkflowThread) -> None:
        number = thread.declare_int("n").required()
        if waits:
            thread.wait_for_event("go")
        for _ in range(TASKS):
            number.assign(thread.execute("add", number, timeout_seconds=TASK_TIMEOUT_SECONDS, retries=ATTEMPTS))

    return PutWfSpecRequest.FromString(Workflow(name, workflow).compile().SerializeToString())


def event_for(cluster: "Nodes", wf_run: str) -> "Call":
    """What a WfRun of the WfSpec "waiting" waits for."""
    event = PutExternalEventRequest(wf_run_id=WfRunId(id=wf_run), guid="the-one")
    event.external_event_def_id.name = "go"
    return Call(cluster, "PutExternalEvent", event, lambda _: None, once=True)


class Call:
    """One request, repeated until it is answered."""

    def __init__(
        self, cluster: "Nodes", method: str, request: Message, then: Callable[[Result], None], once: bool = False
    ) -> None:
        """With `once` the request has an id of the caller's own, so that it is carried out once however often sent."""
        self.cluster, self.method, self.then = cluster, method, then
        self.request = cluster.encoded(request)
        self.client_id: ClientId | None = None
        self.once = once
        self.is_answered = False

    def send(self) -> None:
        cluster, world = self.cluster, self.cluster.world
        node = cluster.any_node()
        if node is None or node.services is None:
            world.after(0.1, self.send)
            return
        if self.once and self.client_id is None:
            cluster.requests += 1
            self.client_id = ClientId(f"request-{cluster.requests}", cluster.time_at(node))
        Try(self, node)

    def answered(self, sent_as: ClientId | None, result: Result) -> None:
        """The request that was sent under that id has this result."""
        result = self.cluster.understood(self, sent_as, result)
        if result.code in AGAIN:
            self.cluster.world.after(0.2, self.send)
            return
        if result.code not in (Code.OK, Code.ALREADY_EXISTS):
            raise Violation(f"{self.method} is answered {result}")
        if sent_as is not None:
            self.cluster.promises.answered(sent_as.text, result)
        if not self.is_answered:
            self.is_answered = True
            self.cluster.counts["answers"] += 1
            self.then(result)


class Try:
    """One sending of a call: to one process, for some time."""

    def __init__(self, call: Call, node: "Node") -> None:
        services, world = node.services, call.cluster.world
        assert services is not None
        self.call, self.node, self.process, self.is_over = call, node, services.process, False
        self.sent_as = call.client_id
        self.sent_at = world.now
        patience = world.random.choice((0.1, 1.0, ANSWER_SECONDS_MAX))
        self.number = services.proposer.submit(
            call.method, "default", "anonymous", call.client_id, call.request, self._answered, patience
        )
        self._gives_up_at = world.now + patience
        world.after(0.05, self._look)

    def _answered(self, result: Result) -> None:
        """Within the node: its answer is on its way."""
        if not self.is_over:
            self.is_over = True
            self.call.cluster.world.after(0.001, partial(self.call.answered, self.sent_as, result))

    def _look(self) -> None:
        world, services = self.call.cluster.world, self.node.services
        if self.is_over:
            return
        if services is None or services.process != self.process:
            self.is_over = True
            self.call.send()
        elif world.now >= self._gives_up_at:
            self.is_over = True
            if world.now - self.sent_at >= ANSWER_SECONDS_MAX and self.node.is_awake:
                raise Violation(f"{self.node.name} does not answer {self.call.method}")
            services.proposer.abandon(self.number)
            self.call.send()
        else:
            world.after(0.05, self._look)


class Caller:
    """Starts one WfRun after the other, and looks whether it is there."""

    def __init__(self, cluster: "Nodes", pause: float) -> None:
        self.cluster, self._pause = cluster, pause

    def begin(self) -> None:
        if not self.cluster.is_faulty:
            return
        world, number = self.cluster.world, len(self.cluster.wf_runs) + 1
        id, waits = f"run-{number}", world.chance(0.3)
        self.cluster.wf_runs.append(id)
        request = RunWfRequest(wf_spec_name="waiting" if waits else "at-once", id=id)
        request.variables["n"].int = number
        call = Call(self.cluster, "RunWf", request, lambda _: self._started(id, number, waits, call), world.chance(0.5))
        call.send()
        world.after(world.between(0, 2) * self._pause, self.begin)

    def _started(self, id: str, number: int, waits: bool, call: Call) -> None:
        cluster, world = self.cluster, self.cluster.world
        cluster.promises.started[id] = number
        for _ in range(2):
            self._read(id)
        if waits:
            once = event_for(cluster, id)
            world.after(world.between(0, 0.2), once.send)
            world.after(world.between(0, 0.2), once.send)
        if call.once:
            world.after(world.between(0, 2.0), call.send)

    def _read(self, id: str) -> None:
        node = self.cluster.any_node()
        if node is not None and (services := node.services) is not None:
            request = WfRunId(id=id).SerializeToString()

            def current() -> None:
                with suppress(StoreError):  # of which the node has died
                    found = services.query("GetWfRun", "default", "anonymous", request)
                    self.cluster.promises.read(node.name, id, found)
                    self.cluster.counts["reads"] += 1

            services.reads.when_current(current)


class Worker:
    """Holds one stream at a time, to whichever node runs; reports through any."""

    def __init__(self, cluster: "Nodes", name: str, home: "Node") -> None:
        self.cluster, self.name, self.home = cluster, name, home
        self.node = home
        self.process: Process | None = None
        self.stream: PollStream | None = None

    def live(self) -> None:
        """Looks after its stream."""
        world, services = self.cluster.world, self.node.services
        if services is None or services.process != self.process:
            self._reopen()
        elif self.cluster.is_faulty and world.chance(0.01):
            self._hang_up()
        world.after(0.1, self.live)

    def _reopen(self) -> None:
        self.stream = self.process = None
        candidates = [self.home] if self.home.services is not None else self.cluster.running()
        if not candidates:
            return
        self.node = self.cluster.world.random.choice(candidates)
        services = self.node.services
        assert services is not None
        self.process = services.process
        self.stream = stream = services.polls.open("default", self._wake)
        for _ in range(self.cluster.world.random.randint(1, 3)):
            self._ask(stream)

    def _hang_up(self) -> None:
        if self.stream is not None and self.node.is_awake:
            self.stream.close()
            self.stream = self.process = None
            self.cluster.counts["streams closed"] += 1

    # at the node

    def _ask(self, stream: PollStream) -> None:
        if stream is self.stream and self._node_lives() and not stream.ended:
            request = PollTaskRequest(client_id=self.name)
            request.task_def_id.name = "add"
            stream.ask(request)

    def _node_lives(self) -> bool:
        return self.node.services is not None and self.node.services.process == self.process

    def _wake(self) -> None:
        self.node.time.call_soon(self._write_all)

    def _write_all(self) -> None:
        stream = self.stream
        if stream is None or not self._node_lives():
            return
        world, time = self.cluster.world, self.node.time
        while (delivery := stream.take()) is not None:
            if self.cluster.is_faulty and world.chance(0.02):
                stream.give_back(delivery)
                self._hang_up()
                self.cluster.counts["tasks given back"] += 1
                return
            self._work_at(delivery, stream)
            time.after(world.random.choice((0.0, 0.001, 0.02)), partial(stream.written, delivery))
        if stream.ended:
            stream.close()
            self.stream = self.process = None

    # at the worker

    def _work_at(self, delivery: Delivery, stream: PollStream) -> None:
        task = PollTaskResponse.FromString(delivery.response()).result
        run, guid = task.task_run_id.wf_run_id.id, task.task_run_id.task_guid
        self.cluster.promises.delivered((run, guid, task.attempt_number))
        self.cluster.counts["tasks"] += 1
        world = self.cluster.world
        seconds = world.random.choice((0.0, 0.002, 0.05))
        if self.cluster.is_faulty and world.chance(0.04):
            self.cluster.counts["slow tasks"] += 1
            seconds = world.between(1.0, 2.0) * TASK_TIMEOUT_SECONDS
        world.after(seconds, lambda: self._report(task))
        world.after(seconds * world.random.choice((0, 1)), lambda: self._ask(stream))

    def _report(self, task: ScheduledTask) -> None:
        world = self.cluster.world
        if self.cluster.is_faulty and world.chance(0.02):
            self.cluster.counts["reports lost"] += 1
            return
        fails = self.cluster.is_faulty and world.chance(0.05)
        report = ReportTaskRun(task_run_id=task.task_run_id, attempt_number=task.attempt_number)
        report.status = TASK_FAILED if fails else TASK_SUCCESS
        report.output.int = task.variables[0].value.int + 1
        Call(self.cluster, "ReportTask", report, lambda _: None).send()
