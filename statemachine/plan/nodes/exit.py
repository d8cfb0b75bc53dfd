"""EXIT nodes: they end their thread with content, with a failure, or with nothing."""

from konik.api.pb.wf_spec_pb2 import FailureDef, Node
from konik.statemachine.names import is_name
from konik.statemachine.plan.scope import NodeRules, ThreadScope
from konik.statemachine.rejection import invalid
from konik.statemachine.run.failure import RESERVED
from konik.statemachine.values import static
from konik.statemachine.values.static import StaticType


def check(node: Node, scope: ThreadScope) -> None:
    if node.exit.WhichOneof("result") == "failure_def":
        _check_failure(node.exit.failure_def, scope)


def output(node: Node, scope: ThreadScope) -> StaticType:
    """The type of the content; void if there is none. Content that refers to a void output is not void but unknown."""
    if node.exit.WhichOneof("result") != "return_content":
        return static.VOID
    content = static.type_of_assignment(node.exit.return_content, scope)
    return static.UNKNOWN if content is static.VOID else content


def _check_failure(failure: FailureDef, scope: ThreadScope) -> None:
    if failure.failure_name in RESERVED:
        raise invalid(f"Failure name {failure.failure_name} is reserved!")
    if not is_name(failure.failure_name):
        raise invalid(f"Invalid name for exception: {failure.failure_name}")
    if failure.HasField("content"):
        static.type_of_assignment(failure.content, scope)


RULES = NodeRules(check, output)
