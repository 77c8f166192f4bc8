"""Issue 8, line 49: what is installed is pinned, all that it needs in turn included."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import cast

import django
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

OURS = {"benchmarks", "countjobs", "project", "tests"}
TO_RUN = "requirements.txt"
TO_CHECK = "tests/requirements.txt"
IN_TURN = "# What those need in turn."
EXTRAS = {"apprise"}
"""What the app uses where it is installed, and the example project does without."""
NOT_FOR_EVERY_DJANGO = {"django-celery-beat"}
"""It needs Django below 6.1."""

HERE = cast("dict[str, str]", default_environment())
ENVIRONMENTS = [
    {**HERE, "python_version": version, "python_full_version": f"{version}.0"}
    | {"sys_platform": platform, "platform_system": system}
    for version in ("3.11", "3.12", "3.13")
    for platform, system in (("linux", "Linux"), ("darwin", "Darwin"))
]
"""Those that the README names."""


@cache
def lines_of(file: str) -> list[str]:
    return (ROOT / file).read_text().splitlines()


@cache
def pins_of(file: str, after: str = "") -> dict[str, Requirement]:
    """What a file pins, by name: all of it, or what stands after a line."""
    lines = lines_of(file)[lines_of(file).index(after) :] if after else lines_of(file)
    texts = [line.partition("#")[0].strip() for line in lines]
    pins = [Requirement(text) for text in texts if text and not text.startswith("-r ")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def all_pins() -> dict[str, Requirement]:
    return {**pins_of(TO_RUN), **pins_of(TO_CHECK)}


def needs_of(pin: Requirement) -> Iterator[Requirement]:
    """What a package needs in any of the environments. Nothing where it isn't installed here."""
    try:
        needs = metadata.requires(pin.name) or []
    except metadata.PackageNotFoundError:
        return
    for need in map(Requirement, needs):
        marker = need.marker
        extras = ["", *pin.extras]
        if marker is None or any(
            marker.evaluate({**environment, "extra": extra})
            for environment in ENVIRONMENTS
            for extra in extras
        ):
            yield need


@pytest.mark.parametrize("file", [TO_RUN, TO_CHECK])
def test_each_package_is_pinned_to_one_version_with_a_word_why(file: str) -> None:
    for pin in pins_of(file).values():
        assert re.fullmatch(r"==[^*,]+", str(pin.specifier)), pin
        assert pin.marker is None, pin
    bare = [line for line in lines_of(file) if "==" in line and "# " not in line]
    assert bare == []


def test_the_second_file_begins_with_the_first_and_repeats_nothing() -> None:
    assert f"-r ../{TO_RUN}" in lines_of(TO_CHECK)
    assert pins_of(TO_RUN).keys().isdisjoint(pins_of(TO_CHECK))
    assert not any(line.startswith("-") for line in lines_of(TO_RUN))


@pytest.mark.parametrize("file", [TO_RUN, TO_CHECK])
def test_whatever_a_pinned_package_needs_is_pinned_where_it_is(file: str) -> None:
    there = pins_of(TO_RUN) if file == TO_RUN else all_pins()
    missing = [
        f"{pin.name} needs {need}"
        for pin in pins_of(file).values()
        for need in needs_of(pin)
        if (name := canonicalize_name(need.name)) not in there
        or not need.specifier.contains(str(there[name].specifier).removeprefix("=="))
    ]
    assert missing == []


@pytest.mark.parametrize("file", [TO_RUN, TO_CHECK])
def test_nothing_is_pinned_for_others_that_no_other_needs(file: str) -> None:
    pins = pins_of(file)
    missing = {name for name in pins if not is_installed(name)}
    if missing and missing <= NOT_FOR_EVERY_DJANGO and django.VERSION >= (6, 1):
        pytest.skip(f"not for this Django: {', '.join(sorted(missing))}")
    if missing:
        pytest.skip(f"could not import all of them: what is in {file}")
    needed = {canonicalize_name(need.name) for pin in pins.values() for need in needs_of(pin)}
    assert pins_of(file, IN_TURN).keys() - needed == set()


def test_the_app_says_itself_what_it_needs() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    found = re.search(r"^dependencies = (\[.*?\])", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    for need in map(Requirement, ast.literal_eval(found[1])):
        pin = pins_of(TO_RUN)[canonicalize_name(need.name)]
        assert need.specifier.contains(str(pin.specifier).removeprefix("=="))


def is_installed(name: str) -> bool:
    return any(canonicalize_name(each.name) == name for each in metadata.distributions())


def imported(files: Iterable[Path]) -> set[str]:
    """The names of the packages that files import, Python's own and ours left out."""
    names: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module or "")
            elif isinstance(node, ast.Call) and "importorskip" in ast.unparse(node.func):
                names |= {str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - OURS


def pinned(names: Iterable[str], pins: dict[str, Requirement]) -> dict[str, bool]:
    """Whether a package is pinned under whose name each can be imported."""
    owners = metadata.packages_distributions()
    return {
        name: any(canonicalize_name(owner) in pins for owner in owners.get(name, guessed(name)))
        for name in sorted(names)
    }


def guessed(name: str) -> list[str]:
    """What a package may be called that isn't installed here: psycopg2-binary, django-q2."""
    return [name, f"{name}-binary", f"{name}2"]


def not_pinned(names: Iterable[str], pins: dict[str, Requirement]) -> list[str]:
    return [name for name, is_pinned in pinned(names, pins).items() if not is_pinned]


def test_whatever_the_project_imports_is_pinned() -> None:
    files = [
        each
        for name in ("benchmarks", "countjobs", "project")
        for each in ROOT.glob(f"{name}/**/*.py")
    ]
    names = imported(files)
    assert {"django", "apscheduler", "waitress", "dj_database_url"} <= names
    assert not_pinned(names - EXTRAS, pins_of(TO_RUN)) == []


def test_whatever_the_tests_import_is_pinned() -> None:
    names = imported(ROOT.glob("tests/**/*.py"))
    assert {"pytest", "hypothesis", "playwright", "packaging"} <= names
    assert not_pinned(names, all_pins()) == []
