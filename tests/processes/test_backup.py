"""A backup of a cluster that works, and a new cluster made from it when the old one is gone."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from callers import GO, Callers, assert_states_agree, runs, waits_for_go
from littlehorse.model import (
    ExternalEventDefId,
    GetLatestWfSpecRequest,
    LHStatus,
    PollTaskRequest,
    PollTaskResponse,
    PutExternalEventRequest,
    TaskDefId,
    WfRunId,
)
from littlehorse.workflow import WorkflowThread
from published_client import PublishedClient
from server_processes import Cluster, eventually

from konik.api.pb.wf_run_pb2 import WfRun
from konik.cluster.config import load
from konik.cluster.node import STATE_DIRECTORY
from konik.cluster.store.opening import open_store
from konik.statemachine.machine import Machine
from konik.statemachine.rejection import Code

KONIK = (sys.executable, "-m", "konik.sdk.cli")
DOCUMENT = Path(__file__).parents[2] / "deploy" / "README.md"
EXAMPLES = {
    "konik.backup": "file",
    "/etc/konik/konik.toml": "config",
    "konik-1.example.org:2023,konik-2.example.org:2023,konik-3.example.org:2023": "servers",
}
"""What stands in the document for what each reader has of their own."""

WORKFLOW, TASK = "waits-for-go", "held"
HELD = "held-by-a-worker-of-the-old-cluster"
OLD, NEW = "before", "after"
COMMAND_SECONDS_MAX = 60.0


def konik(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """What the command line says."""
    line = [*KONIK, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False)


def done(*arguments: object) -> str:
    """The same of a command that must succeed."""
    ran = konik(*arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refusal(*arguments: object) -> str:
    """The same of one that must not."""
    ran = konik(*arguments)
    assert ran.returncode == 1, ran.stdout
    return ran.stderr


def held(wf: WorkflowThread) -> None:
    """A task that may be tried again when nobody has reported it for a while."""
    wf.execute(TASK, timeout_seconds=2, retries=1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes, each of which takes no checkpoint in the time of a test unless it is asked for one."""
    with Cluster(tmp_path_factory.mktemp(OLD), cluster_id=OLD, checkpoint_seconds=3_600.0) as cluster:
        cluster.bootstrap()
        with PublishedClient(cluster.addresses[0]) as client:
            client.deploy(WORKFLOW, waits_for_go)
        yield cluster


def go(client: PublishedClient, id: str) -> None:
    event = ExternalEventDefId(name=GO)
    client.stub.PutExternalEvent(PutExternalEventRequest(wf_run_id=WfRunId(id=id), external_event_def_id=event))


def knows(backup: Path, directory: Path, id: str) -> bool:
    """Whether there is that WfRun in a node that is restored from the backup, before it has ever run."""
    member = {"peer": "127.0.0.1:1", "client": "127.0.0.1:2"}
    config = load(cluster_id=NEW, node="n", data_dir=directory, members={"n": member})
    file = directory.with_suffix(".toml")
    file.write_text('[members.n]\npeer = "127.0.0.1:1"\nclient = "127.0.0.1:2"\n')
    done("restore", backup, "--config", file, "--node", "n", "--data-dir", directory, "--cluster-id", NEW)
    store = open_store(directory / STATE_DIRECTORY, config.cluster_bytes, "n")
    try:
        machine = Machine(store, lambda _, error: pytest.fail(str(error)))
        found = machine.query("GetWfRun", "default", "anonymous", WfRunId(id=id).SerializeToString())
        return found.code is Code.OK and WfRun.FromString(found.body).id.id == id
    finally:
        store.close()


@pytest.mark.parametrize("place", range(3))
def test_a_backup_of_any_node_holds_what_any_other_has_acknowledged_before(
    cluster: Cluster, tmp_path: Path, place: int
) -> None:
    node, other = cluster.nodes[place], cluster.nodes[place - 1]
    id, backup = f"of-{place}", tmp_path / "backup"
    with PublishedClient(other.client) as client:
        client.run(WORKFLOW, id)
        said = done("backup", backup, "--server", node.client)
    assert f"cluster {OLD} at entry" in said and f"from {node.name}" in said
    assert knows(backup, tmp_path / "restored", id)


