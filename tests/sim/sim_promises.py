"""What a cluster promises to clients and workers, checked while it lives and when it has come to rest."""

from collections import Counter
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from sim_world import Violation

from konik.api.pb.enums_pb2 import COMPLETED, TASK_PENDING, TASK_SCHEDULED
from konik.api.pb.ids_pb2 import TaskRunId, VariableId, WfRunId
from konik.api.pb.queries_pb2 import SearchWfRunRequest, WfRunIdList
from konik.api.pb.task_run_pb2 import TaskRun
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import WfRun
from konik.cluster.polls import PollStream
from konik.statemachine import keys
from konik.statemachine.entry import Process, Result
from konik.statemachine.machine import Machine
from konik.statemachine.rejection import Code
from konik.statemachine.tables import TICKETS
from konik.statemachine.view import Readable

if TYPE_CHECKING:
    from sim_node import Node

Attempt = tuple[str, str, int]
"""WfRun, task, number."""


class Promises:
    def __init__(self) -> None:
        self._states: dict[int, int | None] = {}  # index -> hash of the state behind it
        self._delivered: set[Attempt] = set()
        self._completed: set[str] = set()
        self.running: list[str] = []
        self._results: dict[str, Result] = {}  # request id -> the answer
        self.started: dict[str, int] = {}  # WfRun whose start was acknowledged -> the number that it began with
        self.lost: set[str] = set()  # WfRuns whose start was acknowledged, and nobody knows of it any more
        self.lost_attempts: set[Attempt] = set()

    # while it lives

    def state(self, node: str, index: int, sum: int | None) -> None:
        """The same log gives the same state."""
        known = self._states.setdefault(index, sum)
        if known != sum:
            raise Violation(f"the state of {node} differs behind entry {index}")

    def delivered(self, attempt: Attempt) -> None:
        """At most once."""
        if attempt in self._delivered:
            raise Violation(f"{attempt} is delivered a second time")
        self._delivered.add(attempt)

    def answered(self, request_id: str, result: Result) -> None:
        """The same request has the same result, whoever answers."""
        known = self._results.setdefault(request_id, result)
        if known != result:
            raise Violation(f"request {request_id} was answered {known} and now {result}")

    def read(self, node: str, wf_run: str, found: Result) -> None:
        """What was acknowledged is there for everybody who asks afterwards."""
        if found.code is not Code.OK:
            raise Violation(f"{node} knows nothing of {wf_run}, which was acknowledged: {found}")

    def only_this_is_left(self, index: int, committed: int, sum: int, state: Readable, machine: Machine) -> None:
        """The cluster goes on with the state behind entry `index`, all that one node had received; it knew that the
        history up to `committed` is that of all. What is not in that state is promised no more: nor is an answer, if
        the node had only received the request by itself, and the others had run it without it."""
        self._states = {place: known for place, known in self._states.items() if place <= committed}
        self.state("the node that is left", index, sum)
        self._results = {id: result for id, result in self._results.items() if remembers(state, id, result)}
        lost = {id for id in self.started if _query(machine, "GetWfRun", WfRunId(id=id)).code is not Code.OK}
        self.started = {id: began for id, began in self.started.items() if id not in lost}
        self.lost |= lost
        self.lost_attempts |= {attempt for attempt in self._delivered if not _was_assigned(machine, attempt)}
        self._delivered -= self.lost_attempts
        self._completed.clear()

    @property
    def answers(self) -> dict[str, Result]:
        """By the ids of the requests."""
        return dict(self._results)

    # at rest

    def is_done(self, machine: Machine) -> bool:
        """Whether all that was started has completed."""
        self.running = [id for id in self.started if id not in self._completed]
        for id in self.running:
            if _status(machine, id) != COMPLETED:
                return False
            self._completed.add(id)
        return True

    def at_rest(self, nodes: list["Node"], streams: list[tuple[Process, PollStream]]) -> None:
        """Everything has been answered, done and told, everywhere alike."""
        first, *others = [dict(_pairs(node)) for node in nodes]
        for node, pairs in zip(nodes[1:], others, strict=True):
            if pairs != first:
                other = sorted(key for key in pairs.keys() | first.keys() if pairs.get(key) != first.get(key))
                raise Violation(f"{node.name} differs from {nodes[0].name} in {other[:5]}")
        for node in nodes:
            self._nothing_is_left(node)
        self._tickets_are_those_of(streams, nodes[0])
        if left := [key for key in first if key[:1] in (keys.ASSIGNED, keys.TASK_QUEUE)]:
            raise Violation(f"tasks are neither done nor waited for: {left}")
        for id, began in self.started.items():
            self._ended_well(nodes[0], id, began)
        for node in nodes:
            self._found_by_search(node)

    def _found_by_search(self, node: "Node") -> None:
        """Whatever was started is found among what has completed, page by page."""
        assert node.services is not None
        found: set[str] = set()
        for wf_spec in WF_SPECS:
            request = SearchWfRunRequest(wf_spec_name=wf_spec, status=COMPLETED, limit=SEARCH_PAGE)
            while True:
                page = WfRunIdList.FromString(_query(node.services.machine, "SearchWfRun", request).body)
                found.update(id.id for id in page.results)
                if not page.HasField("bookmark"):
                    break
                request.bookmark = page.bookmark
        if missing := self.started.keys() - found:
            raise Violation(f"{node.name} does not find {sorted(missing)} among what has completed")

    def _nothing_is_left(self, node: "Node") -> None:
        services = node.services
        assert services is not None
        left = services.proposer.waiting, services.proposer.inbox, services.reads.waiting, services.polls.unsettled
        if any(left):
            raise Violation(f"{node.name} is left with {left} calls, forwarded commands, reads, unsettled deliveries")

    def _tickets_are_those_of(self, streams: list[tuple[Process, PollStream]], node: "Node") -> None:
        """Each request of a worker that waits is known, once, and no other."""
        held = Counter((*process, stream.id, number) for process, stream in streams for number in stream.open)
        waiting = Counter[tuple[str, bytes, int, int]]()
        for _, raw in node.store.scan(keys.TICKET, keys.after(keys.TICKET)):
            found = TICKETS.parse(raw)
            waiting[found.node, found.nonce, found.ticket.stream, found.ticket.number] += 1
        if held != waiting:
            raise Violation(f"lost requests: {held - waiting}, too many: {waiting - held}")

    def _ended_well(self, node: "Node", id: str, began: int) -> None:
        """Each report was accepted once: every task adds one."""
        assert node.services is not None
        machine = node.services.machine
        variable = Variable.FromString(
            _query(machine, "GetVariable", VariableId(wf_run_id=WfRunId(id=id), name="n")).body
        )
        if variable.value.int != began + TASKS:
            raise Violation(f"{id} began with {began} and ended with {variable.value.int}")


