"""Claims: one scheduler takes due rows, and records their runs in the same transaction.

A claim locks due rows (skipping those that another scheduler has locked), moves each row's
`next_run_time` past now, and inserts one row per run. Runs start only after the commit. So if
two schedulers see the same fire time, only one of them takes it. If a clock was set back, the
unique constraint on executions still prevents a second run. The number of statements does not
depend on the number of rows.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from apscheduler.job import Job
from django.db import Error, transaction
from django.utils.translation import gettext as _
from django_apscheduler.models import DjangoJob

from countjobs.conf import Conf
from countjobs.database.outages import let_go_after
from countjobs.database.primary import rows_of
from countjobs.database.rowsets import update_rows
from countjobs.database.turns import own_turn
from countjobs.history import lifecycle
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.jobstores.neighbours import kinds_told, left_to_others
from countjobs.jobstores.passed import NOTHING, PassedOver
from countjobs.jobstores.plan import NotRun, Plan, plan
from countjobs.jobstores.questions import (
    JobRow,
    busy_elsewhere,
    due_rows,
    instant,
    is_requested,
    job_rows,
    locked,
)
from countjobs.jobstores.records import executions_of, why_gone
from countjobs.jobstores.restoring import Strange, Taken, restore
from countjobs.jobstores.rows import park
from countjobs.models import Execution, JobDefinition, ParkedJob
from countjobs.models.executions import OWED, Status, Trigger
from countjobs.models.kinds import unknown_kind
from countjobs.run_context import Run
from countjobs.text import describe, in_one_line, storable

logger = in_one_line(logging.getLogger(__name__))

Call: TypeAlias = Callable[[], object]


@dataclass
class Claims:
    """What a claim took, and what it recorded as not run."""

    jobs: list[ClaimedJob] = field(default_factory=list)
    not_run: list[tuple[str, NotRun]] = field(default_factory=list)
    parked: list[ParkedJob] = field(default_factory=list)
    strange: list[Strange] = field(default_factory=list)
    """Rows that were left as they are."""
    to_write: list[JobDefinition] = field(default_factory=list)
    """Definitions whose rows have to be rewritten."""


def claim(
    now: datetime,
    *,
    limit: int,
    node: str,
    busy: Mapping[str, int],
    only: str | None = None,
    passed: PassedOver = NOTHING,
) -> Claims:
    """Claim what is due now, at most `limit` jobs, for the scheduler `node`.

    `busy` says how many runs of each job this scheduler has going on; those of other schedulers are
    read from the history. With `only`, no other job is looked at. Jobs that are `passed` over are
    left out.

    If restoring, planning or building a job fails, that job is parked. Raises django.db.Error and
    KindError: then nothing was claimed, and no job is at fault.
    """
    with own_turn(), transaction.atomic():
        let_go_after(Conf.load().lease_seconds)
        return _Claim(now, node, busy, passed).take(limit, only)


class _Claim:
    """One claim under way."""

    def __init__(
        self, now: datetime, node: str, busy: Mapping[str, int], passed: PassedOver
    ) -> None:
        self.now = now
        self.passed = passed
        self.node = node
        self.busy = Counter(busy)
        self.claims = Claims()
        self.moved: list[dict[str, Any]] = []
        self.over: list[str] = []
        self.broken: dict[str, str] = {}
        self.taken: dict[str, ClaimedJob] = {}

    def take(self, limit: int, only: str | None) -> Claims:
        asked = self._lock_asked(limit, only)
        due = self._lock_due(max(limit - len(asked), 0), only)
        rows = {row.id: row for row in (*self._rows_of(asked), *due)}
        found = restore(rows.values(), left_to_others(asked, self.now, self.node))
        restored = found.jobs
        self.claims.strange, self.claims.to_write = found.strange, found.to_write
        self._park(found.broken)
        self._count_busy(restored, asked)
        self._take_asked(asked, rows, restored)
        self._take_due(due, restored)
        update_rows(DjangoJob, self.moved)
        if self.over:
            DjangoJob.objects.filter(id__in=self.over).delete()
        park(self.claims.parked)
        return self.claims

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
        due = rows_of(DjangoJob).filter(next_run_time__lte=self.now, id=only)
        return job_rows(locked(due)[:limit])

    def _rows_of(self, asked: list[Execution]) -> list[JobRow]:
        """The rows of requested jobs, locked, so that schedulers count their runs in turn."""
        ids = {execution.job_id for execution in asked}
        return job_rows(locked(DjangoJob.objects.filter(id__in=ids))) if ids else []

    def _park(self, broken: list[tuple[JobRow, str]]) -> None:
        """Park jobs. One that is parked already keeps its reason."""
        known = ParkedJob.objects.in_bulk([row.id for row, _ in broken]) if broken else {}
        for row, error in broken:
            if row.next_run_time is None and row.id in known:
                self.broken[row.id] = known[row.id].error
                continue
            self.broken[row.id] = reason = storable(error)
            self.moved.append({"id": row.id, "next_run_time": None})
            parked = ParkedJob(job_id=row.id, error=reason, parked_at=self.now)
            self.claims.parked.append(parked)

    def _count_busy(self, restored: Mapping[str, Taken], asked: list[Execution]) -> None:
        """Add the runs that go on in other schedulers."""
        for job_id, count, is_owed in busy_elsewhere(restored, asked, self.node):
            self.busy[job_id] += count
            if is_owed:  # else runs that overlap could keep it waiting for ever
                most = restored[job_id].job.max_instances
                self.busy[job_id] = max(self.busy[job_id], most)

    # What was asked for

    def _take_asked(
        self, asked: list[Execution], rows: Mapping[str, JobRow], restored: Mapping[str, Taken]
    ) -> None:
        gone = self._gone([each.job_id for each in asked if each.job_id not in rows])
        answers = []
        for execution in asked:
            taken = restored.get(execution.job_id)
            if taken is not None:
                answers += self._take_one(execution, taken)
            elif (error := self._why_not(execution.job_id)) is not None:
                reason = _("The job is broken: %(error)s") % {"error": error}
                answers.append(self._end(execution, Status.FAILED, reason))
            elif execution.job_id in gone:
                reason = why_gone(execution.job_id)
                answers.append(self._end(execution, Status.CANCELLED, reason))
        lifecycle.answer(answers)

    def _why_not(self, job_id: str) -> str | None:
        """Why nobody runs a job: it is broken, or not ours."""
        foreign = {each.job_id: each.reason for each in self.claims.strange if each.is_foreign}
        return self.broken.get(job_id) or foreign.get(job_id)

    def _gone(self, job_ids: list[str]) -> set[str]:
        """Those whose rows are not there, rather than locked by somebody else."""
        if not job_ids:
            return set()
        there = rows_of(DjangoJob).filter(id__in=job_ids).values_list("id", flat=True)
        gone = set(job_ids) - set(there)
        strange = {job_id: kind for job_id in gone if (kind := unknown_kind(job_id))}
        told = kinds_told() if strange else set()
        for job_id, kind in strange.items():
            if kind in told:  # left to a scheduler that knows the kind
                gone.discard(job_id)
                reason = _("This scheduler doesn't know jobs of the kind “%(kind)s”.")
                reason %= {"kind": kind}
                self.claims.strange.append(Strange(job_id, reason, kind=kind))
        return gone

    def _take_one(self, execution: Execution, taken: Taken) -> list[lifecycle.Row]:
        """The answer to a waiting run; none if it has to go on waiting."""
        job = taken.job
        if execution.trigger == Trigger.RETRY and taken.is_paused:
            return [self._end(execution, Status.CANCELLED, _("The job was paused."))]
        # A dead scheduler was catching up with these: they run one after the other, as they did
        # there.
        chain = self.taken.get(job.id) if execution.trigger in OWED else None
        if chain is None and self.busy[job.id] >= job.max_instances:
            return self._refuse(execution)
        try:
            call = taken.call(execution.parameters)
        except Error:
            raise
        except Exception as error:  # parameters may be anything, and fields may refuse it
            return [self._end(execution, Status.FAILED, describe(error))]
        run = Run(execution.pk, job.id, job.name, execution.scheduled_at, call)
        if chain is not None:
            chain.runs.append(run)
        else:
            self.busy[job.id] += 1
            self.taken[job.id] = ClaimedJob(job.id, job.name, job.executor, [run])
            self.claims.jobs.append(self.taken[job.id])
        return [lifecycle.taken(execution, self.node)]

    def _refuse(self, execution: Execution) -> list[lifecycle.Row]:
        if execution.trigger in OWED:
            return []
        reason = _("Earlier runs of this job had not finished (%(busy)d).")
        reason %= {"busy": self.busy[execution.job_id]}
        return [self._end(execution, Status.SKIPPED, reason)]

    def _end(self, execution: Execution, status: Status, error: str) -> lifecycle.Row:
        return lifecycle.refused(execution, self.node, status, error, self.now)

    # What is due

    def _take_due(self, due: list[JobRow], restored: Mapping[str, Taken]) -> None:
        catch_up = Conf.load().catch_up_runs
        rows: list[dict[str, Any]] = []
        plans: list[tuple[Taken, Plan, list[Call]]] = []
        for row in due:
            taken = restored.get(row.id)
            if taken is None or row.next_run_time is None:
                continue
            busy = self.busy[row.id]
            try:
                made = plan(taken.job, row.next_run_time, self.now, busy=busy, catch_up=catch_up)
                calls = taken.calls(len(made.runs))
                rows += executions_of(taken.job, made, self.now)
            except Error:
                raise
            except Exception as error:  # triggers and fields are anybody's code
                logger.error('Job "%s" can\'t be claimed', row.id, exc_info=error)
                self._park([(row, describe(error))])
                continue
            plans.append((taken, made, calls))
            self._move_on(taken, made.following)
        inserted = lifecycle.claim(self.node, rows)
        ids = {(job_id, instant(at)): pk for pk, job_id, at in inserted}
        for taken, made, calls in plans:
            self._collect(taken.job, made, calls, ids)

    def _move_on(self, taken: Taken, following: datetime | None) -> None:
        if following is None and taken.definition is None:
            self.over.append(taken.row.id)  # as APScheduler does with a job that is done
        else:
            self.moved.append({"id": taken.row.id, "next_run_time": following})

    def _collect(
        self, job: Job, made: Plan, calls: list[Call], ids: Mapping[tuple[str, datetime], int]
    ) -> None:
        runs = [
            Run(ids[job.id, fire], job.id, job.name, fire, call)
            for fire, call in zip(made.runs, calls, strict=True)
            if (job.id, fire) in ids  # else it was recorded before: a clock was set back
        ]
        if runs:
            self.claims.jobs.append(ClaimedJob(job.id, job.name, job.executor, runs))
        if made.not_run:
            self.claims.not_run.append((job.id, made.not_run))
