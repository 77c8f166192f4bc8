"""A scheduler in the nights of clock changes: it neither spins, nor sleeps for an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.claims import claim
from countjobs.models import CountJob, Execution
from countjobs.schedulers import create_scheduler

FOLD = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)  # New York's clock goes back at 06:00 UTC
GAP = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)  # and forward at 07:00 UTC
MINUTE = timedelta(minutes=1)


def _runs_of_a_night(start: datetime, **cron: str) -> list[str]:
    """When a scheduler that looks every ten minutes for four hours runs a job, in UTC."""
    job = CountJob.objects.create(name="job", timezone="America/New_York", **cron)
    first = job.next_fire_time(start)
    DjangoJob.objects.filter(id=job.job_id).update(next_run_time=first)
    for look in range(4 * 6 + 1):
        claims = claim(start + look * 10 * MINUTE, limit=10, node="here", busy={})
        assert len(claims.jobs) <= 1, "it spins"
    runs = Execution.objects.filter(job_id=job.job_id).order_by("scheduled_at")
    assert not runs.exclude(status="queued", folded=0).exists()
    return [f"{run.scheduled_at:%H:%M}" for run in runs]


@pytest.mark.django_db
def test_promise_06_a_daily_job_runs_once_in_the_night_of_the_repeated_hour() -> None:
    assert _runs_of_a_night(FOLD, hour="1", minute="30") == ["05:30"]


@pytest.mark.django_db
def test_promise_06_a_daily_job_runs_once_in_the_night_of_the_dropped_hour() -> None:
    assert _runs_of_a_night(GAP, hour="2", minute="30") == ["07:30"]


@pytest.mark.django_db
@pytest.mark.parametrize("start", [FOLD, GAP])
def test_promise_06_an_interval_goes_on_through_both_nights(start: datetime) -> None:
    expected = [f"{start + count * 30 * MINUTE:%H:%M}" for count in range(1, 9)]
    assert _runs_of_a_night(start, minute="*/30") == expected


def test_promise_06_the_scheduler_itself_runs_in_utc() -> None:
    with timezone.override("America/New_York"):
        assert create_scheduler(background=True).timezone == UTC


# The machine's own clock, set forward or back by an hour

HOUR = 60 * MINUTE
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def _claim(now: datetime) -> list[datetime]:
    """The fire times that are run at an instant, each ended at once."""
    claims = claim(now, limit=10, node="here", busy={})
    Execution.objects.active().update(status="succeeded", finished_at=now)
    return [run.scheduled_at for job in claims.jobs for run in job.runs]


def _every_second() -> CountJob:
    job = CountJob.objects.create(name="every second", second="*")
    DjangoJob.objects.filter(id=job.job_id).update(next_run_time=NOON)
    return job


@pytest.mark.django_db
def test_an_hour_forward_is_caught_up_with_and_the_schedule_goes_on() -> None:
    _every_second()
    assert _claim(NOON) == [NOON]
    assert _claim(NOON + HOUR) == [NOON + HOUR]
    assert Execution.objects.latest().folded == 3_599
    assert _claim(NOON + HOUR + MINUTE / 60) == [NOON + HOUR + MINUTE / 60]


@pytest.mark.django_db
def test_an_hour_back_repeats_nothing_and_goes_on_where_the_history_ends() -> None:
    _every_second()
    assert _claim(NOON) == [NOON]
    for minute in range(-60, 1):
        assert _claim(NOON + minute * MINUTE) == []
    assert _claim(NOON + MINUTE / 60) == [NOON + MINUTE / 60]
    assert Execution.objects.count() == 2


@pytest.mark.django_db
def test_while_the_clock_is_an_hour_back_a_row_that_is_written_anew_repeats_nothing() -> None:
    job = _every_second()
    for second in range(3):
        _claim(NOON + second * MINUTE / 60)
    DjangoJob.objects.filter(id=job.job_id).update(next_run_time=NOON)  # paused and resumed
    assert [_claim(NOON + second * MINUTE / 60) for second in range(4)] == [
        *[[], [], []],
        [NOON + 3 * MINUTE / 60],
    ]


@pytest.mark.django_db
def test_a_job_that_is_made_while_the_clock_is_an_hour_back_runs_at_once() -> None:
    _every_second()
    _claim(NOON)
    new = CountJob.objects.create(name="new", second="*")
    DjangoJob.objects.filter(id=new.job_id).update(next_run_time=NOON - HOUR)
    assert _claim(NOON - HOUR) == [NOON - HOUR]
