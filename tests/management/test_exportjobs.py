"""`exportjobs`: all definitions as one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from countjobs.models import CommandJob, CountJob
from countjobs.transfer import written_files
from tests.app.models import Greeting
from tests.support.transfers import everything

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def some() -> None:
    CountJob.objects.create(name="a", group="night", messages={"x": "二😀"})
    CountJob.objects.create(name="b", group="Night")
    Greeting._default_manager.create(name="a", greeted="you", group="night")
    CommandJob.objects.create(name="c", command="clearsessions")


def told(text: str) -> list[tuple[str, str]]:
    return [(each["model"], each["name"]) for each in json.loads(text)["definitions"]]


def printed(capfdbinary: pytest.CaptureFixture[bytes], *options: str) -> str:
    call_command("exportjobs", *options)
    return capfdbinary.readouterr().out.decode()


def test_it_prints_the_file_of_all_kinds(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    text = printed(capfdbinary)
    assert text == everything()
    assert told(text) == [
        ("app.greeting", "a"),
        ("countjobs.commandjob", "c"),
        ("countjobs.countjob", "a"),
        ("countjobs.countjob", "b"),
    ]


def test_it_writes_the_same_to_a_file_and_says_nothing(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "jobs.json"
    file.write_text("older, and much longer" * 10_000)
    assert printed(capfdbinary, str(file)) == ""
    assert file.read_bytes().decode() == everything()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--kind", "app.greeting"], ["app.greeting a"]),
        (["--kind", "App.Greeting"], ["app.greeting a"]),
        (
            ["--kind", "countjobs.countjob", "--kind", "app.greeting"],
            ["app.greeting a", "countjobs.countjob a", "countjobs.countjob b"],
        ),
        (["--group", "night"], ["app.greeting a", "countjobs.countjob a"]),
        (["--group", "night", "--kind", "countjobs.countjob"], ["countjobs.countjob a"]),
        (["--group", ""], ["countjobs.commandjob c"]),
        (["--group", "none"], []),
    ],
)
def test_kinds_and_a_group_can_be_chosen(
    capfdbinary: pytest.CaptureFixture[bytes], options: list[str], expected: list[str]
) -> None:
    assert [" ".join(each) for each in told(printed(capfdbinary, *options))] == expected


@pytest.mark.parametrize("label", ["x", "auth.user", "countjobs.execution", "", "countjobs"])
def test_another_kind_is_refused_and_those_that_there_are_named(label: str) -> None:
    with pytest.raises(CommandError, match=r"There are: app\.\w+, .*countjobs\.countjob"):
        call_command("exportjobs", kind=[label])


@pytest.mark.parametrize("path", ["missing/jobs.json", "", "."])
def test_a_file_that_can_not_be_written_is_told_in_one_line(tmp_path: Path, path: str) -> None:
    with pytest.raises(CommandError, match="The file can't be written: "):
        call_command("exportjobs", f"{tmp_path}/{path}" if path else "\0")


def test_a_file_stays_as_it_is_if_the_definitions_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("gone")

    file = tmp_path / "jobs.json"
    file.write_text("older")
    monkeypatch.setattr(written_files, "value_of", fail)
    with pytest.raises(CommandError, match="The database can't be used: gone"):
        call_command("exportjobs", str(file))
    assert file.read_text() == "older"
