"""A pytest plugin that loads one module of Konik with a defect in it: the mutant whose number KONIK_MUTANT holds."""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from breaking import BrokenLoader
from mutants import MUTANTS, Mutant


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
        spec.loader = BrokenLoader(name, spec.origin, self._mutant.sound, self._mutant.broken)
        return spec


sys.meta_path.insert(0, Finder(MUTANTS[int(os.environ["KONIK_MUTANT"])]))
