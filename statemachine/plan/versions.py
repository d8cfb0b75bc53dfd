"""The versions of a WfSpec: which there are, what the next one may change, and which number it gets.

A change that somebody who uses the old version could notice is breaking and begins a new major version; every other
one is a revision. A variable that was once public, or required to start, keeps its type for as long as it is frozen.
"""

from collections.abc import Iterable, Iterator

from konik.api.pb.metadata_requests_pb2 import MINOR_REVISION_UPDATES, NO_UPDATES, AllowedUpdateType
from konik.api.pb.wf_spec_pb2 import PUBLIC_VAR, ThreadVarDef, WfSpec
from konik.statemachine import keys
from konik.statemachine.canonical import canonical, same
from konik.statemachine.context import Reader
from konik.statemachine.names import INPUT
from konik.statemachine.plan.definitions import Definitions
from konik.statemachine.plan.exits import thread_output
from konik.statemachine.plan.nodes import RULES
from konik.statemachine.plan.scope import scopes
from konik.statemachine.rejection import Rejection, already_exists, failed_precondition, invalid
from konik.statemachine.tables import wf_spec_prefix
from konik.statemachine.values import types
from konik.statemachine.values.errors import InvalidValue
from konik.statemachine.values.static import UNKNOWN, StaticType


def latest_key(reader: Reader, name: str, major: int | None = None, revision: int | None = None) -> bytes | None:
    """The key of a version that exists: exactly that one, or without some of the numbers the latest of those left."""
    prefix = wf_spec_prefix(reader.tenant, name)
    for number in (major, revision):
        if number is None:
            break
        if number < 0:
            return None
        prefix += keys.descending(number)
    first = reader.first(prefix, keys.after(prefix))
    return None if first is None else first[0]


def succeed(spec: WfSpec, latest: WfSpec | None, allowed: AllowedUpdateType, definitions: Definitions) -> WfSpec:
    """What is the latest version from now on: `latest` if `spec`, as `check` made it, is the same, otherwise `spec`.

    In that case its version and its frozen variables are filled in, and `created_at` is left as it is. Raises
    INVALID_ARGUMENT if a frozen variable changes its type, ALREADY_EXISTS or FAILED_PRECONDITION if the caller did not
    allow such an update.
    """
    if latest is None:
        spec.frozen_variables.extend(_frozen(spec, ()))
        return spec
    _check_frozen(spec, latest)
    spec.frozen_variables.extend(_frozen(spec, latest.frozen_variables))
    if _is_same(spec, latest):
        return latest
    breaking = _is_breaking(spec, latest, definitions)
    _check_allowed(breaking, allowed)
    spec.id.major_version = latest.id.major_version + 1 if breaking else latest.id.major_version
    spec.id.revision = 0 if breaking else latest.id.revision + 1
    return spec


def _is_same(spec: WfSpec, latest: WfSpec) -> bool:
    renumbered = WfSpec()
    renumbered.CopyFrom(spec)
    renumbered.id.CopyFrom(latest.id)
    renumbered.created_at.CopyFrom(latest.created_at)
    return same(renumbered, latest)


def _frozen(spec: WfSpec, before: Iterable[ThreadVarDef]) -> list[ThreadVarDef]:
    """By name. What was frozen before stays so unless it is declared anew."""
    declared = {variable.var_def.name for variable in _variables(spec)}
    kept = [variable for variable in before if variable.var_def.name not in declared]
    frozen = {(v.var_def.name, canonical(v)): v for v in (*_required(spec), *_public(spec), *kept)}
    return [frozen[key] for key in sorted(frozen)]


def _check_frozen(spec: WfSpec, latest: WfSpec) -> None:
    frozen = {variable.var_def.name: variable.var_def.type_def for variable in latest.frozen_variables}
    for variable in _variables(spec):
        name, given = variable.var_def.name, variable.var_def.type_def
        if name in frozen and name != INPUT and not types.equal(given, frozen[name]):
            raise invalid(
                f"Variable {name} must be of type {types.text(frozen[name])} not {types.text(given)} "
                "as it was formerly declared a PUBLIC_VAR"
            )


def _is_breaking(spec: WfSpec, latest: WfSpec, definitions: Definitions) -> bool:
    return (
        set(map(canonical, _public(spec))) != set(map(canonical, _public(latest)))
        or set(map(canonical, _required(spec))) != set(map(canonical, _required(latest)))
        or _output(spec, definitions) != _output(latest, definitions)
    )


def _check_allowed(breaking: bool, allowed: AllowedUpdateType) -> None:
    if allowed == NO_UPDATES:
        raise already_exists("WfSpec already exists.")
    if allowed == MINOR_REVISION_UPDATES and breaking:
        raise failed_precondition("The resulting WfSpec has a breaking change.")


def _output(spec: WfSpec, definitions: Definitions) -> StaticType:
    """What a WfRun of it returns. That of an old version may be unknown by now: definitions can be deleted."""
    by_name = {scope.name: scope for scope in scopes(spec, definitions, RULES)}
    try:
        return thread_output(by_name[spec.entrypoint_thread_name])
    except (Rejection, InvalidValue):
        return UNKNOWN


def _variables(spec: WfSpec) -> Iterator[ThreadVarDef]:
    for name in sorted(spec.thread_specs):
        yield from spec.thread_specs[name].variable_defs


def _public(spec: WfSpec) -> list[ThreadVarDef]:
    return [variable for variable in _variables(spec) if variable.access_level == PUBLIC_VAR]


def _required(spec: WfSpec) -> list[ThreadVarDef]:
    return [variable for variable in spec.thread_specs[spec.entrypoint_thread_name].variable_defs if variable.required]
