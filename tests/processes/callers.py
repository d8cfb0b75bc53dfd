"""Load that remembers what it was told: callers in threads, each with the published client at a node of its own.

A caller starts a WfRun under an id of its own choice and, where the workflow waits for one, sends the event; then the
next. What was acknowledged must be found later. A caller ends at its first failure, which is kept.
"""

import threading
import time
from collections.abc import Iterable
from itertools import count
from typing import Any

import grpc
from littlehorse.model import (
    ExternalEventDefId,
    LHStatus,
    PutExternalEventRequest,
    RunWfRequest,
    SearchWfRunRequest,
    WfRunId,
)
from littlehorse.workflow import WorkflowThread
from published_client import PublishedClient, configuration
from server_processes import Cluster, eventually

GO = "go"
PAGE = 1_000
END_SECONDS_MAX = 60.0


def waits_for_go(wf: WorkflowThread) -> None:
    """A workflow that completes with the event `go`."""
    wf.wait_for_event(GO, auto_register=True, return_type=str)


class Callers:
    """Use it as a context manager: the callers call until it is left, or until they fail."""

    _prefixes = count(1)

    def __init__(self, addresses: Iterable[str], workflow: str, *, event: str | None = None, each: int = 2) -> None:
        """`each` callers at each of the addresses."""
        self._workflow, self._event = workflow, event
        self._prefix = f"batch-{next(self._prefixes)}"
        self._numbers = count()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._call, args=(address,), name=f"caller of {address}")
            for address in addresses
            for _ in range(each)
        ]
        self.started: set[str] = set()
        """Ids of WfRuns whose start was acknowledged."""
        self.told: set[str] = set()
        """Ids of those whose event was acknowledged, too."""
        self.acknowledged_at: list[float] = []
        """Monotonic times of all acknowledgements, in order."""
        self.failures: list[grpc.RpcError] = []

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, number: int) -> None:
        """Until that many more commands are acknowledged."""
        goal = len(self.acknowledged_at) + number
        eventually(
            lambda: len(self.acknowledged_at) >= goal,
            f"{number} more acknowledgements",
            why_not=lambda: f"failures: {self.failures}",
        )

    def _call(self, address: str) -> None:
        stub = configuration(address).stub()
        try:
            while not self._stop.is_set():
                self._run_one(stub, f"{self._prefix}-{next(self._numbers)}")
        except grpc.RpcError as failure:
            self.failures.append(failure)

    def _run_one(self, stub: Any, id: str) -> None:
        stub.RunWf(RunWfRequest(wf_spec_name=self._workflow, id=id))
        self.acknowledged_at.append(time.monotonic())
        self.started.add(id)
        if self._event is not None:
            stub.PutExternalEvent(
                PutExternalEventRequest(
                    wf_run_id=WfRunId(id=id), external_event_def_id=ExternalEventDefId(name=self._event)
                )
            )
            self.acknowledged_at.append(time.monotonic())
            self.told.add(id)

    def lost(self, client: PublishedClient) -> set[str]:
        """Ids of WfRuns that were acknowledged, as started or as told, and that the cluster does not have as such."""
        completed = runs(client, self._workflow, LHStatus.COMPLETED)
        known = completed | runs(client, self._workflow, LHStatus.RUNNING)
        return (self.started - known) | (self.told - completed)

    def wait_until_completed(self, client: PublishedClient) -> None:
        """Until every WfRun whose start was acknowledged is completed."""
        eventually(
            lambda: self.started <= runs(client, self._workflow, LHStatus.COMPLETED),
            "every WfRun that was acknowledged completes",
            END_SECONDS_MAX,
        )


def runs(client: PublishedClient, workflow: str, status: LHStatus) -> set[str]:
    """The ids of all WfRuns of a workflow that have this status."""
    request = SearchWfRunRequest(wf_spec_name=workflow, status=status, limit=PAGE)
    found: set[str] = set()
    while True:
        page = client.stub.SearchWfRun(request)
        found.update(id.id for id in page.results)
        if not page.HasField("bookmark"):
            return found
        request.bookmark = page.bookmark


def assert_states_agree(cluster: Cluster, workflow: str) -> None:
    """Drives the cluster until every node has hashed its state anew, and compares them at one entry.

    `workflow` waits for the event `go`.
    """
    now = max(status.commit_index for status in cluster.statuses())
    with Callers(cluster.addresses, workflow, event=GO):
        eventually(lambda: min(status.mark_index for status in cluster.statuses()) > now, "every node has a new mark")
    marks = eventually(lambda: _marks_at_one_entry(cluster, now), "every node has its last mark at the same entry")
    assert len(set(marks.values())) == 1, f"the states differ: {marks}"


def _marks_at_one_entry(cluster: Cluster, after: int) -> dict[str, bytes] | None:
    """The hash of each node's state, if all are of the same entry."""
    statuses = cluster.statuses()
    indexes = {status.mark_index for status in statuses}
    if len(statuses) < len(cluster.nodes) or len(indexes) > 1 or min(indexes) <= after:
        return None
    return {status.node: status.mark_hash for status in statuses}
