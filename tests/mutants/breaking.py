"""Loads a module of Konik from a source in which one thing is wrong."""

from importlib.machinery import SourceFileLoader
from types import CodeType


class BrokenLoader(SourceFileLoader):
    """A mutant whose text is no longer in the source is an error: the rule has moved, and the mutant must follow it."""

    def __init__(self, name: str, path: str, sound: str, broken: str) -> None:
        """`sound` is what the source says, once, and `broken` what it says instead."""
        super().__init__(name, path)
        self._sound, self._broken = sound, broken

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path).decode()
        if source.count(self._sound) != 1:
            raise LookupError(f"{self.path} has {source.count(self._sound)} times: {self._sound}")
        return compile(source.replace(self._sound, self._broken), self.path, "exec")
