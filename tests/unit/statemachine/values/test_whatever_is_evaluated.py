"""Whatever a client registers and sends: evaluation gives a value or an EvaluationError, and nothing else."""

from collections.abc import Callable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from konik.api.pb.enums_pb2 import BOOL, DOUBLE, INT, JSON_ARR, JSON_OBJ, STR
from konik.api.pb.expressions_pb2 import LHPath, VariableAssignment, VariableMutation, VariableMutationType
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.values_pb2 import Array, Comparator, Map, Struct, TypeDefinition, VariableValue
from konik.statemachine.values import json_text
from konik.statemachine.values.errors import EvaluationError, InvalidValue, NotBuilt
from konik.statemachine.values.evaluate import condition, evaluate
from konik.statemachine.values.ingest import ingest
from konik.statemachine.values.mutate import apply_mutations
from konik.statemachine.values.static import Known, StaticType, type_of_assignment
from konik.statemachine.values.types import PRIMITIVES, compatible, primitive, type_of
from konik.statemachine.values.value import NULL, kind

A = VariableAssignment
V = VariableValue

NAMES = ["i", "d", "s", "b", "j", "l", "n"]
DECLARED = dict(zip(NAMES, map(primitive, (INT, DOUBLE, STR, BOOL, JSON_OBJ, JSON_ARR, INT)), strict=True))

JSON = st.sampled_from(['{"a":1,"b":[1,2.5,"x",null]}', "{}", '{"a":{"a":true}}', "", "null", "{", "[]", '[1,"a"]'])
VALUES: st.SearchStrategy[VariableValue] = st.one_of(
    st.just(NULL),
    st.integers(-(2**63), 2**63 - 1).map(lambda x: V(int=x)),
    st.integers(-3, 3).map(lambda x: V(int=x)),
    st.floats().map(lambda x: V(double=x)),
    st.booleans().map(lambda x: V(bool=x)),
    st.sampled_from(["", "1", "2.5", "true", "{0} {1}", "a'b", "{x", "😀"]).map(lambda x: V(str=x)),
    st.sampled_from([b"", b"ab", b"\xff"]).map(lambda x: V(bytes=x)),
    JSON.map(lambda x: V(json_obj=x)),
    JSON.map(lambda x: V(json_arr=x)),
    st.integers(-(2**40), 2**40).map(lambda x: V(utc_timestamp=Timestamp(seconds=x, nanos=5))),
    st.sampled_from(["", "a", "a_b"]).map(lambda x: V(wf_run_id=WfRunId(id=x))),
    st.sampled_from([V(struct=Struct()), V(array=Array()), V(map=Map())]),
)
TYPES = st.sampled_from([*map(primitive, PRIMITIVES), TypeDefinition(), TypeDefinition(primitive_type=99)])  # type: ignore[arg-type]
PATHS = st.sampled_from(["$", "$.a", "$.b[0]", "$.b[*]", "$..a", "$.b.length()", "$.b[?(@ > 1)]", "$.", "$.b.sum()"])
SOURCES = st.one_of(
    st.builds(lambda name: A(variable_name=name), st.sampled_from([*NAMES, "unknown"])),
    st.builds(lambda value: A(literal_value=value), VALUES),
    st.builds(lambda name: A(node_output=A.NodeOutputReference(node_name=name)), st.sampled_from(["node", "nope"])),
    st.just(A()),
)


def _dressed(assignment: VariableAssignment, path: str | None, target: TypeDefinition | None) -> VariableAssignment:
    dressed = A()
    dressed.CopyFrom(assignment)
    if path is not None:
        dressed.json_path = path
    if target is not None:
        dressed.target_type.CopyFrom(target)
    return dressed


def _compound(inner: st.SearchStrategy[VariableAssignment]) -> st.SearchStrategy[VariableAssignment]:
    operations = st.sampled_from([*VariableMutationType.values(), 99])
    comparators = st.sampled_from([*Comparator.values(), 99])
    return st.one_of(
        st.builds(lambda a, o, b: A(expression=A.Expression(lhs=a, mutation_type=o, rhs=b)), inner, operations, inner),
        st.builds(lambda a, c, b: A(expression=A.Expression(lhs=a, comparator=c, rhs=b)), inner, comparators, inner),
        st.builds(lambda f, a: A(format_string=A.FormatString(format=f, args=[a])), inner, inner),
        st.builds(lambda a: A(size_of=A.SizeOf(operand=a)), inner),
        st.builds(_dressed, inner, st.none() | PATHS, st.none() | TYPES),
        st.just(A(variable_name="j", lh_path=LHPath())),
    )


ASSIGNMENTS = st.recursive(SOURCES, _compound, max_leaves=6)
VARIABLES = st.fixed_dictionaries({name: VALUES for name in NAMES})


class Declared:
    def variable(self, name: str) -> TypeDefinition | None:
        return DECLARED.get(name)

    def node_output(self, node_name: str) -> StaticType | None:
        return Known(primitive(JSON_OBJ)) if node_name == "node" else None


@given(ASSIGNMENTS, VARIABLES)
def test_an_assignment_gives_a_value_or_an_evaluation_error(
    scope_of: Callable[..., Any], assignment: VariableAssignment, variables: dict[str, VariableValue]
) -> None:
    scope = scope_of(variables=variables, outputs={"node": V(json_obj='{"a":1}')})
    before = assignment.SerializeToString(deterministic=True)
    try:
        value = evaluate(assignment, scope)
        assert V.FromString(value.SerializeToString()) == value
        condition(assignment, scope)
    except EvaluationError as error:
        assert str(error)
    assert assignment.SerializeToString(deterministic=True) == before


@given(ASSIGNMENTS)
def test_the_type_of_an_assignment_is_told_or_it_is_refused(assignment: VariableAssignment) -> None:
    try:
        type_of_assignment(assignment, Declared())
    except (InvalidValue, NotBuilt) as error:
        assert str(error)


MUTATIONS = st.lists(
    st.builds(
        lambda name, operation, path, right: VariableMutation(
            lhs_name=name, operation=operation, lhs_json_path=path, rhs_assignment=right
        ),
        st.sampled_from([*NAMES, "unknown"]),
        st.sampled_from([*VariableMutationType.values(), 99]),
        st.none() | PATHS,
        ASSIGNMENTS,
    ),
    max_size=3,
)


def _stored(name: str, value: VariableValue) -> VariableValue:
    try:
        return ingest(value, DECLARED[name], name)
    except (InvalidValue, NotBuilt):
        return NULL


@given(MUTATIONS, VARIABLES)
def test_a_mutated_variable_has_its_declared_type(
    scope_of: Callable[..., Any], mutations: list[VariableMutation], variables: dict[str, VariableValue]
) -> None:
    stored = {name: _stored(name, value) for name, value in variables.items()}
    scope = scope_of(variables=stored, outputs={"node": V(json_obj='{"a":1}')})
    try:
        written = apply_mutations(mutations, scope, DECLARED.get, "node")
    except EvaluationError as error:
        assert str(error).startswith("Mutating variable ")
        return
    for name, value in written.items():
        assert type_of(value) in (None, DECLARED[name])


@given(VALUES, st.none() | TYPES)
def test_what_is_let_in_has_the_declared_type_and_can_be_read(
    value: VariableValue, declared: TypeDefinition | None
) -> None:
    try:
        stored = ingest(value, declared, "v")
    except (InvalidValue, NotBuilt):
        return
    assert compatible(declared, type_of(stored))
    assert ingest(stored, declared, "v") is stored or stored == NULL
    if kind(stored) in (JSON_OBJ, JSON_ARR):
        json_text.document(stored)
