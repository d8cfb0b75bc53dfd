"""The variables of a WfSpec: each is declared once, holds what it says, and none is used that nobody declares."""

from konik.api.pb.expressions_pb2 import VariableDef
from konik.api.pb.wf_spec_pb2 import ThreadSpec, WfSpec
from konik.statemachine.names import INPUT
from konik.statemachine.plan.places import within
from konik.statemachine.rejection import invalid
from konik.statemachine.values.ingest import ingest
from konik.statemachine.values.walk import variables_used


def convert_defaults(spec: WfSpec) -> None:
    """Makes each default value one of the declared type. Raises INVALID_ARGUMENT if it is none."""
    for name in sorted(spec.thread_specs):
        for variable in spec.thread_specs[name].variable_defs:
            if variable.var_def.HasField("default_value"):
                _convert_default(variable.var_def, name)


def _convert_default(declared: VariableDef, thread: str) -> None:
    with within(f"Var name {declared.name} defined in thread {thread} has an invalid default value"):
        value = ingest(declared.default_value, declared.type_def, declared.name)
        declared.default_value.CopyFrom(value)


def check_variables(spec: WfSpec) -> None:
    """Raises INVALID_ARGUMENT."""
    owners: dict[str, str] = {}
    for name in sorted(spec.thread_specs):
        for variable in spec.thread_specs[name].variable_defs:
            _check_declared_once(owners, variable.var_def.name, name)
    for name in sorted(spec.thread_specs):
        _check_declared(spec.thread_specs[name], name, owners)


def _check_declared_once(owners: dict[str, str], variable: str, thread: str) -> None:
    owner = owners.get(variable)
    if owner == thread or (owner is not None and variable != INPUT):
        raise invalid(f"Var name {variable} defined in thread {thread} is already defined in thread {owner}")
    owners[variable] = thread


def _check_declared(thread: ThreadSpec, name: str, declared: dict[str, str]) -> None:
    missing = sorted(variables_used(thread) - declared.keys())
    if missing:
        raise invalid(f"Thread {name} refers to missing var {missing[0]}")
