"""Where in a WfSpec something is wrong: each level of a check puts its place before the reason."""

from collections.abc import Iterator
from contextlib import contextmanager

from konik.statemachine.rejection import Code, Rejection
from konik.statemachine.values.errors import InvalidValue


@contextmanager
def within(place: str) -> Iterator[None]:
    """What is refused inside is refused as `<place>: <reason>`."""
    try:
        yield
    except Rejection as rejection:
        raise Rejection(rejection.code, f"{place}: {rejection.message}") from rejection
    except InvalidValue as error:
        raise Rejection(Code.INVALID_ARGUMENT, f"{place}: {error}") from error
