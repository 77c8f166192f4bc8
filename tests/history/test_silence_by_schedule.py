"""Silence by the schedule: no success for three due times, as something keeps the job from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from countjobs.history.silence import look_for_silence
from countjobs.history.silence_by_schedule import silent_by_schedule
from countjobs.models import CountJob, FailingJob, JobWatch
from countjobs.models.executions import Status, Trigger
from tests.app.models import Greeting
from tests.support.factories import (
    NOON,
    SECOND,
    code_job,
    execution_of,
    make_definition,
    make_due,
    make_node,
    store_job,
)
from tests.support.told import Told, told

__all__ = ["told"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GOOD, RUNNING, QUEUED = Status.SUCCEEDED, Status.RUNNING, Status.QUEUED
NOT_RUN = [Status.MISSED, Status.SKIPPED, Status.CANCELLED]


def silent(now: datetime) -> dict[str, datetime]:
    return dict(silent_by_schedule(now))


def hourly(name: str = "hourly", **fields: Any) -> CountJob:
    """Due each hour; by its row in the job store, next in a far future."""
    return make_definition(name, due=NOON + 99 * DAY, minute="0", **fields)


def ran(
    definition: Any, status: Status, due: datetime, took: timedelta = SECOND, **fields: Any
) -> None:
    values: dict[str, Any] = {"scheduled_at": due, "trigger": Trigger.SCHEDULE, "node": "here"}
    if status != QUEUED:
        values["started_at"] = due
    if status not in {QUEUED, RUNNING}:
        values["finished_at"] = due + took
    execution_of(definition, status, **{**values, **fields})


def test_a_run_that_hangs_makes_its_job_silent_after_three_due_times() -> None:
    definition = hourly()
    ran(definition, GOOD, NOON - HOUR)
    ran(definition, RUNNING, NOON)
    for number in (1, 2):
        ran(definition, Status.SKIPPED, NOON + number * HOUR)
    assert silent(NOON + 2 * HOUR - SECOND) == {}
    assert silent(NOON + 2 * HOUR + SECOND) == {definition.job_id: NOON}


def test_a_run_that_always_takes_long_is_not_silent() -> None:
    definition = make_definition(due=NOON + 99 * DAY)  # every minute, and takes ten
    ran(definition, GOOD, NOON, 10 * MINUTE)
    ran(definition, RUNNING, NOON + 11 * MINUTE)
    for number in {*range(40)} - {0, 11}:
        ran(definition, Status.SKIPPED, NOON + number * MINUTE)
    for number in range(1, 40):
        assert silent(NOON + number * MINUTE + SECOND) == {}, number
    assert silent(NOON + 42 * MINUTE) == {definition.job_id: NOON + 37 * MINUTE}


def test_the_first_run_ever_may_take_its_time() -> None:
    definition = hourly()
    ran(definition, RUNNING, NOON)
    assert silent(NOON + 9 * HOUR) == {}


def test_a_row_that_nobody_takes_makes_its_job_silent() -> None:
    definition = hourly()
    make_due(definition.job_id, NOON)
    ran(definition, GOOD, NOON - HOUR)
    assert silent(NOON + 2 * HOUR - SECOND) == {}
    assert silent(NOON + 2 * HOUR + SECOND) == {definition.job_id: NOON}


def test_a_run_that_is_claimed_and_never_begun_makes_its_job_silent() -> None:
    definition = hourly()
    ran(definition, GOOD, NOON - HOUR)
    ran(definition, QUEUED, NOON)
    assert silent(NOON + 2 * HOUR + SECOND) == {definition.job_id: NOON}


@pytest.mark.parametrize("how", NOT_RUN)
def test_three_due_times_in_a_row_that_were_not_run_make_a_job_silent(how: Status) -> None:
    definition = hourly()
    ran(definition, GOOD, NOON)
    for number in (1, 2, 3):
        assert silent(NOON + number * HOUR + SECOND) == {}
        ran(definition, how, NOON + number * HOUR)
    assert silent(NOON + 3 * HOUR + SECOND) == {definition.job_id: NOON + HOUR}
    ran(definition, GOOD, NOON + 4 * HOUR)
    assert silent(NOON + 4 * HOUR + MINUTE) == {}


def test_over_a_weekend_a_job_of_working_days_is_not_silent() -> None:
    definition = make_definition(due=NOON + 99 * DAY, day_of_week="mon-fri", hour="9", minute="0")
    friday = datetime(2026, 3, 6, 9, tzinfo=UTC)
    ran(definition, GOOD, friday - DAY)
    ran(definition, Status.MISSED, friday)
    for hours in range(0, 96, 7):
        assert silent(friday + hours * HOUR) == {}
    for number in (3, 4):
        ran(definition, Status.MISSED, friday + number * DAY)
    assert silent(friday + 4 * DAY + SECOND) == {definition.job_id: friday}


def test_intervals_count_as_well() -> None:
    definition = make_definition(schedule_type="interval", every=7200, start_date=NOON, due=NOON)
    ran(definition, GOOD, NOON - 2 * HOUR)
    assert silent(NOON + 4 * HOUR - SECOND) == {}
    assert silent(NOON + 4 * HOUR + SECOND) == {definition.job_id: NOON}


@pytest.mark.parametrize(
    ("first", "hours"),
    [(datetime(2026, 3, 28, 8, tzinfo=UTC), 47), (datetime(2026, 10, 24, 7, tzinfo=UTC), 49)],
)
def test_a_clock_change_counts_as_the_day_that_it_is(first: datetime, hours: int) -> None:
    definition = make_definition(due=first, timezone="Europe/Berlin", hour="9", minute="0")
    ran(definition, GOOD, first - DAY)
    third = first + hours * HOUR
    assert silent(third - SECOND) == {}
    assert silent(third + SECOND) == {definition.job_id: first}


def test_no_job_is_silent_before_five_minutes() -> None:
    definition = make_definition(second="*", due=NOON)
    ran(definition, GOOD, NOON - SECOND)
    assert silent(NOON + 5 * MINUTE - SECOND) == {}
    assert silent(NOON + 5 * MINUTE + SECOND) == {definition.job_id: NOON + SECOND}


def test_a_job_that_fails_is_not_silent_besides() -> None:
    definition = hourly()
    make_due(definition.job_id, NOON)
    FailingJob.objects.create(job_id=definition.job_id, since=NOON, noted_at=NOON, execution_id=1)
    assert silent(NOON + 9 * HOUR) == {}


def test_after_a_long_pause_no_job_is_silent() -> None:
    definition = hourly()
    ran(definition, GOOD, NOON - HOUR)
    for number in range(2):
        ran(definition, Status.MISSED, NOON + number * HOUR)
    CountJob.objects.update(enabled=False)
    later = NOON + 30 * DAY
    assert silent(later) == {}
    with time_machine.travel(later, tick=False):
        CountJob.objects.update(enabled=True)
        assert silent(later + MINUTE) == {}


def test_when_the_schedulers_have_just_started_nothing_is_silent_yet() -> None:
    definition = hourly()
    ran(definition, GOOD, NOON - HOUR)
    make_due(definition.job_id, NOON)
    later = NOON + DAY
    node = make_node(later, started=later - 2 * MINUTE)
    assert silent(later) == {}
    make_node(later - DAY, started=NOON - DAY)
    assert silent(later) == {}, "a dead one says nothing"
    node.started = later - 6 * MINUTE
    node.save()
    assert silent(later) == {definition.job_id: later - 3 * HOUR}


def test_what_was_missed_in_a_downtime_is_not_silence() -> None:
    definition = hourly(misfire_grace_time=60)
    ran(definition, GOOD, NOON - DAY)
    ran(definition, Status.MISSED, NOON, folded=23)
    assert silent(NOON + 50 * MINUTE) == {}
    ran(definition, Status.MISSED, NOON + HOUR)
    assert silent(NOON + HOUR + MINUTE) == {definition.job_id: NOON - HOUR}


def test_what_has_a_limit_of_its_own_or_no_schedule_is_left_out() -> None:
    for definition in (
        hourly("limited", most_silence=99_999_999),
        hourly("off", enabled=False),
        make_definition("once", schedule_type="once", run_at=NOON + HOUR, due=None),
    ):
        ran(definition, GOOD, NOON - HOUR)
        ran(definition, RUNNING, NOON)
    store_job(code_job(), NOON)
    assert silent(NOON + 3 * DAY) == {}


def test_a_kinds_own_trigger_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = Greeting.objects.create(name="own")
    make_due(definition.job_id, NOON)
    assert silent(NOON + DAY) == {definition.job_id: NOON + DAY - 3 * MINUTE - 2 * MINUTE}
    monkeypatch.setattr(Greeting, "trigger", lambda self: code_job().trigger)
    assert silent(NOON + DAY) == {}
    monkeypatch.setattr(Greeting, "trigger", lambda self: 1 / 0)
    assert silent(NOON + DAY) == {}


@pytest.mark.parametrize(("after", "is_silent"), [(0, False), (2, True), (4, False)])
def test_how_many_due_times_is_a_setting(settings: Settings, after: int, is_silent: bool) -> None:
    settings.COUNTJOBS = {"SILENT_AFTER": after}
    definition = hourly()
    make_due(definition.job_id, NOON)
    assert bool(silent(NOON + 2 * HOUR + SECOND)) is is_silent


def test_a_silence_is_told_once_and_so_is_its_end(told: Told) -> None:
    definition = hourly()
    ran(definition, GOOD, NOON - HOUR)
    make_due(definition.job_id, NOON)
    at = NOON + 2 * HOUR + SECOND
    assert look_for_silence(at) == [
        f'Job "{definition.job_id}" is silent: no success since 2026-03-04 12:00:00 UTC.'
    ]
    assert look_for_silence(at + MINUTE) == []
    ran(definition, GOOD, NOON, at - NOON)
    ran(definition, Status.SKIPPED, NOON + 2 * HOUR)
    assert look_for_silence(at + 2 * MINUTE) == [f'Job "{definition.job_id}" is no longer silent.']
    assert look_for_silence(at + 3 * MINUTE) == []
    assert told.names() == ["silent", "no longer silent"]
    assert [change.since for _name, change in told.all] == [NOON, NOON]


def test_saving_a_silent_definition_does_not_end_its_silence(told: Told) -> None:
    definition = hourly()
    make_due(definition.job_id, NOON)
    look_for_silence(NOON + 3 * HOUR)
    definition.description = "hangs"
    definition.save()
    look_for_silence(NOON + 3 * HOUR)
    assert told.names() == ["silent"]


@pytest.mark.parametrize("how", ["limit", "setting", "pause", "delete"])
def test_a_silence_by_the_schedule_ends_where_it_does_not_count(
    how: str, told: Told, settings: Settings
) -> None:
    definition = hourly()
    make_due(definition.job_id, NOON)
    look_for_silence(NOON + 3 * HOUR)
    if how == "limit":
        CountJob.objects.update(most_silence=99_999_999)
    elif how == "setting":
        settings.COUNTJOBS = {"SILENT_AFTER": 0}
    elif how == "pause":
        CountJob.objects.update(enabled=False)
    else:
        definition.delete()
    assert look_for_silence(NOON + 3 * HOUR + MINUTE) == (
        [f'Job "{definition.job_id}" is no longer silent.'] if how in {"limit", "setting"} else []
    )
    assert not JobWatch.objects.filter(silent_since__isnull=False).exists()


def test_without_its_limit_a_silent_job_is_looked_at_by_its_schedule(told: Told) -> None:
    definition = hourly(most_silence=3600)
    ran(definition, RUNNING, NOON)
    look_for_silence(NOON + 2 * HOUR)
    CountJob.objects.update(most_silence=None)
    assert look_for_silence(NOON + 3 * HOUR) == [f'Job "{definition.job_id}" is no longer silent.']
    assert told.names() == ["silent", "no longer silent"]


def test_jobs_in_no_trouble_cost_nothing() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert silent(NOON + 30 * SECOND) == {}
        return len(captured)

    one = queries()
    for number in range(20):
        ran(make_definition(str(number), due=NOON + MINUTE), GOOD, NOON)
    assert queries() == one == 5
