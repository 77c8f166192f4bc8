"""The tests' own house: each where what it tests is, none of them long, none built on another."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.paths import ROOT

TESTS = ROOT / "tests"
MODULES = sorted(TESTS.rglob("*.py"))
MOST_LINES = 300
OTHERS = {
    *("app", "benchmarks", "browser", "docs", "older", "processes", "project", "stub"),
    *("hurried", "support", "unlocked"),
}
"""The folders that no folder of the package has: what tests need, and tests of all of it."""


def imported(module: Path) -> set[str]:
    """The names of the modules that a module imports from."""
    nodes = list(ast.walk(ast.parse(module.read_text())))
    froms = [each for each in nodes if isinstance(each, ast.ImportFrom)]
    names = {alias.name for each in nodes if isinstance(each, ast.Import) for alias in each.names}
    return names | {f"{each.module}.{alias.name}" for each in froms for alias in each.names}


def test_no_module_imports_from_a_test() -> None:
    found = {
        f"{module.relative_to(ROOT)}: {name}"
        for module in MODULES
        for name in imported(module)
        if name.startswith("tests.") and ".test_" in name
    }
    assert found == set()


def test_each_folder_is_one_of_the_package_or_has_tests_of_all_of_it() -> None:
    folders = {module.parent.relative_to(TESTS) for module in MODULES} - {Path()}
    unknown = {
        str(folder)
        for folder in folders
        if folder.parts[0] not in OTHERS and not (ROOT / "countjobs" / folder).is_dir()
    }
    assert unknown == set()


def test_no_module_is_long() -> None:
    lines = {
        str(module.relative_to(ROOT)): len(module.read_text().splitlines()) for module in MODULES
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_names_tell_modules_apart_but_those_of_pages() -> None:
    """Page folders of the admin may each have a `test_page`, a `test_columns` and so on."""
    places: dict[str, list[Path]] = {}
    for module in MODULES:
        if module.name.startswith("test_"):
            places.setdefault(module.name, []).append(module)
    same = {
        name
        for name, modules in places.items()
        if len(modules) > 1 and {each.parent.parent for each in modules} != {TESTS / "admin"}
    }
    assert same == set()
