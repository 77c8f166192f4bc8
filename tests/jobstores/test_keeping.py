"""Issue 8, line 24: a time zone database that has changed its mind; nothing runs an hour off, or
twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apscheduler.triggers.cron import CronTrigger
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.claims import claim
from countjobs.jobstores.rows import disagreeing
from countjobs.jobstores.sync import sync
from countjobs.models import CountJob, Execution
from countjobs.triggers import ScheduleTrigger
from tests.support.factories import NOON, code_job, make_due, make_execution, store_job

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DUE = datetime(2026, 3, 5, 14, tzinfo=UTC)
"""15:00 in Berlin, by the database of today. By another one, it was an hour earlier, or later."""

NEAR_CHANGES = {
    "UTC": [datetime(2026, 3, 28, 23, tzinfo=UTC)],
    "Europe/Berlin": [
        datetime(2026, 3, 29, 0, 10, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 10, tzinfo=UTC),
    ],
    "Australia/Lord_Howe": [
        datetime(2026, 4, 4, 14, 10, tzinfo=UTC),
        datetime(2026, 10, 3, 14, 40, tzinfo=UTC),
    ],
}
"""Some minutes before the clocks are changed there, which have fire times on both sides."""


def daily(**fields: Any) -> CountJob:
    return CountJob.objects.create(
        name="daily", **{"hour": "15", "minute": "0", "timezone": "Europe/Berlin", **fields}
    )


def mended(job_id: str, kept: datetime, now: datetime) -> datetime | None:
    """What a start makes of a row with such a time."""
    make_due(job_id, kept)
    sync(now)
    due: datetime | None = DjangoJob.objects.get(id=job_id).next_run_time
    return due


@pytest.mark.parametrize("wrong", [-HOUR, HOUR])
def test_what_is_to_come_is_recomputed(wrong: timedelta) -> None:
    job_id = daily().job_id
    assert mended(job_id, DUE + wrong, DUE - 5 * HOUR) == DUE


def test_what_waits_and_comes_later_by_the_new_rules_waits_on() -> None:
    """Else it would run now, and again in an hour."""
    assert mended(daily().job_id, DUE - HOUR, DUE - HOUR / 2) == DUE


def test_what_waits_and_was_due_earlier_by_the_new_rules_is_not_lost() -> None:
    assert mended(daily().job_id, DUE + HOUR, DUE + 2 * HOUR) == DUE


def test_what_came_earlier_and_has_passed_already_is_not_lost() -> None:
    assert mended(daily().job_id, DUE + HOUR, DUE + HOUR / 2) == DUE


def test_what_waits_since_days_is_caught_up_with_from_then() -> None:
    assert mended(daily().job_id, DUE - HOUR, DUE + 3 * DAY) == DUE


def test_what_has_run_already_is_not_run_again() -> None:
    definition = daily()
    make_execution(job_id=definition.job_id, scheduled_at=DUE, trigger="schedule")
    assert mended(definition.job_id, DUE + HOUR, DUE + HOUR / 2) == DUE
    assert not claim(DUE + HOUR / 2, limit=10, node="here", busy={}).jobs
    assert DjangoJob.objects.get().next_run_time == DUE + DAY
    assert Execution.objects.count() == 1


@pytest.mark.parametrize("late", [timedelta(), HOUR, 10 * DAY])
def test_what_is_overdue_and_right_is_left_alone(late: timedelta) -> None:
    definition = daily()
    make_due(definition.job_id, DUE)
    assert sync(DUE + late) == []
    assert not disagreeing(CountJob, [definition.pk], DUE + late)


@pytest.mark.parametrize("jitter", [0, 1, 600])
@pytest.mark.parametrize("second", ["0", "*", "*/7"])
@pytest.mark.parametrize("zone", NEAR_CHANGES)
def test_every_fire_time_is_kept_through_clock_changes_and_jitter(
    zone: str, second: str, jitter: int
) -> None:
    definition = CountJob.objects.create(
        name="job", minute="*/20", second=second, timezone=zone, jitter=jitter
    )
    for change in NEAR_CHANGES[zone]:
        at = change
        for _ in range(7):
            found = definition.trigger().get_next_fire_time(None, at)
            assert found is not None
            fire = found.astimezone(UTC)
            make_due(definition.job_id, fire)
            for now in (fire - HOUR, fire, fire + HOUR):
                if now >= fire or fire == definition.next_fire_time(now):
                    assert sync(now) == []
            at = fire + timedelta(minutes=21)


def test_it_is_one_search_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = daily()
    make_due(definition.job_id, DUE)
    calls: list[object] = []
    search = ScheduleTrigger.get_next_fire_time

    def count(self: ScheduleTrigger, *args: Any) -> datetime | None:
        calls.append(args)
        return search(self, *args)

    monkeypatch.setattr(ScheduleTrigger, "get_next_fire_time", count)
    assert sync(DUE - HOUR) == []
    assert len(calls) == 1


# Jobs from code


def cron(**options: Any) -> CronTrigger:
    return CronTrigger(hour=15, timezone="Europe/Berlin", **options)


@pytest.mark.parametrize(
    ("kept", "now", "expected"),
    [
        (DUE + HOUR, DUE - 5 * HOUR, DUE),
        (DUE - HOUR, DUE - 5 * HOUR, DUE),
        (DUE - HOUR, DUE - HOUR / 2, DUE),
        (DUE + HOUR, DUE + HOUR / 2, DUE),
        (DUE, DUE + DAY, DUE),
        (DUE, DUE - HOUR, DUE),
    ],
)
def test_a_cron_job_from_code_too(kept: datetime, now: datetime, expected: datetime) -> None:
    store_job(code_job(trigger=cron()))
    assert mended("code", kept, now) == expected


def test_the_first_run_of_a_job_from_code_is_where_code_has_put_it() -> None:
    store_job(code_job(trigger=cron(), next_run_time=NOON))
    assert mended("code", NOON, NOON - HOUR) == NOON


@pytest.mark.parametrize("trigger", [cron(jitter=60), None])
def test_other_triggers_from_code_are_left_alone(trigger: CronTrigger | None) -> None:
    store_job(code_job(trigger=trigger))
    odd = DUE + timedelta(seconds=1)
    assert mended("code", odd, DUE - HOUR) == odd


def test_a_paused_job_from_code_stays_paused() -> None:
    store_job(code_job(trigger=cron()), due=None)
    assert sync(NOON) == []


@pytest.mark.parametrize("hour", ["2", "*", "*/2"])
def test_fire_times_from_code_in_a_clock_change_are_kept(hour: str) -> None:
    trigger = CronTrigger(hour=hour, minute=30, timezone="Europe/Berlin")
    store_job(code_job(trigger=trigger))
    for near in (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)):
        fire = None
        for _ in range(6):
            at = fire or near
            fire = trigger.get_next_fire_time(fire, at).astimezone(UTC)
            make_due("code", fire)
            assert sync(fire - HOUR / 4) == []
            assert sync(fire + HOUR / 4) == []
