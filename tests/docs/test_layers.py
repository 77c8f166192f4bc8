"""Which way the modules depend, and that each is small and has a name of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import countjobs
from tests.support.paths import ROOT as PROJECT

ROOT = Path(countjobs.__file__).parent
LAYERS = [
    {"capped", "conf", "lasting", "run_context", "signals", "text"},
    {"database"},
    {"triggers"},
    {"forms"},
    {"functions"},
    {"models"},
    {"transfer"},
    {"history"},
    {"jobstores"},
    {"executors"},
    {"checks"},
    {"schedulers"},
    {"endpoints"},
    {"api", "quickstart", "urls", "apps"},
    {"management"},
    {"admin"},
    {"templatetags"},
    {"imports"},
    {"alerts"},
    {"metrics"},
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
    layer = LAYER_OF.get(_part(path), LAYER_OF["functions"])  # `countjobs` itself names `job`
    assert {part for part in _imported_parts(path) if LAYER_OF[part] > layer} == set()


def test_the_admin_knows_nothing_of_the_commands() -> None:
    files = [path for path in FILES if _part(path) == "admin"]
    assert files
    assert not [path for path in files if "management" in _imported_parts(path)]


def test_triggers_know_nothing_of_the_database() -> None:
    names = {name for path in FILES if _part(path) == "triggers" for name in _imported(path)}
    assert not [name for name in names if name.startswith(("django.db", "django.apps"))]
    assert "datetime.datetime" in names, "something was looked at"


# The names of the modules, and their sizes

SHARED = {"__init__", "__main__", "apps", "settings", "urls"} | {
    *("admin", "checks", "columns", "facts", "filters", "form", "forms", "page", "views"),
}
"""What Django demands, and what each folder of a page of the admin may have."""
KEPT = {"countjobs/admin/nodes.py"}
"""Import paths of before, which go on working."""
COMMANDS = "management/commands"


def _below(*parts: str) -> list[Path]:
    found = (path for part in parts for path in sorted((PROJECT / part).rglob("*.py")))
    return [path for path in found if path.parent.name != "migrations"]


def test_no_two_modules_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for path in _below("countjobs", "project", "benchmarks"):
        place = str(path.relative_to(PROJECT))
        if path.stem not in SHARED and COMMANDS not in place and place not in KEPT:
            places.setdefault(path.stem, []).append(place)
    assert len(places) > 100, "something was looked at"
    assert [each for each in places.values() if len(each) > 1] == []


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {
        str(path.relative_to(PROJECT)): path.read_text().count("\n")
        for path in _below("countjobs", "project", "benchmarks", "tests", "docs")
    }
    assert len(lengths) > 200, "something was looked at"
    assert {place: lines for place, lines in lengths.items() if lines > 300} == {}


def _classes() -> set[type]:
    names = (str(path.relative_to(PROJECT).with_suffix("")).replace("/", ".") for path in FILES)
    modules = [import_module(name.removesuffix(".__init__")) for name in names]
    found = (each for module in modules for each in vars(module).values())
    return {each for each in found if isinstance(each, type) and _is_ours(each)}


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "countjobs"


def test_no_class_has_more_than_two_bases_of_ours() -> None:
    classes = _classes()
    assert len(classes) > 100, "something was looked at"
    assert [cls for cls in classes if sum(map(_is_ours, cls.__bases__)) > 2] == []


def _channels(source: str) -> Iterator[int]:
    """The lines that take a key of an object's `__dict__`, to read or to write it."""
    nodes = (each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.expr))
    held = ((node, getattr(node, "value", None)) for node in nodes)
    return (node.lineno for node, value in held if getattr(value, "attr", "") == "__dict__")


@pytest.mark.parametrize(
    "source",
    ["row.__dict__['facts'] = 1", "print(row.__dict__['facts'])", "row.__dict__.update(facts=1)"],
)
def test_a_channel_is_found(source: str) -> None:
    assert list(_channels(source)) == [1]


def test_nothing_is_handed_over_in_the_dict_of_an_object() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{line}"
        for path in FILES
        for line in _channels(path.read_text())
    ]
    assert found == []


# The page that shows the packages

ROWS = re.compile(r"^\| (`.+?`) \| .+ \|$", re.MULTILINE)


def _page() -> str:
    return (PROJECT / "docs/architecture.md").read_text()


def _drawn() -> list[set[str]]:
    """The table of packages, a row each, as LAYERS has them."""
    table = _page().partition("## The packages\n")[2].partition("\n## ")[0]
    named = (re.findall(r"`(\w+?)(?:/|\.py)`", row) for row in ROWS.findall(table))
    return [set(names) for names in named]


def test_the_page_shows_the_packages_in_their_order() -> None:
    assert _drawn() == LAYERS


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`((?:\w+/)+\w*(?:\.py)?)`", _page()))
    assert len(named) > 20, "something was looked at"
    missing = [name for name in named if not any((top / name).exists() for top in (ROOT, PROJECT))]
    assert missing == []


def test_the_page_is_one_screen() -> None:
    assert _page().count("\n") <= 90
