"""Making the job store agree with the definitions, after raw SQL, a restored backup, a new key."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.rows import park, write_rows
from countjobs.jobstores.signing import UnreadableJobError, unseal
from countjobs.jobstores.wakeups import notify
from countjobs.models import JobDefinition, ParkedJob
from countjobs.models.definitions import concrete_definitions


def sync(now: datetime) -> list[str]:
    """Mend every row that disagrees. Returns what was mended, a line each."""
    mended = []
    for model in concrete_definitions():
        with transaction.atomic():
            pks = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
            mended += write_rows(model, pks, now)
            mended += _delete_orphans(model, {model.job_id_of(pk) for pk in pks})
    with transaction.atomic():
        mended += _restore_others(now)
    return mended


def _delete_orphans(model: type[JobDefinition], job_ids: set[str]) -> list[str]:
    """Rows of definitions that are gone."""
    prefix = model.job_id_of("")
    rows = DjangoJob.objects.filter(id__startswith=prefix).values_list("id", flat=True)
    orphans = sorted(set(rows) - job_ids)
    DjangoJob.objects.filter(id__in=orphans).delete()
    ParkedJob.objects.filter(job_id__in=orphans).delete()
    return [f"{job_id}: deleted, its definition is gone" for job_id in orphans]


def _restore_others(now: datetime) -> list[str]:
    """Jobs from code: those that can't be restored are parked, those that can again go on."""
    prefixes = tuple(model.job_id_of("") for model in concrete_definitions())
    parked = ParkedJob.objects.in_bulk()
    mended = []
    for row in DjangoJob.objects.select_for_update().order_by("id"):
        if row.id.startswith(prefixes):
            continue
        try:
            job = unseal(row.id, bytes(row.job_state))
        except UnreadableJobError as error:
            if row.id in parked and parked[row.id].error == str(error):
                continue
            park([ParkedJob(job_id=row.id, error=str(error), parked_at=now)])
            row.next_run_time = None
            mended.append(f"{row.id}: broken, {error}")
        else:
            if row.id not in parked:
                continue
            ParkedJob.objects.filter(job_id=row.id).delete()
            row.next_run_time = job.trigger.get_next_fire_time(None, now)
            mended.append(f"{row.id}: mended, next run at {row.next_run_time}")
        row.save(update_fields=["next_run_time"])
    if mended:
        notify()
    return mended
