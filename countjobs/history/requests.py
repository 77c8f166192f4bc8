"""Requests: runs that were asked for, which any scheduler picks up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from countjobs.jobstores.wakeups import notify
from countjobs.models import Execution
from countjobs.models.executions import Trigger


def request_run(
    job_id: str,
    job_name: str,
    *,
    requested_by: str = "",
    trigger: Trigger = Trigger.MANUAL,
    parameters: dict[str, Any] | None = None,
) -> Execution:
    """Ask for a run of a job, now, and wake the schedulers.

    A job that is paused runs too: its schedule is what is paused.

    Args:
        job_id: The job's key, such as a definition's `job_id`.
        job_name: What the history is to call it.
        requested_by: Who asked: a user's name.
        trigger: Why: by hand, or through the API.
        parameters: What is overridden for this run only.

    Returns:
        The queued execution, which belongs to no scheduler yet.
    """
    return request_runs(
        [(job_id, job_name)], requested_by=requested_by, trigger=trigger, parameters=parameters
    )[0]


def request_runs(
    jobs: Iterable[tuple[str, str]],
    *,
    requested_by: str = "",
    trigger: Trigger = Trigger.MANUAL,
    parameters: dict[str, Any] | None = None,
) -> list[Execution]:
    """Ask likewise for a run of each of many jobs, given by their ids and names."""
    now = timezone.now()
    with transaction.atomic():
        queued = Execution.objects.bulk_create(
            Execution(
                job_id=job_id,
                job_name=job_name[:255],
                trigger=trigger,
                scheduled_at=now,
                requested_by=requested_by[:255],
                parameters=parameters or {},
            )
            for job_id, job_name in jobs
        )
        notify()
    return queued
