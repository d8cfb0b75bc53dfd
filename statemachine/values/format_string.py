"""Fills a template in the dialect of `java.text.MessageFormat`, English, without its sub-formats.

`{0}` is an argument by index, an apostrophe quotes up to the next one, two are one. INT and DOUBLE are written the way
that dialect writes them, in groups of three digits and with at most three decimals; who wants the plain digits casts
the argument to STR.
"""

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from konik.api.pb.values_pb2 import VariableValue
from konik.statemachine.limits import VALUE_BYTES_MAX
from konik.statemachine.values.casts import to_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.value import bounded, is_null

_TOKEN: Final = re.compile(
    r"(?P<apostrophe>'')"
    r"|'(?P<quoted>(?:[^']++|'')*+)'?"
    r"|\{(?P<index>[^}]*)(?P<end>\}?)"
    r"|[^'{]+"
)
_INDEX: Final = re.compile(r"[0-9]{1,4}")
_WHOLE: Final = 2.0**53
"""From here on a double has no fraction, and its shortest digits say what is meant better than all of them."""


def fill(template: str, arguments: Sequence[VariableValue]) -> str:
    """Raises EvaluationError for a placeholder that is no index, an unbalanced brace, or a result too long."""
    texts = [_argument_text(argument) for argument in arguments]
    length = 0
    parts = []
    for part in _parts(template, texts):
        length += len(part)
        if length > VALUE_BYTES_MAX:
            raise EvaluationError(f"The result is longer than {VALUE_BYTES_MAX} bytes")
        parts.append(part)
    return bounded("".join(parts))


def _parts(template: str, texts: Sequence[str]) -> Iterator[str]:
    for token in _TOKEN.finditer(template):
        if token["apostrophe"]:
            yield "'"
        elif token["quoted"] is not None:
            yield token["quoted"].replace("''", "'")
        elif token["end"] is not None:
            yield _placeholder(token, texts)
        else:
            yield token[0]


def _placeholder(token: re.Match[str], texts: Sequence[str]) -> str:
    if not token["end"] or not _INDEX.fullmatch(token["index"]):
        raise EvaluationError(f"Error formatting variable: '{token[0][:20]}' is not a placeholder such as {{0}}")
    index = int(token["index"])
    return texts[index] if index < len(texts) else f"{{{index}}}"


def _argument_text(argument: VariableValue) -> str:
    if is_null(argument):
        return "null"
    match argument.WhichOneof("value"):
        case "int":
            return f"{argument.int:,}"
        case "double":
            return _double_text(argument.double)
        case _:
            return to_text(argument)


def _double_text(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if abs(number) >= _WHOLE:
        return f"{int(Decimal(repr(number))):,}"
    return f"{number:,.3f}".rstrip("0").rstrip(".")
