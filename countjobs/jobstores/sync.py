"""Making the job store agree with the definitions, after raw SQL, a restored backup, a new key."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.rows import delete_rows, park, write_rows
from countjobs.jobstores.signing import UnreadableJobError, unseal
from countjobs.jobstores.wakeups import notify
from countjobs.models import JobDefinition, ParkedJob
from countjobs.models.definitions import concrete_definitions
from countjobs.text import describe, storable


def sync(now: datetime) -> list[str]:
    """Mend every row that disagrees. Returns what was mended, a line each.

    In batches, each a transaction of its own, so that no other writer waits for all of them.
    """
    mended = []
    for model in concrete_definitions():
        pks = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
        mended += write_rows(model, pks, now)
        mended += _delete_orphans(model)
    with transaction.atomic():
        mended += _restore_others(now)
    return mended


def _delete_orphans(model: type[JobDefinition]) -> list[str]:
    """Rows of definitions that are gone."""
    rows = DjangoJob.objects.filter(id__startswith=model.job_id_of(""))
    # Read before the definitions: the row of one that is being created is not an orphan.
    job_ids = set(rows.values_list("id", flat=True))
    job_ids -= {model.job_id_of(pk) for pk in model._base_manager.values_list("pk", flat=True)}
    orphans = sorted(job_ids)
    delete_rows(orphans)
    return [f"{job_id}: deleted, its definition is gone" for job_id in orphans]


def _restore_others(now: datetime) -> list[str]:
    """Jobs from code: those that can't be restored are parked, those that can again go on."""
    rows = DjangoJob.objects.select_for_update().order_by("id")
    for model in concrete_definitions():
        rows = rows.exclude(id__startswith=model.job_id_of(""))
    parked = ParkedJob.objects.in_bulk()
    mended = []
    for row in rows:
        was = parked[row.id].error if row.id in parked else None
        next_run_time, error = _restored(row, now, is_parked=was is not None)
        if error == was:
            continue
        if error is None:
            ParkedJob.objects.filter(job_id=row.id).delete()
            mended.append(f"{row.id}: mended, next run at {next_run_time}")
        else:
            park([ParkedJob(job_id=row.id, error=error, parked_at=now)])
            mended.append(f"{row.id}: broken, {error}")
        row.next_run_time = next_run_time
        row.save(update_fields=["next_run_time"])
    if mended:
        notify()
    return mended


def _restored(
    row: DjangoJob, now: datetime, *, is_parked: bool
) -> tuple[datetime | None, str | None]:
    """When a job runs next, or what is wrong with it."""
    try:
        job = unseal(row.id, bytes(row.job_state))
        if not is_parked:
            return row.next_run_time, None
        # Its own word for a job that was paused before it broke.
        is_paused = job.next_run_time is None
        return None if is_paused else job.trigger.get_next_fire_time(None, now), None
    except UnreadableJobError as error:
        return None, storable(str(error))
    except Exception as error:  # triggers are anybody's code
        return None, describe(error)
