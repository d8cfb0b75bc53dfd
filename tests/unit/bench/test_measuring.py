"""Each benchmark against the cluster in miniature: does it measure what it says, and notice what is wrong?"""

import asyncio
from typing import Any

import grpc.aio
import pytest
from rich.console import Console

from konik.bench import failover, latency, throughput
from konik.bench.load import STEPS
from konik.bench.report import Report, progress
from konik.bench.workers import Protocol, ReportRefused

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def haste(monkeypatch: Any) -> None:
    """The same steps with shorter waits between them."""
    monkeypatch.setattr(throughput, "WARM_UP_S", 0.01)
    monkeypatch.setattr(throughput, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(failover, "MOVE_S", 0.05)
    monkeypatch.setattr(failover, "WATCH_S", 0.5)


@pytest.fixture
def bars() -> Any:
    with progress(Console(quiet=True)) as shown:
        yield shown


@pytest.mark.parametrize("protocol", Protocol)
async def test_throughput_counts_what_was_acknowledged_and_what_it_cost(
    cluster: Any, miniature: Any, bars: Any, protocol: Protocol
) -> None:
    settings = throughput.Settings(protocol, in_flight=8, polls=2, seconds=0.3, seconds_max=300.0)
    report = await throughput.measure(cluster, settings, bars)
    assert miniature.streams == ({"Work"} if protocol is Protocol.KONIK else {"PollTask"})
    assert report.tasks_per_s and report.tasks_per_s > 100
    assert report.workflows_per_s == pytest.approx(report.tasks_per_s / STEPS, rel=0.5)
    assert report.server_cpu_ms_per_task_by_node is not None
    assert report.server_cpu_ms_per_task == pytest.approx(sum(report.server_cpu_ms_per_task_by_node.values()))
    assert set(report.server_cpu_ms_per_task_by_node) == {"node-1", "node-2", "node-3"}
    assert report.next_task_ms and 0 < report.next_task_ms["p50"] <= report.next_task_ms["p99"]
    assert report.checkpoints and min(report.checkpoints.values()) >= 1
    completed = [run for run in miniature.engine.runs.values() if run.status == 2]
    assert all(task.attempts[0].output.int == number + 1 for run in completed for number, task in enumerate(run.tasks))


async def test_throughput_without_a_checkpoint_on_every_node_is_refused(
    cluster: Any, miniature: Any, bars: Any
) -> None:
    miniature.nodes[2].looks = iter(lambda: 7, None)
    settings = throughput.Settings(Protocol.KONIK, in_flight=2, polls=1, seconds=0.1, seconds_max=0.2)
    with pytest.raises(throughput.NoCheckpoint, match="--seconds-max"):
        await throughput.measure(cluster, settings, bars)


async def test_throughput_fails_with_the_command_that_fails(cluster: Any, miniature: Any, bars: Any) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("broken on purpose")

    miniature.engine.run_wf = broken
    settings = throughput.Settings(Protocol.KONIK, in_flight=1, polls=1, seconds=0.1, seconds_max=300.0)
    with pytest.raises(grpc.aio.AioRpcError, match="broken on purpose"):
        await throughput.measure(cluster, settings, bars)


async def test_throughput_fails_with_the_report_that_is_refused(cluster: Any, miniature: Any, bars: Any) -> None:
    miniature.engine.refuse = {"ReportTask"}
    settings = throughput.Settings(Protocol.KONIK, in_flight=1, polls=1, seconds=0.1, seconds_max=300.0)
    with pytest.raises(ReportRefused, match="refused on purpose"):
        await throughput.measure(cluster, settings, bars)


@pytest.mark.parametrize("protocol", Protocol)
async def test_latency_is_measured_with_one_workflow_at_a_time(
    cluster: Any, miniature: Any, bars: Any, protocol: Protocol
) -> None:
    report = await latency.measure(cluster, latency.Settings(protocol, runs=4), bars)
    assert miniature.streams == ({"Work"} if protocol is Protocol.KONIK else {"PollTask"})
    assert report.next_task_ms and report.next_task_ms["p50"] > 0
    assert report.next_tasks_by_node and sum(report.next_tasks_by_node.values()) == 4 * (STEPS - 1)
    assert set(report.next_tasks_by_node) <= {"node-1", "node-2", "node-3"}
    assert [run.status for run in miniature.engine.runs.values()] == [2] * (4 + latency.WARM_UP_RUNS)


@pytest.fixture
def forgetful(miniature: Any, monkeypatch: Any) -> Any:
    """Has the miniature acknowledge one command without doing it; what never completes is not waited for."""
    monkeypatch.setattr(failover, "COMPLETE_MAX_S", 0.3)

    def forget(rpc: str) -> None:
        miniature.engine.forget = {rpc}

    return forget


@pytest.fixture
def measure_failover(cluster: Any, miniature: Any, bars: Any, monkeypatch: Any) -> Any:
    """Runs the benchmark; a signal to this process stands for the death of the miniature's leader."""
    dying = []

    def kill(pid: int, number: int) -> None:
        dying.append(asyncio.ensure_future(miniature.kill_leader()))

    monkeypatch.setattr(failover.os, "kill", kill)

    async def measure(kills: int = 1) -> Report:
        return await failover.measure(
            cluster, failover.Settings(kills, rate=400.0, callers=8, graceful=False, streams=2), bars
        )

    return measure


async def test_failover_finds_nothing_wrong_where_nothing_is(measure_failover: Any, miniature: Any) -> None:
    report = await measure_failover(kills=2)
    assert miniature.killed == ["node-1", "node-2"]
    assert report.gaps_s and len(report.gaps_s) == 2
    assert all(0 < gap < 0.5 for gap in report.gaps_s)
    assert (report.lost, report.duplicated, report.lost_commands) == (0, 0, [])
    assert report.acknowledged and report.acknowledged > 400
    assert not report.refused_commands


@pytest.mark.parametrize("rpc", ["RunWf", "ReportTask"])
async def test_failover_notices_a_command_that_was_acknowledged_and_forgotten(
    measure_failover: Any, forgetful: Any, rpc: str
) -> None:
    forgetful(rpc)
    report = await measure_failover()
    assert report.lost and any(command.startswith(rpc) for command in report.lost_commands)


async def test_failover_notices_an_event_that_was_acknowledged_and_forgotten(
    measure_failover: Any, forgetful: Any
) -> None:
    forgetful("PutExternalEvent")
    report = await measure_failover()
    assert any("PutExternalEvent" in command and "absent" in command for command in report.lost_commands)


async def test_failover_notices_an_attempt_that_was_delivered_twice(measure_failover: Any, miniature: Any) -> None:
    miniature.engine.twice = True
    report = await measure_failover()
    assert report.duplicated == 1
    assert "executed 2 times" in report.duplicates[0]


async def test_failover_kills_only_after_the_callers_have_left_the_leader(
    measure_failover: Any, miniature: Any
) -> None:
    asked_of_leader = []
    answer = miniature.nodes[0]._answer

    async def recorded(rpc: str, request: bytes, context: Any) -> Any:
        if rpc in ("RunWf", "PutExternalEvent"):
            asked_of_leader.append(miniature.leader is miniature.nodes[0] and not miniature.killed)
        return await answer(rpc, request, context)

    miniature.nodes[0]._answer = recorded
    report = await measure_failover()
    assert report.unknown == 0
    assert any(asked_of_leader)
