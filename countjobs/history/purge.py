"""Retention: old runs are deleted by age, and by number per job.

The number is per job, so that the runs of a busy job don't drive out those of a weekly one. Runs
are deleted in batches, each a transaction of its own, so that schedulers don't have to wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from countjobs.models import Execution
from countjobs.models.executions import ACTIVE

BATCH = 5_000


def purge(now: datetime, *, days: int, keep: int, batch: int = BATCH) -> int:
    """Delete runs that were due more than `days` ago, and of each job all but the newest `keep`.

    Runs that have not ended stay. Returns how many were deleted.
    """
    ended = Execution.objects.exclude(status__in=ACTIVE).order_by()
    deleted = _delete(ended.filter(scheduled_at__lt=now - timedelta(days=days)), batch)
    counted = Execution.objects.order_by().values("job_id").annotate(count=models.Count("pk"))
    for job_id in counted.filter(count__gt=keep).values_list("job_id", flat=True):
        of_job = Execution.objects.filter(job_id=job_id).newest_first()
        # No row if another purge was faster.
        for at, pk in of_job.values_list("scheduled_at", "pk")[keep - 1 : keep]:
            older = models.Q(scheduled_at__lt=at) | models.Q(scheduled_at=at, pk__lt=pk)
            deleted += _delete(ended.filter(older, job_id=job_id), batch)
    return deleted


def _delete(executions: models.QuerySet[Execution], batch: int) -> int:
    total = 0
    while pks := list(executions.values_list("pk", flat=True)[:batch]):
        count, _ = Execution.objects.filter(pk__in=pks).delete()
        total += count
    return total
