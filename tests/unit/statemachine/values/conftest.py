"""A scope made of two dictionaries, for tests that evaluate something."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.values.errors import EvaluationError


@dataclass
class DictScope:
    variables: Mapping[str, VariableValue] = field(default_factory=dict)
    outputs: Mapping[str, VariableValue] = field(default_factory=dict)

    def variable(self, name: str) -> VariableValue:
        if name not in self.variables:
            raise EvaluationError(f"{name} is not in scope")
        return self.variables[name]

    def node_output(self, node_name: str) -> VariableValue:
        if node_name not in self.outputs:
            raise EvaluationError(f"Specified node {node_name} has no output")
        return self.outputs[node_name]


@pytest.fixture(scope="session")
def scope_of() -> Callable[..., DictScope]:
    return DictScope
