"""Variables of threads: creating, reading and writing them. A thread sees its own and its ancestors'."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from konik.api.pb.expressions_pb2 import VariableMutation
from konik.api.pb.values_pb2 import TypeDefinition, VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_run_pb2 import ThreadRun
from konik.statemachine.names import INPUT
from konik.statemachine.plan.compiled import ThreadPlan
from konik.statemachine.rejection import invalid, not_built
from konik.statemachine.run import outputs
from konik.statemachine.run.run import Run
from konik.statemachine.tables import VARIABLES, variable_part
from konik.statemachine.timestamps import set_timestamp
from konik.statemachine.values.errors import EvaluationError, InvalidValue, NotBuilt
from konik.statemachine.values.ingest import ingest
from konik.statemachine.values.mutate import apply_mutations


class Scope:
    """What an expression sees that is evaluated in a thread."""

    __slots__ = ("_found", "_left", "_left_output", "_run", "_thread")

    def __init__(
        self, run: Run, thread: ThreadRun, left: str | None = None, left_output: VariableValue | None = None
    ) -> None:
        """`left` is the node that is being left, if any, with its output."""
        self._run = run
        self._thread = thread
        self._left = left
        self._left_output = left_output
        self._found: dict[str, Place] = {}

    def place(self, name: str) -> "Place":
        """The variable of that name which the thread sees.

        Raises:
            EvaluationError: there is none in its scope.
        """
        known = self._found.get(name)
        if known is None:
            known = self._found[name] = _find(self._run, self._thread, name)
        return known

    def variable(self, name: str) -> VariableValue:
        return self.place(name).variable.value

    def node_output(self, node_name: str) -> VariableValue:
        output = self._left_output if node_name == self._left else outputs.recall(self._run, self._thread, node_name)
        if output is None:
            raise EvaluationError(f"Specified node {node_name} has no output")
        return output

    def declared(self, name: str) -> TypeDefinition:
        """Its type. Raises as `place` does."""
        return self.place(name).declared


class Place(NamedTuple):
    """Where a variable is, what it is, and what may be in it."""

    key: bytes
    variable: Variable
    declared: TypeDefinition


def check_inputs(plan: ThreadPlan, inputs: Mapping[str, VariableValue]) -> dict[str, VariableValue]:
    """The inputs of a thread, checked against what it declares and converted to the declared types.

    Raises:
        Rejection: INVALID_ARGUMENT, naming the variable.
    """
    for name in sorted(inputs):
        if name not in plan.variables:
            raise invalid(f"there is no variable {name} in thread {plan.name}; it declares {_names(plan)}")
    for name, variable in plan.variables.items():
        if variable.required and name not in inputs:
            raise invalid(f"the required variable {name} is missing")
    return {name: _checked(plan, name, inputs[name]) for name in plan.variables if name in inputs}


def _names(plan: ThreadPlan) -> str:
    return ", ".join(sorted(plan.variables)) or "none"


def _checked(plan: ThreadPlan, name: str, value: VariableValue) -> VariableValue:
    try:
        return ingest(value, plan.variables[name].var_def.type_def, f"variable {name}")
    except InvalidValue as error:
        raise invalid(str(error)) from error
    except NotBuilt as error:
        raise not_built(error.where, error.what) from error


def create(run: Run, thread: ThreadRun, inputs: Mapping[str, VariableValue]) -> None:
    """One Variable for each that the thread declares: the input, else the default, else NULL."""
    for name, declared in run.thread_plan(thread).variables.items():
        variable = Variable()
        variable.id.wf_run_id.CopyFrom(run.wf_run.id)
        variable.id.thread_run_number = thread.number
        variable.id.name = name
        variable.value.CopyFrom(_initial(declared.var_def.default_value, inputs.get(name)))
        set_timestamp(variable.created_at, run.now_ms)
        variable.wf_spec_id.CopyFrom(thread.wf_spec_id)
        variable.masked = declared.var_def.type_def.masked
        run.context.save(VARIABLES, run.prefix + variable_part(thread.number, name), variable)


def _initial(default: VariableValue, given: VariableValue | None) -> VariableValue:
    return default if given is None or given.WhichOneof("value") is None else given


def handler_input(plan: ThreadPlan, content: VariableValue | None) -> dict[str, VariableValue]:
    """The inputs of a handler thread: what happened, if it declares the variable for it."""
    return {INPUT: content or VariableValue()} if INPUT in plan.variables else {}


def _find(run: Run, thread: ThreadRun, name: str) -> Place:
    owner = _owner(run, thread, name)
    if owner is not None:
        key = run.prefix + variable_part(owner.number, name)
        variable = run.context.load(VARIABLES, key)
        if variable is not None:
            return Place(key, variable, run.thread_plan(owner).variables[name].var_def.type_def)
    raise EvaluationError(f"Variable {name} is not in the scope of thread {thread.thread_spec_name}")


def _owner(run: Run, thread: ThreadRun, name: str) -> ThreadRun | None:
    """The nearest thread, from this one upwards, that declares the variable."""
    place: ThreadRun | None = thread
    while place is not None:
        if name in run.thread_plan(place).variables:
            return place
        place = run.parent(place)
    return None


def mutate(run: Run, mutations: Iterable[VariableMutation], scope: Scope, left: str) -> None:
    """Carries out the mutations of an edge, all of them or none.

    Raises:
        EvaluationError: one of them failed.
    """
    for name, value in apply_mutations(mutations, scope, scope.declared, left).items():
        place = scope.place(name)
        place.variable.value.CopyFrom(value)
        run.context.save(VARIABLES, place.key, place.variable)