def test_a_node_that_is_gone_is_passed_over(cluster: Cluster, tmp_path: Path) -> None:
    lost, other = cluster.followers()
    lost.kill()
    try:
        said = done("backup", tmp_path / "backup", "--server", f"{lost.client},{other.client}")
        assert f"from {other.name}" in said
    finally:
        cluster.start()


@contextmanager
def asks_for_a_task(client: PublishedClient) -> Iterator[Iterator[PollTaskResponse]]:
    """What comes to a worker who asks once, and never reports."""
    over = threading.Event()

    def requests() -> Iterator[PollTaskRequest]:
        yield PollTaskRequest(task_def_id=TaskDefId(name=TASK), client_id="old")
        over.wait()

    client.put_task_def(TASK)
    tasks = client.stub.PollTask(requests())
    try:
        yield tasks
    finally:
        tasks.cancel()
        over.set()


def documented(command: str) -> list[str]:
    """What the operators' document tells them to type for that, in one line of its own."""
    (line,) = re.findall(rf"^(?:sudo .*/)?konik ({command} .*)$", DOCUMENT.read_text(), re.MULTILINE)
    return line.split()


def as_documented(command: str, **here: object) -> str:
    """Does that with what is `here` in the place of what the document says."""
    return done(*(here.get(EXAMPLES.get(word, ""), word) for word in documented(command)))


def restored(backup: Path, directory: Path) -> Cluster:
    cluster = Cluster(directory, cluster_id=NEW)
    for node in cluster.nodes:
        as_documented("restore", file=backup, config=node.configuration)
    return cluster


def test_a_cluster_made_from_a_backup_goes_on_where_it_was(cluster: Cluster, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with PublishedClient(cluster.followers()[0].client) as client, asks_for_a_task(client) as tasks:
        client.deploy(TASK, held)
        with Callers(cluster.addresses, WORKFLOW) as callers:
            callers.wait_for_more(300)
            client.run(TASK, HELD)
            assert next(tasks).result.task_run_id.wf_run_id.id == HELD
            acknowledged = set(callers.started)
            as_documented("backup", file=backup, servers=",".join(cluster.addresses))
            callers.wait_for_more(100)
        assert callers.failures == []
        cluster.kill()
    with restored(backup, tmp_path / NEW) as new:
        new.start()
        with PublishedClient(new.nodes[1].client) as client:
            assert client.stub.GetLatestWfSpec(GetLatestWfSpecRequest(name=WORKFLOW)).id.name == WORKFLOW
            assert acknowledged <= runs(client, WORKFLOW, LHStatus.RUNNING)
            client.work(reports, TASK)
            for id in acknowledged:
                go(client, id)
            eventually(
                lambda: acknowledged <= runs(client, WORKFLOW, LHStatus.COMPLETED), "what was acknowledged completes"
            )
            assert client.ended(client.stub.GetWfRun(WfRunId(id=HELD))).status == LHStatus.COMPLETED
        assert_states_agree(new, WORKFLOW)
    cluster.start()


async def reports() -> None:
    """A task that is done at once."""


def test_nodes_of_the_old_cluster_do_not_meet_those_of_the_new_one(cluster: Cluster, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    done("backup", backup, "--server", cluster.addresses[0])
    (node, *_) = Cluster(tmp_path / NEW, cluster_id=OLD).nodes
    assert "Choose another cluster_id" in refusal("restore", backup, "--config", node.configuration)
    assert not node.data.exists()


def test_what_is_there_is_not_written_over(cluster: Cluster, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    backup.write_text("of another day")
    assert "--force" in refusal("backup", backup, "--server", cluster.addresses[0])
    assert backup.read_text() == "of another day"
    done("backup", backup, "--force", "--server", cluster.addresses[0])
    node = cluster.nodes[0]
    flags = ("--config", node.configuration, "--cluster-id", NEW)
    assert "in use by another process" in refusal("restore", backup, *flags)
    node.terminate()
    try:
        before = (node.data / STATE_DIRECTORY / "data.mdb").read_bytes()
        assert "was made before" in refusal("restore", backup, *flags)
        assert (node.data / STATE_DIRECTORY / "data.mdb").read_bytes() == before
    finally:
        cluster.start()
