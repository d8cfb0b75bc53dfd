import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from konik.api.pb import enums_pb2 as _enums_pb2
from konik.api.pb import ids_pb2 as _ids_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CountAndTiming(_message.Message):
    __slots__ = ("count", "min_latency_ms", "max_latency_ms", "total_latency_ms")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MIN_LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    count: int
    min_latency_ms: int
    max_latency_ms: int
    total_latency_ms: int
    def __init__(self, count: _Optional[int] = ..., min_latency_ms: _Optional[int] = ..., max_latency_ms: _Optional[int] = ..., total_latency_ms: _Optional[int] = ...) -> None: ...

class MetricWindow(_message.Message):
    __slots__ = ("id", "workflow", "task", "quota_usage")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    QUOTA_USAGE_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.MetricWindowId
    workflow: WfMetrics
    task: TaskMetrics
    quota_usage: QuotaUsageMetrics
    def __init__(self, id: _Optional[_Union[_ids_pb2.MetricWindowId, _Mapping]] = ..., workflow: _Optional[_Union[WfMetrics, _Mapping]] = ..., task: _Optional[_Union[TaskMetrics, _Mapping]] = ..., quota_usage: _Optional[_Union[QuotaUsageMetrics, _Mapping]] = ...) -> None: ...

class QuotaUsageMetrics(_message.Message):
    __slots__ = ("requests_observed", "requests_throttled", "total_throttle_time_ms")
    REQUESTS_OBSERVED_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_THROTTLED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_THROTTLE_TIME_MS_FIELD_NUMBER: _ClassVar[int]
    requests_observed: int
    requests_throttled: int
    total_throttle_time_ms: int
    def __init__(self, requests_observed: _Optional[int] = ..., requests_throttled: _Optional[int] = ..., total_throttle_time_ms: _Optional[int] = ...) -> None: ...

class WfMetrics(_message.Message):
    __slots__ = ("started", "running_to_completed", "running_to_error", "running_to_exception", "running_to_halting", "running_to_halted", "halting_to_halted", "halted_to_running")
    STARTED_FIELD_NUMBER: _ClassVar[int]
    RUNNING_TO_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    RUNNING_TO_ERROR_FIELD_NUMBER: _ClassVar[int]
    RUNNING_TO_EXCEPTION_FIELD_NUMBER: _ClassVar[int]
    RUNNING_TO_HALTING_FIELD_NUMBER: _ClassVar[int]
    RUNNING_TO_HALTED_FIELD_NUMBER: _ClassVar[int]
    HALTING_TO_HALTED_FIELD_NUMBER: _ClassVar[int]
    HALTED_TO_RUNNING_FIELD_NUMBER: _ClassVar[int]
    started: CountAndTiming
    running_to_completed: CountAndTiming
    running_to_error: CountAndTiming
    running_to_exception: CountAndTiming
    running_to_halting: CountAndTiming
    running_to_halted: CountAndTiming
    halting_to_halted: CountAndTiming
    halted_to_running: CountAndTiming
    def __init__(self, started: _Optional[_Union[CountAndTiming, _Mapping]] = ..., running_to_completed: _Optional[_Union[CountAndTiming, _Mapping]] = ..., running_to_error: _Optional[_Union[CountAndTiming, _Mapping]] = ..., running_to_exception: _Optional[_Union[CountAndTiming, _Mapping]] = ..., running_to_halting: _Optional[_Union[CountAndTiming, _Mapping]] = ..., running_to_halted: _Optional[_Union[CountAndTiming, _Mapping]] = ..., halting_to_halted: _Optional[_Union[CountAndTiming, _Mapping]] = ..., halted_to_running: _Optional[_Union[CountAndTiming, _Mapping]] = ...) -> None: ...

