"""Metrics and health over HTTP: what probes and people get to see."""

import asyncio
import json
import shutil
from types import SimpleNamespace

import pytest
import pytest_asyncio

from konik.api.http import DISK_FREE_BYTES_MIN, Http

pytestmark = pytest.mark.asyncio


@pytest.fixture
def node(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 10_000)
    return SimpleNamespace(
        config=SimpleNamespace(node="n1", data_dir=tmp_path),
        figures=lambda: {"term": 7.0},
        trouble=None,
    )


class Serving:
    """A node's door, of which a test says whether it is current."""

    stopping = False
    current = True

    async def is_current(self, seconds):
        assert seconds <= 1.0, "probes wait no longer"
        return self.current


@pytest.fixture
def serving():
    return Serving()


@pytest_asyncio.fixture
async def ask(node, serving, unused_tcp_port):
    http = Http(node, serving, SimpleNamespace(host="127.0.0.1", port=unused_tcp_port))
    await http.start()

    async def ask(request):
        reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
        writer.write(request.encode() + b"\r\nHost: x\r\n\r\n")
        head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), head.decode(), body.decode()

    yield ask
    await http.stop()


@pytest.mark.parametrize("path", ("/healthz", "/readyz", "/liveness", "/readiness"))
async def test_a_node_that_is_well_says_so_under_every_name(ask, path):
    status, head, body = await ask(f"GET {path} HTTP/1.1")
    assert (status, body.strip()) == (200, "OK!")
    assert "Connection: close" in head


@pytest.mark.parametrize("path", ("/readyz", "/readiness"))
async def test_a_node_without_a_leader_is_alive_and_not_ready(ask, serving, path):
    serving.current = False
    status, _, body = await ask(f"GET {path} HTTP/1.1")
    assert (status, "leader" in body) == (503, True)
    assert (await ask("GET /healthz HTTP/1.1"))[0] == 200


async def test_a_node_that_stops_is_not_ready(ask, serving):
    serving.stopping = True
    assert (await ask("GET /readyz HTTP/1.1"))[0] == 503


async def test_a_disk_with_hardly_any_room_is_not_healthy(ask, node, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=DISK_FREE_BYTES_MIN - 1))
    status, _, body = await ask("GET /healthz HTTP/1.1")
    assert (status, "bytes are left" in body) == (503, True)


async def test_a_disk_that_cannot_be_written_is_not_healthy(ask, node):
    node.trouble = "the disk is full"
    status, _, body = await ask("GET /healthz HTTP/1.1")
    assert (status, body.strip()) == (503, "the disk is full")


async def test_metrics_hold_the_figures_of_the_node(ask):
    status, _, body = await ask("GET /metrics HTTP/1.1")
    assert status == 200
    assert 'konik_term{node="n1"} 7.0' in body


async def test_the_disk_usage_is_that_of_the_data_directory(ask):
    status, _, body = await ask("GET /diskUsage HTTP/1.1")
    assert status == 200
    assert json.loads(body)["diskUsageBytes"] >= 10_000


@pytest.mark.parametrize("path", ("/", "/unknown", "/metrics?x=1", "/healthz/"))
async def test_only_exact_paths_are_served(ask, path):
    status, _, body = await ask(f"GET {path} HTTP/1.1")
    assert status == 404
    assert "/metrics" in body


@pytest.mark.parametrize("method", ("POST", "PUT", "HEAD", "DELETE"))
async def test_nothing_but_get_is_served(ask, method):
    assert (await ask(f"{method} /metrics HTTP/1.1"))[0] == 405


async def test_an_endless_request_is_cut_off_and_the_next_one_answered(ask, unused_tcp_port):
    reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
    writer.write(b"GET /" + b"x" * 100_000)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await writer.drain()
        await asyncio.wait_for(reader.readexactly(1), 5)
    assert (await ask("GET /healthz HTTP/1.1"))[0] == 200
