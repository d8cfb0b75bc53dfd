"""A state that tests fill with objects and then put questions to."""

from typing import Any

import pytest
from google.protobuf.message import Message

import konik.statemachine.machine  # noqa: F401  registers the methods
from konik.api.pb.wf_spec_pb2 import WfSpec
from konik.statemachine import tables
from konik.statemachine.context import Context, Plans, Reader
from konik.statemachine.registry import METHODS
from konik.statemachine.tables import Table


class State:
    """Objects of the tenant `default`, and what the queries say of them."""

    def __init__(self, view: Any) -> None:
        self.view = view
        self.plans = Plans()

    def context(self) -> Context:
        return Context(self.view, self.plans, "default", "anonymous", now_ms=0, index=1, counter=0)

    def reader(self, tenant: str = "default") -> Reader:
        return Reader(self.view, self.plans, tenant, "anonymous", 0)

    def save(self, table: Table[Any], key: bytes, message: Message) -> None:
        context = self.context()
        context.save(table, key, message)
        context.commit()

    def remove(self, table: Table[Any], key: bytes) -> None:
        context = self.context()
        context.remove(table, key)
        context.commit()

    def ask(self, method: str, request: Message, tenant: str = "default") -> Any:
        registered = METHODS[method]
        assert isinstance(request, registered.request)
        return registered.run(self.reader(tenant), request)

    def all_pages(self, method: str, request: Any) -> list[Any]:
        """The results of all pages, as one list."""
        found: list[Any] = []
        while True:
            page = self.ask(method, request)
            found.extend(page.results)
            if not page.HasField("bookmark"):
                return found
            request.bookmark = page.bookmark

    def add_wf_spec(self, name: str, major: int = 0, revision: int = 0, **threads: Any) -> WfSpec:
        """Each keyword is a thread and its ThreadSpec; without any there is an empty thread `entrypoint`."""
        spec = WfSpec(entrypoint_thread_name=next(iter(threads), "entrypoint"))
        spec.id.name, spec.id.major_version, spec.id.revision = name, major, revision
        spec.thread_specs[spec.entrypoint_thread_name]
        for thread, thread_spec in threads.items():
            spec.thread_specs[thread].CopyFrom(thread_spec)
        self.save(tables.WF_SPECS, tables.wf_spec_key("default", spec.id), spec)
        return spec


@pytest.fixture(scope="session")
def new_state(memory_view: Any) -> Any:
    """Makes an empty state."""
    return lambda: State(memory_view())


@pytest.fixture
def state(new_state: Any) -> State:
    made: State = new_state()
    return made
