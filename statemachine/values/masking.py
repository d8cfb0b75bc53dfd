"""What a client sees in the place of a value that is declared masked. The value itself is stored in clear."""

from typing import Final

from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.values.value import of_str

MASK: Final = of_str("*****")


def masked(value: VariableValue, hidden: bool) -> VariableValue:
    """If it is hidden, the mask, whatever the value's type and also for NULL; else the value itself."""
    return MASK if hidden else value
