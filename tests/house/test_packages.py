"""What is shipped is what is in the tree."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "statemachine", "cluster", "sdk", "bench")


def configuration() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def packages_in_the_tree() -> set[str]:
    found = set()
    for room in ROOMS:
        for init in (ROOT / room).rglob("__init__.py"):
            found.add("konik." + ".".join(init.parent.relative_to(ROOT).parts))
    return found


def test_the_package_list_names_every_folder_with_code() -> None:
    listed = configuration()["tool"]["setuptools"]["packages"]  # type: ignore[index]
    assert set(listed) == packages_in_the_tree()
    assert len(listed) == len(set(listed))


def test_every_folder_with_code_is_a_package() -> None:
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            assert (file.parent / "__init__.py").exists(), f"{file.parent} has no __init__.py"


def test_every_room_ships_its_types() -> None:
    for room in ROOMS:
        assert (ROOT / room / "py.typed").exists()


def test_importing_the_contract_runs_nothing_else() -> None:
    assert (ROOT / "api" / "__init__.py").read_text() == ""
    assert (ROOT / "api" / "pb" / "__init__.py").read_text() == ""
    code = (
        "import sys; import konik.api.pb.service_pb2; "
        "print([name for name in sys.modules if name.startswith('konik.') and not name.startswith('konik.api')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_module_is_imported_under_its_bare_name() -> None:
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for line in file.read_text().splitlines():
                for bare in ROOMS:
                    assert not line.startswith((f"import {bare}", f"from {bare}")), f"{file}: {line}"
