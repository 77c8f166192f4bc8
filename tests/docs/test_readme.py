"""What the README claims, as far as a program can tell."""

from __future__ import annotations

import re
import shlex

import pytest
from django.utils import timezone

from countjobs.executors.here import run_here
from countjobs.functions.registry import Registry
from countjobs.jobstores.declaring import sync_declared
from countjobs.models import FunctionJob
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


@pytest.mark.django_db
def test_the_function_is_a_job(isolated_registry: Registry) -> None:
    """Declared, made by the sync, and it runs."""
    (block,) = (b for b in blocks("README.md", "python") if "@job" in b.text)
    run(block, "README.md")
    (line,) = sync_declared(timezone.now())
    assert "made, as declared" in line
    definition = FunctionJob.objects.get(function="tests.app.models.delete_old_sessions")
    definition.full_clean()
    assert (definition.hour, definition.minute) == ("3", "0")
    assert run_here(definition, requested_by="").output == "0 sessions deleted\n"


def test_the_waitress_command_names_what_is_there() -> None:
    (line,) = (b.text for b in blocks("docs/production.md", "sh"))
    module, _, name = shlex.split(line)[-1].partition(":")
    assert f"\n{name} = " in (ROOT / f"{module.replace('.', '/')}.py").read_text()


def test_the_waitress_command_has_the_limits_of_the_quick_start() -> None:
    """Issue 8, line 48."""
    (line,) = (b.text for b in blocks("docs/production.md", "sh"))
    options = [f"--{name.replace('_', '-')}={value}" for name, value in LIMITS.items()]
    assert [option for option in options if option not in line.split()] == []
