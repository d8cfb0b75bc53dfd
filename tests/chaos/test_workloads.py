"""The workloads' own audit: what should not be is found, and nothing else."""

import asyncio
import json
from dataclasses import replace
from random import Random

import grpc
import pytest
from bank import Bank, Transfers
from journeys import Journeys, Steps
from lists import Lists
from workloads import Workload

from konik.api.pb.enums_pb2 import LHStatus
from konik.api.pb.node_run_pb2 import NodeRun
from konik.api.pb.queries_pb2 import NodeRunList
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import WfRun
from konik.sdk.errors import NotFound


class Told:
    """A user who writes down what a workload has it do."""

    def __init__(self) -> None:
        self.runs = {}
        self.sent = {}

    async def run(self, workflow, id, variables):
        self.runs[id] = variables

    async def send(self, run, event, guid, content):
        self.sent.setdefault(run, []).extend(content)


class Cluster:
    """A client of a cluster in which all WfRuns have ended like this."""

    def __init__(self, status=LHStatus.COMPLETED, lists=None, slept_ms=1_000):
        self._status, self._lists, self._slept_ms = status, lists, slept_ms

    async def get_wf_run(self, run):
        if self._status is None:
            raise NotFound("GetWfRun", grpc.StatusCode.NOT_FOUND, run)
        return WfRun(status=self._status)

    async def call(self, method, request, answer):
        if answer is Variable:
            return Variable(value=VariableValue(json_arr=json.dumps(self._lists[request.wf_run_id.id])))
        node = NodeRun()
        node.sleep.SetInParent()
        node.arrival_time.FromMilliseconds(5_000)
        node.end_time.FromMilliseconds(5_000 + self._slept_ms)
        return NodeRunList(results=[node])


def act(workload: Workload, times: int = 20) -> Told:
    told = Told()
    for _ in range(times):
        asyncio.run(workload.act(told))
    return told


def findings(workload: Workload, cluster: Cluster) -> list[str]:
    return asyncio.run(workload.findings(cluster))


@pytest.fixture
def bank() -> Bank:
    return Bank(Random(1))


@pytest.fixture
def transfers(bank: Bank) -> Transfers:
    """Some, all of which the bank has booked as it should."""
    transfers = Transfers(Random(1), bank)
    for run in act(transfers).runs:
        for booking in transfers.expected(run):
            bank.bookings[run, booking.task] = booking
    return transfers


def test_transfers_that_were_booked_once_are_fine(transfers: Transfers) -> None:
    assert findings(transfers, Cluster()) == []


def test_a_transfer_that_did_not_complete_is_found(transfers: Transfers) -> None:
    assert "is ERROR" in findings(transfers, Cluster(LHStatus.ERROR))[0]


def test_a_transfer_of_which_nobody_knows_is_found(transfers: Transfers) -> None:
    assert "is unknown to the cluster" in findings(transfers, Cluster(None))[0]


def test_a_booking_that_is_missing_is_found_and_so_is_the_sum(bank: Bank, transfers: Transfers) -> None:
    bank.bookings.popitem()
    of_transfer, of_sum = findings(transfers, Cluster())
    assert "booked" in of_transfer and "off by" in of_sum


def test_a_booking_under_another_task_of_the_same_transfer_is_found(bank: Bank, transfers: Transfers) -> None:
    (run, _), booking = next(iter(bank.bookings.items()))
    bank.bookings[run, "another"] = replace(booking)
    assert len(findings(transfers, Cluster())) == 2


def test_an_attempt_that_was_executed_twice_is_found(bank: Bank, transfers: Transfers) -> None:
    bank.attempts["run", "task", 0] = 2
    assert findings(transfers, Cluster()) == ["attempt ('run', 'task', 0) was executed twice"]


def test_a_list_is_fine_only_as_it_was_sent() -> None:
    lists = Lists(Random(1))
    sent = act(lists).sent
    assert findings(lists, Cluster(lists=sent)) == []
    first, *_ = sent
    for wrong in (sent[first][::-1], sent[first][:-1], [*sent[first], 0]):
        assert len(findings(lists, Cluster(lists=sent | {first: wrong}))) == 1


def test_a_journey_ends_as_it_was_planned() -> None:
    journeys = Journeys(Random(1), Steps())
    bound_to_fail = [run for run, given in act(journeys).runs.items() if given["failures"] > 2]
    assert 0 < len(bound_to_fail) < 20
    assert len(findings(journeys, Cluster(LHStatus.COMPLETED))) == len(bound_to_fail)
    assert len(findings(journeys, Cluster(LHStatus.ERROR))) == 20 - len(bound_to_fail)


def test_a_timer_that_was_early_is_found() -> None:
    journeys = Journeys(Random(2), Steps())
    act(journeys, 1)
    assert any("slept 0.999 s" in finding for finding in findings(journeys, Cluster(slept_ms=999)))
