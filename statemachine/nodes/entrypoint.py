"""ENTRYPOINT and NOP: places where edges start and meet. There is nothing to do at them."""

from konik.statemachine.run.node_type import At, NodeType, register


def _shown_as_entrypoint(at: At) -> None:
    """The contract has no NodeRun of type NOP; clients know it by its `node_name`."""
    at.node_run.entrypoint.SetInParent()
    at.run.save_node_run(at.node_run)


register(NodeType("entrypoint"))
register(NodeType("nop", arrive=_shown_as_entrypoint))
