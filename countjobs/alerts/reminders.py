"""Reminders: a day after a job began to fail, to be silent, or broke, it is told once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from countjobs.alerts.events import Event
from countjobs.alerts.models import Alert, AlertChannel
from countjobs.alerts.outbox import write
from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.models import Execution, FailingJob, JobWatch, ParkedJob
from countjobs.signals import Change

AFTER = timedelta(days=1)
_BATCH = 500


def write_reminders(now: datetime) -> int:
    """Write the reminders that are due. Returns how many changes were told again.

    Raises django.db.Error.
    """
    written = 0
    for event, changes in _lasting(now - AFTER):
        for batch in batches(changes, _BATCH):
            written += _write(event, batch, now - AFTER)
    return written


def _lasting(before: datetime) -> Iterator[tuple[Event, list[Change]]]:
    """The states that have lasted since before then."""
    failing = rows_of(FailingJob).filter(noted_at__lt=before)
    yield (
        Event.FAILED,
        [
            Change(each.job_id, each.job_name, each.since, each.execution_id)
            for each in failing.iterator()
        ],
    )
    silent = rows_of(JobWatch).filter(silent_since__lt=before, paused_at=None)
    yield Event.SILENT, [Change(each.job_id, since=each.silent_since) for each in silent.iterator()]
    parked = rows_of(ParkedJob).filter(parked_at__lt=before)
    yield (
        Event.BROKE,
        [
            Change(each.job_id, since=each.parked_at, reason=each.error)
            for each in parked.iterator()
        ],
    )


def _write(event: Event, changes: list[Change], before: datetime) -> int:
    if not (due := _not_told(event, changes, before)):
        return 0  # as nearly always: nothing is locked
    with own_turn(), transaction.atomic():
        # Locked, so that two schedulers don't remind of the same. Alerts can be written meanwhile.
        if not AlertChannel.objects.filter(enabled=True).locked():
            return 0
        due = _not_told(event, due, before)
        write(event, _with_reasons(due), is_reminder=True)
    return len(due)


def _not_told(event: Event, changes: list[Change], before: datetime) -> list[Change]:
    """Those of which no reminder was written, and that were not told after `before`."""
    told = Alert.objects.filter(event=event, job_id__in=[each.job_id for each in changes])
    reminded = set(told.filter(is_reminder=True).values_list("job_id", "since"))
    # What began long ago may have been told just now.
    lately = set(told.filter(created_at__gte=before).values_list("job_id", flat=True))
    return [
        each
        for each in changes
        if each.job_id not in lately and (each.job_id, each.since) not in reminded
    ]


def _with_reasons(changes: list[Change]) -> list[Change]:
    """The same, with the errors of their runs."""
    runs = [each.execution_id for each in changes if each.execution_id is not None]
    errors: dict[int | None, str] = {}
    if runs:
        errors.update(Execution.objects.filter(pk__in=runs).values_list("pk", "error"))
    return [
        replace(each, reason=each.reason or errors.get(each.execution_id, "")) for each in changes
    ]
