"""Issue 8, line 23: jobs that code adds are stored at once, and mean times of TIME_ZONE."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from apscheduler.jobstores.base import ConflictingIdError, JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from django.db import OperationalError, ProgrammingError
from django_apscheduler.models import DjangoJob
from pytest_django import Settings

from countjobs.jobstores.claims import claim
from countjobs.models import CountJob
from countjobs.schedulers import BackgroundScheduler, create_scheduler
from tests.app import jobs
from tests.support.factories import NOON, make_definition

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
THREE_PM = datetime(2026, 3, 5, 15, tzinfo=TOKYO)


@pytest.fixture(autouse=True)
def in_tokyo(settings: Settings) -> Any:
    settings.TIME_ZONE = "Asia/Tokyo"
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def scheduler() -> BackgroundScheduler:
    """One that is never started."""
    return create_scheduler(background=True)


def due() -> datetime | None:
    stored: datetime | None = DjangoJob.objects.get().next_run_time
    return stored


# The time zone


@pytest.mark.parametrize(
    ("trigger", "options", "expected"),
    [
        ("cron", {"hour": 15}, THREE_PM),
        ("cron", {"hour": 15, "start_date": "2026-03-07 15:00:00"}, THREE_PM + timedelta(days=2)),
        ("date", {"run_date": datetime(2026, 3, 5, 15)}, THREE_PM),
        ("date", {"run_date": "2026-03-05 15:00:00"}, THREE_PM),
        ("date", {"run_date": date(2026, 3, 6)}, THREE_PM + timedelta(hours=9)),
        ("interval", {"days": 1, "start_date": "2026-03-05 15:00:00"}, THREE_PM),
        ("cron", {"hour": 15, "timezone": "UTC"}, NOON + timedelta(hours=3)),
        ("cron", {"next_run_time": datetime(2026, 3, 5, 15)}, THREE_PM),
        ("cron", {"next_run_time": THREE_PM}, THREE_PM),
    ],
)
def test_times_without_a_zone_are_those_of_time_zone(
    scheduler: BackgroundScheduler, trigger: str, options: dict[str, Any], expected: datetime
) -> None:
    scheduler.add_job(jobs.greet, trigger, args=["Ann"], **options)
    assert due() == expected


def test_a_job_from_code_and_a_definition_of_the_same_fields_fire_together(
    scheduler: BackgroundScheduler,
) -> None:
    scheduler.add_job(jobs.greet, "cron", args=["Ann"], hour=15)
    CountJob.objects.create(name="same", hour="15", minute="0", timezone="Asia/Tokyo")
    assert DjangoJob.objects.values("next_run_time").distinct().count() == 1
    assert CountJob._meta.get_field("timezone").get_default() == "Asia/Tokyo"


def test_the_decorator_and_a_new_trigger_mean_the_same(scheduler: BackgroundScheduler) -> None:
    scheduler.scheduled_job("cron", args=["Ann"], id="decorated", hour=15)(jobs.greet)
    assert due() == THREE_PM
    scheduler.reschedule_job("decorated", trigger="cron", hour=16)
    assert due() == THREE_PM + timedelta(hours=1)
    scheduler.modify_job("decorated", next_run_time=datetime(2026, 3, 5, 17))
    assert due() == THREE_PM + timedelta(hours=2)


def test_a_zone_that_the_scheduler_is_given_counts_and_the_loop_goes_on_in_utc() -> None:
    scheduler = create_scheduler(background=True, timezone="Europe/Berlin")
    scheduler.add_job(jobs.greet, "cron", args=["Ann"], hour=15)
    assert due() == NOON + timedelta(hours=2)
    assert scheduler.timezone == UTC


# Stored at once


def test_a_job_is_stored_without_a_start_and_any_scheduler_runs_it(
    scheduler: BackgroundScheduler,
) -> None:
    scheduler.add_job(jobs.greet, args=["Ann"], id="greeting", name="a greeting")
    (claimed,) = claim(NOON, limit=10, node="another", busy={}).jobs
    assert (claimed.id, claimed.name) == ("greeting", "a greeting")


def test_one_that_is_there_is_replaced_or_refused(scheduler: BackgroundScheduler) -> None:
    scheduler.add_job(jobs.greet, "cron", ["Ann"], id="greeting", hour=1)
    with pytest.raises(ConflictingIdError):
        create_scheduler().add_job(jobs.greet, "cron", ["Ann"], id="greeting", hour=2)
    create_scheduler().add_job(
        jobs.greet, "cron", ["Ann"], id="greeting", hour=15, replace_existing=True
    )
    assert due() == THREE_PM


def test_what_was_stored_can_be_found_changed_and_removed(scheduler: BackgroundScheduler) -> None:
    make_definition()
    job = scheduler.add_job(jobs.greet, "cron", ["Ann"], id="greeting", hour=15)
    other = create_scheduler()
    assert other.get_job("greeting").name == "greet"
    assert "greeting" in {each.id for each in other.get_jobs()}
    other.pause_job("greeting")
    assert DjangoJob.objects.get(id="greeting").next_run_time is None
    other.resume_job("greeting")
    assert DjangoJob.objects.get(id="greeting").next_run_time == THREE_PM
    job.remove()
    with pytest.raises(JobLookupError):
        other.remove_job("greeting")
    assert other.get_job("greeting") is None
    scheduler.add_job(jobs.greet, "cron", ["Ann"], hour=15)
    other.remove_all_jobs()
    assert DjangoJob.objects.count() == 1  # the definition's


@pytest.mark.parametrize("options", [{"id": "countjobs.countjob:7"}, {"args": [lambda: None]}])
def test_what_can_t_be_stored_is_refused_at_once(
    scheduler: BackgroundScheduler, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"reserved for a definition|can't be pickled"):
        scheduler.add_job(jobs.greet, **options)
    if "id" in options:  # wherever it stands
        with pytest.raises(ValueError, match="reserved for a definition"):
            scheduler.scheduled_job("cron", None, None, options["id"])(jobs.greet)
    assert not scheduler._pending_jobs


@pytest.mark.parametrize("error", [OperationalError("gone"), ProgrammingError("no such table")])
def test_one_that_the_database_can_t_take_yet_waits_for_the_start_and_a_warning_says_so(
    scheduler: BackgroundScheduler,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(job: object) -> None:
        raise error

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(scheduler.store, "add_job", fail)
        scheduler.add_job(jobs.greet, "cron", ["Ann"], id="greeting", hour=15)
    assert f"It will be stored when the scheduler starts. The error: {error}" in caplog.text
    assert [job.id for job, *_ in scheduler._pending_jobs] == ["greeting"]
    assert scheduler.get_job("greeting").pending
    scheduler.remove_job("greeting")
    assert not scheduler._pending_jobs


def test_another_job_store_s_jobs_wait_for_the_start_as_ever(
    scheduler: BackgroundScheduler,
) -> None:
    scheduler.add_jobstore(MemoryJobStore(), "memory")
    scheduler.add_job(jobs.greet, "cron", ["Ann"], id="greeting", hour=15, jobstore="memory")
    assert not DjangoJob.objects.exists()
    assert [job.id for job in scheduler.get_jobs("memory")] == ["greeting"]
