"""The messages and enums of the contract that a user of the SDK meets; all others are in `konik.api.pb`."""

from konik.api.pb.enums_pb2 import LHErrorType, LHStatus, TaskStatus, VariableType
from konik.api.pb.expressions_pb2 import ExponentialBackoffRetryPolicy
from konik.api.pb.external_event_pb2 import CorrelatedEventConfig
from konik.api.pb.ids_pb2 import WfRunId

__all__ = [
    "CorrelatedEventConfig",
    "ExponentialBackoffRetryPolicy",
    "LHErrorType",
    "LHStatus",
    "TaskStatus",
    "VariableType",
    "WfRunId",
]
