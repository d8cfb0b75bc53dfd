"""Pages: how every search and list is cut into answers of bounded size.

A search is a range of keys, and its bookmark is the key at which the next page begins. So a bookmark needs no memory
on the server, and one that lies outside of the range was not given for this search.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from konik.statemachine import keys
from konik.statemachine.context import Reader
from konik.statemachine.limits import PAGE_BYTES_MAX, PAGE_MISSES_MAX, PAGE_RESULTS_DEFAULT, PAGE_RESULTS_MAX
from konik.statemachine.rejection import invalid
from konik.statemachine.timestamps import milliseconds

Pair = tuple[bytes, bytes]
Page = TypeVar("Page", bound="Results")

UNCOUNTED: Final = 2**31 - 1
"""A default limit for lists whose readers do not follow bookmarks: only the bytes bound the page."""


class Results(Protocol):
    """A response with a list of results and a bookmark."""

    bookmark: bytes

    @property
    def results(self) -> Any: ...


class Range(NamedTuple):
    """The keys that a search looks at: start <= key < stop; all of them, and its bookmarks, begin with `prefix`."""

    prefix: bytes
    start: bytes
    stop: bytes


def everything(prefix: bytes) -> Range:
    """All keys that begin with `prefix`."""
    return Range(prefix, prefix, keys.after(prefix))


def created(prefix: bytes, request: Any) -> Range:
    """The index entries under `prefix` of objects that were created within the request's bounds, both included."""
    start, stop = prefix, keys.after(prefix)
    if request.HasField("earliest_start"):
        start = prefix + keys.long(_clamped(milliseconds(request.earliest_start)))
    if request.HasField("latest_start"):
        latest = milliseconds(request.latest_start)
        stop = prefix + keys.long(_clamped(latest + 1)) if latest >= 0 else prefix
    return Range(prefix, start, stop)


def within(moment: Timestamp, request: Any) -> bool:
    """Whether the moment lies within the request's bounds, for searches that are not ordered by time."""
    ms = milliseconds(moment)
    if request.HasField("earliest_start") and ms < milliseconds(request.earliest_start):
        return False
    return not request.HasField("latest_start") or ms <= milliseconds(request.latest_start)


def in_key(number: int | None) -> bool:
    """Whether a number from a request can be part of a key. Nothing is stored under one that cannot."""
    return number is None or 0 <= number < 2**32


def limit_of(request: Any, default: int = PAGE_RESULTS_DEFAULT) -> int:
    """How many results the caller takes; none given or 0 means the default. Raises INVALID_ARGUMENT."""
    if request.limit < 0:
        raise invalid(f"limit must not be negative, and {request.limit} is")
    return min(request.limit, PAGE_RESULTS_MAX) or default


def fill(
    reader: Reader,
    request: Any,
    page: Page,
    wanted: Range,
    *,
    scan: Callable[[bytes, bytes], Iterator[Pair]] | None = None,
    pick: Callable[[bytes], bytes | None] | None = None,
    limit_default: int = PAGE_RESULTS_DEFAULT,
) -> Page:
    """Adds to `page` what the range holds from the request's bookmark on, and a bookmark if there may be more.

    `scan` gives the pairs, by default all that are stored; `pick` makes the serialised result of a value, or None if
    it does not match, and by default the value is the result.

    Raises INVALID_ARGUMENT for a negative limit and for a bookmark that this search did not give.
    """
    limit = limit_of(request, limit_default)
    start = _resume(request.bookmark, wanted)
    size = misses = 0
    for key, value in (scan or reader.scan)(start, wanted.stop) if start < wanted.stop else ():
        size += len(value)
        if len(page.results) == limit or misses == PAGE_MISSES_MAX or size > PAGE_BYTES_MAX:
            page.bookmark = key
            break
        result = pick(value) if pick else value
        if result is None:
            misses += 1
        else:
            page.results.add().ParseFromString(result)
    return page


def _resume(bookmark: bytes, wanted: Range) -> bytes:
    if not bookmark:
        return wanted.start
    if not bookmark.startswith(wanted.prefix):
        raise invalid(
            "this bookmark is not from an answer to the same search; leave it out to start from the beginning"
        )
    return max(bookmark, wanted.start)


def _clamped(ms: int) -> int:
    return min(max(ms, 0), 2**64 - 1)
