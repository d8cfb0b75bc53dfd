"""Numbers as text and back, in the forms that clients of every language agree on; and the bounds of INT."""

import math
import re
from typing import Final

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1

_INT: Final = re.compile(r"([+-]?)0*([0-9]{1,19})")
_DOUBLE: Final = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|NaN|Infinity)")
_BLANKS: Final = "".join(map(chr, range(0x21)))


def wrap(number: int) -> int:
    """The 64 bit two's complement of a number: what overflowing arithmetic leaves."""
    return (number + 2**63) % 2**64 - 2**63


def truncate(number: float) -> int:
    """Toward zero; beyond the bounds of INT the nearer bound, and 0 for NaN."""
    if math.isnan(number):
        return 0
    if math.isinf(number):
        return INT_MAX if number > 0 else INT_MIN
    return max(INT_MIN, min(INT_MAX, int(number)))


def parse_int(text: str) -> int | None:
    """Decimal digits with an optional sign and nothing else; None for any other text and beyond the bounds of INT."""
    match = _INT.fullmatch(text)
    if match is None:
        return None
    number = int(match[1] + match[2])
    return number if INT_MIN <= number <= INT_MAX else None


def parse_double(text: str) -> float | None:
    """Decimal or exponent notation, `NaN` or `Infinity`, blanks around allowed; None for any other text."""
    stripped = text.strip(_BLANKS)
    return float(stripped) if _DOUBLE.fullmatch(stripped) else None


def double_text(number: float) -> str:
    """The shortest digits that read back as the same number, always with a fraction: `100.0`, `1.0E7`, `1.0E-4`."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    shortest = repr(number)
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return shortest
    return _scientific(shortest)


def _scientific(shortest: str) -> str:
    sign = "-" if shortest.startswith("-") else ""
    mantissa, _, exponent = shortest.removeprefix("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent or 0) + len(whole) - 1
    digits = whole + fraction
    significant = digits.lstrip("0")
    power -= len(digits) - len(significant)
    significant = significant.rstrip("0")
    return f"{sign}{significant[0]}.{significant[1:] or '0'}E{power}"