TASKS = 3
"""Of every WfRun, one after the other."""

WF_SPECS = ("waiting", "at-once")
SEARCH_PAGE = 7


def _pairs(node: "Node") -> list[tuple[bytes, bytes]]:
    tables = range(255)
    return [pair for table in tables for pair in node.store.scan(bytes([table]), bytes([table + 1]))]


def _query(machine: Machine, method: str, request: Message) -> Result:
    return machine.query(method, "default", "anonymous", request.SerializeToString())


def remembers(state: Readable, id: str, answer: Result) -> bool:
    """Whether a request of that id would be answered like that, and not run."""
    record = state.get(keys.CLIENT_RESULT + b"".join(map(keys.text, ("default", "anonymous", id))))
    return record is not None and record.endswith(answer.message.encode() + answer.body)


def _was_assigned(machine: Machine, attempt: Attempt) -> bool:
    run, guid, number = attempt
    found = _query(machine, "GetTaskRun", TaskRunId(wf_run_id=WfRunId(id=run), task_guid=guid))
    attempts = TaskRun.FromString(found.body).attempts
    return number < len(attempts) and attempts[number].status not in (TASK_SCHEDULED, TASK_PENDING)


def _status(machine: Machine, id: str) -> int:
    found = _query(machine, "GetWfRun", WfRunId(id=id))
    return int(WfRun.FromString(found.body).status)
