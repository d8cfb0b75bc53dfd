"""What the documents tell readers to type does what they say."""

import ast
import asyncio
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from server_processes import STOP_SECONDS_MAX, free_ports

from konik.api.commands import dev
from konik.api.dev import HTTP_PORT_OFFSET, PEER_PORT_OFFSET
from konik.sdk import Client, ThreadBuilder, Workflow

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "deploy/README.md", "docs/reliability.md")
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"`((?:make|konik) [^`]+)`")

ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
DOCUMENTED_PORTS = (2023, 2024, 2025)
PORT_OFFSETS = (0, PEER_PORT_OFFSET, HTTP_PORT_OFFSET)
COMMAND_WORDS = (
    "server",
    "dev",
    "status",
    "bench",
    "throughput",
    "latency",
    "failover",
    "leader",
    "transfer",
    "backup",
    "restore",
    "recover",
    "member",
    "add",
    "remove",
    "list",
)


def blocks(document: str, language: str) -> list[str]:
    """The examples of that language in a document."""
    return [text for found, text in FENCED.findall((ROOT / document).read_text()) if found == language]


def commands(document: str) -> list[str]:
    """Whatever the document says can be typed, in its text and in its examples."""
    lines = [line.split("#")[0].strip() for block in blocks(document, "sh") for line in block.splitlines()]
    return [line for line in [*lines, *COMMAND.findall((ROOT / document).read_text())] if line]


def help_of(*words: str) -> str:
    ran = subprocess.run(["konik", *words, "--help"], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return ran.stdout


@contextmanager
def running(command: str, directory: Path) -> Iterator[str]:
    """The line that begins with `ready`, of a `konik dev` that runs until the block ends, and ends well."""
    process = subprocess.Popen(
        shlex.split(command),
        cwd=directory,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if line.startswith("ready"):
                break
        else:
            pytest.fail(f"{command} ended without a word of being ready:\n{''.join(said)}")
        yield line
    finally:
        process.terminate()
        process.communicate(timeout=STOP_SECONDS_MAX)
    assert process.returncode == 0


def greet(wf: ThreadBuilder) -> None:
    wf.declare_str("name")


async def define(ports: list[int]) -> None:
    async with Client([f"localhost:{port}" for port in ports]) as client:
        await Workflow("greet", greet).register(client)


def test_the_readme_s_cluster_serves_the_readme_s_client(tmp_path: Path) -> None:
    ports = free_ports(3, PORT_OFFSETS)

    def here(text: str) -> str:
        """The same with ports that are free on this machine."""
        for documented, port in zip(DOCUMENTED_PORTS, ports, strict=True):
            text = text.replace(f"localhost:{documented}", f"localhost:{port}")
        return text.strip()

    start, status = (here(block) for block in blocks("README.md", "sh") if block.startswith("konik"))
    (example,) = (here(block) for block in blocks("README.md", "python"))
    with running(f"{start} --port {ports[0]}", tmp_path) as ready:
        assert all(f":{port}" in ready for port in ports)
        asyncio.run(define(ports))
        names: dict[str, Any] = {}
        work = eval(compile(example, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        asyncio.run(work)
        assert names["run"].wf_spec_id.name == "greet"
        shown = subprocess.run(shlex.split(status), env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
        assert all(role in shown for role in ("leader", "follower")) and "unreachable" not in shown
    assert (tmp_path / "konik-data").is_dir()


def test_konik_dev_without_options_is_one_node_at_the_port_that_clients_expect() -> None:
    defaults = {name: parameter.default for name, parameter in inspect.signature(dev).parameters.items()}
    assert defaults == {"nodes": 1, "port": DOCUMENTED_PORTS[0], "data_dir": None}


def test_the_data_of_a_cluster_without_a_directory_goes_with_it(tmp_path: Path) -> None:
    (port,) = free_ports(1, PORT_OFFSETS)
    with running(f"konik dev --port {port}", tmp_path) as ready:
        place = Path(ready.split(" in ")[-1].strip())
        assert place.is_dir()
        asyncio.run(define([port]))
    assert not place.exists() and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_there_is_every_make_target_and_konik_command_that_a_document_names(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in commands(document):
        name, *words = shlex.split(command)
        if name == "make":
            assert words[0] in targets, command
        elif name == "konik":
            path = [word for word in words[:2] if word in COMMAND_WORDS]
            described = help_of(*path)
            for flag in (word for word in words if word.startswith("--")):
                assert flag in described, f"{command}: {flag} is not in the help"


def test_the_gate_runs_the_commands_that_the_readme_begins_with() -> None:
    gate = (ROOT / ".ci" / "run").read_text().splitlines()
    first = [block.strip() for block in blocks("README.md", "sh") if block.startswith("make")]
    assert first == ["make quickstart", "make test"]
    assert set(first) <= set(gate)
