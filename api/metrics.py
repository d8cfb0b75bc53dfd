"""What is measured, and how Prometheus reads it: the RPCs, counted here, and the figures that the node keeps.

Counting must cost next to nothing, since every call passes here: a bisection and three additions.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

SECONDS_BOUNDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0)

FIGURES: Final[dict[str, str]] = {
    "role": "0 follower, 1 candidate, 2 leader.",
    "term": "The Raft term that this node is in.",
    "commit_index": "The last log entry that this node knows to be on a majority.",
    "applied_index": "The last log entry that is applied to this node's state.",
    "apply_backlog": "Committed entries that are not applied here yet.",
    "entries_applied_total": "Log entries applied by this process.",
    "commands_applied_total": "Commands in these entries.",
    "apply_seconds_total": "Time spent on applying them.",
    "commit_seconds_total": "Time from proposing an entry, as leader, to its being applied here; a sum over entries.",
    "proposals_total": "Log entries that this node has proposed as leader.",
    "proposed_commands_total": "Commands in these; divided by the proposals it is the size of a batch.",
    "forwarded_commands_total": "Commands that this node has passed on to the leader.",
    "resent_commands_total": "Commands sent again because the leader or the way to it changed.",
    "commands_waiting": "Commands received here that have no result yet.",
    "leader_queue": "Commands that wait at this node, as leader, for the next entry.",
    "reads_waiting": "Queries that wait until this node is up to date.",
    "polls_waiting": "Requests of task workers that wait here for a task.",
    "poll_streams": "Open streams of task workers.",
    "leader_changes_total": "How often another node has become leader, as seen here.",
    "log_entries": "Entries in the log.",
    "log_bytes": "Their size.",
    "overlay_keys": "Keys changed since the last checkpoint, held in memory.",
    "overlay_bytes": "The size of these keys and their values.",
    "state_map_bytes": "What the state's file may grow to without being mapped anew.",
    "state_used_bytes": "What the state's file has used at most.",
    "checkpoints_total": "Checkpoints written by this process.",
    "checkpoint_seconds": "How long the last one took.",
    "log_cuts_total": "How often the log was cut after a checkpoint.",
    "syncs_total": "How often the log was synced to the disk.",
    "sync_seconds": "Median time of a sync, of the latest ones.",
    "marks_compared_total": "How often the hash of the state was compared with other nodes.",
    "machine_version": "The behaviour of the state machine that is in force.",
    "machine_version_known": "The latest behaviour for which this node has the code.",
}
"""Each figure of the node and what it means; exported as `konik_<name>`. Names in `_total` only grow."""

UNDESCRIBED: Final = "Not described."
"""One figure without its words must not cost all the others."""

CANCELLED: Final = "CANCELLED"
"""The status of a call whose caller has gone."""


class _Calls:
    """The calls of one RPC so far."""

    __slots__ = ("by_bound", "by_status", "seconds")

    def __init__(self) -> None:
        self.by_status: Counter[str] = Counter()
        self.by_bound = [0] * (len(SECONDS_BOUNDS) + 1)
        self.seconds = 0.0


class Calls(Collector):
    """The calls that this process has answered, by RPC."""

    def __init__(self) -> None:
        self._by_rpc: dict[str, _Calls] = {}

    def observe(self, rpc: str, status: str, seconds: float) -> None:
        """A call has ended, that took so long. For a stream the time is that for which it was open."""
        calls = self._by_rpc.get(rpc)
        if calls is None:
            calls = self._by_rpc[rpc] = _Calls()
        calls.by_status[status] += 1
        calls.by_bound[bisect_left(SECONDS_BOUNDS, seconds)] += 1
        calls.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        counts = CounterMetricFamily("konik_rpcs_total", "Calls that have ended.", labels=("method", "status"))
        times = HistogramMetricFamily("konik_rpc_seconds", "How long calls took.", labels=("method",))
        for rpc, calls in sorted(self._by_rpc.items()):
            for status, count in sorted(calls.by_status.items()):
                counts.add_metric((rpc, status), count)
            times.add_metric((rpc,), list(_cumulative(calls.by_bound)), calls.seconds)
        yield counts
        yield times


CALLS: Final = Calls()
"""Of this process: a process has one door."""


class NodeCollector(Collector):
    """What the node measures of itself, read when Prometheus asks."""

    def __init__(self, figures: Callable[[], Mapping[str, float]], node: str) -> None:
        self._figures, self._node = figures, node

    def collect(self) -> Iterator[Metric]:
        for name, value in self._figures().items():
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            metric = family(f"konik_{name}", FIGURES.get(name, UNDESCRIBED), labels=("node",))
            metric.add_metric((self._node,), value)
            yield metric


def registry(node: NodeCollector) -> CollectorRegistry:
    """Everything that is exported."""
    made = CollectorRegistry()
    made.register(CALLS)
    made.register(node)
    return made


def _cumulative(by_bound: list[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(str, SECONDS_BOUNDS), "+Inf"), by_bound, strict=True):
        total += count
        yield bound, total
