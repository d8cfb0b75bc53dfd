"""The client of a cluster: one object that knows several servers and hides which of them answers.

A call goes to the leader as soon as a server has named it (trailer `konik-leader`), and is repeated at other servers
until its deadline. Commands carry `konik-request-id`: one whose answer was lost runs once however often it is sent. The
id's creation time is cluster time as the cluster itself has stated it (trailer `konik-time`), never this machine's
clock.
"""

import random
import secrets
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from konik.api.pb.event_requests_pb2 import (
    PutCorrelatedEventRequest,
    PutExternalEventDefRequest,
    PutExternalEventRequest,
    PutWorkflowEventDefRequest,
)
from konik.api.pb.external_event_pb2 import CorrelatedEvent, ExternalEvent, ExternalEventDef
from konik.api.pb.ids_pb2 import ExternalEventDefId, WfRunId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.run_requests_pb2 import RunWfRequest
from konik.api.pb.task_def_pb2 import TaskDef
from konik.api.pb.task_requests_pb2 import RegisterTaskWorkerRequest, RegisterTaskWorkerResponse, ReportTaskRun
from konik.api.pb.version_pb2 import LittleHorseVersion
from konik.api.pb.wf_run_pb2 import WfRun
from konik.api.pb.wf_spec_pb2 import WfSpec
from konik.api.pb.workflow_event_pb2 import WorkflowEventDef
from konik.sdk.clock import Clock, SystemClock
from konik.sdk.failover import ELSEWHERE, Failure, Pause, Servers, attempts
from konik.sdk.ids import wf_run_id
from konik.sdk.values import to_value

SERVICE = "/littlehorse.LittleHorse/"
TIMEOUT_S = 30.0

REQUEST_ID = "konik-request-id"
REQUEST_TIME = "konik-request-time"
CLUSTER_TIME = "konik-time"
LEADER = "konik-leader"
STATUS_DETAILS = "grpc-status-details-bin"

# Ids live for ten minutes of cluster time. The client does not reckon on from the time it was told, lest it run ahead
# of the cluster (which refuses such ids); it asks again when what it knows is older than this.
CLUSTER_TIME_MAX_AGE_S = 60.0

# What the names of requests without effects begin with; they need no id.
READS = ("Get", "List", "Search", "Count", "Await", "Whoami", "Validate")

# Ping only as often as every server permits, and redial at once after a restart: the library's default waits up to
# two minutes.
CHANNEL_OPTIONS = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),  # without it a ping is waited for for a minute
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.use_local_subchannel_pool", 1),
)

Answer = TypeVar("Answer", bound=Message)
Metadata = tuple[tuple[str, str], ...]


