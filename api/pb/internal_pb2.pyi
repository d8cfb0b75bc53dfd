from konik.api.pb import ids_pb2 as _ids_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Ticket(_message.Message):
    __slots__ = ("tenant", "task_def", "worker_id", "worker_version", "stream", "number")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    TASK_DEF_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_VERSION_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    task_def: str
    worker_id: str
    worker_version: str
    stream: int
    number: int
    def __init__(self, tenant: _Optional[str] = ..., task_def: _Optional[str] = ..., worker_id: _Optional[str] = ..., worker_version: _Optional[str] = ..., stream: _Optional[int] = ..., number: _Optional[int] = ...) -> None: ...

class AttemptRef(_message.Message):
    __slots__ = ("tenant", "task_run_id", "attempt_number")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    TASK_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    task_run_id: _ids_pb2.TaskRunId
    attempt_number: int
    def __init__(self, tenant: _Optional[str] = ..., task_run_id: _Optional[_Union[_ids_pb2.TaskRunId, _Mapping]] = ..., attempt_number: _Optional[int] = ...) -> None: ...

class OfferTickets(_message.Message):
    __slots__ = ("node", "nonce", "term", "tickets", "delivered")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    TICKETS_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    node: str
    nonce: bytes
    term: int
    tickets: _containers.RepeatedCompositeFieldContainer[Ticket]
    delivered: _containers.RepeatedCompositeFieldContainer[AttemptRef]
    def __init__(self, node: _Optional[str] = ..., nonce: _Optional[bytes] = ..., term: _Optional[int] = ..., tickets: _Optional[_Iterable[_Union[Ticket, _Mapping]]] = ..., delivered: _Optional[_Iterable[_Union[AttemptRef, _Mapping]]] = ...) -> None: ...

class WithdrawTickets(_message.Message):
    __slots__ = ("node", "nonce", "stream")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    node: str
    nonce: bytes
    stream: int
    def __init__(self, node: _Optional[str] = ..., nonce: _Optional[bytes] = ..., stream: _Optional[int] = ...) -> None: ...

class ReturnAttempts(_message.Message):
    __slots__ = ("node", "nonce", "attempts")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    node: str
    nonce: bytes
    attempts: _containers.RepeatedCompositeFieldContainer[AttemptRef]
    def __init__(self, node: _Optional[str] = ..., nonce: _Optional[bytes] = ..., attempts: _Optional[_Iterable[_Union[AttemptRef, _Mapping]]] = ...) -> None: ...

class LoseNode(_message.Message):
    __slots__ = ("node", "nonce")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    node: str
    nonce: bytes
    def __init__(self, node: _Optional[str] = ..., nonce: _Optional[bytes] = ...) -> None: ...

class ForgetNode(_message.Message):
    __slots__ = ("node", "nonce")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    node: str
    nonce: bytes
    def __init__(self, node: _Optional[str] = ..., nonce: _Optional[bytes] = ...) -> None: ...

class ConfigureCluster(_message.Message):
    __slots__ = ("members",)
    class Member(_message.Message):
        __slots__ = ("node", "host", "port")
        NODE_FIELD_NUMBER: _ClassVar[int]
        HOST_FIELD_NUMBER: _ClassVar[int]
        PORT_FIELD_NUMBER: _ClassVar[int]
        node: str
        host: str
        port: int
        def __init__(self, node: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedCompositeFieldContainer[ConfigureCluster.Member]
    def __init__(self, members: _Optional[_Iterable[_Union[ConfigureCluster.Member, _Mapping]]] = ...) -> None: ...

class RaiseVersion(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class WaitingTicket(_message.Message):
    __slots__ = ("ticket", "node", "nonce")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    ticket: Ticket
    node: str
    nonce: bytes
    def __init__(self, ticket: _Optional[_Union[Ticket, _Mapping]] = ..., node: _Optional[str] = ..., nonce: _Optional[bytes] = ...) -> None: ...

class QueuedAttempt(_message.Message):
    __slots__ = ("attempt", "place", "ticket")
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    TICKET_FIELD_NUMBER: _ClassVar[int]
    attempt: AttemptRef
    place: bytes
    ticket: WaitingTicket
    def __init__(self, attempt: _Optional[_Union[AttemptRef, _Mapping]] = ..., place: _Optional[bytes] = ..., ticket: _Optional[_Union[WaitingTicket, _Mapping]] = ...) -> None: ...

class Timer(_message.Message):
    __slots__ = ("tenant", "sleep", "event_timeout", "task_timeout", "task_retry", "event_retention", "correlated_event_expiry", "subject_created_ms")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    SLEEP_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TASK_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TASK_RETRY_FIELD_NUMBER: _ClassVar[int]
    EVENT_RETENTION_FIELD_NUMBER: _ClassVar[int]
    CORRELATED_EVENT_EXPIRY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_CREATED_MS_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    sleep: _ids_pb2.NodeRunId
    event_timeout: _ids_pb2.NodeRunId
    task_timeout: AttemptRef
    task_retry: _ids_pb2.TaskRunId
    event_retention: _ids_pb2.ExternalEventId
    correlated_event_expiry: _ids_pb2.CorrelatedEventId
    subject_created_ms: int
    def __init__(self, tenant: _Optional[str] = ..., sleep: _Optional[_Union[_ids_pb2.NodeRunId, _Mapping]] = ..., event_timeout: _Optional[_Union[_ids_pb2.NodeRunId, _Mapping]] = ..., task_timeout: _Optional[_Union[AttemptRef, _Mapping]] = ..., task_retry: _Optional[_Union[_ids_pb2.TaskRunId, _Mapping]] = ..., event_retention: _Optional[_Union[_ids_pb2.ExternalEventId, _Mapping]] = ..., correlated_event_expiry: _Optional[_Union[_ids_pb2.CorrelatedEventId, _Mapping]] = ..., subject_created_ms: _Optional[int] = ...) -> None: ...
