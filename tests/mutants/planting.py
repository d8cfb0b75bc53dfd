"""A pytest plugin that loads one module of Konik with a defect in it: the mutant whose number KONIK_MUTANT holds."""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

from mutants import MUTANTS, Mutant


class Loader(SourceFileLoader):
    """Reads the module's source and breaks it."""

    def __init__(self, path: str, mutant: Mutant) -> None:
        super().__init__(mutant.module, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source, mutant = self.get_data(self.path).decode(), self._mutant
        if source.count(mutant.sound) != 1:
            raise LookupError(f"{mutant.module} has {source.count(mutant.sound)} times: {mutant.sound}")
        return compile(source.replace(mutant.sound, mutant.broken), self.path, "exec")


class Finder:
    """Finds the mutant's module where all others look, and gives it the loader that breaks it."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._mutant.module:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        spec = next(spec for spec in (finder.find_spec(name, path, target) for finder in others) if spec is not None)
        assert spec.origin is not None
        spec.loader = Loader(spec.origin, self._mutant)
        return spec


sys.meta_path.insert(0, Finder(MUTANTS[int(os.environ["KONIK_MUTANT"])]))
