"""`importjobs`: definitions of all kinds from a file, all of them or nothing."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_apscheduler.models import DjangoJob

from countjobs.models import CommandJob, CountJob, FunctionJob, JobDefinition
from tests.app.models import Greeting
from tests.support.registering import mail, register
from tests.support.transfers import document, empty_the_site, entry, everything, names

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]

GREETING = {"model": "app.greeting", "name": "hi", "greeted": "you"}


class Importer:
    """Runs the command on a file with these entries."""

    def __init__(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = file
        self._capsys = capsys

    def __call__(self, *entries: Any, text: str = "", **options: Any) -> list[str]:
        self.file.write_text(text or document(*entries), encoding="utf-8")
        try:
            call_command("importjobs", str(self.file), **options)
        finally:
            self.lines = self._capsys.readouterr().out.splitlines()
        return self.lines


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importer:
    return Importer(tmp_path / "jobs.json", capsys)


def test_it_adds_and_changes_and_prints_what(run: Importer) -> None:
    CountJob.objects.create(name="old", hour="5")
    CountJob.objects.create(name="same")
    assert run(entry("old", hour="6"), GREETING, entry("same", hour="*")) == [
        "changed: countjobs.countjob “old”",
        '    hour: "5" → "6"',
        "added: app.greeting “hi”",
        '    greeted: "" → "you"',
        "1 changed, 1 added, 1 unchanged.",
        "2 definitions imported.",
    ]
    assert CountJob.objects.get(name="old").hour == "6"
    greeting = Greeting._default_manager.get()
    assert DjangoJob.objects.filter(id=greeting.job_id).exists()


def test_to_import_twice_changes_nothing(run: Importer) -> None:
    entries = [entry("a", schedule_type="interval", every=90), GREETING]
    run(*entries)
    text = everything()
    assert run(*entries) == ["2 unchanged.", "0 definitions imported."]
    assert everything() == text


def test_what_exportjobs_has_written_is_the_same_on_an_empty_site(
    run: Importer, tmp_path: Path
) -> None:
    register(mail)
    run(
        entry("a", group="night", schedule_type="interval", every=90),
        entry("b", schedule_type="once", run_at="2090-01-01T00:00:00Z"),
        GREETING,
        {"model": "countjobs.functionjob", "name": "f", "function": "shop.jobs.mail"},
        {"model": "countjobs.commandjob", "name": "c", "command": "clearsessions"},
    )
    text = everything()
    file = tmp_path / "exported.json"
    call_command("exportjobs", str(file))
    empty_the_site()
    call_command("importjobs", str(file))
    assert everything() == text


def test_a_dry_run_prints_the_same_and_changes_nothing(run: Importer) -> None:
    assert run(entry("a", count=7), dry_run=True) == [
        "added: countjobs.countjob “a”",
        "    count: 3 → 7",
        "1 added.",
        "This was a dry run: nothing has been changed.",
    ]
    assert names() == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_if_an_entry_is_refused_nothing_is_imported_and_the_reason_told(
    run: Importer, dry_run: bool
) -> None:
    with pytest.raises(CommandError, match=r"Nothing w.* imported: 1 definition refused\."):
        run(entry("good"), entry("bad", hour="25"), dry_run=dry_run)
    first, reason, *_ = run.lines
    assert first == "refused: countjobs.countjob “bad” (entry 2)"
    assert reason.startswith("    hour: “25” is not understood.")
    assert names() == []


def test_refused_entries_can_be_left_out(run: Importer) -> None:
    entries = [entry("good"), entry("bad", hour="25"), 7]
    assert run(*entries, dry_run=True, leave_out_refused=True)[-2] == "2 refused, 1 added."
    assert run(*entries, leave_out_refused=True)[-1] == "1 definition imported."
    assert names() == ["good"]


def test_so_can_those_that_only_the_database_refuses(
    run: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = JobDefinition.save

    def refuse_some(self: JobDefinition, **kwargs: Any) -> None:
        if self.name != "good":
            raise ValueError("no")
        save(self, **kwargs)

    monkeypatch.setattr(JobDefinition, "save", refuse_some)
    entries = [entry("a"), entry("good"), entry("b")]
    with pytest.raises(CommandError, match="Nothing was imported: 1 definition refused"):
        run(*entries)
    assert names() == []
    assert "    ValueError: no" in run(*entries, leave_out_refused=True)
    assert names() == ["good"]


def test_it_needs_no_users_permission_but_obeys_the_checks_of_functions_and_commands(
    run: Importer,
) -> None:
    register(mail, permission="shop.refund")
    function = {"model": "countjobs.functionjob", "name": "f", "function": "shop.jobs.mail"}
    run(function)
    assert FunctionJob.objects.exists()
    command = {"model": "countjobs.commandjob", "name": "c", "command": "flush"}
    for bad in (command, {**function, "name": "g", "function": "os.system"}):
        with pytest.raises(CommandError):
            run(bad)
    assert not CommandJob.objects.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hello", "This is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": "crontab"}', "not a file of exported definitions"),
        (document(version=2), "reads versions up to 1"),
        (document(**{"\x1b[2J": 1}), r"an unknown key: “\\u001b\[2J”"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(run: Importer, text: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(text=text)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x80"])
def test_a_file_that_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "jobs.json"
    file.write_bytes(content)
    with pytest.raises(CommandError, match="not text in UTF-8"):
        call_command("importjobs", str(file))


@pytest.mark.parametrize("path", ["missing", "", "\0"])
def test_a_file_that_can_not_be_read_is_told_in_one_line(tmp_path: Path, path: str) -> None:
    with pytest.raises(CommandError, match="The file can't be read: "):
        call_command("importjobs", f"{tmp_path}/{path}")


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb", "\u202egnp", "\ud800", "x" * 100_000])
def test_no_name_or_value_can_break_the_terminal(run: Importer, name: str) -> None:
    with pytest.raises(CommandError):
        run(entry(name, description=name, **{name: name}), {"model": name, "name": name})
    for line in run.lines:
        assert line.encode().decode().isprintable()
        assert len(line) < 1_500


def test_it_reads_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + document(entry("a")).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    call_command("importjobs", "-")
    assert names() == ["a"]
