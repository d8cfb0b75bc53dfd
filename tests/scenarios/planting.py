"""Puts a Raft core with a defect in the place of the sound one, within this process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from tests.mutants.breaking import BrokenLoader
from tests.scenarios.mutants import Mutant

CORE = "konik.cluster.raft"
PLAYERS = ("tests.scenarios.world", "tests.scenarios.script")
"""They hold names of the core, so that they are imported anew with it."""


@contextmanager
def planted(mutant: Mutant) -> Iterator[ModuleType]:
    """The module `script`, over a core with the defect; afterwards all is as it was."""
    import_module(PLAYERS[-1])
    kept = {name: module for name, module in sys.modules.items() if name.startswith(CORE) or name in PLAYERS}
    for name in kept:
        del sys.modules[name]
    try:
        _import_broken(mutant, kept)
        yield import_module(PLAYERS[-1])
    finally:
        for name in [name for name in sys.modules if name.startswith(CORE) or name in PLAYERS]:
            del sys.modules[name]
        sys.modules.update(kept)
        for name, module in kept.items():
            parent, _, child = name.rpartition(".")
            setattr(sys.modules[parent], child, module)


def _import_broken(mutant: Mutant, kept: dict[str, ModuleType]) -> None:
    """Import the one module from its changed source; the others find it in place when they are imported."""
    name = f"{CORE}.{mutant.module}"
    path = str(kept[name].__file__)
    spec = spec_from_file_location(name, path, loader=BrokenLoader(name, path, mutant.sound, mutant.broken))
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    package = import_module(CORE)
    setattr(package, mutant.module, module)
