"""Issue 11: each command that the settings allow can be loaded, and can be a job."""

from __future__ import annotations

import pytest
from django.core import checks, management
from pytest_django import Settings

from countjobs.checks.command_checks import NOT_FOR_JOBS, check_commands


def _found() -> list[checks.CheckMessage]:
    messages = check_commands(None)
    assert all(message.hint for message in messages), "a hint says what to do"
    return messages


@pytest.mark.parametrize("given", [{}, {"COMMANDS": []}, {"COMMANDS": ["check", "sendtestemail"]}])
def test_commands_that_are_there(given: object, settings: Settings) -> None:
    settings.COUNTJOBS = given
    assert _found() == []


def test_a_command_that_is_not(settings: Settings) -> None:
    settings.COUNTJOBS = {"COMMANDS": ["clearsession", "check", "clearsession"]}
    [found] = _found()
    assert found.id == "countjobs.E040"
    assert found.msg == "COUNTJOBS['COMMANDS']: There is no command “clearsession”."


@pytest.mark.parametrize(
    "error", [ImportError("no module"), SyntaxError("bad"), ValueError("no"), SystemExit("no")]
)
def test_a_command_that_can_not_be_loaded(
    error: BaseException, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(app: str, name: str) -> object:
        raise error

    monkeypatch.setattr("countjobs.functions.commands.load_command_class", load)
    settings.COUNTJOBS = {"COMMANDS": ["check"]}
    [found] = _found()
    assert found.id == "countjobs.E040"
    assert "“check” can't be loaded" in found.msg
    assert str(error) in found.msg


@pytest.mark.parametrize("name", sorted(NOT_FOR_JOBS))
def test_a_command_that_does_not_end(name: str, settings: Settings) -> None:
    assert name in management.get_commands(), "the list is of commands that there are"
    settings.COUNTJOBS = {"COMMANDS": [name]}
    assert [each.id for each in _found()] == ["countjobs.E041"]


def test_defaults_that_are_not_installed_are_no_fault(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("countjobs.functions.commands.get_commands", dict)
    settings.COUNTJOBS = {}
    assert _found() == []


@pytest.mark.parametrize("given", [{"COMMANDS": "check"}, {"COMMANDS": [3]}, None])
def test_wrong_settings_are_told_of_once(given: object, settings: Settings) -> None:
    settings.COUNTJOBS = given
    assert _found() == []
