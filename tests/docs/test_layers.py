"""Which way the modules depend: each imports from its own layer and from those before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import countjobs

ROOT = Path(countjobs.__file__).parent
LAYERS = [
    {"conf", "lasting", "progress", "text"},
    {"database"},
    {"triggers"},
    {"forms"},
    {"models"},
    {"history"},
    {"jobstores"},
    {"executors"},
    {"checks"},
    {"schedulers"},
    {"api", "quickstart", "apps"},
    {"management"},
    {"admin"},
    {"templatetags"},
]
LAYER_OF = {part: number for number, parts in enumerate(LAYERS) for part in parts}
FILES = [path for path in sorted(ROOT.rglob("*.py")) if path.parent.name != "migrations"]


def _part(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def _imported(path: Path) -> Iterator[str]:
    """The full names of modules that a file imports, and of what it takes from them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _imported_parts(path: Path) -> set[str]:
    names = [name.split(".") for name in _imported(path)]
    return {name[1] for name in names if name[0] == "countjobs"} - {"__version__"}


def test_every_part_of_the_app_has_a_layer() -> None:
    assert {_part(path) for path in FILES} - {"__init__"} == set(LAYER_OF)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_its_own_layer_and_those_before_it(path: Path) -> None:
    layer = LAYER_OF.get(_part(path), 0)
    assert {part for part in _imported_parts(path) if LAYER_OF[part] > layer} == set()


def test_the_admin_knows_nothing_of_the_commands() -> None:
    files = [path for path in FILES if _part(path) == "admin"]
    assert files
    assert not [path for path in files if "management" in _imported_parts(path)]


def test_triggers_know_nothing_of_the_database() -> None:
    names = {name for path in FILES if _part(path) == "triggers" for name in _imported(path)}
    assert not [name for name in names if name.startswith(("django.db", "django.apps"))]
    assert "datetime.datetime" in names, "something was looked at"
