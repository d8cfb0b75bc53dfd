from google.protobuf import empty_pb2 as _empty_pb2
from konik.api.pb import bulk_job_pb2 as _bulk_job_pb2
from konik.api.pb import event_requests_pb2 as _event_requests_pb2
from konik.api.pb import external_event_pb2 as _external_event_pb2
from konik.api.pb import ids_pb2 as _ids_pb2
from konik.api.pb import metadata_requests_pb2 as _metadata_requests_pb2
from konik.api.pb import metrics_pb2 as _metrics_pb2
from konik.api.pb import node_run_pb2 as _node_run_pb2
from konik.api.pb import queries_pb2 as _queries_pb2
from konik.api.pb import run_requests_pb2 as _run_requests_pb2
from konik.api.pb import scheduled_wf_run_pb2 as _scheduled_wf_run_pb2
from konik.api.pb import security_pb2 as _security_pb2
from konik.api.pb import struct_def_pb2 as _struct_def_pb2
from konik.api.pb import task_def_pb2 as _task_def_pb2
from konik.api.pb import task_requests_pb2 as _task_requests_pb2
from konik.api.pb import task_run_pb2 as _task_run_pb2
from konik.api.pb import user_task_pb2 as _user_task_pb2
from konik.api.pb import user_task_requests_pb2 as _user_task_requests_pb2
from konik.api.pb import variable_pb2 as _variable_pb2
from konik.api.pb import version_pb2 as _version_pb2
from konik.api.pb import wf_run_pb2 as _wf_run_pb2
from konik.api.pb import wf_spec_pb2 as _wf_spec_pb2
from konik.api.pb import workflow_event_pb2 as _workflow_event_pb2
from konik.api.pb import workflow_migration_pb2 as _workflow_migration_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
