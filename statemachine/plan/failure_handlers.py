"""The failure handlers of a node: what they catch has a name that can be raised, and their threads exist."""

from collections.abc import Iterable

from konik.api.pb.wf_spec_pb2 import FailureHandlerDef
from konik.statemachine.names import is_name
from konik.statemachine.plan.scope import ThreadScope
from konik.statemachine.rejection import invalid
from konik.statemachine.run.failure import RESERVED


def check_failure_handlers(handlers: Iterable[FailureHandlerDef], scope: ThreadScope) -> None:
    """Raises INVALID_ARGUMENT, naming all bad names at once."""
    bad = [h.specific_failure for h in handlers if h.HasField("specific_failure") and not _can_be_raised(h)]
    if bad:
        raise invalid(f"Invalid names for exception handlers: {', '.join(bad)}")
    for handler in handlers:
        if handler.handler_spec_name not in scope.spec.thread_specs:
            raise invalid(f"Failure handler refers to missing ThreadSpec: {handler.handler_spec_name}")


def _can_be_raised(handler: FailureHandlerDef) -> bool:
    return handler.specific_failure in RESERVED or is_name(handler.specific_failure)
