"""From an edit to its effect: a scheduler that sleeps is woken, on either database.

How soon is for the benchmarks to say. Here it must be well under what the loop would sleep by
itself, on a busy machine too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution
from countjobs.schedulers.loop import LONGEST_SLEEP_SECONDS
from tests.support.running_schedulers import scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

WOKEN = timedelta(seconds=LONGEST_SLEEP_SECONDS / 2)


def ended(execution: Execution) -> bool:
    execution.refresh_from_db()
    return execution.finished_at is not None


def first_start(job: CountJob) -> datetime | None:
    return (
        Execution.objects.filter(job_id=job.job_id, started_at__isnull=False)
        .order_by("started_at")
        .values_list("started_at", flat=True)
        .first()
    )


def test_promise_03_what_was_asked_for_wakes_a_scheduler_that_sleeps(tmp_path: Path) -> None:
    job = CountJob.objects.create(name="job", enabled=False, count=1)
    with scheduler(tmp_path / "log"):
        for _ in range(3):  # without being woken, it would hardly be in time thrice
            execution = request_run(job.job_id, job.name)
            wait_until(lambda: ended(execution))  # noqa: B023
            assert execution.started_at is not None
            assert execution.started_at - execution.scheduled_at < WOKEN


def test_promise_03_an_edit_wakes_a_scheduler_that_sleeps(tmp_path: Path) -> None:
    jobs = [CountJob.objects.create(name=str(number), enabled=False) for number in range(3)]
    with scheduler(tmp_path / "log"):
        for job in jobs:
            job.second, job.enabled = "*", True
            job.save()
            edited = timezone.now()
            wait_until(lambda: first_start(job))  # noqa: B023
            started = first_start(job)
            assert started is not None
            assert started - edited < WOKEN + timedelta(seconds=1)  # a second until it is due
            CountJob.objects.filter(pk=job.pk).update(enabled=False)
