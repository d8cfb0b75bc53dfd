"""JSONPath on parsed documents: reads what a path leads to, and sets it.

Paths come from workflow definitions and documents from anybody, so both are bounded, and nothing but EvaluationError
leaves this file.
"""

from functools import lru_cache

from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.json_path_query import Query, follow
from konik.statemachine.values.json_path_steps import Missing, Place, Visit
from konik.statemachine.values.json_path_syntax import PathSyntaxError, parse
from konik.statemachine.values.json_text import Json


@lru_cache(maxsize=4096)
def compile_path(path: str) -> Query:
    """The steps of a path. Raises EvaluationError if it is not one of this dialect."""
    try:
        return parse(path)
    except PathSyntaxError as error:
        raise _failure(path, error) from error


def read(document: Json, path: str) -> Json:
    """What the path leads to: a value, None if it leads nowhere, or a list if it may lead to several places.

    Raises EvaluationError for a malformed path, and for an aggregate of no numbers.
    """
    query = compile_path(path)
    root = Place([document], 0)
    try:
        found = query.value(root, Visit(root))
    except EvaluationError as error:
        raise _failure(path, error) from error
    return None if isinstance(found, Missing) else found


def set_path(document: Json, path: str, content: Json) -> Json:
    """The document with `content` wherever the path leads; the given document is changed and must not be used again.

    A missing last member is created, nothing before it is. Raises EvaluationError if the path is malformed or leads
    nowhere that could be set.
    """
    query = compile_path(path)
    root = Place([document], 0)
    visit = Visit(root)
    try:
        for place in _targets(query, root, visit):
            place.put(content)
    except EvaluationError as error:
        raise _failure(path, error) from error
    return root.content


def _targets(query: Query, root: Place, visit: Visit) -> list[Place]:
    if not query.steps or query.function is not None:
        raise EvaluationError("only members and elements can be set")
    *before, last = query.steps
    parents = follow(tuple(before), root, visit)
    if parents is None:
        raise EvaluationError("Missing property before the last one")
    selections = [last.targets(parent, visit) for parent in parents]
    if selections and selections[0] is None and all(step.definite for step in before):
        raise EvaluationError("there is no such member or element to set")
    return [place for selection in selections if selection is not None for place in selection]


def _failure(path: str, reason: Exception) -> EvaluationError:
    shown = path if len(path) <= 100 else f"{path[:100]}…"
    return EvaluationError(f"Failed accessing path {shown}: {reason}")