class TaskMetrics(_message.Message):
    __slots__ = ("taskrun_created_to_completed", "taskrun_created_to_error", "taskrun_created_to_exception", "taskattempt_pending_to_scheduled", "taskattempt_scheduled_to_running", "taskattempt_running_to_error", "taskattempt_running_to_success", "taskattempt_running_to_exception")
    TASKRUN_CREATED_TO_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TASKRUN_CREATED_TO_ERROR_FIELD_NUMBER: _ClassVar[int]
    TASKRUN_CREATED_TO_EXCEPTION_FIELD_NUMBER: _ClassVar[int]
    TASKATTEMPT_PENDING_TO_SCHEDULED_FIELD_NUMBER: _ClassVar[int]
    TASKATTEMPT_SCHEDULED_TO_RUNNING_FIELD_NUMBER: _ClassVar[int]
    TASKATTEMPT_RUNNING_TO_ERROR_FIELD_NUMBER: _ClassVar[int]
    TASKATTEMPT_RUNNING_TO_SUCCESS_FIELD_NUMBER: _ClassVar[int]
    TASKATTEMPT_RUNNING_TO_EXCEPTION_FIELD_NUMBER: _ClassVar[int]
    taskrun_created_to_completed: CountAndTiming
    taskrun_created_to_error: CountAndTiming
    taskrun_created_to_exception: CountAndTiming
    taskattempt_pending_to_scheduled: CountAndTiming
    taskattempt_scheduled_to_running: CountAndTiming
    taskattempt_running_to_error: CountAndTiming
    taskattempt_running_to_success: CountAndTiming
    taskattempt_running_to_exception: CountAndTiming
    def __init__(self, taskrun_created_to_completed: _Optional[_Union[CountAndTiming, _Mapping]] = ..., taskrun_created_to_error: _Optional[_Union[CountAndTiming, _Mapping]] = ..., taskrun_created_to_exception: _Optional[_Union[CountAndTiming, _Mapping]] = ..., taskattempt_pending_to_scheduled: _Optional[_Union[CountAndTiming, _Mapping]] = ..., taskattempt_scheduled_to_running: _Optional[_Union[CountAndTiming, _Mapping]] = ..., taskattempt_running_to_error: _Optional[_Union[CountAndTiming, _Mapping]] = ..., taskattempt_running_to_success: _Optional[_Union[CountAndTiming, _Mapping]] = ..., taskattempt_running_to_exception: _Optional[_Union[CountAndTiming, _Mapping]] = ...) -> None: ...

