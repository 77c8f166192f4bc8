"""Parking: jobs that can't run are set aside as broken, and come back when they are whole."""

from __future__ import annotations

from countjobs.history.announcing import announce
from countjobs.models import ParkedJob
from countjobs.signals import Change, job_broke, job_mended
from countjobs.text import storable


def park(broken: list[ParkedJob]) -> None:
    """Record jobs as broken, with their newest error. The caller has a transaction."""
    if not broken:
        return
    for each in broken:
        each.error = storable(each.error)
    job_ids = [each.job_id for each in broken]
    known = set(ParkedJob.objects.filter(job_id__in=job_ids).values_list("job_id", flat=True))
    ParkedJob.objects.bulk_create(
        broken,
        update_conflicts=True,
        unique_fields=["job_id"],
        update_fields=["error"],
    )
    new = [each for each in broken if each.job_id not in known]
    announce(job_broke, [_change(each) for each in new])


def unpark(job_ids: list[str]) -> None:
    """Jobs are whole again. The caller has a transaction."""
    parked = list(ParkedJob.objects.filter(job_id__in=job_ids))
    ParkedJob.objects.filter(job_id__in=job_ids).delete()
    announce(job_mended, [_change(each) for each in parked])


def _change(parked: ParkedJob) -> Change:
    return Change(parked.job_id, since=parked.parked_at, reason=parked.error)
