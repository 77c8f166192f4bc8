"""Silence by the schedule: no success for several due times in a row (setting SILENT_AFTER).

Most jobs run well, and asking each of them would be costly. So this looks only at those that an
index shows to be in trouble: their row in the job store is overdue, a run doesn't end, or their due
times are skipped, missed or cancelled. A job that fails isn't silent: that was told when it began.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger
from django.db.models import F, Min
from django_apscheduler.models import DjangoJob

from countjobs.conf import Conf
from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.models import Execution, FailingJob, JobDefinition, SchedulerNode
from countjobs.models.executions import Status
from countjobs.models.kinds import keys_by_kind
from countjobs.triggers import BoundedTrigger

AT_LEAST = timedelta(minutes=5)
"""No job is silent sooner, however often it is due."""
MOST_JOBS = 1_000
"""How many jobs one look examines, so that it costs little where nearly all are in trouble."""
_MOST = 10_000
"""Rows of each sort that one look reads."""
_BATCH = 500
_NOT_RUN = (Status.MISSED, Status.SKIPPED, Status.CANCELLED)
_TICK = timedelta(microseconds=1)


@dataclass
class _Trouble:
    """What the indexes show."""

    overdue: dict[str, datetime] = field(default_factory=dict)
    """Since when a job's row in the job store has been due."""
    unfinished: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)
    """When a job's oldest unfinished run was due, and when it started."""
    not_run: defaultdict[str, list[tuple[datetime, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Due times that were not run, and for how many each stands."""

    @property
    def job_ids(self) -> set[str]:
        return {*self.overdue, *self.unfinished, *self.not_run}

    def has_kept(self, job_id: str, begin: datetime, most: int, now: datetime) -> bool:
        """Whether something has kept a job from succeeding since then, for `most` due times.

        After a pause nothing has: the due times of a paused job leave no trace.
        """
        if self.overdue.get(job_id, now) <= begin:
            return True
        due, started = self.unfinished.get(job_id, (now, None))
        if due <= begin:
            return started is None or _takes_too_long(job_id, due, now - started, most)
        # One row may stand for all due times of a downtime: that alone isn't silence.
        counts = (min(count, most - 1 or 1) for at, count in self.not_run[job_id] if at >= begin)
        return sum(counts) >= most


def silent_by_schedule(now: datetime) -> Iterator[tuple[str, datetime]]:
    """The jobs that are silent, each with the first of its due times without a success.

    Those whose definitions say how long they may be silent are left out. Raises django.db.Error.
    """
    most = Conf.load().silent_after
    if not most:
        return
    trouble = _look(now)
    if not trouble.job_ids or _have_just_started(now):
        return
    job_ids = sorted(trouble.job_ids)
    if len(job_ids) > MOST_JOBS:  # others next time: whoever looks, and whichever they are
        job_ids = sorted(random.sample(job_ids, MOST_JOBS))
    for batch in batches(job_ids, _BATCH):
        failing = FailingJob.objects.filter(job_id__in=batch).values_list("job_id", flat=True)
        for definition in _enabled(set(batch) - set(failing)):
            begin = _first_due_time(definition, most, now)
            if begin is None or not trouble.has_kept(definition.job_id, begin, most, now):
                continue
            last = _last_success(definition.job_id)
            if last is None or (last.finished_at or last.scheduled_at) < begin:
                yield definition.job_id, begin


def _have_just_started(now: datetime) -> bool:
    """Whether all schedulers have: what was due while none was alive isn't run yet."""
    alive = SchedulerNode.objects.alive(now).aggregate(since=Min("started"))["since"]
    return alive is not None and alive > now - AT_LEAST


def _last_success(job_id: str, before: datetime | None = None) -> Execution | None:
    good = Execution.objects.filter(job_id=job_id, status=Status.SUCCEEDED)
    return good.due_between(None, before).newest_first().in_brief().first()


def _look(now: datetime) -> _Trouble:
    trouble = _Trouble()
    due = rows_of(DjangoJob).filter(next_run_time__lt=now - AT_LEAST).order_by("next_run_time")
    trouble.overdue = dict(due.values_list("id", "next_run_time")[:_MOST])
    active = Execution.objects.active().filter(scheduled_at__lt=now - AT_LEAST)
    runs = active.order_by("-scheduled_at").values_list("job_id", "scheduled_at", "started_at")
    trouble.unfinished = {job_id: (at, started) for job_id, at, started in runs[:_MOST]}
    for how in _NOT_RUN:
        rows = Execution.objects.filter(trouble=how).newest_first()
        found = rows.values_list("job_id", "scheduled_at", F("folded") + 1)
        for job_id, at, count in found[: _MOST // 10]:
            trouble.not_run[job_id].append((at, count))
    return trouble


def _enabled(job_ids: Collection[str]) -> Iterator[JobDefinition]:
    for model, pks in keys_by_kind(job_ids).items():
        yield from rows_of(model).filter(pk__in=pks, enabled=True, most_silence__isnull=True)


def _first_due_time(definition: JobDefinition, most: int, now: datetime) -> datetime | None:
    """The first of its last `most` due times, at least some minutes ago. None: it has had fewer."""
    try:
        trigger: BaseTrigger = definition.trigger()
        if not isinstance(trigger, BoundedTrigger):
            return None  # what a kind's own trigger says of the past can't be asked
        at: datetime | None = now
        for _due_time in range(most):
            at = at and trigger.last_fire_time(at - _TICK)
        if at is not None and at > now - AT_LEAST:
            at = trigger.last_fire_time(now - AT_LEAST)
    except Exception:  # raw SQL may have broken it, and a kind's own code may do anything
        return None
    return at


def _takes_too_long(job_id: str, due: datetime, so_far: timedelta, most: int) -> bool:
    """Whether a run takes far longer than the last success before it. The first one may take its
    time.
    """
    last = _last_success(job_id, due)
    return last is not None and so_far > most * (last.duration or timedelta())
