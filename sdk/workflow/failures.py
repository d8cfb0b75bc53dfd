"""Which failures a handler catches, and the names that LittleHorse SDKs give to handler threads."""

from collections.abc import Callable

from konik.api.pb.enums_pb2 import LHErrorType
from konik.api.pb.wf_spec_pb2 import FailureHandlerDef, WaitForThreadsNode
from konik.sdk.workflow.expressions import NodeOutput

Handler = Callable[..., object]
Register = Callable[[str, Handler], str]


def specific(name: str) -> FailureHandlerDef:
    return FailureHandlerDef(specific_failure=name)


def any_error() -> FailureHandlerDef:
    return FailureHandlerDef(any_failure_of_type=FailureHandlerDef.FAILURE_TYPE_ERROR)


def any_exception() -> FailureHandlerDef:
    return FailureHandlerDef(any_failure_of_type=FailureHandlerDef.FAILURE_TYPE_EXCEPTION)


def any_failure() -> FailureHandlerDef:
    return FailureHandlerDef()


class WaitForThreadsOutput(NodeOutput):
    """The outcome of waiting for threads; failures of a child can be handled before they reach the one that waits."""

    def __init__(self, node_name: str, node: WaitForThreadsNode, register: Register) -> None:
        super().__init__(node_name)
        self._node = node
        self._register = register

    def handle_exception_on_child(self, handler: Handler, exception_name: str | None = None) -> "WaitForThreadsOutput":
        """Runs `handler` in place of a child that ended with this business exception (None: with any)."""
        name = f"exn-handler-{self.node_name}"
        if exception_name is None:
            return self._handle(name, handler, any_exception())
        return self._handle(f"{name}-{exception_name}", handler, specific(exception_name))

    def handle_error_on_child(
        self, handler: Handler, error_type: "LHErrorType | None" = None
    ) -> "WaitForThreadsOutput":
        """Runs `handler` in place of a child that ended with this technical error (None: with any)."""
        name = f"error-handler-{self.node_name}"
        if error_type is None:
            return self._handle(name, handler, any_error())
        error = LHErrorType.Name(error_type)
        return self._handle(f"{name}-{error}", handler, specific(error))

    def handle_any_failure_on_child(self, handler: Handler) -> "WaitForThreadsOutput":
        """Runs `handler` in place of a child that failed in any way."""
        return self._handle(f"failure-handler-{self.node_name}-ANY_FAILURE", handler, any_failure())

    def _handle(self, thread: str, handler: Handler, failure: FailureHandlerDef) -> "WaitForThreadsOutput":
        failure.handler_spec_name = self._register(thread, handler)
        self._node.per_thread_failure_handlers.append(failure)
        return self
