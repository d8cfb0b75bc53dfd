"""The command line, run in this process against nodes that say what a test wants."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from konik.api.pb.cluster_pb2 import CANDIDATE, FOLLOWER, LEADER, Member, NodeStatus, TransferLeadershipRequest
from konik.sdk.cli import main
from konik.sdk.cli.main import app
from konik.sdk.status import ClusterStatus, MemberStatus


@pytest.fixture
def run() -> Any:
    """Runs a command in a thread, so that the test's own loop goes on serving."""

    async def invoke(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    return invoke


def answer(node: str, role: Any, members: list[Any], term: int = 4, pid: int = 1, index: int = 10) -> Any:
    status = NodeStatus(
        node=node,
        role=role,
        term=term,
        pid=pid,
        commit_index=index,
        applied_index=index - 1,
        members=members,
        version="1.2",
        machine_version=1,
        machine_version_known=2,
    )

    async def serve(request: bytes, context: Any) -> bytes:
        return status.SerializeToString()

    return serve


@pytest.mark.asyncio
async def test_status_asks_every_member_for_itself(nodes: Any, run: Any) -> None:
    members = [Member(node=f"n{i}", address=node.address) for i, node in enumerate(nodes)]
    nodes[0].answers["Status"] = answer("n0", FOLLOWER, members, pid=100)
    nodes[1].answers["Status"] = answer("n1", LEADER, members, pid=101, index=12)
    await nodes[2].stop()
    result = await run("status", "--json", "--server", nodes[0].address)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "leader": "n1",
        "term": 4,
        "members": [
            {
                "node": "n0",
                "address": nodes[0].address,
                "pid": 100,
                "role": "follower",
                "commit_index": 10,
                "applied_index": 9,
                "version": "1.2",
                "machine_version": 1,
                "machine_version_known": 2,
            },
            {
                "node": "n1",
                "address": nodes[1].address,
                "pid": 101,
                "role": "leader",
                "commit_index": 12,
                "applied_index": 11,
                "version": "1.2",
                "machine_version": 1,
                "machine_version_known": 2,
            },
            {
                "node": "n2",
                "address": nodes[2].address,
                "pid": None,
                "role": "unreachable",
                "commit_index": None,
                "applied_index": None,
                "version": None,
                "machine_version": None,
                "machine_version_known": None,
            },
        ],
    }


@pytest.mark.asyncio
async def test_status_goes_on_when_the_first_server_is_down(nodes: Any, run: Any) -> None:
    await nodes[0].stop()
    nodes[1].answers["Status"] = answer("n1", CANDIDATE, [Member(node="n1", address=nodes[1].address)])
    result = await run("status", "--server", f"{nodes[0].address},{nodes[1].address}")
    assert result.exit_code == 0
    assert "candidate" in result.stdout
    assert "leader none, machine version 1" in result.stdout


@pytest.mark.asyncio
async def test_status_fails_with_advice_when_no_server_answers(nodes: Any, run: Any) -> None:
    await nodes[0].stop()
    result = await run("status", "--json", "--server", nodes[0].address)
    assert result.exit_code == 1
    assert f"no answer from {nodes[0].address}" in result.output
    assert "konik dev" in result.output


@pytest.mark.asyncio
async def test_a_transfer_goes_to_the_leader_and_waits_until_another_one_leads(nodes: Any, run: Any) -> None:
    members = [Member(node=f"n{i}", address=node.address) for i, node in enumerate(nodes)]
    asked = []

    def lead(leader: int, term: int) -> None:
        for i, node in enumerate(nodes):
            node.answers["Status"] = answer(f"n{i}", LEADER if i == leader else FOLLOWER, members, term)

    async def transfer(request: bytes, context: Any) -> bytes:
        asked.append(TransferLeadershipRequest.FromString(request).node)
        lead(2, term=5)
        return b""

    lead(1, term=4)
    nodes[1].answers["TransferLeadership"] = transfer
    result = await run("leader", "transfer", "n2", "--server", nodes[0].address)
    assert (result.exit_code, result.stdout) == (0, "n2 leads, in term 5\n")
    assert asked == ["n2"]


