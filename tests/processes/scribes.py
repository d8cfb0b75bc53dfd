"""Clients that share ledgers on real nodes, and write down what each call gave, so that the history can be checked."""

import asyncio
import time
from collections.abc import Hashable, Sequence
from itertools import count
from math import inf
from random import Random

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from konik.api.pb.event_requests_pb2 import PutExternalEventRequest
from konik.api.pb.external_event_pb2 import ExternalEvent
from konik.api.pb.ids_pb2 import ExternalEventDefId, WfRunId
from konik.api.pb.queries_pb2 import ExternalEventList, ListExternalEventsRequest
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest
from konik.sdk import Client
from konik.sdk.client import Answer
from konik.sdk.errors import AlreadyExists, RequestError
from tests.linearisability.checker import Operation

EVENT = "entry"
LEDGERS = 4
"""Among which the clients of one name, up to its last hyphen, choose."""


class Scribe:
    """One client, that asks any node first; what it saw is in `histories`, by ledger."""

    def __init__(
        self,
        name: str,
        client: Client,
        addresses: Sequence[str],
        histories: dict[str, list[Operation]],
        pause_seconds: float = 0.0,
    ) -> None:
        """It rests for a moment after each call."""
        self._name, self._client, self._addresses, self._histories = name, client, addresses, histories
        self._chance, self._numbers, self._pause_seconds = Random(name), count(), pause_seconds

    async def live(self, over: asyncio.Event) -> None:
        while not over.is_set():
            ledger = f"{self._name.rpartition('-')[0]}-ledger-{self._chance.randrange(LEDGERS)}"
            what = self._chance.choice(("write", "write", "read", "read", "read", "strike"))
            await {"write": self._write, "read": self._read, "strike": self._strike}[what](ledger)
            await asyncio.sleep(self._pause_seconds)

    async def _call(self, method: str, request: Message, answer: type[Answer]) -> Answer:
        first = self._chance.choice(self._addresses)
        return await self._client.call(method, request, answer, first=first)

    async def _write(self, ledger: str) -> None:
        """Mostly something new, at times what everybody writes."""
        guid = "shared" if self._chance.random() < 0.2 else f"{self._name}-{next(self._numbers)}"
        request = PutExternalEventRequest(
            wf_run_id=WfRunId(id=ledger), external_event_def_id=ExternalEventDefId(name=EVENT), guid=guid
        )
        called = time.monotonic()
        try:
            await self._call("PutExternalEvent", request, ExternalEvent)
        except AlreadyExists:
            self._note(ledger, called, ("write", guid), "exists")
        except RequestError:
            self._note(ledger, called, ("write", guid), None)
        else:
            self._note(ledger, called, ("write", guid), "written")

    async def _strike(self, ledger: str) -> None:
        called = time.monotonic()
        try:
            await self._call("DeleteWfRun", DeleteWfRunRequest(id=WfRunId(id=ledger)), Empty)
        except RequestError:
            self._note(ledger, called, "strike", None)
        else:
            self._note(ledger, called, "strike", "struck")

    async def _read(self, ledger: str) -> None:
        """A read that fails says nothing."""
        called = time.monotonic()
        request = ListExternalEventsRequest(wf_run_id=WfRunId(id=ledger))
        try:
            found = await self._call("ListExternalEvents", request, ExternalEventList)
        except RequestError:
            return
        self._note(ledger, called, "read", tuple(sorted(event.id.guid for event in found.results)))

    def _note(self, ledger: str, called: float, input: Hashable, output: Hashable) -> None:
        returned = inf if output is None else time.monotonic()
        self._histories.setdefault(ledger, []).append(Operation(self._name, called, returned, input, output))
