"""The job store as APScheduler's loop sees it: what it hands out is already claimed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from apscheduler.events import (
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
    SchedulerEvent,
)
from apscheduler.job import Job
from apscheduler.jobstores.base import ConflictingIdError, JobLookupError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_apscheduler.jobstores import DjangoJobStore
from django_apscheduler.models import DjangoJob

from countjobs.database.outages import AWAY, try_twice
from countjobs.database.primary import rows_of
from countjobs.database.wakeups import notify
from countjobs.history import lifecycle
from countjobs.jobstores.after_claims import log_not_run, write_anew
from countjobs.jobstores.capacity import Capacity
from countjobs.jobstores.claimed import ClaimedJob
from countjobs.jobstores.claiming import Claiming
from countjobs.jobstores.claims import Claims
from countjobs.jobstores.parking import unpark
from countjobs.jobstores.plan import NotRun
from countjobs.jobstores.questions import rows_from_code
from countjobs.jobstores.rows import delete_rows
from countjobs.jobstores.signing import UnreadableJobError, seal, unseal
from countjobs.jobstores.strangers import is_from_code
from countjobs.models import Execution, ParkedJob
from countjobs.models.executions import READY_AT, Status
from countjobs.models.holds import NOT_HELD
from countjobs.models.kinds import concrete_definitions
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

LOCKED_ELSEWHERE = timedelta(seconds=0.05)
"""How long to wait if something is due, but somebody else holds its lock."""


class DatabaseJobStore(DjangoJobStore):  # type: ignore[misc]  # django-apscheduler has no types
    """django-apscheduler's table, claimed from, with sealed states.

    Args:
        node: The name of the scheduler that claims.
        capacity: Bounds the claims.
        unsettled: Returns the runs that are ours, and whose outcomes are not written yet.
    """

    def __init__(self, node: str, capacity: Capacity, unsettled: Callable[[], set[int]]) -> None:
        super().__init__()
        self.node = node
        self.capacity = capacity
        self.is_open = True
        """Whether claims are made: a scheduler that drains makes no more."""
        self.waits_for_capacity = False
        """Whether the loop sleeps until a run ends."""
        self.claiming = Claiming(node, capacity.busy)
        self._unsettled = unsettled
        self._failed = False
        self._nothing_taken = False
        self._more_is_due = False
        self._in_doubt = False
        """Whether the database broke off a claim, and may have committed it."""

    def register_event_listeners(self) -> None:
        """None: the claim and the recorder record runs."""

    # What the loop calls

    def get_due_jobs(self, now: datetime) -> list[ClaimedJob]:
        """Claim what is due, as far as there is capacity.

        If that fails it returns nothing, and is called again after a pause.
        """
        try:
            jobs = try_twice(partial(self._take, now))
        except Exception as error:  # it is told
            self._failed = True
            self.claiming.outage.tell(logger, error, "Nothing can be claimed, trying again")
            return []
        self._failed = False
        self.claiming.settle()
        return jobs

    def _take(self, now: datetime) -> list[ClaimedJob]:
        if self._in_doubt:
            self.give_back_doubtful()
        passed = self.claiming.passed
        passed.expire()
        rooms = self.capacity.rooms()
        passed.full = self.capacity.full()
        limit = self.capacity.room_for_claims(rooms) if self.is_open else 0
        self._nothing_taken = False
        if limit <= 0 or not self._is_anything_due(rooms, now):
            return []
        self._more_is_due = False
        try:
            claims = self.claiming.take(now, limit, rooms)
        except AWAY:
            self._in_doubt = True
            raise
        # Where rows are passed over, others that are due may have waited behind them.
        self._more_is_due = len(claims.jobs) >= limit or bool(claims.strange or claims.no_room)
        if len(rooms) > 1:
            self._note_executors(claims, rooms)
        self._nothing_taken = not (claims.jobs or claims.not_run or claims.parked)
        for parked in claims.parked:
            logger.error('Job "%s" is broken, and parked: %s', parked.job_id, parked.error)
        log_not_run(claims.not_run)
        for job_id, not_run in claims.not_run:
            self._tell(job_id, not_run)
        if claims.to_write:
            write_anew(claims.to_write, now)
        return claims.jobs

    def _note_executors(self, claims: Claims, rooms: Mapping[str, int]) -> None:
        """Note which executors are used, and which jobs wait for room in them."""
        passed = self.claiming.passed
        self.capacity.note_used(job.executor for job in claims.jobs)
        self.capacity.note_used(executor for executor, _job_id in claims.no_room)
        for executor, job_id in claims.no_room:
            if executor in passed.full:  # it isn't a definition, or that says something else
                passed.wait_for_room(executor, job_id)
        if full := passed.full_executors:
            taken = Counter(job.executor for job in claims.jobs)
            self._more_is_due |= any(taken[executor] < rooms.get(executor, 0) for executor in full)

    def give_back_doubtful(self) -> None:
        """Give back runs that are recorded as claimed by us, and that we don't know of.

        A connection may break after the server has committed, and before it has said so. No run of
        such a claim was started.
        """
        # What is marked as running may have run.
        if count := lifecycle.give_back(self.node, but=self._unsettled()):
            logger.warning("Runs given back because their claim was in doubt: %d.", count)
        self._in_doubt = False

    def get_next_run_time(self) -> datetime | None:
        """When there will be something to claim; None while there is no capacity for it."""
        self.waits_for_capacity = True  # set before looking: a run may end in between
        if not self.is_open or self.capacity.free <= 0:
            return None
        self.waits_for_capacity = False
        if self._failed:
            return timezone.now() + timedelta(seconds=self._scheduler.jobstore_retry_interval)
        if self._more_is_due:
            return timezone.now()
        self.claiming.passed.full = self.capacity.full()
        upcoming = self._upcoming()
        if upcoming is not None and self._nothing_taken:
            upcoming = max(upcoming, timezone.now() + LOCKED_ELSEWHERE)
        return upcoming

    def update_job(self, job: Job | ClaimedJob) -> None:
        """Store a job that was changed. A claimed one is stored already."""
        if not isinstance(job, ClaimedJob):
            self._store(job, must_exist=True)

    # Claiming

    def _is_anything_due(self, rooms: Mapping[str, int], now: datetime) -> bool:
        """Whether anything is due. It looks again at jobs whose executor has room now."""
        passed, share = self.claiming.passed, 1
        waiting = passed.make_room(rooms)
        if self._more_is_due and not passed.full_executors:
            return True  # the usual case under load: the database isn't asked
        # Those that others have taken meanwhile must not keep the ones behind them waiting.
        while not (is_due := self._is_due(now)) and waiting:
            share *= 2
            waiting = passed.make_room({name: share * room for name, room in rooms.items()})
        return is_due or self._more_is_due

    def _is_due(self, now: datetime) -> bool:
        upcoming = self._upcoming()
        return upcoming is not None and upcoming <= now

    def _upcoming(self) -> datetime | None:
        passed = self.claiming.passed
        # Nothing while jobs are held, or the loop would look again and again at what is due.
        jobs = rows_of(DjangoJob).filter(NOT_HELD, next_run_time__isnull=False)
        jobs = passed.narrow(jobs.order_by("next_run_time"), "id")
        asked = passed.narrow(Execution.objects.unclaimed().filter(NOT_HELD), "job_id")
        times = (
            jobs.values_list("next_run_time", flat=True).first(),
            asked.values_list(READY_AT, flat=True).first(),
        )
        return min((time for time in times if time is not None), default=None)

    def _tell(self, job_id: str, not_run: NotRun) -> None:
        event: SchedulerEvent = (
            JobExecutionEvent(EVENT_JOB_MISSED, job_id, self._alias, not_run.at)
            if not_run.status == Status.MISSED
            else JobSubmissionEvent(EVENT_JOB_MAX_INSTANCES, job_id, self._alias, [not_run.at])
        )
        self._scheduler._dispatch_event(event)

    # Jobs from code

    def add_job(self, job: Job) -> None:
        """Store a new job. Raises ConflictingIdError, and ValueError for one that can't be pickled,
        or whose id is a definition's.
        """
        refuse_definition_id(job.id)
        self._store(job, must_exist=False)

    def _store(self, job: Job, *, must_exist: bool) -> None:
        values = {"next_run_time": job.next_run_time, "job_state": seal(job)}
        with transaction.atomic():
            if must_exist:
                if not DjangoJob.objects.filter(id=job.id).update(**values):
                    raise JobLookupError(job.id)
            else:
                try:
                    with transaction.atomic():
                        DjangoJob.objects.create(id=job.id, **values)
                except IntegrityError as error:
                    raise ConflictingIdError(job.id) from error
            unpark([job.id])
            notify()
        self.claiming.passed.forget(job.id)

    def remove_job(self, job_id: str) -> None:
        """Delete a job; its history stays. Raises JobLookupError."""
        with transaction.atomic():
            super().remove_job(job_id)
            ParkedJob.objects.filter(job_id=job_id).delete()

    def remove_all_jobs(self) -> None:
        """Delete the jobs from code; those of definitions stay, and so does the history.

        What others wrote stays, too, and definitions of kinds that aren't known here.
        """
        with transaction.atomic():
            rows = rows_from_code().values_list("id", "job_state")
            delete_rows([job_id for job_id, state in rows if is_from_code(job_id, bytes(state))])

    def lookup_job(self, job_id: str) -> Job | None:
        """A job by its id; None where there is none, or none that can be restored."""
        jobs = self._get_jobs(id=job_id)
        return jobs[0] if jobs else None

    def _get_jobs(self, **filters: Any) -> list[Job]:
        """Jobs by filters. One that can't be restored is left out, and left alone."""
        jobs = []
        for row in rows_of(DjangoJob).filter(**filters).order_by("next_run_time", "id"):
            try:
                job = unseal(row.id, bytes(row.job_state))
            except UnreadableJobError as error:
                logger.error('Job "%s" can\'t be restored: %s', row.id, error)
                continue
            job.next_run_time = row.next_run_time
            job._scheduler, job._jobstore_alias = self._scheduler, self._alias
            jobs.append(job)
        return jobs

    def shutdown(self) -> None:
        """Close this thread's connection, unless a transaction of the caller's is open on it."""
        if not connection.in_atomic_block:
            connection.close()


def refuse_definition_id(job_id: str | None) -> None:
    """Refuse the ids of definitions, there or not, to jobs from code. Raises ValueError.

    `syncjobs` would delete such a job: it would look like one whose definition is gone.
    """
    for model in concrete_definitions():
        # SQLite looks ids up by their beginning without regard to case.
        if (job_id or "").lower().startswith(prefix := model.job_id_of("")):
            raise ValueError(
                f"The job id {job_id!r} is reserved for a definition: ids that begin with"
                f" {prefix!r} belong to {model.__name__}. Choose another one."
            )
