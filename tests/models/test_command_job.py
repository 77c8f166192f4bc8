"""Definitions that run a management command."""

from __future__ import annotations

from argparse import FileType
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError, CommandParser
from django.forms import modelform_factory
from pytest_django import Settings

from countjobs.admin.definitions.form import PartialForm
from countjobs.functions import commands
from countjobs.history.requests import request_run
from countjobs.models import CommandJob, Execution
from countjobs.models.executions import Status
from tests.support.executing import outcome_of

pytestmark = pytest.mark.django_db

REFUSED = "The command refuses this: "


def definition(command: str = "purgeexecutions", arguments: str = "", **fields: Any) -> CommandJob:
    return CommandJob(name="clean", command=command, arguments=arguments, **fields)


def errors(job: CommandJob) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        job.full_clean()
    return refused.value.message_dict


def test_the_commands_of_the_setting_are_allowed(settings: Settings) -> None:
    definition().full_clean()
    definition("clearsessions").full_clean()
    settings.COUNTJOBS = {"COMMANDS": ["check"]}
    definition("check", "--tag models").full_clean()
    assert [*errors(definition("clearsessions"))] == ["command"]


@pytest.mark.parametrize(
    "name", ["", "flush", "shell", "PURGEEXECUTIONS", "purgeexecutions ", "os.system", "x" * 101]
)
def test_no_other_is(name: str) -> None:
    assert [*errors(definition(name))] == ["command"]


def test_one_that_is_not_there_or_can_t_be_loaded_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COUNTJOBS = {"COMMANDS": ["nowhere", "check"]}
    assert errors(definition("nowhere")) == {
        "command": ["The command “nowhere” can't be loaded: There is no command “nowhere”."]
    }
    for error in (ImportError("no such module"), SystemExit(3)):

        def load(_app: str, _name: str, raised: BaseException = error) -> None:
            raise raised

        monkeypatch.setattr(commands, "load_command_class", load)
        assert "can't be loaded: " in errors(definition("check"))["command"][0]


BAD = {
    "--help": "The option --help has no place in a job.",
    "-h": "The option -h has no place in a job.",
    "--version": "The option --version has no place in a job.",
    "--settings=project.other": "The option --settings has no place in a job.",
    "--pythonpath /tmp": "The option --pythonpath has no place in a job.",
    "--nope": "unrecognized arguments: --nope",
    "--days many": "must be a whole number from 1 to 36500, not 'many'",
    "what": "unrecognized arguments: what",
    "--days": "expected one argument",
    "--hel": "This ends the command before it does anything.",
    "'open": "This can't be split into words: No closing quotation.",
    "--days 1 \\": "This can't be split into words: No escaped character.",
    "\0": "NUL characters are not allowed.",
    "\ud800": "Half a character",
    "x " * 1_001: "Ensure this value has at most 2000 characters",
}


