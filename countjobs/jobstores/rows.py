"""The one place that writes the job store's rows of definitions.

It listens to the signals of `countjobs.models`, and so runs in the transaction that wrote the
definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from apscheduler.job import Job
from django.apps import apps
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.signing import UnreadableJobError, seal, unseal
from countjobs.jobstores.wakeups import notify
from countjobs.models import JobDefinition, ParkedJob

RUN_DEFINITION = "countjobs.jobstores.rows:run_definition"
"""What the row of a definition calls, by APScheduler's kind of reference."""

_BATCH = 500


def run_definition(label: str, pk: str) -> None:
    """Run a definition that is given by its model's label and its key."""
    load_definitions([(label, pk)])[label, pk].run()


def load_definitions(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], JobDefinition]:
    """Definitions by their models' labels and keys: one query a model. The missing are left out."""
    by_label: dict[str, list[str]] = {}
    for label, pk in keys:
        by_label.setdefault(label, []).append(pk)
    return {
        (label, str(definition.pk)): definition
        for label, pks in by_label.items()
        for definition in apps.get_model(label)._base_manager.filter(pk__in=pks)
    }


def definitions_changed(sender: type[JobDefinition], pks: Iterable[Any], **_: Any) -> None:
    """Write the rows of definitions that were written. A row that agrees is left alone."""
    write_rows(sender, list(pks), timezone.now())


def definitions_deleted(sender: type[JobDefinition], pks: Iterable[Any], **_: Any) -> None:
    """Delete the rows of definitions that were deleted. Their history stays."""
    ids = [sender.job_id_of(pk) for pk in pks]
    DjangoJob.objects.filter(id__in=ids).delete()
    ParkedJob.objects.filter(job_id__in=ids).delete()
    notify()


def write_rows(model: type[JobDefinition], pks: list[Any], now: datetime) -> list[str]:
    """Make the rows of definitions agree with them. Returns what was mended, a line each."""
    mended: list[str] = []
    for start in range(0, len(pks), _BATCH):
        batch = pks[start : start + _BATCH]
        definitions = list(model._base_manager.filter(pk__in=batch).order_by("pk"))
        mended += _write_batch(definitions, now)
    if mended:
        notify()
    return mended


def _write_batch(definitions: list[JobDefinition], now: datetime) -> list[str]:
    ids = [definition.job_id for definition in definitions]
    # The lock makes an edit wait for a claim of the same row that is under way, and then see it.
    locked = DjangoJob.objects.select_for_update().order_by("id").filter(id__in=ids)
    rows = {row.id: row for row in locked}
    parked = ParkedJob.objects.in_bulk(ids)
    written, broken, whole, mended = [], [], [], []
    for definition in definitions:
        row, error = _row(definition, rows.get(definition.job_id), now)
        was = parked.get(definition.job_id)
        if row is not None:
            written.append(row)
        if error:
            broken.append(ParkedJob(job_id=definition.job_id, error=error, parked_at=now))
        elif was:
            whole.append(definition.job_id)
        if row is not None or (was.error if was else "") != error:
            mended.append(f"{definition.job_id} ({definition.name}): {error or _next_run(row)}")
    DjangoJob.objects.bulk_create(
        written, update_conflicts=True, unique_fields=["id"], update_fields=["next_run_time", "job_state"]
    )
    park(broken)
    ParkedJob.objects.filter(job_id__in=whole).delete()
    return mended


def _next_run(row: DjangoJob | None) -> str:
    return f"next run at {row.next_run_time}" if row and row.next_run_time else "paused"


def park(broken: list[ParkedJob]) -> None:
    """Write down jobs as broken; the newest error of a job counts."""
    ParkedJob.objects.bulk_create(
        broken, update_conflicts=True, unique_fields=["job_id"], update_fields=["error", "parked_at"]
    )


def _row(definition: JobDefinition, row: DjangoJob | None, now: datetime) -> tuple[DjangoJob | None, str]:
    """The row to write, or None where the present one agrees; and what is broken, or ""."""
    error = "\n".join(definition.problems())
    if error:
        if row is not None and row.next_run_time is None:
            return None, error
        state = row.job_state if row is not None else b""
        return DjangoJob(id=definition.job_id, next_run_time=None, job_state=state), error
    job = job_of(definition)
    old = row and _job_of_row(row)
    scheduled = old is not None and row is not None and row.next_run_time is not None
    if scheduled and definition.enabled and _schedule(old) == _schedule(job):
        # An edit that leaves the schedule alone leaves what is due alone, too.
        next_run_time = row.next_run_time
    else:
        next_run_time = definition.next_fire_time(now)
    if old is not None and row.next_run_time == next_run_time and _options(old) == _options(job):
        return None, ""
    return DjangoJob(id=definition.job_id, next_run_time=next_run_time, job_state=seal(job)), ""


def job_of(definition: JobDefinition) -> Job:
    """APScheduler's job of a valid definition."""
    job = Job.__new__(Job)
    job.__setstate__(
        {
            "version": 1,
            "id": definition.job_id,
            "func": RUN_DEFINITION,
            "trigger": definition.trigger(),
            "executor": definition.executor,
            "args": (definition._meta.label_lower, str(definition.pk)),
            "kwargs": {},
            "name": definition.name,
            "misfire_grace_time": definition.misfire_grace_time,
            "coalesce": definition.coalesce,
            "max_instances": definition.max_instances,
            "next_run_time": None,  # the row's column has it
        }
    )
    return job


def _job_of_row(row: DjangoJob) -> Job | None:
    try:
        return unseal(row.id, bytes(row.job_state))
    except UnreadableJobError:
        return None


def _schedule(job: Job) -> object:
    return job.trigger.__getstate__()


def _options(job: Job) -> Mapping[str, object]:
    return {**job.__getstate__(), "trigger": _schedule(job), "next_run_time": None}
