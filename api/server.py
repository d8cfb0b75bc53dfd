"""The gRPC door: generic over the contract, with health and reflection beside it. It must never parse a response."""

import asyncio

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from konik.api.methods import RPCS, WIRE_SERVICE
from konik.api.oversight import BACKUP_PATH, Oversight
from konik.api.polling import METHOD as POLL_TASK
from konik.api.polling import Polling
from konik.api.reflection import enable_reflection
from konik.api.unary import Unary
from konik.api.working import PATH as WORK_PATH
from konik.api.working import Working
from konik.cluster.backup import Backups
from konik.cluster.config import Config
from konik.cluster.node import Node
from konik.cluster.serving import Serving

RECEIVE_BYTES_MAX = 8 << 20

OPTIONS: list[tuple[str, int]] = [
    ("grpc.max_receive_message_length", RECEIVE_BYTES_MAX),
    # Published workers ping an idle stream; with gRPC's own limits the server cuts it off after four pings.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 0),
    # A client that is gone without a word is noticed, and its tickets are withdrawn. The keepalive's own time-out does
    # not do it: its ping is waited for as long as any other one, by default for a minute.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    # Two nodes on one address are a mistake that must show.
    ("grpc.so_reuseport", 0),
]

QUIET_SECONDS, QUIET_LOOKS_MAX = 0.05, 6
"""Without a call for so long, a node that stops has seen all of them; so many times it looks."""

Handlers = dict[str, "grpc.RpcMethodHandler[bytes, bytes]"]


class Door(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs alone
    """Finds the handler of a path; an unknown one is UNIMPLEMENTED by gRPC itself."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self.calls = 0
        """How many have come."""

    def service(self, call: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        self.calls += 1
        return self._handlers.get(call.method)


def handlers(serving: Serving, oversight: Oversight) -> Handlers:
    """Every RPC of the contract, built or not, and the cluster's own."""
    found: Handlers = {
        path: grpc.unary_unary_rpc_method_handler(Unary(rpc, serving).serve)
        for path, rpc in RPCS.items()
        if rpc.name != POLL_TASK
    }
    found[f"/{WIRE_SERVICE}/{POLL_TASK}"] = grpc.stream_stream_rpc_method_handler(Polling(serving).serve)
    found[WORK_PATH] = grpc.stream_stream_rpc_method_handler(Working(serving).serve)
    for path, method in oversight.methods.items():
        found[path] = grpc.unary_unary_rpc_method_handler(method)
    found[BACKUP_PATH] = grpc.unary_stream_rpc_method_handler(oversight.backup)
    return found


class Server:
    """The door of one node."""

    def __init__(self, node: Node, config: Config) -> None:
        self._config = config
        self._server = grpc.aio.server(options=OPTIONS)
        self._door = Door(handlers(Serving(node), Oversight(node, Backups(node))))
        self._server.add_generic_rpc_handlers((self._door,))
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # missing in the stubs
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        enable_reflection(self._server)

    async def start(self) -> None:
        """Opens the port for clients.

        Raises:
            OSError: the address cannot be used.
        """
        address = self._config.listen or self._config.me.client
        try:
            self._open(str(address))
        except RuntimeError as error:
            raise OSError(
                f"{address}, the address for clients, cannot be used: is it taken, or not this machine's?"
            ) from error
        await self._server.start()
        await self._say(health_pb2.HealthCheckResponse.SERVING)

    def _open(self, address: str) -> None:
        tls = self._config.client_tls
        if tls is None:
            self._server.add_insecure_port(address)
        else:
            pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
            authority = None if tls.ca is None else tls.ca.read_bytes()
            credentials = grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)
            self._server.add_secure_port(address, credentials)

    async def stop(self, grace_s: float) -> None:
        """Takes no more calls and lets those under way end for `grace_s`."""
        await self._say(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._see_all()
        await self._server.stop(grace_s)

    async def _see_all(self) -> None:
        """Until no more calls come: those that gRPC has taken in and nobody has seen it would cancel."""
        for _ in range(QUIET_LOOKS_MAX):
            before = self._door.calls
            await asyncio.sleep(QUIET_SECONDS)
            if self._door.calls == before:
                return

    async def _say(self, status: "health_pb2.HealthCheckResponse.ServingStatus.ValueType") -> None:
        for service in ("", WIRE_SERVICE):
            await self._health.set(service, status)
