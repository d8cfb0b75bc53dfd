import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from konik.api.pb import ids_pb2 as _ids_pb2
from konik.api.pb import values_pb2 as _values_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Variable(_message.Message):
    __slots__ = ("id", "value", "created_at", "wf_spec_id", "masked")
    ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    WF_SPEC_ID_FIELD_NUMBER: _ClassVar[int]
    MASKED_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.VariableId
    value: _values_pb2.VariableValue
    created_at: _timestamp_pb2.Timestamp
    wf_spec_id: _ids_pb2.WfSpecId
    masked: bool
    def __init__(self, id: _Optional[_Union[_ids_pb2.VariableId, _Mapping]] = ..., value: _Optional[_Union[_values_pb2.VariableValue, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., wf_spec_id: _Optional[_Union[_ids_pb2.WfSpecId, _Mapping]] = ..., masked: bool = ...) -> None: ...
