from konik.api.pb import external_event_pb2 as _external_event_pb2
from konik.api.pb import ids_pb2 as _ids_pb2
from konik.api.pb import values_pb2 as _values_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutWorkflowEventDefRequest(_message.Message):
    __slots__ = ("name", "content_type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    content_type: _values_pb2.ReturnType
    def __init__(self, name: _Optional[str] = ..., content_type: _Optional[_Union[_values_pb2.ReturnType, _Mapping]] = ...) -> None: ...

class PutExternalEventDefRequest(_message.Message):
    __slots__ = ("name", "retention_policy", "content_type", "correlated_event_config")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RETENTION_POLICY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CORRELATED_EVENT_CONFIG_FIELD_NUMBER: _ClassVar[int]
    name: str
    retention_policy: _external_event_pb2.ExternalEventRetentionPolicy
    content_type: _values_pb2.ReturnType
    correlated_event_config: _external_event_pb2.CorrelatedEventConfig
    def __init__(self, name: _Optional[str] = ..., retention_policy: _Optional[_Union[_external_event_pb2.ExternalEventRetentionPolicy, _Mapping]] = ..., content_type: _Optional[_Union[_values_pb2.ReturnType, _Mapping]] = ..., correlated_event_config: _Optional[_Union[_external_event_pb2.CorrelatedEventConfig, _Mapping]] = ...) -> None: ...

class PutExternalEventRequest(_message.Message):
    __slots__ = ("wf_run_id", "external_event_def_id", "guid", "content", "thread_run_number", "node_run_position")
    WF_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_EVENT_DEF_ID_FIELD_NUMBER: _ClassVar[int]
    GUID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    THREAD_RUN_NUMBER_FIELD_NUMBER: _ClassVar[int]
    NODE_RUN_POSITION_FIELD_NUMBER: _ClassVar[int]
    wf_run_id: _ids_pb2.WfRunId
    external_event_def_id: _ids_pb2.ExternalEventDefId
    guid: str
    content: _values_pb2.VariableValue
    thread_run_number: int
    node_run_position: int
    def __init__(self, wf_run_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ..., external_event_def_id: _Optional[_Union[_ids_pb2.ExternalEventDefId, _Mapping]] = ..., guid: _Optional[str] = ..., content: _Optional[_Union[_values_pb2.VariableValue, _Mapping]] = ..., thread_run_number: _Optional[int] = ..., node_run_position: _Optional[int] = ...) -> None: ...

class PutCorrelatedEventRequest(_message.Message):
    __slots__ = ("key", "external_event_def_id", "content")
    KEY_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_EVENT_DEF_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    key: str
    external_event_def_id: _ids_pb2.ExternalEventDefId
    content: _values_pb2.VariableValue
    def __init__(self, key: _Optional[str] = ..., external_event_def_id: _Optional[_Union[_ids_pb2.ExternalEventDefId, _Mapping]] = ..., content: _Optional[_Union[_values_pb2.VariableValue, _Mapping]] = ...) -> None: ...

class DeleteExternalEventRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.ExternalEventId
    def __init__(self, id: _Optional[_Union[_ids_pb2.ExternalEventId, _Mapping]] = ...) -> None: ...

class DeleteCorrelatedEventRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.CorrelatedEventId
    def __init__(self, id: _Optional[_Union[_ids_pb2.CorrelatedEventId, _Mapping]] = ...) -> None: ...

class DeleteExternalEventDefRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.ExternalEventDefId
    def __init__(self, id: _Optional[_Union[_ids_pb2.ExternalEventDefId, _Mapping]] = ...) -> None: ...

class DeleteWorkflowEventDefRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.WorkflowEventDefId
    def __init__(self, id: _Optional[_Union[_ids_pb2.WorkflowEventDefId, _Mapping]] = ...) -> None: ...

class AwaitWorkflowEventRequest(_message.Message):
    __slots__ = ("wf_run_id", "event_def_ids", "workflow_events_to_ignore")
    WF_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_DEF_IDS_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_EVENTS_TO_IGNORE_FIELD_NUMBER: _ClassVar[int]
    wf_run_id: _ids_pb2.WfRunId
    event_def_ids: _containers.RepeatedCompositeFieldContainer[_ids_pb2.WorkflowEventDefId]
    workflow_events_to_ignore: _containers.RepeatedCompositeFieldContainer[_ids_pb2.WorkflowEventId]
    def __init__(self, wf_run_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ..., event_def_ids: _Optional[_Iterable[_Union[_ids_pb2.WorkflowEventDefId, _Mapping]]] = ..., workflow_events_to_ignore: _Optional[_Iterable[_Union[_ids_pb2.WorkflowEventId, _Mapping]]] = ...) -> None: ...
