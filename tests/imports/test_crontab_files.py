"""A crontab as it is on real machines: what comes over fires when cronsim says, for a year."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from cronsim import CronSim
from django.core.management import CommandError, call_command

from countjobs.models import CommandJob

NOW = datetime(2026, 1, 10, 12, 0, 20, tzinfo=UTC)
END = NOW + timedelta(days=366)
FILE = Path(__file__).with_name("machine.crontab")
NICKNAMES = {"@daily": "0 0 * * *", "@hourly": "0 * * * *"}

pytestmark = pytest.mark.django_db


def imported(*options: str, file: object = FILE) -> list[str]:
    out = io.StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("importschedules", str(file), "--from", "crontab", *options, stdout=out)
    return out.getvalue().splitlines()


def reasons(lines: list[str]) -> dict[int, str]:
    """Why a line isn't imported, by its number."""
    found = (line for line in lines if line.startswith("not imported: line "))
    return {int(line.split()[3].strip(":")): line for line in found}


def names(lines: list[str]) -> dict[int, str]:
    """The names of the definitions made, by the number of the line."""
    found = (line for line in lines if line.startswith("made: line "))
    return {int(line.split()[2].strip(":")): line.split("“")[-1].strip("”") for line in found}


def by_cronsim(line: str, zone: str) -> list[datetime]:
    words = line.split()
    text = NICKNAMES.get(words[0]) or " ".join(words[:5])
    found = CronSim(text, NOW.astimezone(ZoneInfo(zone)))
    return [*takewhile(lambda at: at < END, (at.astimezone(UTC) for at in found))]


def ours(definition: CommandJob) -> list[datetime]:
    found, at = [], definition.trigger().get_next_fire_time(None, NOW)
    while at is not None and at < END:
        found.append(at.astimezone(UTC))
        at = definition.trigger().get_next_fire_time(at, at)
    return found


def test_what_comes_over_fires_when_another_library_says_for_a_year() -> None:
    lines = imported("--user-column", "--timezone", "Europe/Berlin")
    made = names(lines)
    assert len(made) == 10
    for number, name in made.items():
        definition = CommandJob.objects.get(name=name)
        line = FILE.read_text().splitlines()[number - 1]
        expected = by_cronsim(line, definition.timezone)
        assert ours(definition) == expected, line
        assert expected
    assert imported("--user-column", "--timezone", "Europe/Berlin")[-1].startswith("10 unchanged")


def test_commands_have_their_arguments_and_comments() -> None:
    imported("--user-column")
    found: dict[str, Any] = {each.name: each for each in CommandJob.objects.all()}
    assert found["clearsessions"].description == "Sessions"
    assert {"clearsessions (2)", "clearsessions (3)"} <= found.keys()
    assert found["purgeexecutions --keep 5 --days 9"].arguments == "--keep 5 --days 9"
    assert found["purgeexecutions --keep 1000"].timezone == "Asia/Tokyo"
    assert found["purgeexecutions --days 30"].timezone == "UTC"


def test_all_other_lines_are_told_with_the_reason() -> None:
    told = " ".join(reasons(imported("--user-column")).values())
    for reason in (
        "It doesn't call manage.py.",
        'is not among COUNTJOBS["COMMANDS"]',
        "unrecognized arguments: --nothing",
        "restricts the day of the month and the day of the week",
        "It goes on after the command, with “&&”.",
        "It goes on after the command, with “|”.",
        "“sudo” stands before manage.py",
        "something that only a shell knows",
        "can't be split into words",
        "calls manage.py without a command",
        "Values go from 0 to 23",
        "2026-03-08 03:00:00 -0400, cron is due",
    ):
        assert reason in told


def test_a_dry_run_writes_nothing() -> None:
    lines = imported("--user-column", "--dry-run")
    assert sum(line.startswith("would be made: ") for line in lines) == 10
    assert lines[-1] == "This was a dry run: nothing has been written."
    assert not CommandJob.objects.exists()


def test_what_a_person_has_edited_is_left(tmp_path: Path) -> None:
    file = tmp_path / "crontab"
    file.write_text("0 3 * * * python manage.py clearsessions\n")
    imported(file=file)
    CommandJob.objects.update(hour="4")
    assert "left as it is" in (line := imported(file=file)[1])
    assert "differs in hour" in line
    assert CommandJob.objects.get().hour == "4"


def test_a_clock_change_that_differs_can_be_accepted() -> None:
    assert len(names(imported("--user-column", "--accept-clock-changes"))) == 11


def test_a_line_that_is_refused_keeps_the_numbers_of_those_after_it(tmp_path: Path) -> None:
    file = tmp_path / "crontab"
    call = "python manage.py clearsessions"
    file.write_text(f"TZ=America/New_York\n30 2 * * * {call}\n0 5 * * * {call}\n")
    assert names(imported(file=file)) == {3: "clearsessions (2)"}
    assert names(imported("--accept-clock-changes", file=file)) == {2: "clearsessions"}


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("0 3 * * * manage.py clearsessions\n"))
    assert imported(file="-")[-1] == "1 made."


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--from", "crontab"], "needs the file"),
        (["/nowhere", "--from", "crontab"], "The crontab can't be read"),
        (["--from", "celery-beat"], "no table django_celery_beat_periodictask"),
        (["--from", "django-q"], "no table django_q_schedule"),
        (["a", "--from", "django-q"], "takes no file"),
        (["a", "--from", "crontab", "--timezone", "Mars"], "There is no time zone “Mars”"),
    ],
)
def test_a_source_that_is_not_there_is_an_error(options: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("importschedules", *options)