class Client:
    """Talks to the servers `"host:port,host:port"` (or a list of such names).

    `timeout_s` bounds every call that does not name its own, fail-over included. `tenant` and `token` go with every
    call. Use it as an async context manager, or call `close`. One client serves any number of concurrent calls.
    """

    def __init__(
        self,
        servers: str | Iterable[str] = "localhost:2023",
        *,
        tenant: str | None = None,
        token: str | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
        chance: random.Random | None = None,
    ) -> None:
        names = servers.split(",") if isinstance(servers, str) else servers
        self._servers = Servers(name.strip() for name in names if name.strip())
        self._credentials = credentials
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()
        self._chance = chance or secrets.SystemRandom()
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._cluster_time: str | None = None
        self._cluster_time_at = -CLUSTER_TIME_MAX_AGE_S
        self.metadata = _caller_metadata(tenant, token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection; calls in flight fail."""
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            await channel.close(None)

    @property
    def servers(self) -> Servers:
        return self._servers

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def chance(self) -> random.Random:
        return self._chance

    def channel(self, address: str) -> grpc.aio.Channel:
        """The one channel to this server, opened when first asked for."""
        if address not in self._channels:
            if self._credentials is None:
                self._channels[address] = grpc.aio.insecure_channel(address, CHANNEL_OPTIONS)
            else:
                self._channels[address] = grpc.aio.secure_channel(address, self._credentials, CHANNEL_OPTIONS)
        return self._channels[address]

    async def call(
        self,
        name: str,
        request: Message,
        answer: type[Answer],
        *,
        timeout_s: float | None = None,
        first: str | None = None,
    ) -> Answer:
        """Sends `request` to the RPC `name` and returns its answer, from whichever server gives one.

        `first` is the server to begin with, by default the leader if one was named, else the one that answered last.
        Raises a `RequestError`.
        """
        reads = name.startswith(READS)
        identity = () if reads else await self._new_identity(timeout_s)
        return await self._send(name, request, answer, identity, timeout_s, first, repeatable=reads or bool(identity))

    async def _send(
        self,
        name: str,
        request: Message,
        answer: type[Answer],
        identity: Metadata,
        timeout_s: float | None,
        first: str | None = None,
        *,
        repeatable: bool = True,
    ) -> Answer:
        policy = attempts(
            name,
            self._servers.order(first),
            self._clock.monotonic(),
            self._timeout_s if timeout_s is None else timeout_s,
            self._chance,
            repeatable=repeatable,
        )
        payload, step = request.SerializeToString(), next(policy)
        while True:
            if isinstance(step, Pause):
                await self._clock.sleep(step.seconds)
                step = next(policy)
                continue
            outcome = await self._try(step.server, name, payload, identity, step.timeout_s)
            if isinstance(outcome, Failure):
                step = policy.send(outcome)
                continue
            self._servers.answered(step.server)
            if outcome.leader is not None:
                self._servers.leads(outcome.leader, self._clock.monotonic())
            return answer.FromString(outcome.body)

    async def _try(
        self, server: str, name: str, payload: bytes, identity: Metadata, timeout_s: float
    ) -> "_Success | Failure":
        method = self.channel(server).unary_unary(SERVICE + name, None, None)
        call = method(payload, timeout=timeout_s, metadata=self.metadata + identity)
        try:
            answer: bytes = await call
        except grpc.aio.AioRpcError as error:
            trailers = _by_key(error.trailing_metadata())
            self._learn_time(trailers)
            failure = Failure(error.code(), error.details() or "", self._clock.monotonic(), _retry_after_s(trailers))
            if failure.code in ELSEWHERE:
                self._servers.failed(server, failure.at)
            return failure
        trailers = _by_key(await call.trailing_metadata())
        self._learn_time(trailers)
        leader = trailers.get(LEADER)
        return _Success(answer, leader if isinstance(leader, str) else None)

    async def _new_identity(self, timeout_s: float | None) -> Metadata:
        """An id for one command; none if the servers do not state the cluster's time (then they keep no ids)."""
        if self._clock.monotonic() - self._cluster_time_at >= CLUSTER_TIME_MAX_AGE_S:
            await self._send("GetServerVersion", Empty(), LittleHorseVersion, (), timeout_s)
        if self._cluster_time is None:
            return ()
        return ((REQUEST_ID, f"{self._chance.getrandbits(128):032x}"), (REQUEST_TIME, self._cluster_time))

    def _learn_time(self, trailers: Mapping[str, str | bytes]) -> None:
        time_ms = trailers.get(CLUSTER_TIME)
        if isinstance(time_ms, str) and time_ms.isdecimal():
            self._cluster_time = time_ms
            self._cluster_time_at = self._clock.monotonic()

    async def put_task_def(self, request: PutTaskDefRequest) -> TaskDef:
        """Registers a TaskDef; an equal one that exists is returned."""
        return await self.call("PutTaskDef", request, TaskDef)

    async def put_external_event_def(self, request: PutExternalEventDefRequest) -> ExternalEventDef:
        return await self.call("PutExternalEventDef", request, ExternalEventDef)

    async def put_workflow_event_def(self, request: PutWorkflowEventDefRequest) -> WorkflowEventDef:
        return await self.call("PutWorkflowEventDef", request, WorkflowEventDef)

    async def put_wf_spec(self, request: PutWfSpecRequest) -> WfSpec:
        return await self.call("PutWfSpec", request, WfSpec)

    async def run_wf(self, wf_spec_name: str, variables: Mapping[str, object] | None = None, *, id: str = "") -> WfRun:
        """Starts a run of the newest version of a WfSpec; without `id` the cluster chooses one."""
        request = RunWfRequest(wf_spec_name=wf_spec_name, id=id or None)
        for name, value in (variables or {}).items():
            request.variables[name].CopyFrom(to_value(value))
        return await self.call("RunWf", request, WfRun)

    async def get_wf_run(self, id: str | WfRunId) -> WfRun:
        """Reads a run by its id or the text form of it (`parent_child`)."""
        return await self.call("GetWfRun", wf_run_id(id) if isinstance(id, str) else id, WfRun)

    async def put_external_event(
        self, run: str | WfRunId, event: str, content: object = None, *, guid: str = ""
    ) -> ExternalEvent:
        """Sends an event to one run."""
        request = PutExternalEventRequest(
            wf_run_id=wf_run_id(run) if isinstance(run, str) else run,
            external_event_def_id=ExternalEventDefId(name=event),
            guid=guid or None,
            content=to_value(content),
        )
        return await self.call("PutExternalEvent", request, ExternalEvent)

    async def put_correlated_event(self, key: str, event: str, content: object = None) -> CorrelatedEvent:
        """Sends an event to every run that waits, or will wait, for it under this key."""
        request = PutCorrelatedEventRequest(
            key=key, external_event_def_id=ExternalEventDefId(name=event), content=to_value(content)
        )
        return await self.call("PutCorrelatedEvent", request, CorrelatedEvent)

    async def register_task_worker(self, request: RegisterTaskWorkerRequest) -> RegisterTaskWorkerResponse:
        return await self.call("RegisterTaskWorker", request, RegisterTaskWorkerResponse)

    async def report_task(self, report: ReportTaskRun, *, first: str, timeout_s: float) -> None:
        """Reports a finished attempt, beginning with the server that handed it out."""
        await self.call("ReportTask", report, Empty, first=first, timeout_s=timeout_s)


class _Success(NamedTuple):
    """An answer, and the server that leads, if the one that answered has named another one."""

    body: bytes
    leader: str | None


def _caller_metadata(tenant: str | None, token: str | None) -> Metadata:
    entries = {"tenantid": tenant, "authorization": f"Bearer {token}" if token else None}
    return tuple((key, value) for key, value in entries.items() if value is not None)


def _by_key(metadata: Iterable[Any]) -> dict[str, str | bytes]:
    return {key: value for key, value in metadata}


def _retry_after_s(trailers: Mapping[str, str | bytes]) -> float | None:
    """The delay of a RetryInfo, in seconds; None if there is none or it is not positive."""
    packed = trailers.get(STATUS_DETAILS)
    if not isinstance(packed, bytes):
        return None
    for detail in Status.FromString(packed).details:
        info = RetryInfo()
        if detail.Unpack(info):
            seconds = info.retry_delay.seconds + info.retry_delay.nanos / 1e9
            return seconds if seconds > 0 else None
    return None
