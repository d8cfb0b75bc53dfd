from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FOLLOWER: _ClassVar[Role]
    CANDIDATE: _ClassVar[Role]
    LEADER: _ClassVar[Role]
FOLLOWER: Role
CANDIDATE: Role
LEADER: Role

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TransferLeadershipRequest(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: str
    def __init__(self, node: _Optional[str] = ...) -> None: ...

class TransferLeadershipResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AddMemberRequest(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: str
    def __init__(self, node: _Optional[str] = ...) -> None: ...

class RemoveMemberRequest(_message.Message):
    __slots__ = ("node",)
    NODE_FIELD_NUMBER: _ClassVar[int]
    node: str
    def __init__(self, node: _Optional[str] = ...) -> None: ...

class ChangeOfMembers(_message.Message):
    __slots__ = ("done",)
    DONE_FIELD_NUMBER: _ClassVar[int]
    done: bool
    def __init__(self, done: bool = ...) -> None: ...

class BackupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BackupDescription(_message.Message):
    __slots__ = ("cluster_id", "node", "index", "term", "time_ms", "machine_version", "version", "size", "checksum")
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    MACHINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    cluster_id: str
    node: str
    index: int
    term: int
    time_ms: int
    machine_version: int
    version: str
    size: int
    checksum: bytes
    def __init__(self, cluster_id: _Optional[str] = ..., node: _Optional[str] = ..., index: _Optional[int] = ..., term: _Optional[int] = ..., time_ms: _Optional[int] = ..., machine_version: _Optional[int] = ..., version: _Optional[str] = ..., size: _Optional[int] = ..., checksum: _Optional[bytes] = ...) -> None: ...

class BackupPart(_message.Message):
    __slots__ = ("description", "data")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    description: BackupDescription
    data: bytes
    def __init__(self, description: _Optional[_Union[BackupDescription, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("node", "address", "votes")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    VOTES_FIELD_NUMBER: _ClassVar[int]
    node: str
    address: str
    votes: bool
    def __init__(self, node: _Optional[str] = ..., address: _Optional[str] = ..., votes: bool = ...) -> None: ...

class NodeStatus(_message.Message):
    __slots__ = ("node", "role", "leader", "term", "commit_index", "applied_index", "pid", "members", "version", "entries_applied", "commands_applied", "syncs", "checkpoints", "log_cuts", "sync_p50_ms", "mark_index", "mark_hash", "machine_version", "machine_version_known")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    COMMIT_INDEX_FIELD_NUMBER: _ClassVar[int]
    APPLIED_INDEX_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_APPLIED_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_APPLIED_FIELD_NUMBER: _ClassVar[int]
    SYNCS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    LOG_CUTS_FIELD_NUMBER: _ClassVar[int]
    SYNC_P50_MS_FIELD_NUMBER: _ClassVar[int]
    MARK_INDEX_FIELD_NUMBER: _ClassVar[int]
    MARK_HASH_FIELD_NUMBER: _ClassVar[int]
    MACHINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    MACHINE_VERSION_KNOWN_FIELD_NUMBER: _ClassVar[int]
    node: str
    role: Role
    leader: str
    term: int
    commit_index: int
    applied_index: int
    pid: int
    members: _containers.RepeatedCompositeFieldContainer[Member]
    version: str
    entries_applied: int
    commands_applied: int
    syncs: int
    checkpoints: int
    log_cuts: int
    sync_p50_ms: float
    mark_index: int
    mark_hash: bytes
    machine_version: int
    machine_version_known: int
    def __init__(self, node: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ..., leader: _Optional[str] = ..., term: _Optional[int] = ..., commit_index: _Optional[int] = ..., applied_index: _Optional[int] = ..., pid: _Optional[int] = ..., members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., version: _Optional[str] = ..., entries_applied: _Optional[int] = ..., commands_applied: _Optional[int] = ..., syncs: _Optional[int] = ..., checkpoints: _Optional[int] = ..., log_cuts: _Optional[int] = ..., sync_p50_ms: _Optional[float] = ..., mark_index: _Optional[int] = ..., mark_hash: _Optional[bytes] = ..., machine_version: _Optional[int] = ..., machine_version_known: _Optional[int] = ...) -> None: ...
