"""Reading Variables, and finding them by value."""

from konik.api.pb.enums_pb2 import BOOL, DOUBLE, INT, JSON_ARR, JSON_OBJ, STR
from konik.api.pb.ids_pb2 import VariableId
from konik.api.pb.queries_pb2 import ListVariablesRequest, SearchVariableRequest, VariableIdList, VariableList
from konik.api.pb.security_pb2 import ACL_WORKFLOW, READ
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.api.pb.wf_spec_pb2 import ThreadVarDef
from konik.statemachine import indexes, keys
from konik.statemachine.context import Reader
from konik.statemachine.plan.compiled import Plan
from konik.statemachine.queries.getting import get, require_natural
from konik.statemachine.queries.masking import mask_variable
from konik.statemachine.queries.paging import UNCOUNTED, everything, fill
from konik.statemachine.queries.wf_specs import require_version
from konik.statemachine.registry import query
from konik.statemachine.rejection import invalid
from konik.statemachine.tables import VARIABLES, variable_key
from konik.statemachine.values import casts, types
from konik.statemachine.values.errors import InvalidValue
from konik.statemachine.values.render import index_text
from konik.statemachine.values.value import kind_name

_SCALARS = frozenset((INT, BOOL, DOUBLE, STR))
_DOCUMENTS = frozenset((JSON_OBJ, JSON_ARR))


@query("GetVariable", VariableId, (ACL_WORKFLOW, READ))
def get_variable(reader: Reader, request: VariableId) -> Variable:
    require_natural(request.thread_run_number)
    variable = get(reader, VARIABLES, variable_key(reader.tenant, request))
    mask_variable(variable)
    return variable


@query("ListVariables", ListVariablesRequest, (ACL_WORKFLOW, READ))
def list_variables(reader: Reader, request: ListVariablesRequest) -> VariableList:
    """Of all threads. The dashboard asks without a limit and means all of them."""
    prefix = keys.wf_run(reader.tenant, request.wf_run_id) + keys.PART_VARIABLE
    page = fill(reader, request, VariableList(), everything(prefix), limit_default=UNCOUNTED)
    for variable in page.results:
        mask_variable(variable)
    return page


@query("SearchVariable", SearchVariableRequest, (ACL_WORKFLOW, READ))
def search_variable(reader: Reader, request: SearchVariableRequest) -> VariableIdList:
    """The Variables whose value is now the one that is asked for, in the order of their creation.

    `var_name` may go on with `_$` and a path that is indexed. A revision without its major version is ignored.

    Raises INVALID_ARGUMENT for a value that is not indexed, and for an unknown WfSpec, variable or path.
    """
    _text(request.value)
    major = request.wf_spec_major_version if request.HasField("wf_spec_major_version") else None
    revision = request.wf_spec_revision if request.HasField("wf_spec_revision") and major is not None else None
    plan = require_version(reader, request.wf_spec_name, major, revision)
    text = _text(_as_indexed(plan, request.var_name, request.value))
    prefix = indexes.variables(reader.tenant, request.wf_spec_name, major, revision, request.var_name, text)
    return fill(reader, request, VariableIdList(), everything(prefix))


def _text(value: VariableValue) -> str:
    try:
        return index_text(value)
    except InvalidValue as error:
        raise invalid(str(error)) from error


def _as_indexed(plan: Plan, var_name: str, value: VariableValue) -> VariableValue:
    """The value in the type in which it stands in the index. Raises INVALID_ARGUMENT if it cannot be there."""
    name, _, path = var_name.partition("_$")
    declared = plan.variables.get(name if path else var_name)
    if declared is None:
        raise invalid(f"WfSpec {plan.spec.id.name} has no variable {name if path else var_name}")
    if path:
        _require_path(declared, f"${path}")
        return value
    if not (declared.searchable or declared.json_indexes):
        raise invalid("Provided variable has no index")
    type_def = declared.var_def.type_def
    if types.primitive_of(type_def) not in _SCALARS:
        return value
    if not types.compatible(type_def, types.type_of(value)):
        raise invalid(f"variable {name} is {types.text(type_def)} and cannot be {kind_name(value)}")
    return casts.coerce(value, type_def)


def _require_path(declared: ThreadVarDef, path: str) -> None:
    indexed = sorted(index.field_path for index in declared.json_indexes)
    if types.primitive_of(declared.var_def.type_def) not in _DOCUMENTS or path not in indexed:
        raise invalid(f"variable {declared.var_def.name} has no index on {path}; it has {', '.join(indexed) or 'none'}")
