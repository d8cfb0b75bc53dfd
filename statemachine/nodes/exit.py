"""EXIT: where a thread ends, with a failure or once all its children have ended well."""

from konik.api.pb.enums_pb2 import HALTED
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_run_pb2 import ThreadRun
from konik.api.pb.wf_spec_pb2 import FailureDef
from konik.statemachine.run.failure import NodeFailure
from konik.statemachine.run.node_type import At, NodeType, register
from konik.statemachine.run.run import FAILED, TERMINAL
from konik.statemachine.run.variables import Scope
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.evaluate import evaluate

# A child that is HALTED for one of these is not waited for: nobody lets it go on.
_STOPPED_FOR_GOOD = frozenset(("halted_by_parent", "manual_halt"))


def _arrive(at: At) -> None:
    at.node_run.exit.SetInParent()
    at.run.save_node_run(at.node_run)


def _proceed(at: At) -> bool:
    node = at.plan.node.exit
    if node.HasField("failure_def"):
        raise _defined_failure(at, node.failure_def)
    children = at.run.children(at.thread)
    if not all(_needs_no_waiting(child) for child in children):
        return False
    handled = set(at.thread.handled_failed_children)
    failed = [child.number for child in children if child.status in FAILED and child.number not in handled]
    if failed:
        raise NodeFailure("CHILD_FAILURE", f"Child threads failed: {', '.join(map(str, failed))}")
    if node.HasField("return_content"):
        _return(at)
    return True


def _needs_no_waiting(child: ThreadRun) -> bool:
    if child.status == HALTED:
        return any(reason.WhichOneof("reason") in _STOPPED_FOR_GOOD for reason in child.halt_reasons)
    return child.status in TERMINAL


def _defined_failure(at: At, defined: FailureDef) -> NodeFailure:
    message, content = defined.message, VariableValue()
    if defined.HasField("content"):
        try:
            content = evaluate(defined.content, Scope(at.run, at.thread))
        except EvaluationError as error:
            message = f"{message} (its content could not be evaluated: {error})"
    return NodeFailure(defined.failure_name, message, content)


def _return(at: At) -> None:
    try:
        at.thread.output.CopyFrom(evaluate(at.plan.node.exit.return_content, Scope(at.run, at.thread)))
    except EvaluationError as error:
        raise NodeFailure("VAR_ERROR", f"the return value could not be evaluated: {error}") from error


register(NodeType("exit", arrive=_arrive, proceed=_proceed))
