"""The texts under which a search finds a variable by its value."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from konik.api.pb.enums_pb2 import BOOL, DOUBLE, INT, JSON_ARR, JSON_OBJ, STR
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.wf_spec_pb2 import JsonIndex
from konik.statemachine.limits import INDEX_TEXT_CHARACTERS_MAX, INDEX_TEXT_DIGEST_CHARACTERS
from konik.statemachine.names import INPUT
from konik.statemachine.values import json_text
from konik.statemachine.values.casts import to_text
from konik.statemachine.values.errors import InvalidValue
from konik.statemachine.values.json_text import Json
from konik.statemachine.values.value import kind, kind_name

_SCALARS: Final = frozenset({STR, INT, DOUBLE, BOOL})


def index_texts(
    name: str, value: VariableValue, searchable: bool, json_indexes: Iterable[JsonIndex]
) -> list[tuple[str, str]]:
    """The (key, text) pairs, each once, that the variable is to be found by at its present value.

    The key is the variable's name, with `_$.path` after it for what a JSON value holds at that path.
    """
    paths = [index.field_path for index in json_indexes]
    if name == INPUT or not (searchable or paths):
        return []
    of = kind(value)
    if of in _SCALARS:
        return [(name, index_text(value))]
    if of == JSON_OBJ:
        found = _leaves("$", json_text.document(value))
        return _unique((f"{name}_{path}", leaf) for path, leaf in found if path in paths)
    if of == JSON_ARR:
        return _unique(_list_entries(name, json_text.document(value)))
    return []


def index_text(value: VariableValue) -> str:
    """The text of a STR, INT, DOUBLE or BOOL in an index. Raises InvalidValue for others, which are never indexed."""
    if kind(value) not in _SCALARS:
        raise InvalidValue(f"Search for {kind_name(value)} not supported")
    text = to_text(value)
    if len(text) <= INDEX_TEXT_CHARACTERS_MAX:
        return text
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return text[:INDEX_TEXT_CHARACTERS_MAX] + digest[:INDEX_TEXT_DIGEST_CHARACTERS]


def _leaves(path: str, document: Json) -> Iterator[tuple[str, Json]]:
    """The scalars with their paths, on which lists leave no trace; without nulls."""
    if isinstance(document, dict):
        for name, member in document.items():
            yield from _leaves(f"{path}.{name}", member)
    elif isinstance(document, list):
        for element in document:
            yield from _leaves(path, element)
    elif document is not None:
        yield path, document


def _list_entries(name: str, document: Json) -> Iterator[tuple[str, Json]]:
    for element in document if isinstance(document, list) else ():
        if isinstance(element, dict):
            yield from _leaves(f"{name}_$", element)
        elif element is not None and not isinstance(element, list):
            yield name, element


def _unique(entries: Iterable[tuple[str, Json]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((key, index_text(json_text.to_value(leaf))) for key, leaf in entries))
