"""An edit of a definition, and when its row is due then. Promises 3 and 11."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, ParkedJob
from tests.support.job_rows import MINUTE, NOW, make_job, row_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rows_clock")]


@pytest.mark.parametrize(
    "edit",
    [
        {"name": "renamed"},
        {"description": "What it is for"},
        {"count": 7},
        {"messages": {"one": "one count."}},
        {"max_instances": 3},
        {"misfire_grace_time": 5},
        {"coalesce": False},
        {"second": " 00 "},
    ],
)
def test_an_edit_that_leaves_the_schedule_alone_keeps_what_is_due(
    edit: dict[str, Any], rows_clock: time_machine.Traveller
) -> None:
    job = make_job()
    due = row_of(job).next_run_time
    rows_clock.move_to(NOW + 10 * MINUTE)
    CountJob.objects.filter(pk=job.pk).update(**edit)
    assert row_of(job).next_run_time == due == NOW.replace(second=0) + MINUTE


@pytest.mark.parametrize(
    ("cron", "due", "is_kept"),
    [
        ({"second": "*"}, timedelta(hours=1), False),
        ({"second": "*"}, timedelta(seconds=61), False),
        ({"second": "*"}, timedelta(seconds=60), True),  # clocks differ a little
        ({"second": "*", "jitter": 1}, timedelta(hours=1), False),
        ({"second": "*", "end_date": NOW + MINUTE / 2}, timedelta(seconds=30), True),
        ({"hour": "10", "minute": "5"}, timedelta(days=1, seconds=298), False),
        ({"hour": "10", "minute": "5"}, timedelta(seconds=298), True),
        ({"hour": "9"}, timedelta(hours=23, seconds=-2), True),
    ],
)
def test_a_row_that_a_wrong_clock_has_put_off_is_brought_near_again(
    cron: dict[str, Any], due: timedelta, is_kept: bool
) -> None:
    job = make_job(**cron)
    DjangoJob.objects.update(next_run_time=NOW + due)
    CountJob.objects.update(description="text")
    expected = NOW + due if is_kept else job.next_fire_time(NOW)
    assert row_of(job).next_run_time == expected


@pytest.mark.parametrize(
    "edit",
    [
        {"minute": "*/5"},
        {"timezone": "Asia/Tokyo"},
        {"jitter": 5},
        {"end_date": NOW + timedelta(days=1)},
        {"start_date": NOW - timedelta(days=1)},
    ],
)
def test_promise_11_an_edit_of_the_schedule_counts_from_now_and_never_fires_the_past(
    edit: dict[str, Any], rows_clock: time_machine.Traveller
) -> None:
    job = make_job()
    later = NOW + 10 * MINUTE
    rows_clock.move_to(later)
    CountJob.objects.filter(pk=job.pk).update(**edit)
    assert row_of(job).next_run_time > later
    assert row_of(job).next_run_time == CountJob.objects.get().next_fire_time(later)


def test_promise_11_an_edit_on_the_very_second_of_a_fire_time_fires_at_the_next(
    rows_clock: time_machine.Traveller,
) -> None:
    mark = NOW.replace(second=0) + 5 * MINUTE
    job = make_job()
    rows_clock.move_to(mark)
    CountJob.objects.update(minute="*/5")
    assert row_of(job).next_run_time == mark + 5 * MINUTE


def test_promise_11_disabled_it_has_no_next_run_and_enabled_again_it_counts_from_now(
    rows_clock: time_machine.Traveller,
) -> None:
    job = make_job()
    job.enabled = False
    job.save()
    assert row_of(job).next_run_time is None
    rows_clock.move_to(NOW + 10 * MINUTE)
    job.name = "renamed while it was disabled"
    job.save()
    assert row_of(job).next_run_time is None
    job.enabled = True
    job.save()
    assert row_of(job).next_run_time == NOW.replace(second=0) + 11 * MINUTE


def test_a_schedule_that_has_ended_is_paused_but_not_broken() -> None:
    job = make_job(end_date=NOW - MINUTE)
    assert row_of(job).next_run_time is None
    assert not ParkedJob.objects.exists()