class ListWfMetricsRequest(_message.Message):
    __slots__ = ("wf_spec", "window_start", "window_end")
    WF_SPEC_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_FIELD_NUMBER: _ClassVar[int]
    wf_spec: _ids_pb2.WfSpecId
    window_start: _timestamp_pb2.Timestamp
    window_end: _timestamp_pb2.Timestamp
    def __init__(self, wf_spec: _Optional[_Union[_ids_pb2.WfSpecId, _Mapping]] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListTaskMetricsRequest(_message.Message):
    __slots__ = ("task_def", "window_start", "window_end")
    TASK_DEF_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_FIELD_NUMBER: _ClassVar[int]
    task_def: _ids_pb2.TaskDefId
    window_start: _timestamp_pb2.Timestamp
    window_end: _timestamp_pb2.Timestamp
    def __init__(self, task_def: _Optional[_Union[_ids_pb2.TaskDefId, _Mapping]] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListQuotaUsageMetricsRequest(_message.Message):
    __slots__ = ("quota_id", "window_start", "window_end")
    QUOTA_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_FIELD_NUMBER: _ClassVar[int]
    quota_id: _ids_pb2.QuotaId
    window_start: _timestamp_pb2.Timestamp
    window_end: _timestamp_pb2.Timestamp
    def __init__(self, quota_id: _Optional[_Union[_ids_pb2.QuotaId, _Mapping]] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MetricsList(_message.Message):
    __slots__ = ("windows",)
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    windows: _containers.RepeatedCompositeFieldContainer[MetricWindow]
    def __init__(self, windows: _Optional[_Iterable[_Union[MetricWindow, _Mapping]]] = ...) -> None: ...

class MetricWindowIdList(_message.Message):
    __slots__ = ("bookmark", "results")
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    bookmark: bytes
    results: _containers.RepeatedCompositeFieldContainer[_ids_pb2.MetricWindowId]
    def __init__(self, bookmark: _Optional[bytes] = ..., results: _Optional[_Iterable[_Union[_ids_pb2.MetricWindowId, _Mapping]]] = ...) -> None: ...

class SearchWfMetricWindowRequest(_message.Message):
    __slots__ = ("bookmark", "limit", "wf_spec_name", "earliest_start", "latest_start", "latest_only")
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    WF_SPEC_NAME_FIELD_NUMBER: _ClassVar[int]
    EARLIEST_START_FIELD_NUMBER: _ClassVar[int]
    LATEST_START_FIELD_NUMBER: _ClassVar[int]
    LATEST_ONLY_FIELD_NUMBER: _ClassVar[int]
    bookmark: bytes
    limit: int
    wf_spec_name: str
    earliest_start: _timestamp_pb2.Timestamp
    latest_start: _timestamp_pb2.Timestamp
    latest_only: bool
    def __init__(self, bookmark: _Optional[bytes] = ..., limit: _Optional[int] = ..., wf_spec_name: _Optional[str] = ..., earliest_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., latest_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., latest_only: bool = ...) -> None: ...

class TaskDefMetricsQueryRequest(_message.Message):
    __slots__ = ("window_start", "window_type", "task_def_name")
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_TYPE_FIELD_NUMBER: _ClassVar[int]
    TASK_DEF_NAME_FIELD_NUMBER: _ClassVar[int]
    window_start: _timestamp_pb2.Timestamp
    window_type: _enums_pb2.MetricsWindowLength
    task_def_name: str
    def __init__(self, window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_type: _Optional[_Union[_enums_pb2.MetricsWindowLength, str]] = ..., task_def_name: _Optional[str] = ...) -> None: ...

class WfSpecMetricsQueryRequest(_message.Message):
    __slots__ = ("wf_spec_id", "window_start", "window_length")
    WF_SPEC_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_LENGTH_FIELD_NUMBER: _ClassVar[int]
    wf_spec_id: _ids_pb2.WfSpecId
    window_start: _timestamp_pb2.Timestamp
    window_length: _enums_pb2.MetricsWindowLength
    def __init__(self, wf_spec_id: _Optional[_Union[_ids_pb2.WfSpecId, _Mapping]] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_length: _Optional[_Union[_enums_pb2.MetricsWindowLength, str]] = ...) -> None: ...

class ListWfMetricsResponse(_message.Message):
    __slots__ = ("results", "bookmark")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[WfSpecMetrics]
    bookmark: bytes
    def __init__(self, results: _Optional[_Iterable[_Union[WfSpecMetrics, _Mapping]]] = ..., bookmark: _Optional[bytes] = ...) -> None: ...

class TaskDefMetrics(_message.Message):
    __slots__ = ("task_def_id", "window_start", "type", "schedule_to_start_max", "schedule_to_start_avg", "start_to_complete_max", "start_to_complete_avg", "total_completed", "total_errored", "total_started", "total_scheduled")
    TASK_DEF_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_TO_START_MAX_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_TO_START_AVG_FIELD_NUMBER: _ClassVar[int]
    START_TO_COMPLETE_MAX_FIELD_NUMBER: _ClassVar[int]
    START_TO_COMPLETE_AVG_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ERRORED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STARTED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SCHEDULED_FIELD_NUMBER: _ClassVar[int]
    task_def_id: _ids_pb2.TaskDefId
    window_start: _timestamp_pb2.Timestamp
    type: _enums_pb2.MetricsWindowLength
    schedule_to_start_max: int
    schedule_to_start_avg: int
    start_to_complete_max: int
    start_to_complete_avg: int
    total_completed: int
    total_errored: int
    total_started: int
    total_scheduled: int
    def __init__(self, task_def_id: _Optional[_Union[_ids_pb2.TaskDefId, _Mapping]] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., type: _Optional[_Union[_enums_pb2.MetricsWindowLength, str]] = ..., schedule_to_start_max: _Optional[int] = ..., schedule_to_start_avg: _Optional[int] = ..., start_to_complete_max: _Optional[int] = ..., start_to_complete_avg: _Optional[int] = ..., total_completed: _Optional[int] = ..., total_errored: _Optional[int] = ..., total_started: _Optional[int] = ..., total_scheduled: _Optional[int] = ...) -> None: ...

class WfSpecMetrics(_message.Message):
    __slots__ = ("wf_spec_id", "window_start", "type", "total_started", "total_completed", "total_errored", "start_to_complete_max", "start_to_complete_avg")
    WF_SPEC_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STARTED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COMPLETED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_ERRORED_FIELD_NUMBER: _ClassVar[int]
    START_TO_COMPLETE_MAX_FIELD_NUMBER: _ClassVar[int]
    START_TO_COMPLETE_AVG_FIELD_NUMBER: _ClassVar[int]
    wf_spec_id: _ids_pb2.WfSpecId
    window_start: _timestamp_pb2.Timestamp
    type: _enums_pb2.MetricsWindowLength
    total_started: int
    total_completed: int
    total_errored: int
    start_to_complete_max: int
    start_to_complete_avg: int
    def __init__(self, wf_spec_id: _Optional[_Union[_ids_pb2.WfSpecId, _Mapping]] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., type: _Optional[_Union[_enums_pb2.MetricsWindowLength, str]] = ..., total_started: _Optional[int] = ..., total_completed: _Optional[int] = ..., total_errored: _Optional[int] = ..., start_to_complete_max: _Optional[int] = ..., start_to_complete_avg: _Optional[int] = ...) -> None: ...
