"""Who calls: the tenant, the principal and the request id, read from the metadata of a call."""

from collections.abc import Iterable
from typing import NamedTuple

from konik.statemachine.access import ANONYMOUS, DEFAULT_TENANT
from konik.statemachine.entry import ClientId
from konik.statemachine.rejection import invalid

TENANT = "tenantid"
REQUEST_ID = "konik-request-id"
REQUEST_TIME = "konik-request-time"
READ = "konik-read"
TIME = "konik-time"
LEADER = "konik-leader"

REQUEST_ID_LETTERS_MAX = 128


class Caller(NamedTuple):
    """What the metadata says. Where nothing is said: the default tenant, and the principal of an open listener."""

    tenant: str
    principal: str
    client_id: ClientId | None
    stale: bool


def caller(metadata: Iterable[tuple[str, str | bytes]]) -> Caller:
    """Reads the metadata of a call; of several values of one key the last one counts.

    Raises:
        Rejection: INVALID_ARGUMENT for a request id that cannot be one.
    """
    given = {key.lower(): value for key, value in metadata if isinstance(value, str)}
    tenant = given.get(TENANT, DEFAULT_TENANT).strip()
    return Caller(tenant, ANONYMOUS, _client_id(given), given.get(READ) == "stale")


def _client_id(given: dict[str, str]) -> ClientId | None:
    text, created = given.get(REQUEST_ID), given.get(REQUEST_TIME)
    if text is None:
        return None
    if not text or len(text) > REQUEST_ID_LETTERS_MAX:
        raise invalid(f"{REQUEST_ID} must have 1 to {REQUEST_ID_LETTERS_MAX} characters")
    if created is None or not created.isdecimal() or len(created) > 15:
        raise invalid(f"{REQUEST_ID} needs {REQUEST_TIME}: milliseconds of cluster time, as {TIME} of an answer says")
    return ClientId(text, int(created))
