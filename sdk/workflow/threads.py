"""The builder that a thread function writes its steps on; what it draws is a ThreadSpec.

Each step becomes a node. The builder refuses what cannot be right (a step after the end, a variable twice, a builder
used after its function returned) and leaves types to the cluster, which knows the definitions.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from konik.api.pb.enums_pb2 import LHErrorType, VariableType
from konik.api.pb.expressions_pb2 import (
    ExponentialBackoffRetryPolicy,
    TaskNode,
    VariableMutation,
    VariableMutationType,
)
from konik.api.pb.external_event_pb2 import CorrelatedEventConfig
from konik.api.pb.ids_pb2 import ExternalEventDefId, StructDefId, TaskDefId, WorkflowEventDefId
from konik.api.pb.values_pb2 import TypeDefinition
from konik.api.pb.wf_spec_pb2 import (
    EntrypointNode,
    ExitNode,
    ExternalEventNode,
    FailureDef,
    FailureHandlerDef,
    InterruptDef,
    Node,
    RunChildWfNode,
    SleepNode,
    StartMultipleThreadsNode,
    StartThreadNode,
    ThreadRetentionPolicy,
    ThreadSpec,
    ThrowEventNode,
    WaitForChildWfNode,
    WaitForConditionNode,
    WaitForThreadsNode,
    WaitForThreadsStrategy,
)
from konik.sdk.errors import WorkflowError
from konik.sdk.workflow.branches import IfStatement
from konik.sdk.workflow.expressions import Comparison, Expression, FormatString, NodeOutput, assignment_of
from konik.sdk.workflow.failures import WaitForThreadsOutput, any_error, any_exception, any_failure, specific
from konik.sdk.workflow.graph import Graph
from konik.sdk.workflow.variables import WfRunVariable

if TYPE_CHECKING:
    from konik.sdk.workflow.spec import Workflow

ThreadFunction = Callable[["ThreadBuilder"], object]
Inputs = Mapping[str, object]

LATEST = -1


class SpawnedThread:
    """A thread that was started; `number` is the variable that holds its number."""

    def __init__(self, name: str, number: WfRunVariable) -> None:
        self.name = name
        self.number = number


class SpawnedThreads:
    """Several started threads, to wait for together."""

    def __init__(self, threads: WaitForThreadsNode) -> None:
        self.threads = threads

    @classmethod
    def from_list(cls, *spawned: SpawnedThread) -> "SpawnedThreads":
        threads = [WaitForThreadsNode.ThreadToWaitFor(thread_run_number=assignment_of(one.number)) for one in spawned]
        return cls(WaitForThreadsNode(threads=WaitForThreadsNode.ThreadsToWaitFor(threads=threads)))


class SpawnedChildWf:
    """A child run that was started by the RUN_CHILD_WF node named `node_name`."""

    def __init__(self, node_name: str, thread: "ThreadBuilder") -> None:
        self.node_name = node_name
        self.thread = thread


class ThreadBuilder:
    """The steps of one thread, written by calling its methods in order."""

    def __init__(self, workflow: "Workflow") -> None:
        self._workflow = workflow
        self._graph = Graph()
        self._graph.add("entrypoint", Node(entrypoint=EntrypointNode()))
        self._variables: dict[str, WfRunVariable] = {}
        self._interrupts: list[InterruptDef] = []
        self._retention: ThreadRetentionPolicy | None = None
        self._finished = False

    def finish(self) -> ThreadSpec:
        """Ends the thread where its function ended, and gives the ThreadSpec."""
        if not self._graph.is_ended:
            self._graph.add("exit", Node(exit=ExitNode()))
        self._finished = True
        return ThreadSpec(
            nodes=self._graph.nodes,
            variable_defs=[variable.declaration for variable in self._variables.values()],
            interrupt_defs=self._interrupts,
            retention_policy=self._retention,
        )

    def _add(self, label: str, node: Node) -> str:
        if self._finished:
            raise WorkflowError(
                f"{label!r} is added to a thread whose function has returned; use the builder inside it"
            )
        return self._graph.add(label, node)

    def add_mutation(self, mutation: VariableMutation) -> None:
        """Lets a variable change between the step before and the one after."""
        self._graph.mutate(mutation)

    def with_retention_policy(self, policy: ThreadRetentionPolicy) -> None:
        self._retention = policy

    # Variables

    def declare_bool(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.BOOL, default_value)

    def declare_int(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.INT, default_value)

    def declare_str(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.STR, default_value)

    def declare_double(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.DOUBLE, default_value)

    def declare_bytes(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.BYTES, default_value)

    def declare_json_arr(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.JSON_ARR, default_value)

    def declare_json_obj(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.JSON_OBJ, default_value)

    def declare_timestamp(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.TIMESTAMP, default_value)

    def declare_wf_run_id(self, name: str, default_value: object = None) -> WfRunVariable:
        return self.add_variable(name, VariableType.WF_RUN_ID, default_value)

    def declare_struct(self, name: str, struct_def: str, struct_def_version: int = LATEST) -> WfRunVariable:
        """A variable that holds a struct of this StructDef."""
        return self._declare(
            name, TypeDefinition(struct_def_id=StructDefId(name=struct_def, version=struct_def_version))
        )

    def add_variable(self, name: str, variable_type: VariableType, default_value: object = None) -> WfRunVariable:
        """Declares a variable of a primitive type; `declare_int` and its kin are shorter."""
        variable = self._declare(name, TypeDefinition(primitive_type=variable_type))
        return variable if default_value is None else variable.with_default(default_value)

    def _declare(self, name: str, type_def: TypeDefinition) -> WfRunVariable:
        if name in self._variables:
            raise WorkflowError(f"the thread has a variable {name!r} already; choose another name")
        if self._graph.is_ended:
            raise WorkflowError(f"{name!r} cannot be declared after the end of the thread")
        self._variables[name] = WfRunVariable(name, type_def, self._workflow.current_thread)
        return self._variables[name]

    def mutate(self, variable: WfRunVariable, operation: VariableMutationType, value: object) -> None:
        """Changes a variable here; `variable.assign(value)` is the usual way."""
        variable.mutate(operation, value)

    def format(self, text: str, *arguments: object) -> FormatString:
        """Text with `{0}`, `{1}` … filled in by the cluster."""
        return FormatString(text, *arguments)

    # Steps

    def execute(
        self,
        task: str | FormatString | WfRunVariable,
        *arguments: object,
        timeout_seconds: int | None = None,
        retries: int | None = None,
        exponential_backoff: ExponentialBackoffRetryPolicy | None = None,
    ) -> NodeOutput:
        """Has a worker run the task of this name, which may be computed. Unset options take the workflow's."""
        defaults = self._workflow.task_defaults
        node = TaskNode(
            variables=[assignment_of(argument) for argument in arguments],
            timeout_seconds=defaults.timeout_seconds if timeout_seconds is None else timeout_seconds,
            retries=defaults.retries if retries is None else retries,
            exponential_backoff=exponential_backoff or defaults.exponential_backoff,
        )
        if isinstance(task, str):
            node.task_def_id.CopyFrom(TaskDefId(name=task))
            return NodeOutput(self._add(task, Node(task=node)))
        node.dynamic_task.CopyFrom(assignment_of(task))
        return NodeOutput(self._add(task.text if isinstance(task, FormatString) else task.name, Node(task=node)))

    def wait_for_event(
        self,
        event_name: str,
        timeout: int = 0,
        correlation_id: str | Expression | None = None,
        mask_correlation_id: bool | None = None,
        auto_register: bool = False,
        return_type: Any = None,
        correlated_event_config: CorrelatedEventConfig | None = None,
    ) -> NodeOutput:
        """Waits for an external event, for `timeout` seconds if that is above 0; its content is the output.

        With `return_type` or `correlated_event_config`, or with `auto_register`, the event is registered together
        with the workflow.
        """
        masked = isinstance(correlation_id, WfRunVariable) and correlation_id.is_masked
        node = ExternalEventNode(
            external_event_def_id=ExternalEventDefId(name=event_name),
            timeout_seconds=assignment_of(timeout) if timeout > 0 else None,
            correlation_key=None if correlation_id is None else assignment_of(correlation_id),
            mask_correlation_key=masked if mask_correlation_id is None else mask_correlation_id,
        )
        output = NodeOutput(self._add(event_name, Node(external_event=node)))
        if auto_register or return_type is not None or correlated_event_config is not None:
            self._workflow.register_external_event(event_name, return_type, correlated_event_config)
        return output

    def throw_event(
        self, event_name: str, content: object, auto_register: bool = False, return_type: Any = None
    ) -> NodeOutput:
        """Throws a workflow event for whoever awaits it."""
        node = ThrowEventNode(event_def_id=WorkflowEventDefId(name=event_name), content=assignment_of(content))
        output = NodeOutput(self._add(f"throw-{event_name}", Node(throw_event=node)))
        if auto_register or return_type is not None:
            self._workflow.register_workflow_event(event_name, return_type)
        return output

    def wait_for_condition(self, condition: Expression) -> NodeOutput:
        """Waits until changes of variables make the condition true."""
        node = WaitForConditionNode(condition=assignment_of(condition))
        return NodeOutput(self._add("wait-for-condition", Node(wait_for_condition=node)))

    def sleep(self, seconds: int | Expression) -> None:
        """Waits for a number of seconds."""
        if isinstance(seconds, int) and seconds <= 0:
            raise WorkflowError(f"sleep({seconds}) has no meaning; give a number of seconds above 0")
        self._add("sleep", Node(sleep=SleepNode(raw_seconds=assignment_of(seconds))))

    def sleep_until(self, moment: object) -> None:
        """Waits until a moment: an aware datetime, a TIMESTAMP, or an INT of epoch milliseconds."""
        self._add("sleep", Node(sleep=SleepNode(timestamp=assignment_of(moment))))

    def fail(self, failure_name: str, message: str, output: object = None) -> None:
        """Ends the thread with a business exception, whose content is `output`."""
        failure = FailureDef(failure_name=failure_name, message=message)
        if output is not None:
            failure.content.CopyFrom(assignment_of(output))
        self._add(failure_name, Node(exit=ExitNode(failure_def=failure)))

    def complete(self, output: object = None) -> None:
        """Ends the thread here, successfully."""
        content = None if output is None else assignment_of(output)
        self._add("complete", Node(exit=ExitNode(return_content=content)))

    # Branches

    def do_if(
        self, condition: Expression, body: ThreadFunction, else_body: ThreadFunction | None = None
    ) -> IfStatement["ThreadBuilder"]:
        """Runs the steps of `body` if the condition holds; go on with `.do_else_if(…)` and `.do_else(…)`."""
        statement = IfStatement(self._graph, self, assignment_of(condition), body)
        if else_body is not None:
            statement.do_else(else_body)
        return statement

    def do_while(self, condition: Expression, body: ThreadFunction) -> None:
        """Repeats the steps of `body` as long as the condition holds, which is looked at first."""
        otherwise = assignment_of(condition.negate()) if isinstance(condition, Comparison) else None
        self._graph.loop(assignment_of(condition), otherwise, lambda: body(self))

    # Failures and interrupts

    def handle_error(self, node: NodeOutput, handler: ThreadFunction, error_type: "LHErrorType | None" = None) -> None:
        """Runs `handler` when the node fails with this technical error (None: with any), then goes on after it."""
        if error_type is None:
            self._handle(node, "-FAILURE_TYPE_ERROR", handler, any_error())
        else:
            error = LHErrorType.Name(error_type)
            self._handle(node, f"-{error}", handler, specific(error))

    def handle_exception(self, node: NodeOutput, handler: ThreadFunction, exception_name: str | None = None) -> None:
        """Runs `handler` when the node fails with this business exception (None: with any), then goes on after it."""
        if exception_name is None:
            self._handle(node, "", handler, any_exception())
        else:
            self._handle(node, f"-{exception_name}", handler, specific(exception_name))

    def handle_any_failure(self, node: NodeOutput, handler: ThreadFunction) -> None:
        """Runs `handler` when the node fails in any way, then goes on after it."""
        self._handle(node, "-any-failure", handler, any_failure())

    def _handle(self, node: NodeOutput, suffix: str, handler: ThreadFunction, failure: FailureHandlerDef) -> None:
        failure.handler_spec_name = self._workflow.add_thread(f"exn-handler-{node.node_name}{suffix}", handler)
        self._graph.nodes[node.node_name].failure_handlers.append(failure)

    def add_interrupt_handler(self, event_name: str, handler: ThreadFunction, event_type: Any = None) -> None:
        """Halts this thread and runs `handler` whenever the event comes; with `event_type` the event is registered."""
        thread = self._workflow.add_thread(f"interrupt-{event_name}", handler)
        event = ExternalEventDefId(name=event_name)
        self._interrupts.append(InterruptDef(external_event_def_id=event, handler_spec_name=thread))
        if event_type is not None:
            self._workflow.register_external_event(event_name, event_type, None)

    # Threads and child workflows

    def spawn_thread(self, function: ThreadFunction, thread_name: str, input: Inputs | None = None) -> SpawnedThread:
        """Starts a child thread; give the result to `wait_for_threads`."""
        node = StartThreadNode(thread_spec_name=self._workflow.add_thread(thread_name, function))
        _fill(node.variables, input)
        number = self._remember(self._add(thread_name, Node(start_thread=node)), VariableType.INT)
        return SpawnedThread(thread_name, number)

    def spawn_thread_for_each(
        self, items: Expression, function: ThreadFunction, thread_name: str, input: Inputs | None = None
    ) -> SpawnedThreads:
        """Starts a child thread per item; each declares the variable `INPUT` to receive its own."""
        node = StartMultipleThreadsNode(
            thread_spec_name=self._workflow.add_thread(thread_name, function), iterable=assignment_of(items)
        )
        _fill(node.variables, input)
        numbers = self._remember(self._add(thread_name, Node(start_multiple_threads=node)), VariableType.JSON_ARR)
        return SpawnedThreads(WaitForThreadsNode(thread_list=assignment_of(numbers)))

    def _remember(self, node_name: str, variable_type: VariableType) -> WfRunVariable:
        """Keeps the numbers of started threads in a variable that is named like their node."""
        variable = self.add_variable(node_name, variable_type)
        variable.assign(NodeOutput(node_name))
        return variable

    def wait_for_threads(
        self, spawned: SpawnedThreads, strategy: WaitForThreadsStrategy = WaitForThreadsStrategy.WAIT_FOR_ALL
    ) -> WaitForThreadsOutput:
        """Waits for started threads, as many of them as the strategy says."""
        node = Node(wait_for_threads=spawned.threads)
        node.wait_for_threads.strategy = strategy
        return WaitForThreadsOutput(self._add("threads", node), node.wait_for_threads, self._workflow.add_thread)

    def run_wf(self, wf_spec_name: str, inputs: Inputs | None = None, child_id: object = None) -> SpawnedChildWf:
        """Starts a child run of another WfSpec's newest version."""
        node = RunChildWfNode(
            wf_spec_name=wf_spec_name,
            major_version=LATEST,
            child_id=None if child_id is None else assignment_of(child_id),
        )
        _fill(node.inputs, inputs)
        return SpawnedChildWf(self._add(f"run-{wf_spec_name}", Node(run_child_wf=node)), self)

    def wait_for_child_wf(self, child: SpawnedChildWf) -> NodeOutput:
        """Waits for a child run that this thread started; its output is the node's."""
        if child.thread is not self:
            raise WorkflowError("the child run was started by another thread; wait for it there")
        node = WaitForChildWfNode(
            child_wf_run_id=NodeOutput(child.node_name).assignment(), child_wf_run_source_node=child.node_name
        )
        return NodeOutput(self._add("wait", Node(wait_for_child_wf=node)))


def _fill(target: Any, inputs: Inputs | None) -> None:
    """Protobuf maps of messages can only be filled in place."""
    for name, value in (inputs or {}).items():
        target[name].CopyFrom(assignment_of(value))
