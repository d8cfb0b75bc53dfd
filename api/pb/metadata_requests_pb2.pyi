from konik.api.pb import expressions_pb2 as _expressions_pb2
from konik.api.pb import ids_pb2 as _ids_pb2
from konik.api.pb import values_pb2 as _values_pb2
from konik.api.pb import wf_spec_pb2 as _wf_spec_pb2
from konik.api.pb import workflow_migration_pb2 as _workflow_migration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AllowedUpdateType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALL_UPDATES: _ClassVar[AllowedUpdateType]
    MINOR_REVISION_UPDATES: _ClassVar[AllowedUpdateType]
    NO_UPDATES: _ClassVar[AllowedUpdateType]

class StructDefCompatibilityType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NO_SCHEMA_UPDATES: _ClassVar[StructDefCompatibilityType]
    FULLY_COMPATIBLE_SCHEMA_UPDATES: _ClassVar[StructDefCompatibilityType]
ALL_UPDATES: AllowedUpdateType
MINOR_REVISION_UPDATES: AllowedUpdateType
NO_UPDATES: AllowedUpdateType
NO_SCHEMA_UPDATES: StructDefCompatibilityType
FULLY_COMPATIBLE_SCHEMA_UPDATES: StructDefCompatibilityType

class PutWfSpecRequest(_message.Message):
    __slots__ = ("name", "thread_specs", "entrypoint_thread_name", "retention_policy", "parent_wf_spec", "allowed_updates")
    class ThreadSpecsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _wf_spec_pb2.ThreadSpec
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_wf_spec_pb2.ThreadSpec, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    THREAD_SPECS_FIELD_NUMBER: _ClassVar[int]
    ENTRYPOINT_THREAD_NAME_FIELD_NUMBER: _ClassVar[int]
    RETENTION_POLICY_FIELD_NUMBER: _ClassVar[int]
    PARENT_WF_SPEC_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_UPDATES_FIELD_NUMBER: _ClassVar[int]
    name: str
    thread_specs: _containers.MessageMap[str, _wf_spec_pb2.ThreadSpec]
    entrypoint_thread_name: str
    retention_policy: _wf_spec_pb2.WorkflowRetentionPolicy
    parent_wf_spec: _wf_spec_pb2.WfSpec.ParentWfSpecReference
    allowed_updates: AllowedUpdateType
    def __init__(self, name: _Optional[str] = ..., thread_specs: _Optional[_Mapping[str, _wf_spec_pb2.ThreadSpec]] = ..., entrypoint_thread_name: _Optional[str] = ..., retention_policy: _Optional[_Union[_wf_spec_pb2.WorkflowRetentionPolicy, _Mapping]] = ..., parent_wf_spec: _Optional[_Union[_wf_spec_pb2.WfSpec.ParentWfSpecReference, _Mapping]] = ..., allowed_updates: _Optional[_Union[AllowedUpdateType, str]] = ...) -> None: ...

class PutTaskDefRequest(_message.Message):
    __slots__ = ("name", "input_vars", "return_type", "description")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_VARS_FIELD_NUMBER: _ClassVar[int]
    RETURN_TYPE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    input_vars: _containers.RepeatedCompositeFieldContainer[_expressions_pb2.VariableDef]
    return_type: _values_pb2.ReturnType
    description: str
    def __init__(self, name: _Optional[str] = ..., input_vars: _Optional[_Iterable[_Union[_expressions_pb2.VariableDef, _Mapping]]] = ..., return_type: _Optional[_Union[_values_pb2.ReturnType, _Mapping]] = ..., description: _Optional[str] = ...) -> None: ...

class PutStructDefRequest(_message.Message):
    __slots__ = ("name", "description", "struct_def", "allowed_updates")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    STRUCT_DEF_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_UPDATES_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    struct_def: _values_pb2.InlineStructDef
    allowed_updates: StructDefCompatibilityType
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., struct_def: _Optional[_Union[_values_pb2.InlineStructDef, _Mapping]] = ..., allowed_updates: _Optional[_Union[StructDefCompatibilityType, str]] = ...) -> None: ...