@pytest.mark.asyncio
async def test_a_transfer_to_the_one_who_leads_asks_nobody(nodes: Any, run: Any) -> None:
    nodes[0].answers["Status"] = answer("n0", LEADER, [Member(node="n0", address=nodes[0].address)])
    result = await run("leader", "transfer", "n0", "--server", nodes[0].address)
    assert (result.exit_code, result.stdout) == (0, "n0 leads, in term 4\n")
    assert nodes[0].named("TransferLeadership") == []


@pytest.mark.asyncio
async def test_a_transfer_without_a_leader_fails_with_advice(nodes: Any, run: Any) -> None:
    nodes[0].answers["Status"] = answer("n0", CANDIDATE, [Member(node="n0", address=nodes[0].address)])
    result = await run("leader", "transfer", "--server", nodes[0].address)
    assert result.exit_code == 1
    assert "nobody leads" in result.output and "konik status" in result.output


@pytest.mark.asyncio
async def test_a_transfer_that_came_to_another_node_is_no_success(nodes: Any, run: Any) -> None:
    members = [Member(node=f"n{i}", address=node.address) for i, node in enumerate(nodes[:2])]
    nodes[0].answers["Status"] = answer("n0", LEADER, members, term=4)
    nodes[1].answers["Status"] = answer("n1", FOLLOWER, members, term=4)

    async def another_one(request: bytes, context: Any) -> bytes:
        nodes[0].answers["Status"] = answer("n0", FOLLOWER, members, term=6)
        nodes[1].answers["Status"] = answer("n1", LEADER, members, term=6)
        return b""

    nodes[0].answers["TransferLeadership"] = another_one
    result = await run("leader", "transfer", "n2", "--server", nodes[0].address)
    assert result.exit_code == 1
    assert "n1 was elected meanwhile" in result.output


def test_a_deposed_leader_that_has_not_noticed_is_not_the_leader() -> None:
    old = NodeStatus(node="a", role=LEADER, term=3)
    new = NodeStatus(node="b", role=LEADER, term=4)
    found = ClusterStatus(
        (MemberStatus("a", "x", True, old), MemberStatus("b", "y", True, new), MemberStatus("c", "z", True, None))
    )
    assert (found.leader, found.term) == ("b", 4)
    assert ClusterStatus((MemberStatus("a", "x", True, None),)).leader == ""


@pytest.mark.asyncio
async def test_help_lists_commands_of_every_room(run: Any) -> None:
    result = await run("--help")
    assert result.exit_code == 0
    for name in ("backup", "status", "version", "bench", "dev", "recover", "restore", "server"):
        assert name in result.stdout


@pytest.mark.asyncio
async def test_version_prints_what_is_installed(run: Any) -> None:
    result = await run("version")
    assert result.stdout.strip().count(".") == 2


class Found:
    """An entry point as importlib finds it."""

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self._target = target

    def load(self) -> Any:
        if isinstance(self._target, Exception):
            raise self._target
        return self._target


def installed(*found: Found) -> Any:
    return lambda group, name=None: [one for one in found if name in (None, one.name)]


@pytest.mark.asyncio
async def test_a_command_of_another_room_is_loaded_only_when_it_is_used(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(main, "entry_points", installed(Found("broken", RuntimeError("loaded"))))
    result = await run("version")
    assert result.exit_code == 0


@pytest.mark.asyncio
async def test_a_function_of_another_room_becomes_a_command(run: Any, monkeypatch: Any) -> None:
    def dev(nodes: int = 1) -> None:
        """Runs a cluster."""
        print("nodes", nodes)

    monkeypatch.setattr(main, "entry_points", installed(Found("dev", dev)))
    assert (await run("dev", "--nodes", "3")).stdout == "nodes 3\n"
    assert "Runs a cluster." in (await run("--help")).stdout


@pytest.mark.asyncio
async def test_a_command_whose_room_is_missing_says_so(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(main, "entry_points", installed(Found("dev", ImportError("no such room"))))
    result = await run("dev", "--nodes", "3")
    assert result.exit_code == 1
    assert "no such room" in result.output


def test_the_command_line_imports_no_other_room() -> None:
    script = "import konik.sdk.cli.main, sys; print(*[name for name in sys.modules if name.startswith('konik.')])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "konik.sdk.cli.main" in loaded
    assert {name for name in loaded if not name.startswith(("konik.sdk", "konik.api.pb"))} == {"konik.api"}
