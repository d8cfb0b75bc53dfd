"""`konik backup`, run in this process against nodes that give what a test wants."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from typer.testing import CliRunner

from konik.api.pb.cluster_pb2 import BackupDescription, BackupPart
from konik.sdk import backup as taking
from konik.sdk.cli import backup as command
from konik.sdk.cli.main import app

pytestmark = pytest.mark.asyncio

COPY = [b"one", b"two", b"three"]


def description(copy: list[bytes], **changes: Any) -> BackupDescription:
    content = b"".join(copy)
    found = BackupDescription(
        cluster_id="c",
        node="n1",
        index=70,
        term=5,
        time_ms=1_700_000_000_000,
        size=len(content),
        checksum=hashlib.blake2b(content, digest_size=16).digest(),
    )
    for field, value in changes.items():
        setattr(found, field, value)
    return found


def gives(*parts: BackupPart, ends: grpc.StatusCode | None = None, waits_s: float = 0.0) -> Any:
    """A node that gives these parts, then perhaps waits, then ends well or with that status."""

    async def serve(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        for part in parts:
            yield part.SerializeToString()
        await asyncio.sleep(waits_s)
        if ends is not None:
            await context.abort(ends, "it says why")

    return serve


def backup(copy: list[bytes] = COPY, **changes: Any) -> list[BackupPart]:
    first = BackupPart(description=description(COPY, **changes), data=b"head")
    return [first, *(BackupPart(data=chunk) for chunk in copy)]


@pytest.fixture
def run(nodes: Any, tmp_path: Path) -> Any:
    """`konik backup` into a file called `backup`, from all nodes; in a thread, so that the nodes go on serving."""

    async def invoke(*flags: str) -> Any:
        servers = ",".join(node.address for node in nodes)
        arguments = ["backup", str(tmp_path / "backup"), "--server", servers, *flags]
        return await asyncio.to_thread(CliRunner().invoke, app, arguments)

    return invoke


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


async def test_the_file_is_what_the_node_gives_and_what_it_is_of_is_told(nodes: Any, run: Any, tmp_path: Path) -> None:
    nodes[0].streams["Backup"] = gives(*backup())
    result = await run()
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == {"backup": b"head" + b"".join(COPY)}
    assert result.stdout == (
        f"{tmp_path}/backup: cluster c at entry 70 of term 5, 2023-11-14 22:13:20 UTC, from n1, 15 bytes\n"
    )


async def test_nobody_else_may_read_the_file(nodes: Any, run: Any, tmp_path: Path) -> None:
    nodes[0].streams["Backup"] = gives(*backup())
    await run()
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("given", [0, 1, 3])
async def test_the_next_node_is_asked_when_one_gives_none_or_not_all(
    nodes: Any, run: Any, tmp_path: Path, given: int
) -> None:
    nodes[0].streams["Backup"] = gives(*backup()[:given], ends=grpc.StatusCode.UNAVAILABLE)
    nodes[1].streams["Backup"] = gives(*backup([b"onetwo", b"three"]))
    assert (await run()).exit_code == 0
    assert files(tmp_path) == {"backup": b"head" + b"".join(COPY)}


async def test_a_node_that_falls_silent_is_left(
    nodes: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "SILENCE_MAX_S", 0.3)
    nodes[0].streams["Backup"] = gives(*backup()[:2], waits_s=60)
    nodes[1].streams["Backup"] = gives(*backup())
    assert (await run()).exit_code == 0
    assert files(tmp_path) == {"backup": b"head" + b"".join(COPY)}


async def test_without_a_node_that_can_the_last_one_s_reason_is_told_and_nothing_is_left(
    nodes: Any, run: Any, tmp_path: Path
) -> None:
    for node in nodes:
        node.streams["Backup"] = gives(backup()[0], ends=grpc.StatusCode.UNAVAILABLE)
    result = await run()
    assert result.exit_code == 1 and files(tmp_path) == {}
    assert f"konik backup: {nodes[2].address}: it says why" in result.output


@pytest.mark.parametrize(
    "parts",
    [
        backup([b"one", b"two", b"thre"]),
        backup([b"one", b"two", b"threE"]),
        backup([b"one", b"two", b"three", b"four"]),
        backup(checksum=bytes(16)),
    ],
    ids=["short", "other bytes", "long", "other checksum"],
)
async def test_what_is_not_what_was_announced_is_no_backup(
    nodes: Any, run: Any, tmp_path: Path, parts: list[BackupPart]
) -> None:
    nodes[0].streams["Backup"] = gives(*parts)
    result = await run()
    assert result.exit_code == 1 and "its checksum is wrong" in result.output
    assert files(tmp_path) == {}


@pytest.mark.parametrize("parts", [[], [BackupPart(data=b"head")]], ids=["nothing", "no description"])
async def test_a_backup_that_does_not_say_what_it_is_of_is_none(
    nodes: Any, run: Any, tmp_path: Path, parts: list[BackupPart]
) -> None:
    nodes[0].streams["Backup"] = gives(*parts)
    result = await run()
    assert result.exit_code == 1 and "did not say what its backup is of" in result.output
    assert files(tmp_path) == {}


async def test_a_file_that_is_there_is_replaced_only_by_force_and_only_by_a_whole_one(
    nodes: Any, run: Any, tmp_path: Path
) -> None:
    (tmp_path / "backup").write_bytes(b"of another day")
    nodes[0].streams["Backup"] = gives(*backup()[:-1])
    result = await run()
    assert result.exit_code == 1 and "--force" in result.output
    assert (await run("--force")).exit_code == 1
    assert files(tmp_path) == {"backup": b"of another day"}
    nodes[0].streams["Backup"] = gives(*backup())
    assert (await run("--force")).exit_code == 0
    assert files(tmp_path) == {"backup": b"head" + b"".join(COPY)}


async def test_two_do_not_write_to_one_file(nodes: Any, run: Any, tmp_path: Path) -> None:
    (tmp_path / "backup.part").write_bytes(b"somebody else's")
    nodes[0].streams["Backup"] = gives(*backup())
    result = await run()
    assert result.exit_code == 1 and "if no other backup is being written to it, remove it" in result.output
    assert files(tmp_path) == {"backup.part": b"somebody else's"}


async def test_a_place_that_cannot_be_written_to_is_told(nodes: Any, tmp_path: Path) -> None:
    arguments = ["backup", str(tmp_path / "missing" / "backup"), "--server", nodes[0].address]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert result.exit_code == 1 and "cannot be written" in result.output and "No such file" in result.output


async def test_the_file_has_its_name_when_it_is_on_the_disk(
    nodes: Any, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    fsync = taking.os.fsync

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        seen.append({name: len(content) for name, content in files(tmp_path).items()})

    monkeypatch.setattr(taking.os, "fsync", synced)
    nodes[0].streams["Backup"] = gives(*backup())
    await run()
    assert seen == [{"backup.part": 15}, {"backup": 15}]


async def test_a_terminal_is_shown_the_progress_of_what_takes_long(
    nodes: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes[0].streams["Backup"] = gives(*backup(), waits_s=0.3)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert (await run("--force")).stderr == "", "this one is quick"
    monkeypatch.setattr(command, "QUIET_S", 0.0)
    assert "11/11 bytes" in (await run("--force")).stderr
    monkeypatch.delenv("FORCE_COLOR")
    assert (await run("--force")).stderr == "", "this is no terminal"
