"""Requests: runs that were asked for, which any scheduler picks up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from countjobs.database.primary import rows_of
from countjobs.database.wakeups import notify
from countjobs.history import lifecycle
from countjobs.models import Execution, JobDefinition
from countjobs.models.executions import Trigger
from countjobs.models.kinds import definition_key, has_callees, keys_by_kind, not_overridable
from countjobs.text import shown


def request_run(
    job_id: JobDefinition | str,
    job_name: str = "",
    *,
    requested_by: str = "",
    trigger: Trigger = Trigger.MANUAL,
    parameters: dict[str, Any] | None = None,
) -> Execution:
    """Ask for a run of a job, now, and wake the schedulers.

    A paused job runs too: only its schedule is paused.

    Args:
        job_id: The job's key, or its definition.
        job_name: What the history calls it. By default the definition's name, or the key.
        requested_by: Who asked: a user's name.
        trigger: Why: by hand, or through the API.
        parameters: Values for this run only, in place of the definition's.

    Raises:
        ValueError: The kind of job doesn't let a run override one of them (`run_overrides`). Or the
            definition isn't saved.

    Returns:
        The queued run, which belongs to no scheduler yet.
    """
    if not isinstance(job_id, str) and job_id.pk is None:
        raise ValueError("Save the definition first: only then it has an id.")
    key = job_id if isinstance(job_id, str) else job_id.job_id
    return request_runs(
        [(key, job_name or _name_of(job_id))],
        requested_by=requested_by,
        trigger=trigger,
        parameters=parameters,
    )[0]


def _name_of(job: JobDefinition | str) -> str:
    if not isinstance(job, str):
        return job.name
    if (key := definition_key(job)) is None:
        return job
    model, pk = key
    return rows_of(model).filter(pk=pk).values_list("name", flat=True).first() or job


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
    for kind, pks in keys_by_kind(job_ids).items():
        if refused := not_overridable(kind, parameters):
            raise ValueError(
                f"{kind._meta.label}: a run can't be given a value for {', '.join(refused)}."
            )
        if has_callees(kind):  # what it calls says which values it takes
            for definition in rows_of(kind).filter(pk__in=pks):
                _try(definition, parameters)


def _try(definition: JobDefinition, parameters: dict[str, Any]) -> None:
    for name, value in parameters.items():
        setattr(definition, name, value)
    others = {field.name for field in definition._meta.fields} - parameters.keys()
    try:
        definition.clean_fields(exclude=others)
    except ValidationError as error:
        raise ValueError(f"{definition.name}: {' '.join(error.messages)}") from error


@dataclass(frozen=True)
class Cancelled:
    """What became of runs that somebody wanted to cancel. The others had ended already."""

    ended: int
    """How many had not started, and are cancelled."""
    asked: int
    """How many are in progress, and were asked to stop."""


def cancel_run(execution_id: int, *, requested_by: str = "") -> bool:
    """Cancel a run: one that waits ends at once, one in progress is asked to stop.

    Its scheduler sees that within a second (on SQLite, two), and ends it if its executor can. A job
    in a thread stops when it next calls `progress` or `current_run().check()`, or awaits something.

    Args:
        execution_id: The key of the run.
        requested_by: Who asked: a user's name.

    Returns:
        Whether there was anything to do. False: it had ended, it had been asked to stop before, or
        there is no such run.
    """
    done = cancel_runs([execution_id], requested_by=requested_by)
    return bool(done.ended or done.asked)


def cancel_runs(execution_ids: Collection[int], *, requested_by: str = "") -> Cancelled:
    """The same for many runs at once."""
    now, pks = timezone.now(), list(execution_ids)
    by = shown(requested_by) if requested_by else ""
    reason = _("Cancelled by %s.") % by if by else _("Cancelled.")
    ended = lifecycle.cancel(pks, reason, now, requested_by)
    running = Execution.objects.filter(pk__in=pks)
    return Cancelled(ended, lifecycle.ask_to_stop(running, requested_by, now))