@pytest.mark.parametrize("words", BAD, ids=lambda words: repr(words)[:30])
def test_arguments_that_its_parser_refuses_are_refused(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (told,) = errors(definition(arguments=words))["arguments"]
    assert BAD[words] in told
    assert capsys.readouterr().err == "", "nothing is said to the web server"


def test_good_arguments_are_taken_as_a_shell_would_split_them() -> None:
    definition(arguments="--days 30 --keep=7").full_clean()
    definition(arguments="  '--days' \"30\" ").full_clean()


class Own(BaseCommand):
    """A command as users write them."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("how")
        parser.add_argument("--to", type=self.known)
        parser.add_argument("--log", type=FileType("w"))
        send = parser.add_subparsers(dest="part").add_parser("send")
        send.add_argument("--letter", type=FileType("w"))

    @staticmethod
    def known(text: str) -> str:
        if text == "broken":
            raise RuntimeError("any code")
        return text

    def handle(self, *args: Any, how: str, **options: Any) -> str | None:
        for file in filter(None, (options["log"], options.get("letter"))):
            file.close()
        self.stdout.write(f"{options['to']} {options['part']}")
        self.stderr.write("to stderr")
        if how == "fail":
            raise CommandError("it can't be done")
        if how in {"leave", "end"}:
            raise SystemExit(3 if how == "leave" else 0)
        if how == "break":
            raise KeyError("the cause")
        return "returned"


@pytest.fixture
def own_command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.COUNTJOBS = {"COMMANDS": ["own"]}
    monkeypatch.setattr(commands, "get_commands", lambda: {"own": "tests.app"})
    monkeypatch.setattr(commands, "load_command_class", lambda _app, _name: Own())


@pytest.mark.usefixtures("own_command")
def test_whatever_its_parser_does_is_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    definition("own", "x --to you send").full_clean()
    for words in ("x --to broken", "x unknown", "x send --no", "", "x send --hel"):
        (told,) = errors(definition("own", words))["arguments"]
        assert told.startswith(REFUSED)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("own_command")
def test_files_that_it_writes_are_opened_by_the_run_alone(tmp_path: Path) -> None:
    for words in ("--log {}", "send --letter {}"):
        path = tmp_path / "precious"
        path.write_text("as it was")
        definition("own", f"x {words.format(path)}").full_clean()
        assert path.read_text() == "as it was"
        definition("own", f"x {words.format(path)}").run()
        assert path.read_text() == ""


@pytest.mark.usefixtures("own_command")
def test_what_it_writes_is_the_output_and_its_errors_are_failures() -> None:
    def outcome(words: str) -> Any:
        return outcome_of(definition("own", words).run)

    good = outcome("x --to 'two words' send")
    assert good.status == Status.SUCCEEDED
    assert good.output.splitlines() == ["two words send", "to stderr", "returned"]
    failed = outcome("fail")
    assert (failed.status, failed.error) == (
        Status.FAILED,
        "django.core.management.base.CommandError: it can't be done",
    )
    assert failed.output.splitlines() == ["None None", "to stderr"]
    assert outcome("leave").error == "SystemExit: 3"
    assert outcome("end").status == Status.SUCCEEDED
    broken = outcome("break")
    assert broken.error == "KeyError: 'the cause'"
    assert "in handle" in broken.traceback
    assert "commandjob.py" not in broken.traceback


def test_one_that_is_not_allowed_any_more_does_not_run(settings: Settings) -> None:
    settings.COUNTJOBS = {"COMMANDS": []}
    with pytest.raises(ValidationError, match="is not among"):
        definition().validate_run()
    found = outcome_of(definition().run)
    assert found.error == (
        'ValueError: The command “purgeexecutions” is not among COUNTJOBS["COMMANDS"].'
    )


def test_a_run_may_be_given_other_arguments() -> None:
    job = definition()
    job.save()
    request_run(job, parameters={"arguments": "--days 7"})
    for wrong in ("--nope", "--help", "'", 7, None):
        with pytest.raises(ValueError, match="clean: "):
            request_run(job, parameters={"arguments": wrong})
    with pytest.raises(ValueError, match="can't be given a value for command"):
        request_run(job, parameters={"command": "flush"})
    assert Execution.objects.get().parameters == {"arguments": "--days 7"}


def test_a_list_shows_the_command_line() -> None:
    assert definition(arguments="--days 7").call_in_words() == "purgeexecutions --days 7"
    assert definition().call_in_words() == "purgeexecutions"
    assert definition().callee == "command purgeexecutions"


def test_the_form_shows_the_command_s_help() -> None:
    form_class: Any = modelform_factory(
        CommandJob, form=PartialForm, fields=["command", "arguments"]
    )
    page = str(form_class(instance=definition()))
    assert "Help of this command" in page
    assert "--days DAYS" in page
    assert "Help of this command" not in str(form_class(instance=definition("flush")))
    posted = form_class({"command": "flush", "arguments": ""}, instance=definition())
    assert not posted.is_valid()
    assert [*posted.errors] == ["command"]
    assert "Help of this command" not in str(posted)
