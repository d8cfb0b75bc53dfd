"""What Prometheus gets to read."""

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from konik.api.metrics import FIGURES, Calls, NodeCollector, registry


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


def test_calls_are_counted_by_status_and_timed_in_cumulative_buckets():
    calls = Calls()
    for status, seconds in (("OK", 0.0004), ("OK", 0.003), ("NOT_FOUND", 99.0)):
        calls.observe("RunWf", status, seconds)
    families = {family.name: family for family in calls.collect()}
    counts = {sample.labels["status"]: sample.value for sample in families["konik_rpcs"].samples}
    assert counts == {"OK": 2, "NOT_FOUND": 1}
    buckets = {s.labels["le"]: s.value for s in families["konik_rpc_seconds"].samples if s.name.endswith("_bucket")}
    assert (buckets["0.0005"], buckets["0.005"], buckets["15.0"], buckets["+Inf"]) == (1, 2, 2, 3)
