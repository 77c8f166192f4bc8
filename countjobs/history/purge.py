"""Retention: old runs are deleted by age, and by number per job. So is what other apps register.

A definition may say for how many days its runs are kept. That replaces both numbers of the
settings: of days, and of days for failures. The greatest number of runs is per job, so that the
runs of a busy job don't drive out those of a weekly one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db import connection, models

from countjobs.database.distinct import distinct_values
from countjobs.database.many_values import many_values
from countjobs.history.batched import BATCH, Batches
from countjobs.history.retention import (
    NOT_CHAINED,
    Bounds,
    ended,
    ended_before,
    kept_by_definitions,
)
from countjobs.models import Execution, SchedulerNode
from countjobs.models.newest_runs import read_ended_before, read_nth_newest

Purge: TypeAlias = Callable[[datetime, int, int], int]
"""Given the present time, the days, and the most rows in a batch. Returns how many were deleted."""

ORDER = ("scheduled_at", "pk")
_JOBS = 100
"""How many jobs one statement looks at."""
_others: dict[str, Purge] = {}


def register(name: str, purge_old: Purge) -> None:
    """Have `purgeexecutions` delete other old rows, too. `name` is what one is called.

    `countjobs.history.batched.Batches` deletes them so that nobody waits.
    """
    _others[name] = purge_old


def purge(
    now: datetime,
    *,
    days: int,
    keep: int,
    days_failures: int = 0,
    batch: int = BATCH,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Delete runs that were due more than `days` ago, and of each job all but the newest `keep`.

    Those that failed are kept for `days_failures`, if that is longer. If a definition says for how
    long its runs are kept, that counts instead of both. Runs that have not ended stay. Returns how
    many were deleted. Raises StopRun if it is part of a run that is to stop.
    """
    batches = Batches(batch, sleep=sleep)
    own = kept_by_definitions()
    bounds = Bounds.of(now, days, days_failures)
    longer = [job_id for job_id, its_days in own.items() if its_days > days]
    of_others = ~models.Q(job_id__in=many_values(longer)) if longer else models.Q()
    old = Execution.objects.filter(scheduled_at__lt=bounds.others)
    batches.delete(old, of_others & ended_before(bounds), ORDER)
    for job_ids in _all_jobs():
        since = {job_id: now - timedelta(days=own[job_id]) for job_id in job_ids if job_id in own}
        _purge_by_definition(since, batches)
        _purge_by_number(job_ids, keep, batches)
    return batches.deleted


def purge_others(now: datetime, *, days: int, batch: int = BATCH) -> Iterator[tuple[str, int]]:
    """Delete what else is old. Returns for each kind of row its name, and how many there were."""
    for name, purge_old in _others.items():
        yield name, purge_old(now, days, batch)


def _all_jobs() -> Iterator[list[str]]:
    """The ids of all jobs that have runs, in portions."""
    last, table = None, Execution._meta.db_table
    while found := distinct_values(connection, table, "job_id", after=last, most=_JOBS):
        yield found
        last = found[-1]


def _purge_by_definition(since: dict[str, datetime], batches: Batches) -> None:
    if not since:
        return
    for past in read_ended_before(connection, Execution, since, 1):
        moment = since[past.job_id]
        old = Execution.objects.filter(job_id=past.job_id, scheduled_at__lt=moment)
        batches.delete(old, ended_before(Bounds(moment, moment)), ORDER)


def _purge_by_number(job_ids: list[str], keep: int, batches: Batches) -> None:
    for job_id, key in read_nth_newest(connection, Execution, job_ids, keep).items():
        # No row if another purge was faster.
        for at in Execution.objects.filter(pk=key).values_list("scheduled_at", flat=True):
            older = models.Q(scheduled_at__lt=at) | (models.Q(pk__lt=key) & NOT_CHAINED)
            of_job = Execution.objects.filter(job_id=job_id, scheduled_at__lte=at)
            batches.delete(of_job, older & ended(), ORDER)


def _purge_stopped(now: datetime, days: int, batch: int) -> int:
    """Schedulers that stopped long ago. Others forget them sooner, but perhaps there are none."""
    stopped = SchedulerNode.objects.filter(state=SchedulerNode.State.STOPPED)
    return Batches(batch).delete(stopped.filter(heartbeat__lt=now - timedelta(days=days)))


register("scheduler", _purge_stopped)
