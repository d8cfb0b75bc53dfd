"""What Prometheus gets to read."""

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from konik.api.metrics import FIGURES, Calls, NodeCollector, registry
from konik.cluster.config import load
from konik.cluster.node import Node, make_data_directory


def samples(text):
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_every_figure_is_exported_with_its_description_and_the_node():
    text = generate_latest(registry(NodeCollector(lambda: dict.fromkeys(FIGURES, 3.0), "n1"))).decode()
    found = samples(text)
    for name, description in FIGURES.items():
        assert found[f"konik_{name}", (("node", "n1"),)] == 3.0
        assert description in text


@pytest.mark.asyncio
async def test_every_figure_of_a_node_is_described_and_none_that_it_does_not_have(tmp_path, unused_tcp_port):
    address = {"peer": f"127.0.0.1:{unused_tcp_port}", "client": "127.0.0.1:2"}
    config = load(cluster_id="c", node="n1", data_dir=tmp_path / "data", members={"n1": address})
    make_data_directory(config)
    node = Node(config, fatal=pytest.fail)
    await node.start()
    try:
        assert node.figures().keys() == FIGURES.keys()
    finally:
        await node.close()


def test_a_figure_without_a_description_does_not_cost_the_others():
    found = samples(generate_latest(registry(NodeCollector(lambda: {"novel": 1.0, "term": 2.0}, "n1"))).decode())
    assert found["konik_novel", (("node", "n1"),)] == 1.0
    assert found["konik_term", (("node", "n1"),)] == 2.0


def test_calls_are_counted_by_status_and_timed_in_cumulative_buckets():
    calls = Calls()
    for status, seconds in (("OK", 0.0004), ("OK", 0.003), ("NOT_FOUND", 99.0)):
        calls.observe("RunWf", status, seconds)
    families = {family.name: family for family in calls.collect()}
    counts = {sample.labels["status"]: sample.value for sample in families["konik_rpcs"].samples}
    assert counts == {"OK": 2, "NOT_FOUND": 1}
    buckets = {s.labels["le"]: s.value for s in families["konik_rpc_seconds"].samples if s.name.endswith("_bucket")}
    assert (buckets["0.0005"], buckets["0.005"], buckets["15.0"], buckets["+Inf"]) == (1, 2, 2, 3)
