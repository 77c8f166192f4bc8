"""Claims: one scheduler takes due rows, and records their runs in the same transaction.

A claim locks due rows (skipping those that another scheduler has locked), moves each row's
`next_run_time` past now, and inserts one row per run. Runs start only after the commit. So if
two schedulers see the same fire time, only one of them takes it. If a clock was set back, the
unique constraint on executions still prevents a second run. The number of statements does not
depend on the number of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django_apscheduler.models import DjangoJob

from countjobs.conf import Conf
from countjobs.database.outages import let_go_after
from countjobs.database.primary import rows_of
from countjobs.database.rowsets import update_rows
from countjobs.database.turns import own_turn
from countjobs.history import lifecycle
from countjobs.history.job_states import note_failures
from countjobs.jobstores.claim_under_way import Claims, ClaimUnderWay
from countjobs.jobstores.neighbours import left_to_others
from countjobs.jobstores.parking import park
from countjobs.jobstores.passed import NOTHING, PassedOver
from countjobs.jobstores.questions import (
    JobRow,
    busy_elsewhere,
    due_rows,
    is_requested,
    job_rows,
    locked,
)
from countjobs.jobstores.restoring import Taken, restore
from countjobs.jobstores.taking_asked import AskedRuns
from countjobs.jobstores.taking_due import DueRows
from countjobs.models import Execution, ParkedJob
from countjobs.models.executions import OWED
from countjobs.models.holds import NOT_HELD

__all__ = ["Claims", "claim"]


def claim(
    now: datetime,
    *,
    limit: int,
    node: str,
    busy: Mapping[str, int],
    only: str | None = None,
    passed: PassedOver = NOTHING,
    rooms: Mapping[str, int] | None = None,
) -> Claims:
    """Claim what is due now, at most `limit` jobs, for the scheduler `node`.

    `busy` says how many runs of each job this scheduler has going on; those of other schedulers are
    read from the history. With `only`, no other job is looked at. Jobs that are `passed` over are
    left out. `rooms` says how many jobs each executor may take; None: as many as there are.

    If restoring, planning or building a job fails, that job is parked. Raises django.db.Error and
    KindError: then nothing was claimed, and no job is at fault.
    """
    with own_turn(), transaction.atomic():
        let_go_after(Conf.load().lease_seconds)
        under_way = ClaimUnderWay(now, node, Counter(busy), rooms, passed)
        return _Claim(under_way).take(limit, only)


class _Claim:
    """One claim under way."""

    def __init__(self, under_way: ClaimUnderWay) -> None:
        self.under_way = under_way
        self.now, self.node, self.passed = under_way.now, under_way.node, under_way.passed

    def take(self, limit: int, only: str | None) -> Claims:
        claims = self.under_way.claims
        asked = self._lock_asked(limit, only)
        due = self._lock_due(max(limit - len(asked), 0), only)
        rows = {row.id: row for row in (*self._rows_of(asked), *due)}
        self.under_way.is_left = left_to_others(asked, self.now, self.node)
        found = restore(rows.values(), self.under_way.is_left)
        claims.strange, claims.to_write = found.strange, found.to_write
        if found.broken:
            known = ParkedJob.objects.in_bulk([row.id for row, _error in found.broken])
            self.under_way.park(found.broken, known)
        self._count_busy(found.jobs, asked)
        AskedRuns(self.under_way).take(asked, rows, found.jobs)
        DueRows(self.under_way).take(due, found.jobs)
        self._end_attempts()
        update_rows(DjangoJob, self.under_way.moved)
        if self.under_way.over:
            DjangoJob.objects.filter(id__in=self.under_way.over).delete()
        park(claims.parked)
        return claims

    def _end_attempts(self) -> None:
        """A later run begins: with `coalesce` it stands for the retries that wait."""
        if job_ids := self.under_way.begun & self.under_way.attempts:
            reason = _("A later run of the job has begun.")
            if ends := lifecycle.end_waiting(job_ids, reason, self.now):
                note_failures(ends, self.now)

    # Locking

    def _lock_asked(self, limit: int, only: str | None) -> list[Execution]:
        if not is_requested(self.now, self.passed):
            return []
        asked = locked(self.passed.narrow(Execution.objects.requested(self.now), "job_id"))
        if only is not None:
            asked = asked.filter(job_id=only)
        first = list(asked[:limit])
        return first + self._lock_chains(first)

    def _lock_chains(self, asked: list[Execution]) -> list[Execution]:
        """The other owed runs of the same jobs: they run after the first, not beside it."""
        job_ids = {execution.job_id for execution in asked if execution.trigger in OWED}
        if not job_ids:
            return []
        owed = Execution.objects.requested(self.now).filter(job_id__in=job_ids, trigger__in=OWED)
        return list(locked(owed.exclude(pk__in=[execution.pk for execution in asked])))

    def _lock_due(self, limit: int, only: str | None) -> list[JobRow]:
        if only is None:
            return due_rows(self.now, limit, self.passed)
        due = rows_of(DjangoJob).filter(NOT_HELD, next_run_time__lte=self.now, id=only)
        return job_rows(locked(due)[:limit])

    def _rows_of(self, asked: list[Execution]) -> list[JobRow]:
        """The rows of requested jobs, locked, so that schedulers count their runs in turn."""
        ids = {execution.job_id for execution in asked}
        return job_rows(locked(DjangoJob.objects.filter(id__in=ids))) if ids else []

    def _count_busy(self, restored: Mapping[str, Taken], asked: list[Execution]) -> None:
        """Add the runs that go on in other schedulers."""
        busy = self.under_way.busy
        for each in busy_elsewhere(restored, asked, self.node):
            busy[each.job_id] += each.runs
            if each.owed:  # else runs that overlap could keep it waiting for ever
                most = restored[each.job_id].job.max_instances
                busy[each.job_id] = max(busy[each.job_id], most)
            if each.attempts:
                self.under_way.attempts.add(each.job_id)
