from konik.api.pb import ids_pb2 as _ids_pb2
from konik.api.pb import values_pb2 as _values_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeleteScheduledWfRunRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.ScheduledWfRunId
    def __init__(self, id: _Optional[_Union[_ids_pb2.ScheduledWfRunId, _Mapping]] = ...) -> None: ...

class DeleteWfRunRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.WfRunId
    def __init__(self, id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ...) -> None: ...

class RunWfRequest(_message.Message):
    __slots__ = ("wf_spec_name", "major_version", "revision", "variables", "id", "parent_wf_run_id")
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _values_pb2.VariableValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_values_pb2.VariableValue, _Mapping]] = ...) -> None: ...
    WF_SPEC_NAME_FIELD_NUMBER: _ClassVar[int]
    MAJOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_WF_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    wf_spec_name: str
    major_version: int
    revision: int
    variables: _containers.MessageMap[str, _values_pb2.VariableValue]
    id: str
    parent_wf_run_id: _ids_pb2.WfRunId
    def __init__(self, wf_spec_name: _Optional[str] = ..., major_version: _Optional[int] = ..., revision: _Optional[int] = ..., variables: _Optional[_Mapping[str, _values_pb2.VariableValue]] = ..., id: _Optional[str] = ..., parent_wf_run_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ...) -> None: ...

class ScheduleWfRequest(_message.Message):
    __slots__ = ("id", "wf_spec_name", "major_version", "revision", "variables", "parent_wf_run_id", "cron_expression")
    class VariablesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _values_pb2.VariableValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_values_pb2.VariableValue, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    WF_SPEC_NAME_FIELD_NUMBER: _ClassVar[int]
    MAJOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    PARENT_WF_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CRON_EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    wf_spec_name: str
    major_version: int
    revision: int
    variables: _containers.MessageMap[str, _values_pb2.VariableValue]
    parent_wf_run_id: _ids_pb2.WfRunId
    cron_expression: str
    def __init__(self, id: _Optional[str] = ..., wf_spec_name: _Optional[str] = ..., major_version: _Optional[int] = ..., revision: _Optional[int] = ..., variables: _Optional[_Mapping[str, _values_pb2.VariableValue]] = ..., parent_wf_run_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ..., cron_expression: _Optional[str] = ...) -> None: ...

class StopWfRunRequest(_message.Message):
    __slots__ = ("wf_run_id", "thread_run_number")
    WF_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_RUN_NUMBER_FIELD_NUMBER: _ClassVar[int]
    wf_run_id: _ids_pb2.WfRunId
    thread_run_number: int
    def __init__(self, wf_run_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ..., thread_run_number: _Optional[int] = ...) -> None: ...

class ResumeWfRunRequest(_message.Message):
    __slots__ = ("wf_run_id", "thread_run_number")
    WF_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_RUN_NUMBER_FIELD_NUMBER: _ClassVar[int]
    wf_run_id: _ids_pb2.WfRunId
    thread_run_number: int
    def __init__(self, wf_run_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ..., thread_run_number: _Optional[int] = ...) -> None: ...

class RescueThreadRunRequest(_message.Message):
    __slots__ = ("wf_run_id", "thread_run_number", "skip_current_node")
    WF_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_RUN_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SKIP_CURRENT_NODE_FIELD_NUMBER: _ClassVar[int]
    wf_run_id: _ids_pb2.WfRunId
    thread_run_number: int
    skip_current_node: bool
    def __init__(self, wf_run_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ..., thread_run_number: _Optional[int] = ..., skip_current_node: bool = ...) -> None: ...
