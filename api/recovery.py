"""What an operator is told before what is left of a cluster is made a new one."""

from datetime import UTC, datetime

from konik.cluster.recover import Remains


def report(remains: Remains) -> str:
    """What this node has, and what may be lost if the cluster goes on with that."""
    lines = [
        f"node {remains.node} of cluster {remains.cluster.hex()}, which had the members {remains.members}",
        f"its log ends with entry {remains.index} of term {remains.term}, {_written(remains.time_ms)}",
        f"it knows the log to be committed up to entry {remains.committed}",
    ]
    if not remains.votes:
        lines.append("it has no vote by the latest list of members that it has: it may be far behind what they had")
    return "\n".join([*lines, _LOST, *([_UNKNOWN] if remains.committed < remains.index else []), _INSTEAD])


def _written(time_ms: int) -> str:
    if not time_ms:
        return "and nothing in it says when that was"
    return f"written at {datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(' ', 'milliseconds')}"


_LOST = """
A new cluster made of it goes on behind that last entry:

* What the other members had acknowledged together, and this node had not received yet, is lost. As a rule a member is
  behind its leader by milliseconds; one that was stopped, cut off or still copying may be behind by far more. Compare
  the time above with the time at which the cluster answered last: what was answered in between is lost. Whatever it
  made workers do has happened, and the new cluster does not know of it."""

_UNKNOWN = """\
* What is behind the entry that is known to be committed counts from now on. Among it may be commands whose callers were
  told nothing, or took them for failed."""

_INSTEAD = """
If a majority of the members can be brought back with their disks, do that instead: nothing is lost then. Of several
nodes that are left recover one alone: that whose last entry has the highest term, among equals the highest index."""
