"""Which texts may name something. The rules are ASCII rules: they read alike on every replica and in every client."""

import re
from typing import Final

from konik.statemachine.rejection import invalid

INPUT: Final = "INPUT"
"""The variable in which a handler thread finds what it handles. The only one that several threads may declare."""

_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?")


def is_name(text: str) -> bool:
    """Letters, digits, and hyphens between them. The names of definitions, of exceptions and the ids of WfRuns."""
    return _NAME.fullmatch(text) is not None


def require_name(kind: str, text: str) -> None:
    """`kind` is what the name names, for instance `TaskDef`. Raises INVALID_ARGUMENT."""
    if not is_name(text):
        raise invalid(f"{kind}Name must be a valid hostname: letters and digits, with hyphens only between them")


def require_workflow_event_name(text: str) -> None:
    """The contract sets no rule for them; empty names and those with a slash could not be addressed by every client.

    Raises INVALID_ARGUMENT.
    """
    if not text or "/" in text:
        raise invalid("WorkflowEventDefName must not be empty and must not contain a slash")