class ValidateStructDefEvolutionRequest(_message.Message):
    __slots__ = ("struct_def_id", "struct_def", "compatibility_type")
    STRUCT_DEF_ID_FIELD_NUMBER: _ClassVar[int]
    STRUCT_DEF_FIELD_NUMBER: _ClassVar[int]
    COMPATIBILITY_TYPE_FIELD_NUMBER: _ClassVar[int]
    struct_def_id: _ids_pb2.StructDefId
    struct_def: _values_pb2.InlineStructDef
    compatibility_type: StructDefCompatibilityType
    def __init__(self, struct_def_id: _Optional[_Union[_ids_pb2.StructDefId, _Mapping]] = ..., struct_def: _Optional[_Union[_values_pb2.InlineStructDef, _Mapping]] = ..., compatibility_type: _Optional[_Union[StructDefCompatibilityType, str]] = ...) -> None: ...

class ValidateStructDefEvolutionResponse(_message.Message):
    __slots__ = ("is_valid",)
    IS_VALID_FIELD_NUMBER: _ClassVar[int]
    is_valid: bool
    def __init__(self, is_valid: bool = ...) -> None: ...

class DeleteTaskDefRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.TaskDefId
    def __init__(self, id: _Optional[_Union[_ids_pb2.TaskDefId, _Mapping]] = ...) -> None: ...

class DeleteStructDefRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.StructDefId
    def __init__(self, id: _Optional[_Union[_ids_pb2.StructDefId, _Mapping]] = ...) -> None: ...

class DeleteWfSpecRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.WfSpecId
    def __init__(self, id: _Optional[_Union[_ids_pb2.WfSpecId, _Mapping]] = ...) -> None: ...

class PutWorkflowMigrationPlanRequest(_message.Message):
    __slots__ = ("name", "old_wfSpec", "major_version", "revision", "thread_migrations")
    class ThreadMigrationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _workflow_migration_pb2.ThreadMigrationPlanRequest
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_workflow_migration_pb2.ThreadMigrationPlanRequest, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    OLD_WFSPEC_FIELD_NUMBER: _ClassVar[int]
    MAJOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    THREAD_MIGRATIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    old_wfSpec: _ids_pb2.WfSpecId
    major_version: int
    revision: int
    thread_migrations: _containers.MessageMap[str, _workflow_migration_pb2.ThreadMigrationPlanRequest]
    def __init__(self, name: _Optional[str] = ..., old_wfSpec: _Optional[_Union[_ids_pb2.WfSpecId, _Mapping]] = ..., major_version: _Optional[int] = ..., revision: _Optional[int] = ..., thread_migrations: _Optional[_Mapping[str, _workflow_migration_pb2.ThreadMigrationPlanRequest]] = ...) -> None: ...

class DeleteWorkflowMigrationPlanRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.WorkflowMigrationPlanId
    def __init__(self, id: _Optional[_Union[_ids_pb2.WorkflowMigrationPlanId, _Mapping]] = ...) -> None: ...

class ApplyWorkflowMigrationPlanRequest(_message.Message):
    __slots__ = ("id", "wfRun_id", "migration_vars_by_thread")
    class MigrationVarsByThreadEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _workflow_migration_pb2.MigrationVars
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_workflow_migration_pb2.MigrationVars, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    WFRUN_ID_FIELD_NUMBER: _ClassVar[int]
    MIGRATION_VARS_BY_THREAD_FIELD_NUMBER: _ClassVar[int]
    id: _ids_pb2.WorkflowMigrationPlanId
    wfRun_id: _ids_pb2.WfRunId
    migration_vars_by_thread: _containers.MessageMap[str, _workflow_migration_pb2.MigrationVars]
    def __init__(self, id: _Optional[_Union[_ids_pb2.WorkflowMigrationPlanId, _Mapping]] = ..., wfRun_id: _Optional[_Union[_ids_pb2.WfRunId, _Mapping]] = ..., migration_vars_by_thread: _Optional[_Mapping[str, _workflow_migration_pb2.MigrationVars]] = ...) -> None: ...

class MigrateWfSpecRequest(_message.Message):
    __slots__ = ("old_wf_spec", "migration")
    OLD_WF_SPEC_FIELD_NUMBER: _ClassVar[int]
    MIGRATION_FIELD_NUMBER: _ClassVar[int]
    old_wf_spec: _ids_pb2.WfSpecId
    migration: _wf_spec_pb2.WfSpecVersionMigration
    def __init__(self, old_wf_spec: _Optional[_Union[_ids_pb2.WfSpecId, _Mapping]] = ..., migration: _Optional[_Union[_wf_spec_pb2.WfSpecVersionMigration, _Mapping]] = ...) -> None: ...

class GetLatestWfSpecRequest(_message.Message):
    __slots__ = ("name", "major_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MAJOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    major_version: int
    def __init__(self, name: _Optional[str] = ..., major_version: _Optional[int] = ...) -> None: ...
