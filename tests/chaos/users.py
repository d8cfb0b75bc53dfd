"""Users outside the cluster, with Konik's client and with the published one, who do not give up.

All ids are theirs, so a call of which they do not know what came of it is simply made again. `run` and `send` return
once it is certain that it was done.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import grpc
from littlehorse.model import ExternalEventDefId as PublishedEventDefId
from littlehorse.model import PutExternalEventRequest, RunWfRequest
from littlehorse.model import VariableValue as PublishedValue
from littlehorse.model import WfRunId as PublishedWfRunId
from published_client import PublishedClient

from konik.bench.failover import OUTCOME_UNKNOWN
from konik.sdk import Client, to_value
from konik.sdk.errors import AlreadyExists, DeadlineExceeded, OutcomeUnknown, Unavailable

CALL_SECONDS_MAX = 20.0
AGAIN_SECONDS = 0.2


class User(Protocol):
    async def run(self, workflow: str, id: str, variables: Mapping[str, object]) -> None:
        """Starts a WfRun."""

    async def send(self, run: str, event: str, guid: str, content: object) -> None:
        """Sends an external event."""


class KonikUser:
    """Whose calls carry request ids. What it finds strange is in `findings`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.findings: list[str] = []

    async def run(self, workflow: str, id: str, variables: Mapping[str, object]) -> None:
        await self._do(f"RunWf {id}", lambda: self._client.run_wf(workflow, variables, id=id))

    async def send(self, run: str, event: str, guid: str, content: object) -> None:
        await self._do(
            f"PutExternalEvent {run}/{guid}", lambda: self._client.put_external_event(run, event, content, guid=guid)
        )

    async def _do(self, what: str, call: Callable[[], object]) -> None:
        is_first = True
        while True:
            try:
                await call()  # type: ignore[misc]
            except AlreadyExists:
                if is_first:
                    self.findings.append(f"{what}: refused as existing although it was asked for once")
                return
            except (Unavailable, DeadlineExceeded, OutcomeUnknown):
                is_first = False
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return


class PublishedUser:
    """It knows one node, and waits for that one if it is away."""

    def __init__(self, client: PublishedClient, threads: ThreadPoolExecutor) -> None:
        self._client, self._threads = client, threads

    async def run(self, workflow: str, id: str, variables: Mapping[str, object]) -> None:
        given = {name: published(value) for name, value in variables.items()}
        await self._do(self._client.stub.RunWf, RunWfRequest(wf_spec_name=workflow, id=id, variables=given))

    async def send(self, run: str, event: str, guid: str, content: object) -> None:
        request = PutExternalEventRequest(
            wf_run_id=PublishedWfRunId(id=run),
            external_event_def_id=PublishedEventDefId(name=event),
            guid=guid,
            content=published(content),
        )
        await self._do(self._client.stub.PutExternalEvent, request)

    async def _do(self, method: Callable[..., object], request: object) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._threads, lambda: method(request, timeout=CALL_SECONDS_MAX))
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                    return
                if error.code() not in OUTCOME_UNKNOWN:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return


def published(value: object) -> PublishedValue:
    """The value as the published client's own messages have it, which are the same on the wire."""
    return PublishedValue.FromString(to_value(value).SerializeToString())
