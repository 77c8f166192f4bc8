"""What the README claims, as far as a program can tell."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from django.test.utils import isolate_apps

from countjobs.models import JobDefinition
from countjobs.quickstart.serving import LIMITS
from tests.support.markdown import blocks, run
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text()


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 900


def first_commands() -> list[str]:
    return [block.text.rstrip("\n") for block in blocks("README.md", "sh")][:2]


def test_each_of_the_two_commands_is_one_line_that_starts_from_nothing() -> None:
    start, test = first_commands()
    assert "\n" not in start + test
    steps = "python3 -m venv .venv && .venv/bin/pip install -q -r requirements.txt && "
    assert start == f"{steps}.venv/bin/python manage.py quickstart"
    assert test.startswith(f"{steps}.venv/bin/pytest ")


def test_ci_runs_the_readmes_own_test_command() -> None:
    script = (ROOT / ".ci/run").read_text()
    pattern = re.search(r"grep -m1 -E '([^']+)' README.md", script)
    assert pattern is not None
    found = re.search(pattern[1], README, re.MULTILINE)
    assert found is not None
    assert first_commands()[1].startswith(found[0])


@isolate_apps("tests.app")
def test_the_kind_of_job_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = (b for b in blocks("README.md", "python") if "class Greeting" in b.text)
    kind: Any = run(block, "README.md")["Greeting"]
    kind(greeted="world").run()
    assert capsys.readouterr().out == "Hello, world!\n"
    assert issubclass(kind, JobDefinition)


@pytest.mark.django_db(transaction=True)
def test_the_scheduler_from_code_is_one() -> None:
    (block,) = (b for b in blocks("README.md", "python") if "create_scheduler" in b.text)
    run(block, "README.md")


def test_the_waitress_command_names_what_is_there() -> None:
    (line,) = (b.text for b in blocks("docs/production.md", "sh"))
    module, _, name = shlex.split(line)[-1].partition(":")
    assert f"\n{name} = " in (ROOT / f"{module.replace('.', '/')}.py").read_text()


def test_the_waitress_command_has_the_limits_of_the_quick_start() -> None:
    """Issue 8, line 48."""
    (line,) = (b.text for b in blocks("docs/production.md", "sh"))
    options = [f"--{name.replace('_', '-')}={value}" for name, value in LIMITS.items()]
    assert [option for option in options if option not in line.split()] == []
