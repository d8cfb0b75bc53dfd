"""Reads the text of a JSONPath into its steps.

The dialect is Goessner's as Jayway's library reads it: dots and brackets, indexes from either end, slices, unions,
`*`, `..`, filters, and functions at the end. Regular expressions in filters are not part of it: nothing bounds the
time that one takes.
"""

import re
from typing import Final

from konik.statemachine.limits import JSON_PATH_CHARACTERS_MAX, JSON_PATH_FILTER_DEPTH_MAX
from konik.statemachine.values import json_path_steps as steps
from konik.statemachine.values.json_path_query import FUNCTIONS, Query

_NAME: Final = re.compile(r"[^\s.\[\]()'\"*]+")
_NAME_IN_FILTER: Final = re.compile(r"[^\s.\[\]()'\"*=!<>&|,]+")
_STRING: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_INDEX: Final = re.compile(r"-?[0-9]{1,10}")
_SLICE: Final = re.compile(r"(-?[0-9]{1,10})?\s*:\s*(-?[0-9]{1,10})?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_WORD: Final = re.compile(r"true|false|null")
_COMPARISON: Final = re.compile(r"[=!<>]=|[<>]")
_BLANKS: Final = re.compile(r"\s*")
_WORDS: Final = {"true": True, "false": False, "null": None}


class PathSyntaxError(Exception):
    """The text is no JSONPath of this dialect; the message says why."""


def parse(text: str) -> Query:
    """Raises PathSyntaxError."""
    if len(text) > JSON_PATH_CHARACTERS_MAX:
        raise PathSyntaxError(f"longer than {JSON_PATH_CHARACTERS_MAX} characters")
    stripped = text.strip()
    if not stripped:
        raise PathSyntaxError("the path is empty")
    if stripped[0] not in "$@":
        stripped = f"$.{stripped}"
    reader = _Reader(stripped)
    reader.position = 1
    query = reader.query(_NAME, from_root=True)
    if not reader.at_end():
        raise reader.unexpected()
    return query


class _Reader:
    """A position in the text, moved on by what is read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._depth = 0

    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def unexpected(self) -> PathSyntaxError:
        if self.at_end():
            return PathSyntaxError("it ends too early")
        return PathSyntaxError(f"unexpected '{self.text[self.position]}' at position {self.position}")

    def accept(self, token: str) -> bool:
        if not self.text.startswith(token, self.position):
            return False
        self.position += len(token)
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.unexpected()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def blanks(self) -> None:
        self.match(_BLANKS)

    # --- Steps

    def query(self, names: re.Pattern[str], from_root: bool) -> Query:
        """Steps and perhaps a function, up to the first character that cannot go on with them."""
        found: list[steps.Step] = []
        while not self.at_end():
            if self.accept(".."):
                found.append(steps.Descend(_deep(self._step_or_bracket(names))))
            elif self.accept("."):
                function = self._function()
                if function is not None:
                    return Query(tuple(found), function, from_root)
                found.append(self._step_or_bracket(names))
            elif self.text[self.position] == "[":
                found.append(self._bracket())
            else:
                break
        return Query(tuple(_merge_at_end(found)), None, from_root)

    def _function(self) -> str | None:
        start = self.position
        name = self.match(_NAME)
        if name is None or not self.accept("("):
            self.position = start
            return None
        self.expect(")")
        if name[0] not in FUNCTIONS:
            raise PathSyntaxError(f"unknown function {name[0]}()")
        return name[0]

    def _step_or_bracket(self, names: re.Pattern[str]) -> steps.Step:
        if self.accept("*"):
            return steps.Everything()
        if self.text.startswith("[", self.position):
            return self._bracket()
        name = self.match(names)
        if name is None:
            raise self.unexpected()
        return steps.Member(name[0])

    def _bracket(self) -> steps.Step:
        self.expect("[")
        self.blanks()
        step = self._in_bracket()
        self.blanks()
        self.expect("]")
        return step

    def _in_bracket(self) -> steps.Step:
        if self.accept("*"):
            return steps.Everything()
        if self.accept("?"):
            return steps.Filter(self._filter())
        slice_ = self.match(_SLICE)
        if slice_ is not None:
            return steps.Slice(*(None if bound is None else int(bound) for bound in slice_.groups()))
        if self.text[self.position : self.position + 1] in ("'", '"'):
            members = [self._string()]
            while self._comma():
                members.append(self._string())
            return steps.Member(members[0]) if len(members) == 1 else steps.Members(tuple(members), definite=False)
        indexes = [self._index()]
        while self._comma():
            indexes.append(self._index())
        return steps.Element(indexes[0]) if len(indexes) == 1 else steps.Elements(tuple(indexes))

    def _comma(self) -> bool:
        self.blanks()
        found = self.accept(",")
        self.blanks()
        return found

    def _index(self) -> int:
        found = self.match(_INDEX)
        if found is None:
            raise self.unexpected()
        return int(found[0])

    def _string(self) -> str:
        found = self.match(_STRING)
        if found is None:
            raise self.unexpected()
        return re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2], flags=re.DOTALL)

    # --- Filters

    def _filter(self) -> steps.Condition:
        self.blanks()
        self.expect("(")
        condition = self._any()
        self.blanks()
        self.expect(")")
        return condition

    def _any(self) -> steps.Condition:
        found = [self._all()]
        while self._operator("||"):
            found.append(self._all())
        return found[0] if len(found) == 1 else steps.Or(tuple(found))

    def _all(self) -> steps.Condition:
        found = [self._condition()]
        while self._operator("&&"):
            found.append(self._condition())
        return found[0] if len(found) == 1 else steps.And(tuple(found))

    def _operator(self, token: str) -> bool:
        self.blanks()
        return self.accept(token)

    def _condition(self) -> steps.Condition:
        self._depth += 1
        if self._depth > JSON_PATH_FILTER_DEPTH_MAX:
            raise PathSyntaxError(f"filters nested more than {JSON_PATH_FILTER_DEPTH_MAX} deep")
        self.blanks()
        condition = self._negated_or_grouped() or self._comparison()
        self._depth -= 1
        return condition

    def _negated_or_grouped(self) -> steps.Condition | None:
        if self.accept("!"):
            return steps.Not(self._condition())
        if self.accept("("):
            condition = self._any()
            self.blanks()
            self.expect(")")
            return condition
        return None

    def _comparison(self) -> steps.Condition:
        left = self._operand()
        self.blanks()
        operator = self.match(_COMPARISON)
        if operator is not None:
            self.blanks()
            return steps.Comparison(left, operator[0], self._operand())
        if isinstance(left, Query):
            return steps.Exists(left, left.definite)
        if isinstance(left, steps.Literal) and isinstance(left.literal, bool):
            return steps.Constant(left.literal)
        raise self.unexpected()

    def _operand(self) -> steps.Operand:
        if self.accept("@"):
            return self.query(_NAME_IN_FILTER, from_root=False)
        if self.accept("$"):
            return self.query(_NAME_IN_FILTER, from_root=True)
        if self.text[self.position : self.position + 1] in ("'", '"'):
            return steps.Literal(self._string())
        word = self.match(_WORD)
        if word is not None:
            return steps.Literal(_WORDS[word[0]])
        number = self.match(_NUMBER)
        if number is None:
            raise self.unexpected()
        return steps.Literal(float(number[0]) if number[1] or number[2] else int(number[0]))


def _deep(step: steps.Step) -> steps.Step:
    return steps.DeepFilter(step.condition) if isinstance(step, steps.Filter) else step


def _merge_at_end(found: list[steps.Step]) -> list[steps.Step]:
    last = found[-1] if found else None
    if isinstance(last, steps.Members):
        return [*found[:-1], steps.Members(last.names, definite=True)]
    return found
