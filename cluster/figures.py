"""What a node measures of itself, by name, for metrics."""

from typing import TYPE_CHECKING

from konik.cluster.replica import STATES

if TYPE_CHECKING:
    from konik.cluster.node import Node


class Figures:
    """Reads the parts of a node when asked; counts nothing by itself."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def __call__(self) -> dict[str, float]:
        """Name to value, in base units: seconds, bytes, counts since the process started."""
        node, services = self._node, self._node.services
        core, pump, proposer = services.driver.core, services.pump, services.proposer
        occupancy, journal = node.store.occupancy(), node.journal.statistics
        checkpoints = node.checkpointer.statistics
        return {
            "role": STATES[core.role],
            "term": core.term,
            "commit_index": core.commit,
            "applied_index": pump.applied,
            "apply_backlog": pump.backlog,
            "entries_applied_total": pump.statistics.entries,
            "commands_applied_total": pump.statistics.commands,
            "apply_seconds_total": pump.statistics.apply_seconds,
            "proposals_total": proposer.statistics.proposals,
            "proposed_commands_total": proposer.statistics.commands,
            "forwarded_commands_total": proposer.statistics.forwarded,
            "resent_commands_total": proposer.statistics.resent,
            "commit_seconds_total": proposer.statistics.commit_seconds,
            "commands_waiting": proposer.waiting,
            "leader_queue": proposer.inbox,
            "reads_waiting": services.reads.waiting,
            "polls_waiting": services.polls.waiting,
            "poll_streams": services.polls.streams,
            "leader_changes_total": services.leader_changes,
            "log_entries": core.log.last - core.log.base,
            "log_bytes": core.log.bytes,
            "overlay_keys": occupancy.live_keys + occupancy.frozen_keys,
            "overlay_bytes": occupancy.live_bytes + occupancy.frozen_bytes,
            "state_map_bytes": occupancy.map_bytes,
            "state_used_bytes": occupancy.used_bytes,
            "checkpoints_total": checkpoints.checkpoints,
            "checkpoint_seconds": checkpoints.last_seconds,
            "log_cuts_total": node.log_cuts,
            "syncs_total": journal.syncs,
            "sync_seconds": journal.median_seconds(),
            "marks_compared_total": services.marks.compared,
            "machine_version": services.machine.version,
            "machine_version_known": services.release.known,
        }
