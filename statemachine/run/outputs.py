"""The outputs of nodes that other nodes ask for: the latest one of each node, by thread and name."""

from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_run_pb2 import ThreadRun
from konik.statemachine import keys
from konik.statemachine.run.run import Run


def keep(run: Run, thread: ThreadRun, node_name: str, output: VariableValue | None) -> None:
    """Remembers the output of a completed node if some part of its thread refers to it."""
    if node_name not in run.thread_plan(thread).outputs_kept:
        return
    key = _key(run, thread, node_name)
    if output is not None:
        run.context.txn.put(key, output.SerializeToString(deterministic=True))


def recall(run: Run, thread: ThreadRun, node_name: str) -> VariableValue | None:
    """The output of the latest completed run of the node; None if it has none."""
    raw = run.context.txn.get(_key(run, thread, node_name))
    if raw is None:
        return None
    output = VariableValue()
    output.ParseFromString(raw)
    return output


def _key(run: Run, thread: ThreadRun, node_name: str) -> bytes:
    return run.prefix + keys.PART_NODE_OUTPUT + keys.number(thread.number) + keys.text(node_name)
