"""What registration knows of each node type. A node type that is not in the table is not built yet."""

from collections.abc import Mapping

from konik.statemachine.plan.nodes import exit, external_event, plain, sleep, task
from konik.statemachine.plan.scope import NodeRules

RULES: Mapping[str, NodeRules] = {
    "entrypoint": plain.RULES,
    "exit": exit.RULES,
    "task": task.RULES,
    "external_event": external_event.RULES,
    "nop": plain.RULES,
    "sleep": sleep.RULES,
}
"""By the name of the node's case in the contract."""
