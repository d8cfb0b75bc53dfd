import pytest
from google.protobuf.message import Message

from konik.api.pb.expressions_pb2 import (
    LHPath,
    MapBuilder,
    StructBuilder,
    TaskNode,
    VariableAssignment,
    VariableDef,
    VariableMutation,
)
from konik.api.pb.ids_pb2 import StructDefId
from konik.api.pb.values_pb2 import Array, InlineArrayDef, InlineMapDef, Map, Struct, TypeDefinition, VariableValue
from konik.api.pb.wf_spec_pb2 import Edge, LegacyEdgeCondition, Node, ThreadSpec
from konik.statemachine.values.errors import NotBuilt
from konik.statemachine.values.walk import require_built, variables_used

A = VariableAssignment
X, Y, Z = A(variable_name="x"), A(variable_name="y"), A(variable_name="z")


@pytest.mark.parametrize(
    ("message", "where", "what"),
    [
        (VariableValue(struct=Struct()), "top.struct", "STRUCT value"),
        (VariableValue(array=Array()), "top.array", "ARRAY value"),
        (VariableValue(map=Map()), "top.map", "MAP value"),
        (TypeDefinition(struct_def_id=StructDefId()), "top.struct_def_id", "STRUCT type"),
        (TypeDefinition(inline_array_def=InlineArrayDef()), "top.inline_array_def", "ARRAY type"),
        (
            VariableDef(type_def=TypeDefinition(inline_map_def=InlineMapDef())),
            "top.type_def.inline_map_def",
            "MAP type",
        ),
        (A(lh_path=LHPath()), "top.lh_path", "LHPath"),
        (A(struct_builder=StructBuilder()), "top.struct_builder", "struct builder"),
        (A(size_of=A.SizeOf(operand=A(map_builder=MapBuilder()))), "top.size_of.operand.map_builder", "map builder"),
        (VariableMutation(lhs_lh_path=LHPath()), "top.lhs_lh_path", "LHPath"),
        (
            ThreadSpec(nodes={"1-task": Node(task=TaskNode(variables=[X, A(lh_path=LHPath())]))}),
            "top.nodes[1-task].task.variables[1].lh_path",
            "LHPath",
        ),
    ],
)
def test_what_is_not_built_is_refused_with_its_place(message: Message, where: str, what: str) -> None:
    with pytest.raises(NotBuilt) as caught:
        require_built(message, "top")
    assert (caught.value.where, caught.value.what) == (where, what)


def test_what_is_built_passes() -> None:
    require_built(ThreadSpec(nodes={"n": Node(task=TaskNode(variables=[X, A(json_path="$.a")]))}), "top")


@pytest.mark.parametrize(
    ("message", "names"),
    [
        pytest.param(A(literal_value=VariableValue(str="x")), set(), id="literal"),
        pytest.param(X, {"x"}, id="variable"),
        pytest.param(A(variable_name=""), {""}, id="empty-name"),
        pytest.param(A(format_string=A.FormatString(format=X, args=[Y, Z])), {"x", "y", "z"}, id="format"),
        pytest.param(
            A(expression=A.Expression(lhs=X, rhs=A(expression=A.Expression(lhs=Y)))), {"x", "y"}, id="nested-expression"
        ),
        pytest.param(A(size_of=A.SizeOf(operand=X)), {"x"}, id="size-of"),
        pytest.param(VariableMutation(lhs_name="v", rhs_assignment=X), {"v", "x"}, id="mutation"),
        pytest.param(
            Edge(legacy_condition=LegacyEdgeCondition(left=X, right=Y), variable_mutations=[VariableMutation()]),
            {"x", "y", ""},
            id="edge",
        ),
        pytest.param(ThreadSpec(nodes={"n": Node(task=TaskNode(dynamic_task=Z))}), {"z"}, id="thread"),
    ],
)
def test_every_variable_that_is_used_is_found(message: Message, names: set[str]) -> None:
    assert variables_used(message) == names
