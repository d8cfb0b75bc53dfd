"""Metrics and health over HTTP/1.1, for Prometheus, load balancers and orchestrators. GET only; no authentication.

The paths of LittleHorse's own servers answer as well, so that probes written for them go on working.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from konik.api.metrics import NodeCollector, registry
from konik.cluster.config import Address
from konik.cluster.node import Node
from konik.cluster.serving import Serving

REQUEST_SECONDS_MAX = 5.0
REQUEST_BYTES_MAX = 8 << 10
DISK_FREE_BYTES_MIN = 64 << 20
READY_SECONDS_MAX = 1.0
"""A node that takes longer to be up to date is not ready. Below the time that probes wait by default."""

Answer = tuple[HTTPStatus, str, bytes]
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


class Http:
    """The HTTP port of one node."""

    def __init__(self, node: Node, serving: Serving, address: Address) -> None:
        self._node, self._serving, self._address = node, serving, address
        self._server: asyncio.Server | None = None
        self._metrics: CollectorRegistry = registry(NodeCollector(node.figures, node.config.node))
        self._paths: dict[str, Callable[[], Awaitable[Answer]]] = {
            "/metrics": self._show_metrics,
            "/healthz": self._health,
            "/readyz": self._readiness,
            "/liveness": self._health,
            "/readiness": self._readiness,
            "/diskUsage": self._disk_usage,
        }

    async def start(self) -> None:
        """Raises OSError if the address is taken."""
        self._server = await asyncio.start_server(
            self._serve, self._address.host, self._address.port, limit=REQUEST_BYTES_MAX
        )

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await self._answer(head)
                writer.write(_response(status, kind, body))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked has gone, or asks for nothing that is served here
        finally:
            writer.close()

    async def _answer(self, head: bytes) -> Answer:
        method, _, rest = head.split(b"\r\n", 1)[0].partition(b" ")
        path = rest.split(b" ", 1)[0].decode("latin-1")
        if method != b"GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, TEXT, b"only GET is served here\n"
        show = self._paths.get(path)
        if show is None:
            return HTTPStatus.NOT_FOUND, TEXT, f"served here: {', '.join(self._paths)}\n".encode()
        return await show()

    async def _show_metrics(self) -> Answer:
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._metrics)

    async def _health(self) -> Answer:
        """The process makes progress, and can write."""
        trouble = self._node.trouble
        free = shutil.disk_usage(self._node.config.data_dir).free
        if trouble is None and free < DISK_FREE_BYTES_MIN:
            trouble = f"{free} bytes are left on the disk of {self._node.config.data_dir}"
        return _verdict(trouble)

    async def _readiness(self) -> Answer:
        """A query that came now would be answered: somebody leads with a majority, and this node is not behind."""
        if self._serving.stopping:
            return _verdict("stopping")
        return _verdict(None if await self._serving.is_current(READY_SECONDS_MAX) else "without a leader, or behind it")

    async def _disk_usage(self) -> Answer:
        return HTTPStatus.OK, JSON, json.dumps({"diskUsageBytes": _size(self._node.config.data_dir)}).encode()


def _verdict(trouble: str | None) -> Answer:
    if trouble is None:
        return HTTPStatus.OK, TEXT, b"OK!\n"
    return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"{trouble}\n".encode()


def _size(directory: Path) -> int:
    """Bytes that the directory takes on the disk; LMDB's files are sparse."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def _response(status: HTTPStatus, kind: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
