"""The example projects: what they do, and how much people write for it in either way."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.markdown import blocks
from tests.support.paths import ROOT

EXAMPLES = ROOT / "docs/examples"


@pytest.mark.process
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["test", "shop", "website", "uploads", "--buffer"], r"Ran 22 tests in"),
        (["makemigrations", "--check"], "No changes detected"),
        (["check", "--fail-level", "WARNING"], "no issues"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_the_examples_work(options: list[str], said: str) -> None:
    """In a process of their own: what they declare would be in all databases of the tests."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *options, "--settings", "example_settings"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(said, done.stdout + done.stderr)


def test_each_function_of_the_examples_is_a_job() -> None:
    """And each of the kinds that they are compared with has its counterpart."""
    counts = {
        name: sum("@job" in line for line in (EXAMPLES / name / "jobs.py").read_text().splitlines())
        for name in ("shop", "uploads")
    }
    commands = [*EXAMPLES.glob("website/management/commands/[a-z]*.py")]
    counts["website"] = len(commands)
    kinds = {
        name: (EXAMPLES / f"by_kinds/{name}_kinds/models.py").read_text().count("(JobDefinition):")
        for name in counts
    }
    assert counts == {"shop": 8, "website": 7, "uploads": 3}
    assert kinds == counts
    assert sorted(each.stem for each in commands) == sorted(_commands_allowed())


# How much is written


@dataclass(frozen=True)
class Example:
    """Files of an example, in both ways. What is the same in both isn't counted."""

    name: str
    kinds: list[str]
    functions: list[str] = field(default_factory=list)

    def by_functions(self) -> int:
        if self.name == "website":
            return sum(1 for _ in _written(_setting_lines()))
        return sum(_lines(EXAMPLES / self.name / file) for file in self.functions)

    def by_kinds(self) -> int:
        return sum(_lines(EXAMPLES / f"by_kinds/{self.name}_kinds" / file) for file in self.kinds)

    def in_migrations(self) -> int:
        folder = EXAMPLES / f"by_kinds/{self.name}_kinds/migrations"
        return sum(map(_lines, folder.glob("0*.py")))


EACH = [
    Example("shop", ["models.py", "admin.py", "apps.py"], ["jobs.py"]),
    Example("website", ["models.py", "admin.py"]),
    Example("uploads", ["models.py", "admin.py", "views.py"], ["jobs.py", "views.py"]),
]
each_example = pytest.mark.parametrize("example", EACH, ids=lambda each: each.name)


def _written(lines: Iterable[str]) -> Iterator[str]:
    """Lines that are neither blank nor a comment."""
    return (line for line in lines if line.strip() and not line.strip().startswith("#"))


def _lines(file: Path) -> int:
    return sum(1 for _ in _written(file.read_text().splitlines()))


def _setting() -> ast.Assign:
    """What the example of commands needs: one setting."""
    tree = ast.parse((EXAMPLES / "example_settings.py").read_text())
    (found,) = (
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COUNTJOBS"
    )
    return found


def _setting_lines() -> list[str]:
    node = _setting()
    lines = (EXAMPLES / "example_settings.py").read_text().splitlines()
    return lines[node.lineno - 1 : node.end_lineno]


def _commands_allowed() -> list[str]:
    found: list[str] = ast.literal_eval(_setting().value)["COMMANDS"]
    return found


@each_example
def test_promise_29_functions_and_commands_take_a_third_of_what_kinds_take(
    example: Example,
) -> None:
    assert 3 * example.by_functions() <= example.by_kinds() + example.in_migrations()
    assert example.by_functions() < example.by_kinds(), "even without migrations"


@each_example
def test_nothing_that_is_written_is_left_out(example: Example) -> None:
    """Apart from tests, and from what both ways share."""
    shared = {"__init__.py", "models.py", "tests.py"}
    ours = {each.name for each in (EXAMPLES / example.name).glob("*.py")} - shared
    assert ours == set(example.functions)
    kinds = (EXAMPLES / f"by_kinds/{example.name}_kinds").glob("*.py")
    assert {each.name for each in kinds} - {"__init__.py"} == set(example.kinds)


def test_the_page_shows_the_setting() -> None:
    (shown,) = blocks("docs/examples/README.md", "python")
    assert shown.text.splitlines() == _setting_lines()


@each_example
def test_the_page_says_how_many_lines_there_are(example: Example) -> None:
    page = (EXAMPLES / "README.md").read_text()
    row = [example.by_functions(), example.by_kinds(), example.in_migrations()]
    told = re.search(rf"^\| \[`{example.name}/`\][^|]*\|[^|]*\|(.+)\|$", page, re.MULTILINE)
    assert told is not None
    assert [int(cell) for cell in told[1].split("|")] == row
