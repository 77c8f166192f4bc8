"""What the README claims, as far as a program can tell."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.test.utils import isolate_apps

from countjobs.conf import Conf
from countjobs.models import JobDefinition
from countjobs.models.executions import ACTIVE, Status
from countjobs.quickstart.serving import LIMITS
from tests.support.env_names import NAMES
from tests.support.markdown import blocks, run
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = sorted(name for name, app in get_commands().items() if app == "countjobs")
ROW = re.compile(r"^\| `([^`]+)` \| (.*?) \|", re.MULTILINE)


def table(first: str) -> dict[str, str]:
    """The first two columns of the table that begins with a row."""
    start = README.index(f"| `{first}")
    return dict(ROW.findall(README[start : README.index("\n\n", start)]))


def test_every_key_of_the_settings_is_in_the_table_with_its_default() -> None:
    defaults = {field.name.upper(): str(field.default) for field in fields(Conf)}
    assert table("THREADS") == defaults


def test_every_environment_variable_is_in_the_table() -> None:
    assert set(table("DATABASE_URL")) == set(NAMES)


def test_every_command_is_in_the_table() -> None:
    named = [row.partition(" ")[0] for row in table("quickstart")]
    assert sorted(named) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_explains_itself(name: str) -> None:
    parser = load_command_class("countjobs", name).create_parser("manage.py", name)
    own = [action for action in parser._actions if not action.help]
    assert own == []
    assert parser.description


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
    (line,) = (b.text for b in blocks("README.md", "sh") if "waitress-serve" in b.text)
    module, _, name = shlex.split(line)[-1].partition(":")
    assert f"\n{name} = " in (ROOT / f"{module.replace('.', '/')}.py").read_text()


def test_the_waitress_command_has_the_limits_of_the_quick_start() -> None:
    """Issue 8, line 48."""
    (line,) = (b.text for b in blocks("README.md", "sh") if "waitress-serve" in b.text)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in LIMITS.items()]
    assert [option for option in options if option not in line.split()] == []


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_picture_of_the_readme_is_there_in_light_and_dark() -> None:
    shown = re.findall(r'<img src="([^"]+)\.png" alt="[^"]+">', README)
    dark = re.findall(r'<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)"', README)
    assert shown
    assert dark == [f"{name}-dark.png" for name in shown]
    assert [
        name for name in (*dark, *(f"{n}.png" for n in shown)) if not (ROOT / name).exists()
    ] == []


STATES = (ROOT / "docs/how-it-works.md").read_text().split("## The states of an execution\n")[1]
STATES = STATES.partition("\n## ")[0]
NOT_YET = {Status.TIMED_OUT}


def drawn() -> set[tuple[str, str]]:
    """The transitions that the diagram of the states draws."""
    return set(re.findall(r"^    (\S+) --> (\S+) : ", STATES, re.MULTILINE))


def told() -> dict[str, list[str]]:
    """What the table of the states says that each may become."""
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+?) \|$", STATES, re.MULTILINE)
    return {status: re.findall(r"`(\w+)`", out) for status, out in rows}


def test_every_status_is_explained() -> None:
    assert [status for status in Status if f"`{status}`" not in STATES] == []
    assert sorted(told()) == sorted({*Status} - NOT_YET)


def test_every_transition_of_the_states_leads_from_and_to_statuses_that_exist() -> None:
    ends = {*Status, "[*]"} - NOT_YET
    assert drawn() >= {("[*]", "queued"), ("queued", "running"), ("running", "succeeded")}
    assert [each for each in drawn() if not ends.issuperset(each)] == []
    assert [out for outs in told().values() for out in outs if out not in ends] == []


def test_the_diagram_and_the_table_of_the_states_agree() -> None:
    between = {(old, new) for old, new in drawn() if "[*]" not in (old, new) and old != new}
    assert between == {(old, new) for old, outs in told().items() for new in outs}


def test_what_has_ended_stays_as_it_is() -> None:
    assert {old for old, outs in told().items() if outs} == {*ACTIVE}
