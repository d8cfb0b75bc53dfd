"""The table of methods: each RPC is a function, registered with its name, its request and the permission it needs.

Adding an RPC means adding a function in `commands/` or `queries/`; nothing else keeps a list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from google.protobuf.message import Message

from konik.api.pb.security_pb2 import ACLAction, ACLResource


class Kind(Enum):
    """COMMAND changes the state and goes through the log, QUERY reads, INTERNAL is a command that only nodes give.

    A STREAM is served by the node that holds it, which gives INTERNAL commands for it.
    """

    COMMAND = "command"
    QUERY = "query"
    INTERNAL = "internal"
    STREAM = "stream"


Permission = tuple[ACLResource, ACLAction] | None


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC. `permission` is what the caller's ACLs must hold; None means that anybody may call it.

    Until version `since` of the machine is in force it is refused as unknown: replicas without its code do that.
    """

    name: str
    kind: Kind
    request: type[Message]
    permission: Permission
    run: Callable[[Any, Any], Message]
    since: int = 1


METHODS: dict[str, Method] = {}

Handler = TypeVar("Handler", bound=Callable[..., Message])


def command(name: str, request: type[Message], permission: Permission, since: int = 1) -> Callable[[Handler], Handler]:
    """Registers `handler(context, request) -> response` for a command."""
    return _register(Kind.COMMAND, name, request, permission, since)


def query(name: str, request: type[Message], permission: Permission) -> Callable[[Handler], Handler]:
    """Registers `handler(context, request) -> response` for a query; it must not write."""
    return _register(Kind.QUERY, name, request, permission)


def internal(name: str, request: type[Message], since: int = 1) -> Callable[[Handler], Handler]:
    """Registers a command that nodes give on their own behalf."""
    return _register(Kind.INTERNAL, name, request, None, since)


def stream(name: str, request: type[Message], permission: Permission) -> None:
    """Registers a stream, so that its permission stands where all others do."""

    def run(context: Any, request: Any) -> Message:
        raise AssertionError(f"{name} is a stream: no command or query")

    _register(Kind.STREAM, name, request, permission)(run)


def _register(
    kind: Kind, name: str, request: type[Message], permission: Permission, since: int = 1
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        if name in METHODS:
            raise ValueError(f"{name} is registered twice")
        METHODS[name] = Method(name, kind, request, permission, handler, since)
        return handler

    return register
