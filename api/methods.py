"""The RPCs of the public service, each joined with what the state machine registers under its name.

The contract says which there are, the state machine which are built. This module holds no list of its own.
"""

from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from konik.api.pb import service_pb2
from konik.api.reflection import WIRE_PACKAGE
from konik.statemachine import machine as _registers_the_methods
from konik.statemachine.registry import METHODS, Kind

WIRE_SERVICE: Final = f"{WIRE_PACKAGE}.LittleHorse"


@dataclass(frozen=True, slots=True)
class Rpc:
    """One RPC of the contract. `kind` is None while it is not built."""

    name: str
    request: type[Message]
    kind: Kind | None

    @property
    def path(self) -> str:
        return f"/{WIRE_SERVICE}/{self.name}"


def _join() -> dict[str, Rpc]:
    rpcs = {}
    for method in service_pb2.DESCRIPTOR.services_by_name["LittleHorse"].methods:
        request, built = GetMessageClass(method.input_type), METHODS.get(method.name)
        assert built is None or built.request is request, f"{method.name} is registered for another request"
        rpc = Rpc(method.name, request, None if built is None else built.kind)
        assert (rpc.kind is Kind.STREAM) <= method.client_streaming, f"{method.name} is no stream in the contract"
        rpcs[rpc.path] = rpc
    return rpcs


RPCS: Final = _join()
"""By the path under which it is called."""

assert {name for name, built in METHODS.items() if built.kind is not Kind.INTERNAL} <= {
    rpc.name for rpc in RPCS.values()
}, "a method is registered that is not in the contract"
assert _registers_the_methods
