"""What import-linter cannot see of the two pure rooms: the few modules that the protocol may import at all, and the
names that neither may call."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROTOCOL = sorted((ROOT / "cluster" / "raft").rglob("*.py"))
PURE = sorted((ROOT / "statemachine").rglob("*.py")) + PROTOCOL

PROTOCOL_IMPORTS = {
    "konik.cluster.raft",
    "collections",
    "dataclasses",
    "enum",
    "itertools",
    "math",
    "typing",
    "bisect",
    "json",
}

CLOCKS = {"now", "utcnow", "today"}
"""Of datetime and date."""

IMPURE_BUILTINS = {"open", "print", "input", "hash", "id"}
"""`hash` differs from process to process, and so does `id`."""


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield f".{node.func.attr}"


@pytest.mark.parametrize("path", PROTOCOL, ids=lambda path: path.name)
def test_the_protocol_imports_itself_and_plain_data_only(path: Path) -> None:
    found = set(imports(ast.parse(path.read_text())))
    allowed = PROTOCOL_IMPORTS
    assert {name for name in found if not any(name == it or name.startswith(f"{it}.") for it in allowed)} == set()


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_pure_asks_the_clock_or_the_process(path: Path) -> None:
    found = set(calls(ast.parse(path.read_text())))
    assert found & (IMPURE_BUILTINS | {f".{name}" for name in CLOCKS}) == set()


def test_the_test_itself_sees_what_it_looks_for() -> None:
    tree = ast.parse("import os.path\nfrom time import sleep\ndatetime.now()\nhash('a')")
    assert set(imports(tree)) == {"os.path", "time"}
    assert {".now", "hash"} <= set(calls(tree))
