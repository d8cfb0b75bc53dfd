"""A variable of a thread: its declaration, and a handle to read and assign it."""

from collections.abc import Callable
from typing import Protocol, Self

from konik.api.pb.enums_pb2 import VariableType
from konik.api.pb.expressions_pb2 import LHPath, VariableAssignment, VariableDef, VariableMutation, VariableMutationType
from konik.api.pb.values_pb2 import TypeDefinition
from konik.api.pb.wf_spec_pb2 import JsonIndex, ThreadVarDef, WfRunVariableAccessLevel
from konik.sdk.errors import WorkflowError
from konik.sdk.values import to_value
from konik.sdk.workflow.expressions import PathExpression, assignment_of

# The field of VariableValue that carries each type.
FIELDS: dict[VariableType, str] = {
    VariableType.JSON_OBJ: "json_obj",
    VariableType.JSON_ARR: "json_arr",
    VariableType.DOUBLE: "double",
    VariableType.BOOL: "bool",
    VariableType.STR: "str",
    VariableType.INT: "int",
    VariableType.BYTES: "bytes",
    VariableType.WF_RUN_ID: "wf_run_id",
    VariableType.TIMESTAMP: "utc_timestamp",
}
JSON_TYPES = (VariableType.JSON_OBJ, VariableType.JSON_ARR)


class TakesMutations(Protocol):
    """The thread that is being written: where an assignment happens in the flow."""

    def add_mutation(self, mutation: VariableMutation) -> None: ...


class WfRunVariable(PathExpression):
    """A declared variable. The modifiers change the declaration and return the variable itself."""

    def __init__(self, name: str, type_def: TypeDefinition, current_thread: Callable[[], TakesMutations]) -> None:
        self.name = name
        self.declaration = ThreadVarDef(
            var_def=VariableDef(name=name, type_def=type_def), access_level=WfRunVariableAccessLevel.PRIVATE_VAR
        )
        self._current_thread = current_thread

    @property
    def type(self) -> "VariableType | None":
        """The primitive type; None for a struct."""
        type_def = self.declaration.var_def.type_def
        return type_def.primitive_type if type_def.HasField("primitive_type") else None

    @property
    def is_masked(self) -> bool:
        return self.declaration.var_def.type_def.masked

    def required(self) -> Self:
        """A run cannot start without a value for it."""
        self.declaration.required = True
        return self

    def searchable(self) -> Self:
        """Runs can be found by its value."""
        self.declaration.searchable = True
        return self

    def searchable_on(self, path: str, field_type: VariableType) -> Self:
        """Runs can be found by the part of it that the JSONPath names."""
        if self.type not in (VariableType.JSON_OBJ, None):
            raise WorkflowError(f"{self.name!r} is neither JSON_OBJ nor a struct, so it has no fields to search on")
        if not path.startswith("$."):
            raise WorkflowError(f"{path!r} is not a JSONPath from the root; begin it with '$.'")
        self.declaration.json_indexes.append(JsonIndex(field_path=path, field_type=field_type))
        return self

    def masked(self) -> Self:
        """Readers see asterisks; workers see the value."""
        self.declaration.var_def.type_def.masked = True
        return self

    def as_public(self) -> Self:
        """Child workflows may read it; it becomes part of the WfSpec's interface."""
        return self.with_access_level(WfRunVariableAccessLevel.PUBLIC_VAR)

    def as_inherited(self) -> Self:
        """It is the parent run's variable of that name."""
        return self.with_access_level(WfRunVariableAccessLevel.INHERITED_VAR)

    def with_access_level(self, level: WfRunVariableAccessLevel) -> Self:
        self.declaration.access_level = level
        return self

    def with_default(self, value: object) -> Self:
        """The value that it begins with. Raises WorkflowError if that is of another type."""
        literal = to_value(value)
        expected = "struct" if self.type is None else FIELDS[self.type]
        if literal.WhichOneof("value") != expected:
            raise WorkflowError(f"the default of {self.name!r} is {value!r}, but the variable holds {expected}")
        self.declaration.var_def.default_value.CopyFrom(literal)
        return self

    def with_json_path(self, path: str) -> Self:
        if self.type not in JSON_TYPES:
            raise WorkflowError(f"{self.name!r} does not hold JSON, so {path!r} leads nowhere; use get()")
        return super().with_json_path(path)

    def assign(self, value: object) -> None:
        """Sets it when the run gets to this place of the program."""
        self.mutate(VariableMutationType.ASSIGN, value)

    def mutate(self, operation: VariableMutationType, value: object) -> None:
        """Changes it, or the part of it that its path names, when the run gets to this place of the program."""
        mutation = VariableMutation(lhs_name=self.name, operation=operation, rhs_assignment=assignment_of(value))
        if self._json_path is not None:
            mutation.lhs_json_path = self._json_path
        if self._selectors:
            mutation.lhs_lh_path.CopyFrom(LHPath(path=self._selectors))
        self._current_thread().add_mutation(mutation)

    def assignment(self) -> VariableAssignment:
        return self._with_path(VariableAssignment(variable_name=self.name))
