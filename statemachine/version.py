"""The version gate: which behaviour of the machine is in force.

The replicas of a cluster are upgraded one after the other, and meanwhile they must not apply an entry differently. So
the behaviour is a replicated value. Code that behaves differently from before has a higher `KNOWN`, and behaves as
before until the value has risen; it rises when the leader has seen that the process of every member knows it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from konik.statemachine import keys
from konik.statemachine.registry import METHODS, Method
from konik.statemachine.view import Readable

KEY: Final = keys.META + b"version"

KNOWN: Final = 1
"""The latest behaviour that this code has."""

FIRST: Final = 1

FIELDS: Final[Mapping[str, int]] = MappingProxyType({})
"""The fields of requests that the first version does not have: by their full names, the version that brings each.

A field stays in it for good: entries that were written before stay as they are.
"""


class Release(NamedTuple):
    """What a process has the code for. Replicas of one cluster may have different ones, and yet apply alike."""

    known: int
    """The latest behaviour. What is newer than the one in force, `methods` must not do yet."""
    methods: Mapping[str, Method]
    fields: Mapping[str, int] = FIELDS
    """As `FIELDS`. A field of a later version than the one in force is as good as absent."""


THIS: Final = Release(KNOWN, METHODS)


class UnknownVersion(Exception):
    """The log or the state needs a later release than this one. The replica must stop before it applies anything."""


def in_force(state: Readable) -> int:
    """By what everything is applied now. Not above what the release knows in any state that was checked."""
    raw = state.get(KEY)
    return FIRST if raw is None else int.from_bytes(raw, "big")


def check(version: int, known: int, of_what: str) -> None:
    """Raises UnknownVersion if a release that knows `known` does not have that behaviour; `of_what` says where it was
    found."""
    if version > known:
        raise UnknownVersion(
            f"{of_what} needs version {version} of the state machine, this release has {known}: install a later one"
        )
