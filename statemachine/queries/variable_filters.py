"""Searching WfRuns by the values of their variables: which filters a request may have, and what matches one.

A filter is equal or not, without any conversion; it sees what a client would see, so it never finds a masked value.
"""

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import SearchWfRunRequest, VariableMatch
from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine import keys
from konik.statemachine.canonical import canonical
from konik.statemachine.context import Reader
from konik.statemachine.queries.wf_specs import require_version
from konik.statemachine.rejection import invalid
from konik.statemachine.tables import VARIABLES, variable_part
from konik.statemachine.values import json_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.masking import masked

_ENTRYPOINT = 0
_JSON = frozenset(("json_obj", "json_arr"))


class Filter:
    """The variable `name` of a WfRun's entrypoint thread has this value."""

    def __init__(self, wanted: VariableMatch) -> None:
        """Raises INVALID_ARGUMENT for a JSON value that cannot be read."""
        self._part = variable_part(_ENTRYPOINT, wanted.var_name)
        self._case = wanted.value.WhichOneof("value")
        self._value = canonical(wanted.value)
        try:
            self._document = json_text.document(wanted.value) if self._case in _JSON else None
        except EvaluationError as error:
            raise invalid(f"the filter on variable {wanted.var_name}: {error}") from error

    def matches(self, reader: Reader, wf_run_id: WfRunId) -> bool:
        variable = reader.load(VARIABLES, keys.wf_run(reader.tenant, wf_run_id) + self._part)
        return variable is not None and self._equals(masked(variable.value, variable.masked))

    def _equals(self, value: VariableValue) -> bool:
        """JSON values are equal if they say the same, whatever the order of their members and their blanks."""
        if value.WhichOneof("value") != self._case:
            return False
        if self._case in _JSON:
            return json_text.identical(self._document, json_text.document(value))
        return canonical(value) == self._value


def filters_of(reader: Reader, request: SearchWfRunRequest) -> list[Filter]:
    """The filters of a search that names a WfSpec.

    Raises:
        Rejection: INVALID_ARGUMENT: no such WfSpec, or its entrypoint thread has no variable of that name.
    """
    plan = require_version(
        reader,
        request.wf_spec_name,
        request.wf_spec_major_version if request.HasField("wf_spec_major_version") else None,
        request.wf_spec_revision if request.HasField("wf_spec_revision") else None,
    )
    for wanted in request.variable_filters:
        if wanted.var_name not in plan.entrypoint.variables:
            known = ", ".join(sorted(plan.entrypoint.variables)) or "none"
            raise invalid(
                f"WfSpec {request.wf_spec_name} has no variable {wanted.var_name} in its entrypoint thread; "
                f"it declares {known}"
            )
    return [Filter(wanted) for wanted in request.variable_filters]
