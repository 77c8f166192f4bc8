"""Jobs that have had no success for longer than their definitions allow."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from countjobs.history.watching import look_for_silence
from countjobs.models import CountJob, JobWatch
from countjobs.models.executions import Status
from tests.support.factories import NOON, execution_of, make_definition

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def watched(since: datetime = NOON) -> CountJob:
    """A job that should have a success each hour, watched since an instant."""
    definition = make_definition(due=None, most_silence=3_600)
    JobWatch.objects.filter(pk=definition.job_id).update(counts_from=since)
    return definition


def ended(definition: CountJob, at: datetime, status: Status = Status.SUCCEEDED) -> None:
    execution_of(definition, status, scheduled_at=at, started_at=at, finished_at=at)


def silent_since(definition: CountJob) -> datetime | None:
    return JobWatch.objects.get(pk=definition.job_id).silent_since


def test_promise_34_a_job_that_does_not_run_any_more_is_silent_since_its_last_success() -> None:
    job = watched(NOON - 3 * HOUR)
    ended(job, NOON)
    assert look_for_silence(NOON + HOUR / 2) == []
    assert silent_since(job) is None
    said = f'Job "{job.job_id}" is silent: no success since 2026-03-04 12:00:00 UTC.'
    assert look_for_silence(NOON + 2 * HOUR) == [said]
    assert silent_since(job) == NOON
    assert look_for_silence(NOON + 3 * HOUR) == [], "it is said once"


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.TIMED_OUT, Status.LOST, Status.SKIPPED, Status.MISSED]
)
def test_promise_34_what_is_no_success_is_silence_whatever_the_reason(status: Status) -> None:
    job = watched()
    ended(job, NOON + HOUR, status)
    look_for_silence(NOON + 2 * HOUR)
    assert silent_since(job) == NOON


def test_promise_34_the_next_success_ends_the_silence() -> None:
    job = watched()
    look_for_silence(NOON + 2 * HOUR)
    assert silent_since(job) == NOON
    ended(job, NOON + 2 * HOUR)
    assert look_for_silence(NOON + 2 * HOUR) == [f'Job "{job.job_id}" is no longer silent.']
    assert silent_since(job) is None


def test_a_paused_job_is_not_silent_and_when_it_is_resumed_the_time_starts_again() -> None:
    job = watched(NOON - 9 * HOUR)
    job.enabled = False
    job.save()
    assert look_for_silence(NOON) == []
    job.enabled = True
    job.save()
    assert JobWatch.objects.get(pk=job.job_id).counts_from > NOON
