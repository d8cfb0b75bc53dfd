"""The published LittleHorse client as its users have it: a configuration, a stub, workers that run beside the test.

Nothing of the client is replaced. What its worker says about broken connections is read from its log.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from littlehorse import create_task_def, create_workflow_spec
from littlehorse.config import LHConfig
from littlehorse.model import LHStatus, PutTaskDefRequest, RunWfRequest, VariableValue, WfRun
from littlehorse.worker import LHTaskWorker
from littlehorse.workflow import Workflow, WorkflowThread
from server_processes import eventually

RUN_SECONDS_MAX = 20.0
CONNECT_SECONDS_MAX = 10.0
STOP_SECONDS_MAX = 10.0

TERMINAL = (LHStatus.COMPLETED, LHStatus.ERROR, LHStatus.EXCEPTION)


def value(of: object) -> VariableValue:
    """`of` as clients send it."""
    kinds = {bool: "bool", int: "int", float: "double", str: "str", bytes: "bytes"}
    return VariableValue(**{kinds[type(of)]: of})


def configuration(address: str, **settings: object) -> LHConfig:
    """A client's configuration for the server at that address."""
    host, _, port = address.rpartition(":")
    config = LHConfig()
    config.load({"LHC_API_HOST": host, "LHC_API_PORT": port, **settings})
    return config


class WorkerLog(logging.Handler):
    """What published workers complain about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    @property
    def broken_streams(self) -> set[str]:
        """The addresses to which a stream has broken."""
        marker = "Api Connection Error at '"
        return {line.split(marker)[1].split("'")[0] for line in self.lines if marker in line}

    @property
    def repeated_reports(self) -> int:
        """How often a report has failed and is to be sent again."""
        return sum("Error reporting task" in line for line in self.lines)


class PublishedClient:
    """One user. Use it as a context manager: its workers end with it."""

    def __init__(self, address: str, **settings: object) -> None:
        self.config = configuration(address, **settings)
        self.stub: Any = self.config.stub()
        self.log = WorkerLog()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="published workers", daemon=True)
        self._working: list[Future[None]] = []

    def __enter__(self) -> "PublishedClient":
        logging.getLogger("LHConnection").addHandler(self.log)
        self._thread.start()
        self._connect()
        return self

    def _connect(self) -> None:
        """Waits for the connection. gRPC shares what it knows of an address within the process: that one has refused
        an earlier client it believes for a second, and does not notice that the node is back."""
        with self.config.establish_channel() as channel:
            check = HealthStub(channel).Check

            def look() -> bool:
                try:
                    check(HealthCheckRequest(), timeout=CONNECT_SECONDS_MAX)
                except grpc.RpcError:
                    return False
                return True

            eventually(look, f"{self.config.bootstrap_server} can be reached", CONNECT_SECONDS_MAX)

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(STOP_SECONDS_MAX)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS_MAX)
        logging.getLogger("LHConnection").removeHandler(self.log)

    def work(self, task: Callable[..., Awaitable[Any]], name: str) -> None:
        """Registers the TaskDef and does its tasks from now on."""
        create_task_def(task, name, self.config)
        worker = LHTaskWorker(task, name, self.config)
        self._working.append(asyncio.run_coroutine_threadsafe(worker.start(), self._loop))

    def put_task_def(self, name: str) -> None:
        """A TaskDef without inputs, for whose tasks there is no worker."""
        self.stub.PutTaskDef(PutTaskDefRequest(name=name))

    def from_worker(self, act: Callable[[], object]) -> None:
        """Does something where the workers run."""
        self._loop.call_soon_threadsafe(act)

    def deploy(self, name: str, entrypoint: Callable[[WorkflowThread], None]) -> None:
        create_workflow_spec(Workflow(name, entrypoint), self.config)

    def run(self, name: str, id: str | None = None, **variables: object) -> WfRun:
        """Starts a WfRun. In names of variables `_` stands for `-`."""
        given = {name.replace("_", "-"): value(of) for name, of in variables.items()}
        return self.stub.RunWf(RunWfRequest(wf_spec_name=name, id=id, variables=given))

    def ended(self, run: WfRun, seconds: float = RUN_SECONDS_MAX) -> WfRun:
        """The WfRun once it has ended, in whatever way."""

        def look() -> WfRun | None:
            now: WfRun = self.stub.GetWfRun(run.id)
            return now if now.status in TERMINAL else None

        return eventually(look, f"WfRun {run.id.id} ends", seconds)

    def arrived(self, run: WfRun, position: int, seconds: float = RUN_SECONDS_MAX) -> WfRun:
        """The WfRun once its first thread is at that node."""

        def look() -> WfRun | None:
            now: WfRun = self.stub.GetWfRun(run.id)
            return now if now.thread_runs[0].current_node_position >= position else None

        return eventually(look, f"WfRun {run.id.id} comes to node {position}", seconds)


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
