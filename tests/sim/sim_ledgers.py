"""Clients that change and read shared ledgers at once, through whichever nodes there are, and note what they saw."""

from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from sim_clients import Call
from sim_world import Violation

from konik.api.pb.event_requests_pb2 import PutExternalEventRequest
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import ExternalEventList, ListExternalEventsRequest
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest
from konik.cluster.store.errors import StoreError
from konik.statemachine.entry import Result
from konik.statemachine.rejection import Code
from tests.linearisability.checker import Operation, Outcome, check
from tests.linearisability.ledger import Ledger

if TYPE_CHECKING:
    from sim_nodes import Nodes


class Pending(NamedTuple):
    ledger: str
    called: float
    input: Hashable


class Scribe:
    """One client: writes, reads and strikes, one after the other, for as long as there are faults."""

    def __init__(self, cluster: "Nodes", name: str, ledgers: int, pause: float) -> None:
        self.cluster, self.name, self._ledgers, self._pause = cluster, name, ledgers, pause
        self._written = 0
        self.pending: Pending | None = None
        """The command that was not answered yet."""

    def begin(self) -> None:
        if not self.cluster.is_faulty:
            return
        draw = self.cluster.world.random
        ledger = f"ledger-{draw.randrange(self._ledgers)}"
        what = draw.choice(("write", "write", "read", "read", "read", "strike"))
        if what == "read":
            self._read(ledger)
        elif what == "strike":
            self._command(ledger, what, "DeleteWfRun", DeleteWfRunRequest(id=WfRunId(id=ledger)), {Code.OK: "struck"})
        else:
            self._write(ledger)

    def _next(self) -> None:
        self.cluster.world.after(self.cluster.world.between(0, 2) * self._pause, self.begin)

    def _write(self, ledger: str) -> None:
        """Mostly something new, at times what somebody has written already."""
        if self.cluster.world.chance(0.8):
            self._written += 1
        guid = f"{self.name}-{self._written}"
        request = PutExternalEventRequest(wf_run_id=WfRunId(id=ledger), guid=guid)
        request.external_event_def_id.name = "go"
        outputs = {Code.OK: "written", Code.ALREADY_EXISTS: "exists"}
        self._command(ledger, ("write", guid), "PutExternalEvent", request, outputs)

    def _command(
        self,
        ledger: str,
        input: Hashable,
        method: str,
        request: PutExternalEventRequest | DeleteWfRunRequest,
        outputs: dict[Code, str],
    ) -> None:
        self.pending = Pending(ledger, called := self.cluster.world.now, input)

        def then(result: Result) -> None:
            self.pending = None
            self._note(ledger, called, input, outputs[result.code])
            self._next()

        Call(self.cluster, method, request, then, once=True).send()

    def _read(self, ledger: str) -> None:
        """Asks one node, and when that dies nobody: nothing can be said of such a read."""
        cluster, world = self.cluster, self.cluster.world
        node, called = cluster.any_node(), world.now
        if node is not None and (services := node.services) is not None:
            request = ListExternalEventsRequest(wf_run_id=WfRunId(id=ledger)).SerializeToString()

            def current() -> None:
                with suppress(StoreError):  # of which the node has died
                    found = services.query("ListExternalEvents", "default", "anonymous", request)
                    guids = (event.id.guid for event in ExternalEventList.FromString(found.body).results)
                    self._note(ledger, called, "read", tuple(sorted(guids)))

            services.reads.when_current(current)
        self._next()

    def _note(self, ledger: str, called: float, input: Hashable, output: Hashable) -> None:
        self.cluster.counts["ledger calls"] += 1
        history = self.cluster.histories.setdefault(ledger, [])
        history.append(Operation(self.name, called, self.cluster.world.now, input, output))


def under_way(scribes: Iterable[Scribe]) -> Iterator[tuple[str, Operation]]:
    """Commands that were not answered yet, by ledger: they may have come about, or may still."""
    for scribe in scribes:
        if (it := scribe.pending) is not None:
            yield it.ledger, Operation(scribe.name, it.called, inf, it.input, None)


def check_ledgers(histories: dict[str, list[Operation]], scribes: Iterable[Scribe]) -> None:
    """Raises Violation for a history that no order explains, or that could not be decided."""
    unanswered = list(under_way(scribes))
    for ledger, history in sorted(histories.items()):
        verdict = check(Ledger(), [*history, *(operation for where, operation in unanswered if where == ledger)])
        if verdict.outcome is not Outcome.LINEARISABLE:
            raise Violation(f"{ledger} is not linearisable: {verdict}")
