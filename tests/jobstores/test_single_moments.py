"""Definitions of a single moment: they run once, late if need be, and then stay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.claims import claim
from countjobs.jobstores.sync import sync
from countjobs.models import CountJob, Execution, ParkedJob
from tests.support.factories import NOON, SECOND, statuses
from tests.support.job_rows import row

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON + timedelta(milliseconds=700), tick=False) as traveller:
        yield traveller


def once(at: datetime | None = NOON + HOUR, **fields: Any) -> CountJob:
    return CountJob(name="job", schedule_type="once", run_at=at, **fields)


def due(definition: CountJob) -> datetime | None:
    found: datetime | None = row(definition.job_id).next_run_time
    return found


def claimed(now: datetime) -> list[str]:
    return [job.id for job in claim(now, limit=10, node="here:1:1", busy={}).jobs]


def saved_once(clock: time_machine.Traveller, **fields: Any) -> CountJob:
    definition = once(**fields)
    definition.full_clean()
    definition.save()
    return definition


def test_it_runs_once_and_stays(clock: time_machine.Traveller) -> None:
    definition = saved_once(clock)
    assert claimed(NOON + 59 * MINUTE) == []
    assert claimed(NOON + HOUR) == [definition.job_id]
    assert due(definition) is None
    clock.move_to(NOON + 2 * HOUR)
    assert sync(NOON + 2 * HOUR) == []
    assert not ParkedJob.objects.exists()
    assert claimed(NOON + 9 * HOUR) == []
    assert statuses(definition.job_id) == ["queued"]


def test_one_whose_moment_passed_in_a_downtime_runs_late_once(
    clock: time_machine.Traveller,
) -> None:
    definition = saved_once(clock)
    clock.move_to(NOON + 30 * DAY)
    sync(NOON + 30 * DAY)
    assert claimed(NOON + 30 * DAY) == [definition.job_id]
    run = Execution.objects.get()
    assert (run.scheduled_at, run.folded) == (NOON + HOUR, 0)


def test_one_that_may_not_be_that_late_is_missed(clock: time_machine.Traveller) -> None:
    definition = saved_once(clock, misfire_grace_time=60)
    assert claimed(NOON + 2 * HOUR) == []
    assert statuses(definition.job_id) == ["missed"]
    assert due(definition) is None


@pytest.mark.parametrize("jitter", [0, 600])
@pytest.mark.parametrize(
    "edit",
    [
        lambda each: CountJob.objects.update(description="x"),
        lambda each: CountJob.objects.update(retries=3),
        lambda each: each.save(),
        lambda each: sync(NOON + 2 * HOUR),
        lambda each: CountJob.objects.filter(pk=each.pk).update(name="renamed"),
    ],
)
def test_one_that_is_due_and_edited_before_it_is_claimed_still_runs(
    edit: Any, jitter: int, clock: time_machine.Traveller
) -> None:
    definition = saved_once(clock, jitter=jitter)
    clock.move_to(NOON + 2 * HOUR)
    edit(definition)
    assert claimed(NOON + 2 * HOUR) == [definition.job_id]


def test_one_that_was_paused_when_its_moment_passed_does_not_run_when_resumed(
    clock: time_machine.Traveller,
) -> None:
    definition = saved_once(clock)
    CountJob.objects.update(enabled=False)
    clock.move_to(NOON + 2 * HOUR)
    CountJob.objects.update(enabled=True)
    assert due(definition) is None
    assert claimed(NOON + 2 * HOUR) == []
    assert not ParkedJob.objects.exists()


def test_another_moment_makes_it_run_again(clock: time_machine.Traveller) -> None:
    definition = saved_once(clock)
    assert claimed(NOON + HOUR) == [definition.job_id]
    clock.move_to(NOON + 2 * HOUR)
    definition.run_at = NOON + 3 * HOUR
    definition.full_clean()
    definition.save()
    assert due(definition) == NOON + 3 * HOUR


def test_a_type_that_changes_leaves_nothing_of_the_other(clock: time_machine.Traveller) -> None:
    definition = saved_once(clock)
    for schedule_type, every, expected in (
        ("interval", 60, NOON + MINUTE),
        ("cron", None, NOON + MINUTE),
        ("once", None, NOON + HOUR),
    ):
        definition.schedule_type, definition.every = schedule_type, every
        definition.start_date = None
        definition.save()
        assert due(definition) == expected
    assert DjangoJob.objects.filter(next_run_time__lt=NOON + SECOND).count() == 0
