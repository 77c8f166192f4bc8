"""`purgeexecutions`: deletes old history, as far back and as much as is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status
from tests.support.factories import NOON, make_execution, make_node

DAY = timedelta(days=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]


def purge(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    call_command("purgeexecutions", *args)
    return capsys.readouterr().out


def make_history(count: int) -> None:
    for days in range(count):
        make_execution(scheduled_at=NOON - days * DAY)


def test_promise_18_it_deletes_what_is_old_and_says_how_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_history(10)
    assert purge(capsys, "--days", "4") == "5 runs deleted.\n"
    assert Execution.objects.count() == 5


def test_it_keeps_the_newest_of_each_job(capsys: pytest.CaptureFixture[str]) -> None:
    make_history(10)
    make_execution(job_id="rare", scheduled_at=NOON - 20 * DAY)
    assert purge(capsys, "--keep", "3") == "7 runs deleted.\n"
    assert Execution.objects.filter(job_id="rare").exists()


def test_without_options_the_settings_count(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.COUNTJOBS = {"KEEP_DAYS": 5, "KEEP_PER_JOB": 4}
    make_history(10)
    assert purge(capsys) == "6 runs deleted.\n"


def test_failures_are_kept_longer_if_an_option_or_the_settings_say_so(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    for status in (Status.FAILED, Status.SUCCEEDED):
        for days in (1, 6, 30):
            make_execution(status, scheduled_at=NOON - days * DAY)
    settings.COUNTJOBS = {"KEEP_DAYS": 5, "KEEP_DAYS_FAILURES": 20}
    assert purge(capsys, "--days-failures", "40") == "2 runs deleted.\n"
    assert purge(capsys) == "1 run deleted.\n"
    assert purge(capsys, "--days-failures", "0") == "1 run deleted.\n"


def test_it_says_what_else_it_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    for days in (1, 91, 92):
        make_node(NOON - days * DAY, state=SchedulerNode.State.STOPPED)
    assert purge(capsys) == "0 runs deleted.\n2 schedulers deleted.\n"
    assert purge(capsys) == "0 runs deleted.\n"


def test_by_default_a_season_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    make_execution(scheduled_at=NOON - 90 * DAY)
    make_execution(scheduled_at=NOON - 91 * DAY)
    assert purge(capsys) == "1 run deleted.\n"


@pytest.mark.parametrize("option", ["--days", "--keep"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "", "9" * 9, "9" * 12])
def test_numbers_that_make_no_sense_are_refused(option: str, value: str) -> None:
    with pytest.raises(CommandError, match="must be a whole number from 1 to"):
        call_command("purgeexecutions", f"{option}={value}")


@pytest.mark.parametrize("value", ["-1", "1.5", "", "9" * 9])
def test_days_for_failures_that_make_no_sense_are_refused(value: str) -> None:
    with pytest.raises(CommandError, match="must be a whole number from 0 to"):
        call_command("purgeexecutions", f"--days-failures={value}")
