"""Requests: runs that were asked for, which any scheduler picks up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from countjobs.database.wakeups import notify
from countjobs.history import lifecycle
from countjobs.models import Execution
from countjobs.models.executions import Trigger
from countjobs.models.kinds import definition_key, not_overridable


def request_run(
    job_id: str,
    job_name: str,
    *,
    requested_by: str = "",
    trigger: Trigger = Trigger.MANUAL,
    parameters: dict[str, Any] | None = None,
) -> Execution:
    """Ask for a run of a job, now, and wake the schedulers.

    A paused job runs too: only its schedule is paused.

    Args:
        job_id: The job's key, such as a definition's `job_id`.
        job_name: What the history calls it.
        requested_by: Who asked: a user's name.
        trigger: Why: by hand, or through the API.
        parameters: Values for this run only, in place of the definition's.

    Raises:
        ValueError: The kind of job doesn't let a run override one of them (`run_overrides`).

    Returns:
        The queued run, which belongs to no scheduler yet.
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
    """The same for many jobs at once, given by their ids and names."""
    jobs = list(jobs)
    if parameters:
        _refuse([job_id for job_id, _name in jobs], parameters)
    with transaction.atomic():
        queued = lifecycle.request(
            jobs,
            timezone.now(),
            trigger=trigger,
            requested_by=requested_by,
            parameters=parameters or {},
        )
        notify()
    return queued


def _refuse(job_ids: Iterable[str], parameters: dict[str, Any]) -> None:
    for kind in {key[0] for job_id in job_ids if (key := definition_key(job_id))}:
        if refused := not_overridable(kind, parameters):
            raise ValueError(
                f"{kind._meta.label}: a run can't be given a value for {', '.join(refused)}."
            )
