"""What can go wrong inside a WfRun, and which handler takes care of it."""

from collections.abc import Iterable

from konik.api.pb.enums_pb2 import ERROR, EXCEPTION, LHErrorType, LHStatus
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_spec_pb2 import FailureHandlerDef
from konik.statemachine import limits
from konik.statemachine.values.errors import EvaluationError

# The names that stand for technical errors; every other name is a business exception.
RESERVED = frozenset(LHErrorType.keys())

# Some names are categories: a handler for one of them takes the others too.
CATEGORIES = {
    "VAR_ERROR": frozenset(("VAR_ERROR", "VAR_SUB_ERROR", "VAR_MUTATION_ERROR")),
    "TASK_ERROR": frozenset(("TASK_ERROR", "TASK_FAILURE", "TIMEOUT")),
}


class NodeFailure(Exception):
    """The node at which a thread stands has failed."""

    def __init__(self, name: str, message: str, content: VariableValue | None = None) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message[: limits.FAILURE_MESSAGE_CHARACTERS_MAX]
        self.content = content

    @property
    def status(self) -> LHStatus:
        """What a NodeRun or a thread becomes by it."""
        return ERROR if self.name in RESERVED else EXCEPTION


def as_failure(error: NodeFailure | EvaluationError) -> NodeFailure:
    """What an error at a node is to its WfRun."""
    return error if isinstance(error, NodeFailure) else NodeFailure("VAR_SUB_ERROR", str(error))


def handler_for(name: str, handlers: Iterable[FailureHandlerDef]) -> FailureHandlerDef | None:
    """The first handler, in the order of their declaration, that takes a failure of that name."""
    return next((handler for handler in handlers if _takes(handler, name)), None)


def _takes(handler: FailureHandlerDef, name: str) -> bool:
    caught = handler.WhichOneof("failure_to_catch")
    if caught is None:
        return True
    if caught == "specific_failure":
        return name in CATEGORIES.get(handler.specific_failure, (handler.specific_failure,))
    wants_error = handler.any_failure_of_type == FailureHandlerDef.FAILURE_TYPE_ERROR
    return wants_error == (name in RESERVED)
