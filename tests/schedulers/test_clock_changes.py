"""A scheduler in the nights of clock changes, and under a clock that is set to another time: it
neither spins, nor sleeps for an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone
from django_apscheduler.models import DjangoJob
from pytest_django import Settings

from countjobs.jobstores.claims import claim
from countjobs.models import CountJob, Execution
from countjobs.schedulers import BackgroundScheduler, create_scheduler
from countjobs.schedulers import mending as module
from countjobs.schedulers.loop import LONGEST_SLEEP_SECONDS, RETRY_SECONDS, DatabaseScheduler
from tests.support.factories import SECOND, code_job, every, store_job
from tests.support.waiting import wait_until

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


# The loop, under such a clock


@pytest.fixture
def clock(settings: Settings) -> Iterator[time_machine.Traveller]:
    """A wall clock that stands still until it is set. The monotonic clock goes on: no heartbeat is
    due meanwhile.
    """
    settings.COUNTJOBS = {"HEARTBEAT_SECONDS": 600, "LEASE_SECONDS": 1_800}
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@contextmanager
def turned_by_hand() -> Iterator[BackgroundScheduler]:
    """A scheduler whose loop turns when it is told to."""
    scheduler = create_scheduler(background=True)
    with patch.object(DatabaseScheduler, "_main_loop"):
        scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown()


def turn(scheduler: BackgroundScheduler) -> float:
    """One turn, and the end of all that it begins. Returns the seconds until the next."""
    wait = scheduler._process_jobs()
    wait_until(lambda: not Execution.objects.active().exists())
    return wait


def newest() -> Execution:
    execution = Execution.objects.order_by("pk").last()
    assert execution is not None
    return execution


def fires_at(job_id: str) -> datetime | None:
    next_run_time: datetime | None = DjangoJob.objects.get(id=job_id).next_run_time
    return next_run_time


@pytest.mark.django_db(transaction=True)
def test_the_loop_catches_up_with_an_hour_forward(clock: time_machine.Traveller) -> None:
    CountJob.objects.create(name="every second", second="*")
    with turned_by_hand() as scheduler:
        clock.shift(SECOND)
        assert turn(scheduler) == 1
        clock.shift(HOUR)
        assert turn(scheduler) == 1
    assert (newest().scheduled_at, newest().folded) == (NOON + HOUR + SECOND, 3_599)


@pytest.mark.django_db(transaction=True)
def test_the_loop_goes_on_at_once_after_an_hour_back(clock: time_machine.Traveller) -> None:
    job = CountJob.objects.create(name="every second", second="*")
    with turned_by_hand() as scheduler:
        clock.shift(SECOND)
        turn(scheduler)
        clock.shift(-HOUR)
        assert turn(scheduler) == 1
        assert fires_at(job.job_id) == NOON - HOUR + 2 * SECOND
        clock.shift(SECOND)
        turn(scheduler)
    assert (newest().scheduled_at, newest().status) == (NOON - HOUR + 2 * SECOND, "succeeded")


@pytest.mark.django_db(transaction=True)
def test_an_hour_forward_by_mistake_silences_nobody_once_that_is_corrected(
    clock: time_machine.Traveller,
) -> None:
    CountJob.objects.create(name="every second", second="*")
    daily = CountJob.objects.create(name="daily", hour="12", minute="30")
    with turned_by_hand() as scheduler:
        clock.move_to(NOON + HOUR)
        turn(scheduler)
        assert Execution.objects.filter(job_id=daily.job_id).count() == 1
        clock.move_to(NOON + 5 * SECOND)
        assert turn(scheduler) == 1
        for _ in range(3):
            clock.shift(SECOND)
            turn(scheduler)
        runs = Execution.objects.filter(job_name="every second").order_by("pk")
        seconds = [(run.scheduled_at - NOON).seconds for run in runs]
        assert seconds == [3_600, 6, 7, 8]
        clock.move_to(NOON + HOUR)
        turn(scheduler)
    assert Execution.objects.filter(job_id=daily.job_id).count() == 1  # it is in the history


@pytest.mark.django_db(transaction=True)
def test_the_loop_leaves_jobs_from_code_as_they_are_after_an_hour_back(
    clock: time_machine.Traveller,
) -> None:
    store_job(code_job("code", every(60)), due=NOON + 60 * SECOND)
    with turned_by_hand() as scheduler:
        clock.shift(-HOUR)
        assert turn(scheduler) == LONGEST_SLEEP_SECONDS
    assert fires_at("code") == NOON + 60 * SECOND


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("step", "is_mended"), [(-61, True), (-59, False), (3_600, False)])
def test_the_loop_puts_schedules_in_order_where_the_clock_falls_by_more_than_a_minute(
    step: int, is_mended: bool, clock: time_machine.Traveller
) -> None:
    with turned_by_hand() as scheduler, patch.object(module, "sync_steps", return_value=[]) as sync:
        turn(scheduler)
        clock.shift(step)
        for _ in range(2):
            turn(scheduler)
        assert sync.call_count == is_mended


@pytest.mark.django_db(transaction=True)
def test_the_loop_tries_again_to_put_schedules_in_order_after_an_outage(
    clock: time_machine.Traveller,
) -> None:
    errors = [OperationalError("gone"), []]
    with (
        turned_by_hand() as scheduler,
        patch.object(module, "sync_steps", side_effect=errors) as sync,
    ):
        clock.shift(-HOUR)
        assert turn(scheduler) == RETRY_SECONDS
        for _ in range(2):
            turn(scheduler)
        assert sync.call_count == 2
