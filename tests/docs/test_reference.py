"""The pages to look things up in have all that there is: settings, commands, names, ids."""

from __future__ import annotations

import ast
import gettext
import inspect
import re
from argparse import SUPPRESS, Action
from dataclasses import fields

import pytest
from django.contrib.auth.models import Permission
from django.core.management import get_commands, load_command_class

from countjobs import api
from countjobs.conf import Conf
from countjobs.models.rules import Rules
from tests.support.paths import ROOT

APPS = {name: app for name, app in get_commands().items() if app.startswith("countjobs")}
COMMANDS = sorted(APPS)
ROW = re.compile(r"^\| (`[^|]+?) \| (.*?) \|", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def section(name: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    return page(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def table(text: str) -> dict[str, str]:
    """The first two columns: all that is code in the first one, and what the second one says."""
    return {name: told for names, told in ROW.findall(text) for name in CODE.findall(names)}


def options_of(command: str) -> list[Action]:
    """Those that are the command's own."""
    parser = load_command_class(APPS[command], command).create_parser("manage.py", command)
    own = load_command_class(APPS[command], command)
    common = type("Bare", (type(own),), {"add_arguments": lambda *_: None})()
    bare = {action.dest for action in common.create_parser("manage.py", command)._actions}
    return [action for action in parser._actions if action.dest not in bare]


IN_WORDS = {
    "PROCESSES": "number of cores",
    "EXECUTORS": "none",
    "COMMANDS": ", ".join(Conf().commands),
}
"""Defaults that are no number, or another one on each machine."""


def test_every_setting_is_there_with_its_default() -> None:
    values = {field.name.upper(): field.default for field in fields(Conf)}
    defaults = {name: str(value) or "none" for name, value in values.items()} | IN_WORDS
    assert table(section("settings.md", "`COUNTJOBS`")) == defaults


def test_every_environment_variable_is_there() -> None:
    read = re.findall(
        r'environment\.read_\w+\(\s*"(\w+)"', (ROOT / "project/settings.py").read_text()
    )
    assert len(read) > 3, "something was looked at"
    assert set(table(section("settings.md", "The example project"))) == set(read)


def test_every_command_is_there() -> None:
    assert sorted(re.findall(r"^## `(\w+)`$", page("commands.md"), re.MULTILINE)) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_there_and_explains_itself(name: str) -> None:
    actions = options_of(name)
    named = [(action.option_strings or [action.dest])[-1] for action in actions]
    assert [*table(section("commands.md", f"`{name}`"))][: len(named)] == named
    assert [action for action in actions if not action.help or action.help == SUPPRESS] == []
    assert load_command_class(APPS[name], name).help


@pytest.mark.parametrize("name", COMMANDS)
def test_the_defaults_of_a_command_are_there(name: str) -> None:
    told = table(section("commands.md", f"`{name}`"))
    for action in options_of(name):
        if action.option_strings and action.nargs != 0:
            said = told[action.option_strings[-1]].strip("`")
            assert getattr(Conf(), said.lower(), said) in {action.default, str(action.default)}


def test_every_name_for_users_is_there() -> None:
    assert set(table(page("api.md").partition("\n## ")[0])) == set(api.__all__)


def test_every_rule_of_a_definition_is_there_with_its_default() -> None:
    words = {"None": "none", "True": "yes", "False": "no"}
    defaults = {each.name: str(each.get_default()) for each in Rules._meta.fields}
    rules = {name: words.get(default, default) for name, default in defaults.items()}
    assert table(section("api.md", "Rules of a definition")) == rules


SIGNATURES = re.findall(r"^`(\w+)\((.*)\)`$", page("api.md"), re.MULTILINE)


@pytest.mark.parametrize(("name", "arguments"), SIGNATURES)
def test_a_signature_is_as_it_is(name: str, arguments: str) -> None:
    told = ast.parse(f"def f({arguments}): ...").body[0]
    assert isinstance(told, ast.FunctionDef)
    parameters = inspect.signature(getattr(api, name)).parameters.values()
    every = [*told.args.args, *told.args.kwonlyargs, *filter(None, [told.args.kwarg])]
    assert [each.arg for each in every] == [each.name for each in parameters]
    said = [*told.args.defaults, *filter(None, told.args.kw_defaults)]
    defaults = [ast.literal_eval(each) for each in said]
    assert defaults == [p.default for p in parameters if p.default is not p.empty]


def test_signatures_are_found() -> None:
    assert len(SIGNATURES) >= 2


@pytest.mark.django_db
def test_every_permission_is_there() -> None:
    ours = Permission.objects.filter(content_type__app_label__startswith="countjobs")
    names = ours.values_list("content_type__app_label", "codename")
    known = {f"{label}.{codename}" for label, codename in names}
    assert set(table(page("permissions.md"))) == known


def test_every_check_is_there() -> None:
    sources = "\n".join(path.read_text() for path in ROOT.glob("countjobs/**/*.py"))
    ids = set(re.findall(r"countjobs\.[EW]\d{3}", sources))
    assert len(ids) > 15
    assert set(table(page("checks.md"))) >= ids
    assert {name for name in table(page("checks.md")) if name.startswith("countjobs.")} == ids


DJANGOS = {"Add count job", "Go", "Save", "Select all"}


@pytest.mark.parametrize("name", ["operating.md", "transfer.md"])
def test_what_is_quoted_of_a_page_is_what_the_page_says(name: str) -> None:
    """Buttons, columns and headings: what stands in bold, or between quotes, with a capital."""
    path = ROOT / "countjobs/locale/ja/LC_MESSAGES/django.mo"
    with path.open("rb") as file:
        keys = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    texts = {(key if isinstance(key, str) else key[0]).split("\x04")[-1].casefold() for key in keys}
    quoted = re.findall(r"\*\*([A-Z][^*.]+)\*\*|“([A-Z][^”.]+)”", page(name))
    said = {(bold or between).removeprefix("By ") for bold, between in quoted} - DJANGOS
    assert len(said) > 2, "something was looked at"
    begins = {each for each in said if any(text.startswith(each.casefold()) for text in texts)}
    assert said - begins == set()
