"""Exactly once: the result of each command is remembered for as long as somebody may ask for it again.

A node repeats what was not answered, under the same number, and says with each batch which numbers it still waits for.
A number below that is never run: its result is gone, and running it again would be running it twice. The same holds
for ids that clients choose, within a bounded time and number.
"""

from functools import lru_cache

from xxhash import xxh3_64_digest

from konik.statemachine import keys, limits
from konik.statemachine.entry import ClientId, Command, CommandId, Process, Result, refused
from konik.statemachine.rejection import Code
from konik.statemachine.view import View

_ENDED = b"ended"

NONCE_BYTES = 16


@lru_cache(maxsize=64)
def _of_process(table: bytes, node: str, nonce: bytes) -> bytes:
    return table + keys.text(node) + nonce


def _session_key(id: CommandId) -> bytes:
    return _of_process(keys.SESSION, id.node, id.nonce)


def _result_prefix(id: CommandId) -> bytes:
    return _of_process(keys.SESSION_RESULT, id.node, id.nonce)


def _result_key(id: CommandId) -> bytes:
    return _result_prefix(id) + keys.long(id.number)


def _client_key(command: Command, id: ClientId) -> bytes:
    return keys.CLIENT_RESULT + keys.text(command.tenant) + keys.text(command.principal) + keys.text(id.text)


def _digest(request: bytes) -> bytes:
    """Tells requests apart that were given the same id by mistake; nobody gains by forging one."""
    digest: bytes = xxh3_64_digest(request)
    return digest


def _pack(command: Command, result: Result) -> bytes:
    message = result.message.encode()
    return _digest(command.request) + bytes([result.code]) + keys.number(len(message)) + message + result.body


def _unpack(command: Command, raw: bytes) -> Result:
    if raw[:8] != _digest(command.request):
        return refused(Code.INVALID_ARGUMENT, "this request id was used for another request; choose a new one")
    end = 13 + int.from_bytes(raw[9:13], "big")
    return Result(Code(raw[8]), raw[13:end].decode(), raw[end:])


def recall(view: View, command: Command, now_ms: int) -> Result | None:
    """The result of a command that has run already, or a refusal if that can no longer be known; None: run it."""
    known = view.get(_result_key(command.id))
    if known is not None:
        return _unpack(command, known)
    session = view.get(_session_key(command.id))
    if session == _ENDED or (session is not None and command.id.number < int.from_bytes(session, "big")):
        return refused(Code.ABORTED, "the outcome of this command is no longer known; look before you repeat it")
    if command.client_id is None:
        return None
    known_to_client = _recall_client(view, command, command.client_id, now_ms)
    if known_to_client is not None:
        # Sent again a moment later, an id from the future would no longer be one: the first answer holds.
        view.put(_result_key(command.id), _pack(command, known_to_client))
    return known_to_client


def _recall_client(view: View, command: Command, id: ClientId, now_ms: int) -> Result | None:
    if id.created_ms > now_ms + limits.CLIENT_ID_AHEAD_MS_MAX:
        return refused(
            Code.INVALID_ARGUMENT,
            "the request id is from the future; take its creation time from the konik-time of an earlier answer",
        )
    known = view.get(_client_key(command, id))
    if known is not None:
        return _unpack(command, known)
    if id.created_ms < _client_floor(view, command.tenant, now_ms):
        return refused(Code.ABORTED, "the request id is too old: whether it was run is no longer known")
    return None


def remember(view: View, command: Command, result: Result) -> None:
    """Keeps the result under every id by which the command may come again."""
    packed = _pack(command, result)
    view.put(_result_key(command.id), packed)
    if command.client_id is not None:
        _remember_client(view, command, command.client_id, packed)


def raise_floor(view: View, floor: CommandId) -> None:
    """The process `floor` names waits for no number below it any more."""
    session = _session_key(floor)
    known = view.get(session)
    if known == _ENDED:
        return
    lowest = 0 if known is None else int.from_bytes(known, "big")
    if floor.number <= lowest:
        return
    prefix = _result_prefix(floor)
    for number in range(lowest, floor.number):
        view.delete(prefix + keys.long(number))
    view.put(session, keys.long(floor.number))


def end_session(view: View, node: str, nonce: bytes) -> None:
    """The process is gone: its results are dropped, and what may still come of it is refused."""
    id = CommandId(node, nonce, 0)
    prefix = _result_prefix(id)
    for key, _ in list(view.scan(prefix, keys.after(prefix))):
        view.delete(key)
    view.put(_session_key(id), _ENDED)


def _age_key(tenant: str, created_ms: int, key: bytes) -> bytes:
    return keys.CLIENT_RESULT_BY_AGE + keys.text(tenant) + keys.long(created_ms) + key


def _count_key(tenant: str) -> bytes:
    return keys.META + b"client-ids" + keys.text(tenant)


def _floor_key(tenant: str) -> bytes:
    return keys.META + b"client-id-floor" + keys.text(tenant)


def _number(view: View, key: bytes) -> int:
    raw = view.get(key)
    return 0 if raw is None else int.from_bytes(raw, "big")


def _client_floor(view: View, tenant: str, now_ms: int) -> int:
    return max(now_ms - limits.CLIENT_ID_AGE_MS_MAX, _number(view, _floor_key(tenant)))


def _remember_client(view: View, command: Command, id: ClientId, packed: bytes) -> None:
    key = _client_key(command, id)
    view.put(key, packed)
    view.put(_age_key(command.tenant, id.created_ms, key), b"")
    view.put(_count_key(command.tenant), keys.long(_number(view, _count_key(command.tenant)) + 1))


def expire_client_ids(view: View, tenant: str, now_ms: int) -> None:
    """Forgets a few of the tenant's oldest ids, those that are too old and those that are too many."""
    count = _number(view, _count_key(tenant))
    prefix = keys.CLIENT_RESULT_BY_AGE + keys.text(tenant)
    too_old = now_ms - limits.CLIENT_ID_AGE_MS_MAX
    removed, floor = 0, 0
    for age_key, _ in view.scan(prefix, keys.after(prefix)):
        created = int.from_bytes(age_key[len(prefix) : len(prefix) + 8], "big")
        kept_enough = count - removed <= limits.CLIENT_IDS_PER_TENANT_MAX
        if removed == limits.CLIENT_IDS_EXPIRED_PER_COMMAND or (created >= too_old and kept_enough):
            break
        view.delete(age_key)
        view.delete(age_key[len(prefix) + 8 :])
        removed, floor = removed + 1, created + 1
    if removed:
        view.put(_count_key(tenant), keys.long(count - removed))
        view.put(_floor_key(tenant), keys.long(max(floor, _number(view, _floor_key(tenant)))))


def has_ended(view: View, process: Process) -> bool:
    """Whether the session of that process was ended."""
    return view.get(_session_key(CommandId(*process, 0))) == _ENDED


def sessions(view: View) -> list[Process]:
    """Every process that has a session which was not ended."""
    found = []
    for key, value in view.scan(keys.SESSION, keys.after(keys.SESSION)):
        if value != _ENDED:
            found.append(Process(key[1 : -NONCE_BYTES - 1].decode(), key[-NONCE_BYTES:]))
    return found
