"""What a WfSpec refers to: the definitions that are registered in its tenant at the moment of the Put."""

from typing import Protocol

from konik.api.pb.external_event_pb2 import ExternalEventDef
from konik.api.pb.task_def_pb2 import TaskDef
from konik.statemachine.context import Reader
from konik.statemachine.tables import EXTERNAL_EVENT_DEFS, TASK_DEFS, external_event_def_key, task_def_key


class Definitions(Protocol):
    """Each answers None if there is no such definition."""

    def task_def(self, name: str) -> TaskDef | None: ...

    def external_event_def(self, name: str) -> ExternalEventDef | None: ...


class StoredDefinitions:
    """The definitions in the state, as the caller's tenant has them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def task_def(self, name: str) -> TaskDef | None:
        return self._reader.load(TASK_DEFS, task_def_key(self._reader.tenant, name))

    def external_event_def(self, name: str) -> ExternalEventDef | None:
        return self._reader.load(EXTERNAL_EVENT_DEFS, external_event_def_key(self._reader.tenant, name))
