"""How one object is read: by its key, or NOT_FOUND."""

from typing import Final, TypeVar

from google.protobuf.message import Message

from konik.statemachine.context import Reader
from konik.statemachine.rejection import not_found
from konik.statemachine.tables import Table

M = TypeVar("M", bound=Message)

MISSING: Final = "Requested object was not found."


def get(reader: Reader, table: Table[M], key: bytes, missing: str = MISSING) -> M:
    """The object under `key`.

    Raises:
        Rejection: NOT_FOUND with the message `missing`.
    """
    found = reader.load(table, key)
    if found is None:
        raise not_found(missing)
    return found


def require_natural(*numbers: int, missing: str = MISSING) -> None:
    """For the numbers of an id, before a key is made of them: no object has negative ones, and no key can hold them.

    Raises:
        Rejection: NOT_FOUND with the message `missing`.
    """
    if min(numbers) < 0:
        raise not_found(missing)
