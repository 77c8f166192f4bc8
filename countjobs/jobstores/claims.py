"""Claims: due rows taken by one scheduler, in the one transaction that also records them.

A claim locks due rows (passing over what another scheduler has locked), moves each row's
`next_run_time` past now, and inserts one execution a run. Only when that is committed does a run
start. So a fire time that two schedulers see is taken by one of them; and the unique constraint on
executions stands behind, should a clock have been set back. The number of statements does not
depend on how many rows there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apscheduler.job import Job
from django.db import models, transaction
from django.utils.translation import gettext as _
from django_apscheduler.models import DjangoJob

from countjobs.conf import Conf
from countjobs.jobstores.claimed import ClaimedJob, Run
from countjobs.jobstores.plan import NotRun, Plan, plan
from countjobs.jobstores.questions import (
    JobRow,
    due_rows,
    instant,
    is_active_elsewhere,
    is_requested,
    job_rows,
    locked,
)
from countjobs.jobstores.restoring import Taken, restore
from countjobs.jobstores.rows import park
from countjobs.models import Execution, ParkedJob
from countjobs.models.executions import OWED, Status, Trigger
from countjobs.models.jobids import definition_key
from countjobs.outages import let_go_after
from countjobs.rowsets import insert_rows, update_rows
from countjobs.text import describe, storable
from countjobs.turns import own_turn


@dataclass
class Claims:
    """What a claim took, and what it recorded as not run."""

    jobs: list[ClaimedJob] = field(default_factory=list)
    not_run: list[tuple[str, NotRun]] = field(default_factory=list)
    parked: list[ParkedJob] = field(default_factory=list)


def claim(
    now: datetime, *, limit: int, node: str, busy: Mapping[str, int], only: str | None = None
) -> Claims:
    """Take what is due at an instant, at most `limit` jobs, for the scheduler `node`.

    `busy` says how many runs of a job this scheduler has going on; other schedulers' are read from
    the history. With `only`, nothing but that job is looked at. Raises django.db.Error.
    """
    with own_turn(), transaction.atomic():
        let_go_after(Conf.load().lease_seconds)
        return _Claim(now, node, busy).take(limit, only)


class _Claim:
    """One claim under way."""

    def __init__(self, now: datetime, node: str, busy: Mapping[str, int]) -> None:
        self.now = now
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
        restored, broken = restore(rows.values())
        self._park(broken)
        self._count_busy_elsewhere(restored, asked)
        self._take_asked(asked, rows, restored)
        self._take_due(due, restored)
        update_rows(DjangoJob, self.moved)
        if self.over:
            DjangoJob.objects.filter(id__in=self.over).delete()
        park(self.claims.parked)
        return self.claims

    # Locking

    def _lock_asked(self, limit: int, only: str | None) -> list[Execution]:
        if not is_requested(self.now):
            return []
        asked = locked(Execution.objects.requested(self.now))
        if only is not None:
            asked = asked.filter(job_id=only)
        first = list(asked[:limit])
        return first + self._lock_chains(first)

    def _lock_chains(self, asked: list[Execution]) -> list[Execution]:
        """What else is owed to the same jobs: it runs after the first, not beside it."""
        job_ids = {execution.job_id for execution in asked if execution.trigger in OWED}
        if not job_ids:
            return []
        owed = Execution.objects.requested(self.now).filter(job_id__in=job_ids, trigger__in=OWED)
        return list(locked(owed.exclude(pk__in=[execution.pk for execution in asked])))

    def _lock_due(self, limit: int, only: str | None) -> list[JobRow]:
        if only is None:
            return due_rows(self.now, limit)
        due = DjangoJob.objects.filter(next_run_time__lte=self.now, id=only)
        return job_rows(locked(due)[:limit])

    def _rows_of(self, asked: list[Execution]) -> list[JobRow]:
        """The rows of jobs that somebody asked for, locked: schedulers count them in turn."""
        ids = {execution.job_id for execution in asked}
        return job_rows(locked(DjangoJob.objects.filter(id__in=ids))) if ids else []

    def _park(self, broken: list[tuple[JobRow, str]]) -> None:
        """Set jobs aside. One that is set aside already keeps the reason that it has."""
        known = ParkedJob.objects.in_bulk([row.id for row, _ in broken]) if broken else {}
        for row, error in broken:
            if row.next_run_time is None and row.id in known:
                self.broken[row.id] = known[row.id].error
                continue
            self.broken[row.id] = reason = storable(error)
            self.moved.append({"id": row.id, "next_run_time": None})
            parked = ParkedJob(job_id=row.id, error=reason, parked_at=self.now)
            self.claims.parked.append(parked)

    def _count_busy_elsewhere(self, restored: Mapping[str, Taken], asked: list[Execution]) -> None:
        if not is_active_elsewhere(restored, self.node):
            return
        active = Execution.objects.active().filter(job_id__in=list(restored))
        is_owed = models.Q(node="", trigger__in=OWED)
        counted = (
            active.filter(~models.Q(node="") | is_owed)
            .exclude(node=self.node)
            .exclude(pk__in=[execution.pk for execution in asked])
            .values_list("job_id")
            .annotate(count=models.Count("pk"), owed=models.Count("pk", filter=is_owed))
            .order_by()
        )
        for job_id, count, owed in counted:
            self.busy[job_id] += count
            if owed:  # else runs that overlap could keep it waiting for ever
                most = restored[job_id].job.max_instances
                self.busy[job_id] = max(self.busy[job_id], most)

    # What was asked for

    def _take_asked(
        self, asked: list[Execution], rows: Mapping[str, JobRow], restored: Mapping[str, Taken]
    ) -> None:
        gone = self._gone([each.job_id for each in asked if each.job_id not in rows])
        changes = []
        for execution in asked:
            taken = restored.get(execution.job_id)
            if taken is not None:
                changes += self._take_one(execution, taken)
            elif execution.job_id in rows:
                reason = _("The job is broken: %(error)s")
                reason %= {"error": self.broken[execution.job_id]}
                changes.append(self._end(execution, Status.FAILED, reason))
            elif execution.job_id in gone:
                reason = _why_gone(execution.job_id)
                changes.append(self._end(execution, Status.CANCELLED, reason))
        update_rows(Execution, changes)

    def _gone(self, job_ids: list[str]) -> set[str]:
        """Those that are not there, rather than locked by someone else."""
        if not job_ids:
            return set()
        there = DjangoJob.objects.filter(id__in=job_ids).values_list("id", flat=True)
        return set(job_ids) - set(there)

    def _take_one(self, execution: Execution, taken: Taken) -> list[dict[str, Any]]:
        """The changes to an execution: none where it has to wait."""
        job = taken.job
        if execution.trigger == Trigger.RETRY and taken.is_paused:
            return [self._end(execution, Status.CANCELLED, _("The job was paused."))]
        # What a dead scheduler had caught up with: the others wait for it, as they did there.
        chain = self.taken.get(job.id) if execution.trigger in OWED else None
        if chain is None and self.busy[job.id] >= job.max_instances:
            return self._refuse(execution)
        try:
            call = taken.call(execution.parameters)
        except Exception as error:  # parameters may be anything, and fields may refuse it
            return [self._end(execution, Status.FAILED, describe(error))]
        run = Run(execution.pk, job.id, job.name, execution.scheduled_at, call)
        if chain is not None:
            chain.runs.append(run)
        else:
            self.busy[job.id] += 1
            self.taken[job.id] = ClaimedJob(job.id, job.name, job.executor, [run])
            self.claims.jobs.append(self.taken[job.id])
        return [self._change(execution, Status.QUEUED)]

    def _refuse(self, execution: Execution) -> list[dict[str, Any]]:
        if execution.trigger in OWED:
            return []
        reason = _("%(busy)d of this job's runs were still going on.")
        reason %= {"busy": self.busy[execution.job_id]}
        return [self._end(execution, Status.SKIPPED, reason)]

    def _end(self, execution: Execution, status: Status, error: str) -> dict[str, Any]:
        return self._change(execution, status, finished_at=self.now, error=error)

    def _change(self, execution: Execution, status: Status, **values: Any) -> dict[str, Any]:
        empty = {"started_at": None, "finished_at": None, "error": ""}
        return {"id": execution.pk, "status": status, "node": self.node, **empty, **values}

    # What is due

    def _take_due(self, due: list[JobRow], restored: Mapping[str, Taken]) -> None:
        conf = Conf.load()
        rows: list[dict[str, Any]] = []
        plans: list[tuple[Taken, Plan]] = []
        for row in due:
            taken = restored.get(row.id)
            if taken is None or row.next_run_time is None:
                continue
            busy = self.busy[row.id]
            made = plan(
                taken.job, row.next_run_time, self.now, busy=busy, catch_up=conf.catch_up_runs
            )
            plans.append((taken, made))
            rows += self._rows(taken.job, made)
            self._move_on(taken, made.following)
        inserted = insert_rows(Execution, rows, ["id", "job_id", "scheduled_at"], self._shared())
        ids = {(job_id, instant(at)): pk for pk, job_id, at in inserted}
        for taken, made in plans:
            self._collect(taken, made, ids)

    def _rows(self, job: Job, made: Plan) -> list[dict[str, Any]]:
        rows = []
        if made.not_run:
            rows.append(
                self._row(
                    job,
                    made.not_run.at,
                    status=made.not_run.status,
                    finished_at=self.now,
                    error=made.not_run.reason,
                    folded=made.not_run.folded,
                )
            )
        for index, fire in enumerate(made.runs):
            folded = made.folded if index == 0 else 0
            rows.append(self._row(job, fire, status=Status.QUEUED, folded=folded))
        return rows

    def _row(
        self,
        job: Job,
        scheduled_at: datetime,
        *,
        status: Status,
        folded: int,
        finished_at: datetime | None = None,
        error: str = "",
    ) -> dict[str, Any]:
        return {
            "job_id": job.id,
            "job_name": storable(job.name)[:255],
            "status": status,
            "scheduled_at": scheduled_at,
            "finished_at": finished_at,
            "error": error,
            "folded": folded,
        }

    def _shared(self) -> dict[str, Any]:
        """What all rows that a claim inserts have in common."""
        return {
            "trigger": Trigger.SCHEDULE,
            "started_at": None,
            "node": self.node,
            "attempt": 1,
            "requested_by": "",
            "parameters": {},
            "output": "",
            "traceback": "",
        }

    def _move_on(self, taken: Taken, following: datetime | None) -> None:
        if following is None and taken.definition is None:
            self.over.append(taken.row.id)  # as APScheduler does with a job that is done
        else:
            self.moved.append({"id": taken.row.id, "next_run_time": following})

    def _collect(self, taken: Taken, made: Plan, ids: Mapping[tuple[str, datetime], int]) -> None:
        job = taken.job
        runs = [
            Run(ids[job.id, fire], job.id, job.name, fire, call)
            for fire, call in zip(made.runs, taken.calls(len(made.runs)), strict=True)
            if (job.id, fire) in ids  # else it was recorded before: a clock was set back
        ]
        if runs:
            self.claims.jobs.append(ClaimedJob(job.id, job.name, job.executor, runs))
        if made.not_run:
            self.claims.not_run.append((job.id, made.not_run))


def _why_gone(job_id: str) -> str:
    """Why a job has no row. A claim takes those of jobs from code with their last fire time."""
    if definition_key(job_id) is not None:
        return _("The job was deleted.")
    return _("The job is gone: it was deleted, or its last fire time had been claimed before.")
