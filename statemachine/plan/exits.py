"""What a thread returns: the type on which all its EXIT nodes agree, failures left aside."""

from konik.statemachine.plan.scope import ThreadScope
from konik.statemachine.rejection import invalid
from konik.statemachine.values import static
from konik.statemachine.values.static import StaticType


def check_exits(scope: ThreadScope) -> None:
    """Raises INVALID_ARGUMENT if the EXIT nodes disagree. An unknown type agrees with every content."""
    returned = _returned(scope)
    if any(r is static.VOID for r in returned) and any(r is not static.VOID for r in returned):
        raise invalid("Detected an EXIT node that returns void and another EXIT node that returns non-void")
    known = [r for r in returned if r is not static.UNKNOWN]
    if any(r != known[0] for r in known):
        raise invalid("Detected that different EXIT nodes returned different output types!")


def thread_output(scope: ThreadScope) -> StaticType:
    """The type that a thread whose EXIT nodes agree returns; void if it only fails or never ends."""
    returned = _returned(scope)
    known = [r for r in returned if r is not static.UNKNOWN]
    if known:
        return known[0]
    return static.UNKNOWN if returned else static.VOID


def _returned(scope: ThreadScope) -> list[StaticType]:
    nodes = scope.thread.nodes
    exits = [name for name in sorted(nodes) if nodes[name].WhichOneof("node") == "exit"]
    outputs = [scope.node_output(name) for name in exits if not nodes[name].exit.HasField("failure_def")]
    return [output for output in outputs if output is not None]
