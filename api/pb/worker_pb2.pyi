from konik.api.pb import task_requests_pb2 as _task_requests_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkRequest(_message.Message):
    __slots__ = ("worker", "reports", "polls")
    WORKER_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    POLLS_FIELD_NUMBER: _ClassVar[int]
    worker: _task_requests_pb2.PollTaskRequest
    reports: _containers.RepeatedCompositeFieldContainer[_task_requests_pb2.ReportTaskRun]
    polls: int
    def __init__(self, worker: _Optional[_Union[_task_requests_pb2.PollTaskRequest, _Mapping]] = ..., reports: _Optional[_Iterable[_Union[_task_requests_pb2.ReportTaskRun, _Mapping]]] = ..., polls: _Optional[int] = ...) -> None: ...

class WorkResponse(_message.Message):
    __slots__ = ("tasks", "accepted", "refused")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_task_requests_pb2.ScheduledTask]
    accepted: _containers.RepeatedScalarFieldContainer[int]
    refused: _containers.RepeatedCompositeFieldContainer[RefusedReport]
    def __init__(self, tasks: _Optional[_Iterable[_Union[_task_requests_pb2.ScheduledTask, _Mapping]]] = ..., accepted: _Optional[_Iterable[int]] = ..., refused: _Optional[_Iterable[_Union[RefusedReport, _Mapping]]] = ...) -> None: ...

class RefusedReport(_message.Message):
    __slots__ = ("number", "code", "message")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    number: int
    code: int
    message: str
    def __init__(self, number: _Optional[int] = ..., code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...
